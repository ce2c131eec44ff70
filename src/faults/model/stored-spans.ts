import { pageBytes } from './content.ts';
import { sectorBytes } from './device.ts';
import { type FileInode, type InodeNumber, type Tree, walkVolume } from './tree.ts';

/** Bytes that a file holds, at most a page of them; holes hold none. */
export interface Span {
  readonly inode: InodeNumber;
  readonly offset: number;
  readonly length: number;
}

/** All bytes that are stored, each file once, in order of name and offset. */
export function storedSpans(tree: Tree): Span[] {
  const files = new Map<InodeNumber, FileInode>();
  for (const volume of tree.roots.keys()) {
    for (const { inode } of walkVolume(tree, volume)) {
      if (inode.kind === 'file') files.set(inode.number, inode);
    }
  }
  return [...files.values()].flatMap((file) => {
    const { size, pages } = file.content;
    const indices = [...pages.keys()].sort((a, b) => a - b).filter((index) => index * pageBytes < size);
    return indices.map((index) => {
      const offset = index * pageBytes;
      return { inode: file.number, offset, length: Math.min(pageBytes, size - offset) };
    });
  });
}

/** The same sector by sector; the last one of a file may be short. */
export function storedSectors(tree: Tree): Span[] {
  return storedSpans(tree).flatMap(({ inode, offset, length }) =>
    Array.from({ length: Math.ceil(length / sectorBytes) }, (_, sector): Span => {
      const from = sector * sectorBytes;
      return { inode, offset: offset + from, length: Math.min(sectorBytes, length - from) };
    }),
  );
}
