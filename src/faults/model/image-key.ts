import { createHash } from 'node:crypto';
import { pageBytes } from './content.ts';
import { type Inode, type InodeNumber, type Tree, walkVolume } from './tree.ts';

const pageKeys = new WeakMap<Uint8Array, string>();
const zeroPage = new Uint8Array(pageBytes);

/**
 * Equal for trees that look the same to a subject: names, kinds, modes, owners, attributes, sizes, bytes, and which
 * names are hard links to one inode. Times and inode numbers do not count.
 */
export function imageKey(tree: Tree): string {
  const hash = createHash('sha1');
  const order = new Map<InodeNumber, number>();
  for (const volume of tree.roots.keys()) {
    hash.update(`volume ${volume}\n`);
    for (const { path, inode } of walkVolume(tree, volume)) {
      const seen = order.get(inode.number);
      if (seen === undefined) order.set(inode.number, order.size);
      hash.update(seen === undefined ? `${path}\0${describe(inode)}\n` : `${path}\0same as ${seen}\n`);
    }
  }
  return hash.digest('base64');
}

function describe(inode: Inode): string {
  const attributes = [...inode.xattrs].map(
    ([name, value]) => `${name}=${Buffer.from(value).toString('hex')}`,
  );
  const head = `${inode.kind} ${inode.mode} ${inode.uid} ${inode.gid} ${attributes.sort().join()}`;
  if (inode.kind === 'symlink') return `${head} ${inode.target}`;
  if (inode.kind !== 'file') return head;
  const { size, pages } = inode.content;
  const keys = [...pages]
    .filter(([index]) => index * pageBytes < size)
    .sort(([a], [b]) => a - b)
    .map(([index, page]) => `${index}:${keyOf(visible(page, index, size))}`);
  return `${head} ${size} ${keys.filter((key) => !key.endsWith(':0')).join()}`;
}

/** What of the page lies below the end of the file. */
function visible(page: Uint8Array, index: number, size: number): Uint8Array {
  return size >= (index + 1) * pageBytes ? page : page.subarray(0, size - index * pageBytes);
}

function keyOf(page: Uint8Array): string {
  const known = pageKeys.get(page);
  if (known !== undefined) return known;
  const isZero = Buffer.compare(page, zeroPage.subarray(0, page.length)) === 0;
  const key = isZero ? '0' : createHash('sha1').update(page).digest('base64');
  pageKeys.set(page, key);
  return key;
}
