import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { encode, readTexts } from '../fixtures/log.ts';
import { Wal } from '../wal.ts';
import { openBackend } from './backend.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'powercut-wal-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

describe('the choice of backend', () => {
  test('is told by the log, with its reason, and leaves no trace of the trial', async () => {
    const { storage } = await openBackend(join(root, 'not/yet/there'), 'auto');
    expect(storage.backend).toMatchObject({
      name: 'direct',
      why: expect.stringMatching(/^\w+ takes O_DIRECT with (512|4096)-byte blocks$/),
    });
    expect(readdirSync(root)).toEqual([]);
    const wal = await Wal.open(join(root, 'wal'));
    expect(wal.backend).toEqual(storage.backend);
    await wal.close();
  });

  test('in memory it is buffered, and direct is refused', async () => {
    const { storage } = await openBackend('/dev/shm/wal', 'auto');
    expect(storage.backend).toEqual({
      name: 'buffered',
      why: 'tmpfs is in memory: there is no disk to reach',
    });
    await expect(Wal.open('/dev/shm/wal', { backend: 'direct' })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('the backend direct cannot be used: tmpfs is in memory'),
    });
  });

  test('warns of the environment that makes barriers slow', async () => {
    vi.stubEnv('UV_USE_IO_URING', '1');
    expect((await openBackend(root, 'auto')).storage.backend?.why).toContain('warning: UV_USE_IO_URING');
    vi.stubEnv('UV_USE_IO_URING', '0');
    expect((await openBackend(root, 'auto')).storage.backend?.why).not.toContain('warning');
  });

  test('an unknown name is refused with those that there are', async () => {
    await expect(Wal.open(root, { backend: 'fast' as 'auto' })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('auto, buffered, direct, uring'),
    });
  });

  test('never binds a log: each backend goes on where another stopped', async () => {
    const backends = ['uring', 'direct', 'buffered', 'direct', 'uring'] as const;
    for (const [index, backend] of backends.entries()) {
      const wal = await Wal.open(join(root, 'wal'), { backend, segmentBytes: 65_536 });
      expect(await readTexts(wal)).toEqual(backends.slice(0, index));
      await wal.appendDurable(encode(backend));
      await wal.close();
    }
  });
});
