import { describe, expect, test } from 'vitest';
import type { Storage } from '../../wal/storage.ts';
import { readContent } from '../model/content.ts';
import { liveTree } from '../model/recording.ts';
import { emptyTree, walkVolume } from '../model/tree.ts';
import { openSimLayer, openStorageOnImage } from './layer.ts';

const empty = { base: emptyTree(['data', 'mirror']), trace: [] };
const bytes = (text: string) => new TextEncoder().encode(text);

function storage(layer: ReturnType<typeof openSimLayer>, volume = 'data'): Storage {
  const found = layer.place.kind === 'storages' ? layer.place.storages.get(volume) : undefined;
  if (found === undefined) throw new Error(`no volume ${volume}`);
  return found;
}

async function readText(disk: Storage, path: string): Promise<string> {
  const file = await disk.open(path, 'read');
  const buffer = new Uint8Array(await file.size());
  await file.read(buffer, 0);
  await file.close();
  return Buffer.from(buffer).toString();
}

describe('the sim layer', () => {
  test('records every call that changes something or is a barrier, in order', async () => {
    const layer = openSimLayer(['data', 'mirror']);
    await layer.begin(empty, []);
    const disk = storage(layer);
    await disk.makeDirectory('d');
    const file = await disk.open('d/a', 'create');
    await file.write([bytes('one '), bytes('two')], 3);
    await file.syncData();
    await file.sync();
    await layer.acknowledge('promised');
    await disk.rename('d/a', 'd/b');
    await disk.syncDirectory('d');
    await file.truncate(5);
    await file.close();
    await disk.remove('d/b');
    const { recording } = await layer.end();
    expect(
      recording.trace.map((entry) => {
        if (entry.kind !== 'operation') return entry.kind;
        const { operation } = entry;
        return operation.kind === 'sync' ? operation.cause : operation.kind;
      }),
    ).toEqual([
      'create',
      'create',
      'write',
      'fdatasync',
      'fsync',
      'acknowledgement',
      'rename',
      'fsyncdir',
      'truncate',
      'close',
      'unlink',
    ]);
    expect(await layer.entryCount()).toBe(11);
    const replayed = liveTree(recording, 5);
    const [, , file5] = [...walkVolume(replayed, 'data')];
    expect(file5?.path).toBe('/d/a');
    if (file5?.inode.kind !== 'file') throw new Error('a is a file');
    expect(Buffer.from(readContent(file5.inode.content, 0, 99)).toString()).toBe('\0\0\0one two');
    await layer.close();
  });

  test('the caller may reuse its buffers: the recording keeps its own bytes', async () => {
    const layer = openSimLayer(['data', 'mirror']);
    await layer.begin(empty, []);
    const buffer = new Uint8Array(4096).fill(1);
    const file = await storage(layer).open('a', 'create');
    await file.write([buffer], 0);
    buffer.fill(2);
    const { recording } = await layer.end();
    const write = recording.trace.at(-1);
    expect(write?.kind === 'operation' && write.operation.kind === 'write' && write.operation.data[0]).toBe(
      1,
    );
    await layer.close();
  });

  test('answers as the contract says where names are missing or taken', async () => {
    const layer = openSimLayer(['data', 'mirror']);
    await layer.begin(empty, []);
    const disk = storage(layer);
    await expect(disk.open('a', 'read')).rejects.toMatchObject({ code: 'not-found', errno: 'ENOENT' });
    await expect(disk.list('d')).rejects.toMatchObject({ code: 'not-found' });
    await expect(disk.remove('a')).rejects.toMatchObject({ code: 'not-found' });
    await disk.open('a', 'create');
    await expect(disk.open('a', 'create')).rejects.toMatchObject({ code: 'exists', errno: 'EEXIST' });
    await disk.makeDirectory('d');
    await expect(disk.makeDirectory('d')).rejects.toMatchObject({ code: 'exists' });
    await expect(disk.open('d', 'read')).rejects.toMatchObject({ code: 'io', errno: 'EISDIR' });
    expect(await disk.list('')).toEqual(['a', 'd']);
    expect(await storage(layer, 'mirror').list('')).toEqual([]);
    await layer.close();
  });

  test('a new recording takes the disk from whoever was on the old one', async () => {
    const layer = openSimLayer(['data', 'mirror']);
    await layer.begin(empty, []);
    const disk = storage(layer);
    await disk.makeDirectory('d');
    const lock = await disk.lock('d');
    await expect(disk.lock('d')).rejects.toMatchObject({ code: 'locked' });
    const file = await disk.open('d/a', 'create');
    await file.write([bytes('kept')], 0);
    const { recording } = await layer.end();
    await layer.begin(recording, []);
    await expect(file.write([bytes('late')], 0)).rejects.toMatchObject({ code: 'io', errno: 'EIO' });
    await lock.release();
    expect(await readText(disk, 'd/a')).toBe('kept');
    await (await disk.lock('d')).release();
    await (await disk.lock('d')).release();
    expect((await layer.end()).recording.trace).toEqual(recording.trace);
    await layer.close();
    await expect(disk.list('')).rejects.toMatchObject({ code: 'io' });
  });

  test('fails the barrier that the plan names, and says that it fired', async () => {
    const layer = openSimLayer(['data', 'mirror']);
    const rule = { operation: 'sync', nth: 2, fault: 'fsync-error' } as const;
    await layer.begin(empty, [rule]);
    const file = await storage(layer).open('a', 'create');
    await file.syncData();
    await expect(file.syncData()).rejects.toMatchObject({ code: 'io', errno: 'EIO' });
    const { recording, firings } = await layer.end();
    expect(firings).toEqual([{ id: '1', rule, entry: 2, volume: 'data', operation: 'sync', path: 'a' }]);
    expect(recording.trace[2]).toMatchObject({ operation: { kind: 'sync', failed: true } });
    await layer.close();
  });

  test('a planned kill ends the disk for its user, before the operation is carried out', async () => {
    const layer = openSimLayer(['data', 'mirror']);
    await layer.begin(empty, [{ operation: 'write', nth: 1, fault: 'process-kill' }]);
    const disk = storage(layer);
    const file = await disk.open('a', 'create');
    await expect(file.write([bytes('never')], 0)).rejects.toMatchObject({ code: 'io' });
    await expect(disk.list('')).rejects.toMatchObject({ code: 'io' });
    const { recording } = await layer.end();
    expect(recording.trace.map(({ kind }) => kind)).toEqual(['operation', 'process-crash']);
    await layer.close();
  });
});

describe('a storage on a crash image', () => {
  test('shows the image, and changes to it stay out of the image', async () => {
    const layer = openSimLayer(['data', 'mirror']);
    await layer.begin(empty, []);
    const file = await storage(layer).open('a', 'create');
    await file.write([bytes('before')], 0);
    const image = liveTree((await layer.end()).recording);
    for (let round = 0; round < 2; round++) {
      const disk = openStorageOnImage(image).get('data');
      if (disk === undefined) throw new Error('no volume data');
      expect(await readText(disk, 'a')).toBe('before');
      await (await disk.open('a', 'write')).write([bytes('after!')], 0);
      await disk.open('b', 'create');
      expect(await readText(disk, 'a')).toBe('after!');
    }
    await layer.close();
  });
});
