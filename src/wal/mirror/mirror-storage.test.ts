import { describe, expect, test } from 'vitest';
import { watch } from '../fixtures/watched-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { createAfresh } from '../storage/storage-calls.ts';
import { StorageError } from '../storage.ts';
import { mortal, withBadSector } from './fixtures/disks.ts';
import { MirrorStorage } from './mirror-storage.ts';

const bytes = (...values: number[]) => new Uint8Array(values);
const settings = { failover: false, now: () => 0 };

async function pair({ failover = false, onCall = (_: string): void | Promise<void> => undefined } = {}) {
  const disks = [new MemoryStorage(), new MemoryStorage()] as const;
  await disks[0].makeDirectory('a');
  await disks[1].makeDirectory('b');
  const dying = disks.map((disk, index) => mortal(watch(disk, (call) => onCall(`${index} ${call}`))));
  const [first, second] = dying;
  if (first === undefined || second === undefined) throw new Error('two disks');
  const mirror = new MirrorStorage(
    [
      { storage: first.storage, directory: 'a' },
      { storage: second.storage, directory: 'b' },
    ],
    { ...settings, failover },
  );
  return { disks, mirror, first, second };
}

describe('a storage of two places', () => {
  test('does all that changes something in both, whatever their directories are', async () => {
    const { disks, mirror } = await pair();
    const file = await mirror.open('x', 'create');
    await file.write([bytes(1, 2, 3)], 1);
    await file.truncate(3);
    await file.writeDurably([bytes(9)], 0);
    await file.close();
    await mirror.rename('x', 'y');
    await mirror.syncDirectory('');
    expect([...disks[0].bytes('a/y')]).toEqual([9, 1, 2]);
    expect([...disks[1].bytes('b/y')]).toEqual([9, 1, 2]);
    await mirror.remove('y');
    expect([await disks[0].list('a'), await disks[1].list('b')]).toEqual([[], []]);
  });

  test('asks both in one turn, and answers after both', async () => {
    const asked: string[] = [];
    const answers: (() => void)[] = [];
    let waits = false;
    const { mirror } = await pair({
      onCall: (call) => {
        asked.push(call);
        return waits ? new Promise<void>((resolve) => answers.push(resolve)) : undefined;
      },
    });
    const file = await mirror.open('x', 'create');
    asked.length = 0;
    waits = true;
    let isDone = false;
    const written = file.syncData().then(() => {
      isDone = true;
    });
    await Promise.resolve();
    expect(asked).toEqual(['0 syncData a/x', '1 syncData b/x']);
    answers[1]?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(isDone).toBe(false);
    answers[0]?.();
    await written;
  });

  test('has the names that either has, and makes a file afresh that one has left', async () => {
    const { disks, mirror } = await pair();
    await disks[0].open('a/one', 'create');
    await disks[1].open('b/two', 'create');
    expect(await mirror.list('')).toEqual(['one', 'two']);
    await expect(mirror.open('two', 'create')).rejects.toMatchObject({ code: 'exists' });
    const file = await createAfresh(mirror, 'two');
    await file.write([bytes(4)], 0);
    expect([...disks[0].bytes('a/two'), ...disks[1].bytes('b/two')]).toEqual([4, 4]);
    await expect(mirror.open('none', 'read')).rejects.toMatchObject({ code: 'not-found' });
    await expect(mirror.remove('none')).rejects.toMatchObject({ code: 'not-found' });
  });

  test('reads from the first that can, and shows each copy', async () => {
    const disk = new MemoryStorage();
    const other = new MemoryStorage();
    for (const [index, each] of [disk, other].entries())
      await (await each.open('x', 'create')).write([bytes(index, index)], 0);
    const places = [withBadSector(disk, 'x', 0, 1), other].map((storage) => ({ storage, directory: '' }));
    const mirror = new MirrorStorage(places as never, settings);
    const file = await mirror.open('x', 'read');
    const buffer = new Uint8Array(2);
    expect([await file.read(buffer, 0), ...buffer]).toEqual([2, 1, 1]);
    expect(file.copies).toHaveLength(2);
    await expect(file.copies?.[0]?.read(buffer, 0)).rejects.toBeInstanceOf(StorageError);
  });

  test('of which one lacks a file reads it, and refuses to write it', async () => {
    const { disks, mirror } = await pair();
    await (await disks[1].open('b/x', 'create')).write([bytes(7)], 0);
    const file = await mirror.open('x', 'write');
    expect(file.copies).toHaveLength(1);
    const missing = { code: 'io', message: expect.stringContaining('x is missing') };
    await expect(file.write([bytes(8)], 0)).rejects.toMatchObject(missing);
  });

  test('takes both locks or none', async () => {
    const { disks, mirror } = await pair();
    const lock = await disks[1].lock('b');
    await expect(mirror.lock('')).rejects.toMatchObject({ code: 'locked' });
    await lock.release();
    await (await mirror.lock('')).release();
    await (await disks[0].lock('a')).release();
  });
});

describe('when one refuses', () => {
  test('the call is refused, saying which, without failover', async () => {
    const { mirror, second } = await pair();
    const file = await mirror.open('x', 'create');
    second.die();
    const refused = { code: 'io', errno: 'EIO', message: expect.stringContaining('memory:b') };
    await expect(file.syncData()).rejects.toMatchObject(refused);
    expect(mirror.behind).toBeUndefined();
  });

  test('it is never asked again, with failover, and every call under way waits until the other says so', async () => {
    const calls: string[] = [];
    let answer: () => void = () => undefined;
    const { disks, mirror, first } = await pair({
      failover: true,
      onCall: (call) => {
        calls.push(call);
        return call.includes('rename') ? new Promise<void>((resolve) => (answer = resolve)) : undefined;
      },
    });
    const file = await mirror.open('x', 'create');
    first.die();
    calls.length = 0;
    const settled: string[] = [];
    const underWay = {
      write: file.write([bytes(1)], 0),
      sync: file.syncData(),
      names: mirror.syncDirectory(''),
    };
    for (const [name, call] of Object.entries(underWay)) void call.then(() => settled.push(name));
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toEqual([]);
    answer();
    await Promise.all(Object.values(underWay));
    expect(await disks[1].list('b')).toEqual(['mirror.behind', 'x']);
    expect(calls.filter((call) => call.includes('rename'))).toHaveLength(1);
    calls.length = 0;
    await file.write([bytes(2)], 0);
    expect(calls).toEqual(['1 write b/x 0+1']);
    expect(mirror.behind).toMatchObject({ directory: 'a' });
    await file.close();
  });
});
