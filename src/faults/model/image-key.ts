import { hash } from 'node:crypto';
import { pageBytes } from './content.ts';
import { type FileInode, type Inode, type InodeNumber, type Tree, walkVolume } from './tree.ts';

// Images share the inodes and pages that their crash states did not touch: each is described once.
const descriptions = new WeakMap<Inode, string>();
const pageKeys = new WeakMap<Uint8Array, string>();
const zeroPage = new Uint8Array(pageBytes);
const zeroKey = '0';

/**
 * Equal for trees that look the same to a subject: names, kinds, modes, owners, attributes, sizes, bytes, and which
 * names are hard links to one inode. Times and inode numbers do not count. The tree must never change again.
 */
export function imageKey(tree: Tree): string {
  const order = new Map<InodeNumber, number>();
  let text = '';
  for (const volume of tree.roots.keys()) {
    text += `volume ${volume}\n`;
    for (const { path, inode } of walkVolume(tree, volume)) {
      const seen = order.get(inode.number);
      if (seen === undefined) order.set(inode.number, order.size);
      text += seen === undefined ? `${path}\0${descriptionOf(inode)}\n` : `${path}\0same as ${seen}\n`;
    }
  }
  return hash('sha1', text, 'base64');
}

function descriptionOf(inode: Inode): string {
  const known = descriptions.get(inode);
  if (known !== undefined) return known;
  const description = describe(inode);
  descriptions.set(inode, description);
  return description;
}

function describe(inode: Inode): string {
  const attributes = [...inode.xattrs].map(
    ([name, value]) => `${name}=${Buffer.from(value).toString('hex')}`,
  );
  const head = `${inode.kind} ${inode.mode} ${inode.uid} ${inode.gid} ${attributes.sort().join()}`;
  if (inode.kind === 'symlink') return `${head} ${inode.target}`;
  return inode.kind === 'file' ? `${head} ${describeContent(inode)}` : head;
}

/** Of the pages that hold more than zeros; whatever lies beyond the end of a file is zero. */
function describeContent({ content: { size, pages } }: FileInode): string {
  const indices = [...pages.keys()].filter((index) => index * pageBytes < size).sort((a, b) => a - b);
  let text = `${size}`;
  for (const index of indices) {
    const key = keyOf(pages.get(index) ?? zeroPage);
    if (key !== zeroKey) text += `,${index}:${key}`;
  }
  return text;
}

function keyOf(page: Uint8Array): string {
  const known = pageKeys.get(page);
  if (known !== undefined) return known;
  const isZero = Buffer.compare(page, zeroPage) === 0;
  const key = isZero ? zeroKey : hash('sha1', page, 'base64');
  pageKeys.set(page, key);
  return key;
}
