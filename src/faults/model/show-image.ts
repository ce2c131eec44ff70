import { readContent } from './content.ts';
import { type Tree, walkVolume } from './tree.ts';

/**
 * A volume as one line: `d/ d/f=ab0`. Names in order, and for files their bytes with repetitions left out (`0` is NUL,
 * `?` cannot be printed). `(empty)` where there is no name.
 */
export function showImage(tree: Tree, volume: string): string {
  const parts: string[] = [];
  for (const { path, inode } of walkVolume(tree, volume)) {
    if (path === '/') continue;
    if (inode.kind !== 'file') parts.push(`${path.slice(1)}/`);
    else {
      const bytes = Buffer.from(readContent(inode.content, 0, inode.content.size));
      parts.push(`${path.slice(1)}=${squeeze(bytes.toString('latin1'))}`);
    }
  }
  return parts.join(' ') || '(empty)';
}

function squeeze(text: string): string {
  const printable = [...text].map((character) =>
    character === '\0' ? '0' : character >= ' ' && character <= '~' ? character : '?',
  );
  return printable.filter((character, index) => character !== printable[index - 1]).join('');
}
