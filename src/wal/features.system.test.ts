import { fdatasyncSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { appendAll, encode, readTexts, texts } from './fixtures/log.ts';
import { Wal } from './wal.ts';

/** As features-zig.test.ts, for what needs real files. */
vi.mock('node:fs', { spy: true });

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'powercut-wal-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** open(2) flags of this process's descriptors of segment files, as the kernel tells them. */
function flagsOfSegments(): number[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      if (!readlinkSync(`/proc/self/fd/${descriptor}`).endsWith('.wal')) return [];
      const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
      return [Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? '0', 8)];
    } catch {
      return [];
    }
  });
}

describe('from a Zig log on io_uring', () => {
  test('O_DIRECT + O_DSYNC: the descriptor that commits go through has both', async () => {
    const [direct, dataSync] = [0o40000, 0o10000];
    const wal = await Wal.open(root, { backend: 'direct', segmentBytes: 2 ** 16 });
    await appendAll(wal, texts(3));
    expect(flagsOfSegments().some((flags) => (flags & direct) !== 0 && (flags & dataSync) !== 0)).toBe(true);
    expect(await readTexts(wal)).toEqual(texts(3));
    await wal.close();
  });

  test('linked io_uring write → fsync: one submission a commit', async () => {
    const wal = await Wal.open(root, { backend: 'uring', segmentBytes: 2 ** 16 });
    await appendAll(wal, ['r1']);
    const counters = () => ({ ...wal.backend?.counters?.() });
    const before = counters();
    await appendAll(wal, texts(5, 2));
    const after = counters();
    const grown = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
    expect(['submissions', 'entries', 'links'].map(grown)).toEqual([5, 10, 5]);
    await wal.close();
  });
});

describe('from wal-db (Rust)', () => {
  test('platform-correct flush: the call that is fdatasync, F_FULLFSYNC or FlushFileBuffers, as the system has it', async () => {
    const wal = await Wal.open(root, { backend: 'buffered', segmentBytes: 2 ** 16, prepareAhead: false });
    await wal.appendDurable(encode('r1'));
    const flushes = vi.mocked(fdatasyncSync).mock.calls.length;
    await appendAll(wal, texts(3, 2));
    expect(vi.mocked(fdatasyncSync).mock.calls.length - flushes).toBe(3);
    await wal.close();
  });
});
