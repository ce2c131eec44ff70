import { describe, expect, it } from 'vitest';
import { writeContent } from './content.ts';
import { latentSectorStates } from './latent-sectors.ts';
import { createInode, emptyTree } from './tree.ts';

function treeWith(sizes: Readonly<Record<string, number>>) {
  const tree = emptyTree(['data', 'mirror']);
  for (const root of tree.roots.values()) {
    for (const [name, size] of Object.entries(sizes)) {
      const file = createInode({ number: tree.inodes.size + 1, kind: 'file', mode: 0, uid: 0, gid: 0 });
      if (file.kind === 'file') writeContent(file.content, 0, new Uint8Array(size));
      tree.inodes.set(file.number, file);
      const directory = tree.inodes.get(root);
      if (directory?.kind === 'directory') directory.entries.set(name, file.number);
    }
  }
  return tree;
}

describe('states with a sector that cannot be read', () => {
  it('are one for each sector that a file holds, on one volume at a time', () => {
    const { exhaustive, states } = latentSectorStates(treeWith({ a: 513 }), 7, { limit: 10 });
    expect(exhaustive).toBe(true);
    expect(states.map(({ point, unreadable }) => ({ point, ...unreadable }))).toEqual([
      { point: 7, inode: 3, offset: 0 },
      { point: 7, inode: 3, offset: 512 },
      { point: 7, inode: 4, offset: 0 },
      { point: 7, inode: 4, offset: 512 },
    ]);
  });

  it('are spread over all that is stored where there are too many', () => {
    const { exhaustive, states } = latentSectorStates(treeWith({ a: 4096, b: 4096 }), 0, { limit: 4 });
    expect(exhaustive).toBe(false);
    expect(states.map(({ unreadable }) => unreadable?.inode)).toEqual([3, 4, 5, 6]);
  });

  it('are none where nothing is stored', () => {
    expect(latentSectorStates(treeWith({}), 0, { limit: 4 })).toEqual({ exhaustive: true, states: [] });
  });
});
