import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FaultLayer, MountFailure } from '../layer.ts';
import { takeApart } from '../model/effects.ts';
import { buildImage } from '../model/image.ts';
import { liveTree, type Recording } from '../model/recording.ts';
import { emptyTree } from '../model/tree.ts';
import type { Plan } from '../plan.ts';
import { fileSystemNamed } from './file-systems.ts';
import { openBlockLayer } from './layer.ts';
import { probeBlock } from './probe.ts';

const { available } = await probeBlock();
const directory = mkdtempSync(join(tmpdir(), 'powercut-block-'));
const empty: Recording = { base: emptyTree(['data']), trace: [] };
afterAll(() => rmSync(directory, { recursive: true }));

let layer: FaultLayer;
let file: string;

function kindsOf({ trace }: Recording): string[] {
  return trace.map((entry) => (entry.kind === 'operation' ? entry.operation.kind : entry.kind));
}

function writeAndSync(text: string): void {
  const descriptor = openSync(file, 'a');
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The first operation of a kind that is not part of mounting. */
async function firstAfterMount(operation: 'sync' | 'write') {
  await layer.begin(empty, []);
  const before = kindsOf((await layer.end()).recording).filter((kind) => kind === operation).length;
  return { operation, from: before + 1 } as const;
}

/** Writes and syncs under a plan: what came of it, and what the file holds once the machine has started again. */
async function strike(plan: Plan) {
  await layer.begin(empty, plan);
  let error: unknown;
  try {
    writeAndSync('x'.repeat(10_000));
  } catch (thrown) {
    error = thrown;
  }
  const { recording, firings } = await layer.end();
  return { recording, fired: firings.length, code: (error as NodeJS.ErrnoException | undefined)?.code };
}

describe.skipIf(!available)('the block layer', () => {
  beforeAll(async () => {
    layer = await openBlockLayer({
      volumes: ['data'],
      directory,
      fileSystem: fileSystemNamed('ext4-ordered'),
    });
    if (layer.place.kind !== 'directories') throw new Error('the block layer has directories');
    file = join(layer.place.directories.get('data') ?? '', 'file');
  });
  afterEach(async () => {
    await layer.end().catch(() => {});
  });
  afterAll(async () => {
    await layer.close();
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(directory);
  });

  it('records an fsync of the subject as writes and a flush, before what is acknowledged after it', async () => {
    await layer.begin(empty, []);
    const before = await layer.entryCount();
    writeFileSync(file, 'not synced');
    expect(await layer.entryCount()).toBe(before);
    writeAndSync('synced');
    await layer.acknowledge('synced');
    const { recording } = await layer.end();
    expect(recording.disks).toBe(true);
    const kinds = kindsOf(recording).slice(before);
    expect(kinds).toContain('write');
    expect(kinds.indexOf('write')).toBeLessThan(kinds.lastIndexOf('sync'));
    expect(kinds.lastIndexOf('sync')).toBeLessThan(kinds.indexOf('acknowledgement'));
  });

  it('records what the kernel still held only where that is asked for', async () => {
    const written = async (writtenBack: boolean) => {
      await layer.begin(empty, []);
      const before = await layer.entryCount();
      writeFileSync(file, 'not synced');
      return kindsOf((await layer.end({ writtenBack })).recording).slice(before);
    };
    expect(await written(false)).not.toContain('write');
    expect(await written(true)).toContain('write');
  });

  it('records what the kernel still held though somebody keeps the file system from being unmounted', async () => {
    await layer.begin(empty, []);
    const before = await layer.entryCount();
    writeFileSync(file, 'not synced');
    const descriptor = openSync(file, 'r');
    try {
      const { recording } = await layer.end({ writtenBack: true });
      expect(kindsOf(recording).slice(before)).toContain('write');
    } finally {
      closeSync(descriptor);
    }
  });

  it('starts on an image of a crash, with what the journal has', async () => {
    await layer.begin(empty, []);
    writeAndSync('kept');
    const { recording } = await layer.end();
    const state = { point: recording.trace.length, lost: [], filler: 'old' } as const;
    await layer.begin({ base: buildImage(takeApart(recording), state), trace: [] }, []);
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });

  it('starts on a recording that a reset ended, and goes on in it', async () => {
    await layer.begin(empty, []);
    writeAndSync('kept');
    const { recording } = await layer.end();
    const trace = [...recording.trace, { kind: 'process-crash' as const }];
    await layer.begin({ ...recording, trace }, []);
    expect(readFileSync(file, 'utf8')).toBe('kept');
    writeAndSync(' on');
    const ended = await layer.end();
    expect(ended.recording.trace.slice(0, trace.length)).toEqual(trace);
    expect(ended.recording.trace.length).toBeGreaterThan(trace.length);
  });

  it('rejects an image that the kernel does not take, and can be used after that', async () => {
    await layer.begin(empty, []);
    const { recording } = await layer.end();
    const base = liveTree(recording);
    for (const inode of base.inodes.values()) if (inode.kind === 'file') inode.content.pages.clear();
    await expect(layer.begin({ base, trace: [] }, [])).rejects.toThrow(MountFailure);
    await layer.end();
    await layer.begin(empty, []);
    writeAndSync('fine');
  });

  it('ends what was open before', async () => {
    await layer.begin(empty, []);
    const descriptor = openSync(file, 'a');
    await layer.begin(empty, []);
    writeSync(descriptor, 'of another time');
    expect(() => fsyncSync(descriptor)).toThrow(/EIO|EROFS/);
    closeSync(descriptor);
  });

  it('tells the subject of a flush that fails, and of a request that does', async () => {
    const flush = await strike([{ ...(await firstAfterMount('sync')), fault: 'fsync-error' }]);
    expect(flush.fired).toBeGreaterThan(0);
    expect(flush.code).toMatch(/EIO|EROFS/);
    const request = await strike([{ ...(await firstAfterMount('write')), fault: 'io-error' }]);
    expect(request.fired).toBeGreaterThan(0);
    expect(request.code).toMatch(/EIO|EROFS/);
  });

  it('tells nobody of a flush or a write that the disk loses', async () => {
    const flush = await strike([{ ...(await firstAfterMount('sync')), fault: 'lost-fsync' }]);
    expect(flush).toMatchObject({ code: undefined });
    expect(flush.fired).toBeGreaterThan(0);
    const write = await strike([{ ...(await firstAfterMount('write')), fault: 'lost-write' }]);
    expect(write).toMatchObject({ code: undefined });
    expect(write.fired).toBeGreaterThan(0);
    expect(JSON.stringify(write.recording.trace)).toContain('"lost":true');
  });
});
