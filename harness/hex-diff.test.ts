import { describe, expect, it } from 'vitest';
import { writeContent } from '../src/faults/model/content.ts';
import { createInode, emptyTree, type Tree } from '../src/faults/model/tree.ts';
import { hexDiff } from './hex-diff.ts';

function treeOf(files: Readonly<Record<string, string>>): Tree {
  const tree = emptyTree(['data']);
  const root = tree.inodes.get(1);
  Object.entries(files).forEach(([name, text], index) => {
    const inode = createInode({ number: index + 2, kind: 'file', mode: 0o644, uid: 0, gid: 0 });
    if (inode.kind === 'file') writeContent(inode.content, 0, Buffer.from(text));
    tree.inodes.set(inode.number, inode);
    if (root?.kind === 'directory') root.entries.set(name, inode.number);
  });
  return tree;
}

describe('hexDiff', () => {
  it('shows lines that differ, and what came and went', () => {
    const before = treeOf({ a: 'the same 16 bytesold', b: 'gone', same: 'x' });
    const after = treeOf({ a: 'the same 16 bytesnew', c: 'came', same: 'x' });
    expect(hexDiff(before, after)).toBe(
      [
        'a: 20 bytes before recovery, 20 bytes after',
        '- 00000010  73 6f 6c 64                                      sold',
        '+ 00000010  73 6e 65 77                                      snew',
        '',
        'b: 4 bytes before recovery, not there after',
        '- 00000000  67 6f 6e 65                                      gone',
        '',
        'c: not there before recovery, 4 bytes after',
        '+ 00000000  63 61 6d 65                                      came',
        '',
        '',
      ].join('\n'),
    );
  });

  it('tells a stretch of equal lines once', () => {
    const diff = hexDiff(treeOf({}), treeOf({ a: '\0'.repeat(16 * 50) }));
    expect(diff.split('\n')).toHaveLength(5);
    expect(diff).toContain('  *\n');
  });

  it('says that nothing changed', () => {
    expect(hexDiff(treeOf({ a: 'x' }), treeOf({ a: 'x' }))).toBe('Recovery changed no file.\n');
  });
});
