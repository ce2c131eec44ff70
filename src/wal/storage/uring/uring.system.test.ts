import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { encode, readTexts } from '../../fixtures/log.ts';
import { Wal } from '../../wal.ts';
import { allocateAligned } from '../aligned-memory.ts';
import { openBackend } from '../backend.ts';
import { Ring } from './ring.ts';
import { ringCounters } from './shared-ring.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'powercut-wal-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

async function openFile(name: string) {
  const { storage, directory } = await openBackend(root, 'uring');
  return storage.open(`${directory}/${name}`, 'create');
}

/** What `work` adds to the counters. */
async function counted(work: () => Promise<unknown>) {
  const before = { submissions: 0, entries: 0, links: 0, ...ringCounters() };
  await work();
  const after = { submissions: 0, entries: 0, links: 0, ...ringCounters() };
  return {
    submissions: after.submissions - before.submissions,
    entries: after.entries - before.entries,
    links: after.links - before.links,
  };
}

const block = (fill: number) => allocateAligned(4096).fill(fill);

describe('what one submission holds', () => {
  test('a durable write: the write and the barrier that is linked to it', async () => {
    const file = await openFile('a');
    const work = await counted(() => file.writeDurably([block(1)], 0));
    expect(work).toEqual({ submissions: 1, entries: 2, links: 1 });
    expect(readFileSync(join(root, 'a'))).toEqual(Buffer.alloc(4096, 1));
    await file.close();
  });

  test('those of two files that are made in the same turn', async () => {
    const [a, b] = await Promise.all([openFile('a'), openFile('b')]);
    const work = await counted(() =>
      Promise.all([a.writeDurably([block(1)], 0), b.writeDurably([block(2)], 0)]),
    );
    expect(work).toEqual({ submissions: 1, entries: 4, links: 2 });
    expect(await counted(() => Promise.all([a.syncData(), b.syncData()]))).toEqual({
      submissions: 1,
      entries: 2,
      links: 0,
    });
    expect(readFileSync(join(root, 'b'))).toEqual(Buffer.alloc(4096, 2));
    await a.close();
    await b.close();
  });

  test('both copies of a mirrored log', async () => {
    const options = { backend: 'uring', mirror: join(root, 'mirror'), segmentBytes: 1024 * 1024 } as const;
    const wal = await Wal.open(join(root, 'wal'), options);
    await wal.appendDurable(encode('r1'));
    const work = await counted(() => wal.appendDurable(encode('r2')));
    expect(work).toEqual({ submissions: 1, entries: 4, links: 2 });
    expect(wal.backend?.counters?.()).toEqual(ringCounters());
    await wal.close();
    const again = await Wal.open(join(root, 'wal'), options);
    expect(await readTexts(again)).toEqual(['r1', 'r2']);
    await again.close();
  });

  test('never two calls on one file: they are carried out in order', async () => {
    const file = await openFile('a');
    const work = await counted(() =>
      Promise.all([
        file.writeDurably([block(1)], 0),
        file.writeDurably([block(2)], 0),
        file.write([new Uint8Array([3])], 0),
      ]),
    );
    expect(work).toEqual({ submissions: 2, entries: 4, links: 2 });
    expect([...readFileSync(join(root, 'a')).subarray(0, 2)]).toEqual([3, 2]);
    await file.close();
  });

  test('more than the ring has places for goes out in several', async () => {
    const files = await Promise.all(Array.from({ length: 33 }, (_, index) => openFile(`f${index}`)));
    const work = await counted(() =>
      Promise.all(files.map((file, index) => file.writeDurably([block(index)], 0))),
    );
    expect(work).toEqual({ submissions: 2, entries: 66, links: 33 });
    for (const index of files.keys()) expect(readFileSync(join(root, `f${index}`))[4095]).toBe(index);
    await Promise.all(files.map((file) => file.close()));
  });
});

describe('a write', () => {
  test('may have any size and come from anywhere', async () => {
    const file = await openFile('a');
    const small = new Uint8Array([1, 2, 3]);
    const large = new Uint8Array(3_000_001).fill(7);
    await file.writeDurably([], 0);
    await file.writeDurably([small, large], 5);
    const bytes = readFileSync(join(root, 'a'));
    expect(bytes.equals(Buffer.concat([new Uint8Array(5), small, large]))).toBe(true);
    await file.close();
  });

  test('that the disk has no room for says so', async () => {
    const { storage } = await openBackend(root, 'uring');
    const file = await storage.open('dev/full', 'write');
    await expect(file.writeDurably([new Uint8Array(10)], 0)).rejects.toMatchObject({
      code: 'full',
      errno: 'ENOSPC',
      message: expect.stringContaining('cannot write durably dev/full'),
    });
    await file.close();
  });

  test('that fails cancels what is linked to it, and says what failed', async () => {
    writeFileSync(join(root, 'a'), 'old');
    const readOnly = openSync(join(root, 'a'), 'r');
    const writable = openSync(join(root, 'a'), 'r+');
    const ring = await Ring.open();
    const bytes = new Uint8Array([1, 2, 3]);
    const broken = ring.run({}, 'write a', [
      { kind: 'write', descriptor: readOnly, bytes, position: 0 },
      { kind: 'write', descriptor: writable, bytes, position: 0 },
      { kind: 'sync-data', descriptor: writable },
    ]);
    await expect(broken).rejects.toMatchObject({ code: 'io', errno: 'EBADF' });
    expect(readFileSync(join(root, 'a'), 'utf8')).toBe('old');
    await ring.run({}, 'write a', [{ kind: 'write', descriptor: writable, bytes, position: 0 }]);
    expect([...readFileSync(join(root, 'a'))]).toEqual([1, 2, 3]);
    ring.close();
    closeSync(readOnly);
    closeSync(writable);
  });

  test('that is short is a failure', () => {
    const library = new URL('../../../../dist/src/wal/storage/backend.js', import.meta.url).href;
    const program = join(root, 'short.mjs');
    writeFileSync(
      program,
      `import { openBackend } from '${library}';
const { storage, directory } = await openBackend('${root}', 'uring');
const file = await storage.open(directory + '/short', 'create');
const why = await file.writeDurably([new Uint8Array(9000)], 4096).catch((error) => error);
console.log(why.code, why.message);
await file.close();`,
    );
    // A file of at most 10 KiB.
    const command = `ulimit -f 10; exec "$0" "$1"`;
    const output = execFileSync('bash', ['-c', command, process.execPath, program], { encoding: 'utf8' });
    expect(output).toMatch(
      /^io cannot write durably .*short: 6144 of 9000 bytes were written, a short write\n$/,
    );
  });
});

describe('the ring', () => {
  const descriptorsOfRings = () =>
    readdirSync('/proc/self/fd').filter((descriptor) => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`).includes('io_uring');
      } catch {
        return false;
      }
    }).length;
  const mappingsOfRings = () => readFileSync('/proc/self/maps', 'utf8').split('io_uring').length - 1;

  test('is there while a file is open, one for all, and leaves nothing behind', async () => {
    expect([descriptorsOfRings(), mappingsOfRings()]).toEqual([0, 0]);
    const [a, b] = await Promise.all([openFile('a'), openFile('b')]);
    await a.writeDurably([block(1)], 0);
    expect([descriptorsOfRings(), mappingsOfRings()]).toEqual([1, 2]);
    await a.close();
    await b.writeDurably([block(1)], 0);
    await b.close();
    expect([descriptorsOfRings(), mappingsOfRings()]).toEqual([0, 0]);
    await expect(openFile('a')).rejects.toMatchObject({ code: 'exists' });
    expect(descriptorsOfRings()).toBe(0);
  });
});

/** With a loader of modules of its own. */
describe('without io_uring', () => {
  afterEach(() => {
    vi.doUnmock('koffi');
    vi.resetModules();
  });

  test('that the kernel forbids, or a missing koffi, is unsupported, with the reason', async () => {
    const koffi = {
      load: () => ({ func: () => () => -1 }),
      errno: () => 1,
      os: { errno: { EPERM: 1 } },
    };
    vi.doMock('koffi', () => ({ default: koffi }));
    vi.resetModules();
    const forbidden = await import('../backend.ts');
    await expect(forbidden.openBackend(root, 'uring')).rejects.toMatchObject({
      code: 'unsupported',
      message: 'io_uring cannot be used: io_uring_setup answers EPERM. Use the backend direct or buffered',
    });
    vi.doMock('koffi', () => {
      throw new Error('no such package');
    });
    vi.resetModules();
    const missing = await import('../backend.ts');
    await expect(missing.openBackend(root, 'uring')).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('the package koffi cannot be loaded'),
    });
  });
});
