import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { liveTree } from '../model/recording.ts';
import { dumpDirectory, dumpTree } from './campaign/dump.ts';
import { callIn, pythonMissing } from './fixtures/calls.ts';
import { emptyRecording, fuseMissing, type Mounted, mount, story } from './fixtures/mounted.ts';
import { until } from './fixtures/until.ts';

if (pythonMissing !== undefined) console.warn(pythonMissing);
const itPython = it.skipIf(pythonMissing !== undefined);

describe.skipIf(fuseMissing !== undefined).each([
  { directIo: true, how: 'with direct I/O' },
  { directIo: false, how: 'with the page cache of older kernels' },
])('files on the fuse layer, $how', ({ directIo }) => {
  let mounted: Mounted;
  let at: (name: string) => string;

  beforeAll(async () => {
    mounted = await mount({ directIo });
    at = (name) => join(mounted.volume(), name);
  });
  afterAll(() => mounted?.[Symbol.asyncDispose]());
  beforeEach(() => mounted.layer.begin(emptyRecording(), []));

  const recorded = async () => (await mounted.layer.end()).recording;

  it('records each write(2) as it came, whole, in order', async () => {
    const file = fs.openSync(at('f'), 'w');
    fs.writeSync(file, Buffer.alloc(1_000_000, 1));
    fs.writeSync(file, 'x', 100);
    fs.writeSync(file, Buffer.alloc(5000, 2), 0, 5000, 50);
    fs.closeSync(file);
    expect(story(await recorded())).toEqual([
      'create file 3 f',
      'write 3 0+1000000',
      'write 3 100+1',
      'write 3 50+5000',
      'close 3',
    ]);
  });

  it('records a write of more than a mebibyte as the kernel cuts it, with nothing in between', async () => {
    const bytes = Buffer.from(Array.from({ length: 3 << 20 }, (_, index) => index % 251));
    fs.writeFileSync(at('f'), bytes);
    expect(fs.readFileSync(at('f')).equals(bytes)).toBe(true);
    const writes = (await recorded()).trace.flatMap((entry) =>
      entry.kind === 'operation' && entry.operation.kind === 'write' ? [entry.operation] : [],
    );
    expect(writes.length).toBeLessThanOrEqual(7);
    expect(Buffer.concat(writes.map(({ data }) => data)).equals(bytes)).toBe(true);
  });

  it('records a barrier behind each write to a file opened with O_SYNC or O_DSYNC', async () => {
    for (const [name, flag] of [
      ['s', fs.constants.O_SYNC],
      ['d', fs.constants.O_DSYNC],
    ] as const) {
      const file = fs.openSync(at(name), fs.constants.O_CREAT | fs.constants.O_WRONLY | flag);
      fs.writeSync(file, 'abc');
      fs.closeSync(file);
    }
    expect(story(await recorded()).filter(ownBarriers)).toEqual([
      'write 3 0+3',
      'sync 3 O_SYNC',
      'write 4 0+3',
      'sync 4 O_DSYNC',
    ]);
  });

  itPython('records a barrier behind a single write that asks for it', async () => {
    const calls = ['RWF_DSYNC', 'RWF_SYNC'].map((flag) => ({
      call: 'dataSyncWrite',
      path: 'f',
      value: 'abc',
      flag,
    }));
    expect(callIn([mounted.volume()], calls)).toEqual([[3, 3]]);
    expect(story(await recorded()).filter(ownBarriers)).toEqual([
      'write 3 0+3',
      'sync 3 O_DSYNC',
      'write 3 0+3',
      'sync 3 O_SYNC',
    ]);
  });

  it('tells fsync, fdatasync and fsync of a directory apart', async () => {
    const file = fs.openSync(at('f'), 'w');
    fs.fsyncSync(file);
    fs.fdatasyncSync(file);
    fs.closeSync(file);
    const directory = fs.openSync(mounted.volume(), 'r');
    fs.fsyncSync(directory);
    fs.closeSync(directory);
    expect(story(await recorded())).toEqual([
      'create file 3 f',
      'sync 3 fsync',
      'sync 3 fdatasync',
      'close 3',
      'sync 1 fsyncdir',
    ]);
  });

  it('records a close when the last descriptor that could write goes', async () => {
    const first = fs.openSync(at('f'), 'w');
    const second = fs.openSync(at('f'), 'r+');
    const reader = fs.openSync(at('f'), 'r');
    fs.closeSync(first);
    fs.writeSync(second, 'x');
    fs.closeSync(second);
    fs.closeSync(reader);
    expect(story(await recorded())).toEqual(['create file 3 f', 'write 3 0+1', 'close 3']);
  });

  it('appends where the file ends, whoever made it grow', () => {
    const [one, two] = [fs.openSync(at('f'), 'a'), fs.openSync(at('f'), 'a')];
    fs.writeSync(one, 'one ');
    fs.writeSync(two, 'two ');
    fs.writeSync(one, 'three');
    expect(fs.readFileSync(at('f'), 'utf8')).toBe('one two three');
    fs.closeSync(one);
    fs.closeSync(two);
  });

  it('truncates on open, and tells the recording', async () => {
    fs.writeFileSync(at('f'), 'old content');
    fs.writeFileSync(at('f'), 'new');
    expect(fs.readFileSync(at('f'), 'utf8')).toBe('new');
    expect(story(await recorded())).toContain('truncate 3 0');
  });

  it('keeps an unlinked file for as long as it is open', async () => {
    const before = inodesInUse(mounted.volume());
    const file = fs.openSync(at('f'), 'w+');
    fs.unlinkSync(at('f'));
    fs.writeSync(file, 'still here', 0);
    expect(fs.fstatSync(file).nlink).toBe(0);
    const buffer = Buffer.alloc(20);
    expect(fs.readSync(file, buffer, 0, 20, 0)).toBe(10);
    expect(fs.existsSync(at('f'))).toBe(false);
    fs.closeSync(file);
    await until(() => inodesInUse(mounted.volume()) === before);
    const { recording } = await mounted.layer.end();
    expect(dumpTree(liveTree(recording), 'data')).toEqual(dumpDirectory(mounted.volume()));
  });

  it('forgets what is gone: the table of inodes does not grow', async () => {
    const before = inodesInUse(mounted.volume());
    for (let round = 0; round < 500; round++) {
      fs.writeFileSync(at(`f${round}`), 'x');
      fs.mkdirSync(at(`d${round}`));
      fs.renameSync(at(`f${round}`), at(`d${round}/f`));
      fs.rmSync(at(`d${round}`), { recursive: true });
    }
    await until(() => inodesInUse(mounted.volume()) === before);
  });

  it('holds a sparse file of a tebibyte', () => {
    const file = fs.openSync(at('sparse'), 'w+');
    fs.ftruncateSync(file, 2 ** 40);
    fs.writeSync(file, 'end', 2 ** 40 - 3);
    fs.writeSync(file, 'middle', 2 ** 39);
    const buffer = Buffer.alloc(10);
    expect(fs.readSync(file, buffer, 0, 10, 2 ** 40 - 4)).toBe(4);
    expect(buffer.toString('latin1', 0, 4)).toBe('\0end');
    expect(fs.fstatSync(file).size).toBe(2 ** 40);
    expect(fs.fstatSync(file).blocks).toBe(16);
    fs.closeSync(file);
  });

  it('refuses a file larger than 16 TiB with EFBIG', () => {
    const file = fs.openSync(at('f'), 'w');
    expect(() => fs.ftruncateSync(file, 2 ** 44 + 1)).toThrow('EFBIG');
    expect(() => fs.writeSync(file, 'x', 2 ** 44)).toThrow('EFBIG');
    expect(fs.writeSync(file, 'xyz', 2 ** 44 - 2)).toBe(2);
    fs.closeSync(file);
  });

  itPython('maps files shared and private, in step with read(2) and write(2)', async () => {
    const calls = [true, false].flatMap((shared) =>
      [true, false].map((sync) => ({
        call: 'mapped',
        path: `m-${shared}-${sync}`,
        shared,
        sync,
        offset: 5000,
        value: 'store',
      })),
    );
    expect(callIn([mounted.volume()], calls)).toEqual(
      callIn([fs.mkdtempSync(join(mounted.directory, 'host-'))], calls),
    );
    const recording = await recorded();
    expect(dumpTree(liveTree(recording), 'data')).toEqual(dumpDirectory(mounted.volume()));
    // msync(2) came as a write of the page and a barrier.
    expect(story(recording).join('\n')).toMatch(/write 3 4096\+4096\nsync 3 fdatasync/);
  });

  itPython('records stores to a mapping that no msync follows, at the latest when it is closed', async () => {
    callIn(
      [mounted.volume()],
      [{ call: 'mapped', path: 'm', shared: true, sync: false, offset: 0, value: 'store' }],
    );
    expect(fs.readFileSync(at('m'), 'latin1').slice(0, 5)).toBe('store');
    expect(story(await recorded())).toContain('write 3 0+4096');
  });

  it('runs a program that stands on it', () => {
    fs.copyFileSync('/bin/sh', at('shell'));
    fs.chmodSync(at('shell'), 0o755);
    expect(spawnSync(at('shell'), ['-c', 'echo works'], { encoding: 'utf8' }).stdout).toBe('works\n');
  });

  itPython('reads and writes with O_DIRECT', () => {
    expect(callIn([mounted.volume()], [{ call: 'direct', path: 'f' }])).toEqual([[[8192, 4096, 'd']]]);
  });

  itPython('gives a name to a file of O_TMPFILE, once it has its bytes', async () => {
    const calls = [
      { call: 'temporary', to: 'named', value: 'bytes', exclusive: false },
      { call: 'temporary', to: 'never', value: 'bytes', exclusive: true },
    ];
    expect(callIn([mounted.volume()], calls)).toEqual([[1, 'ENOENT']]);
    expect(fs.readFileSync(at('named'), 'utf8')).toBe('bytes');
    expect(story(await recorded()).slice(0, 4)).toEqual([
      'create file 3 without a name',
      'write 3 0+5',
      'link named 3',
      'close 3',
    ]);
  });

  itPython('is always ready, as a file is, for those who poll', () => {
    const host = fs.mkdtempSync(join(mounted.directory, 'host-'));
    const [expected, actual] = callIn([host, mounted.volume()], [{ call: 'poll', path: 'f' }]);
    expect(actual).toEqual(expected);
  });

  it('leaves locks to the kernel: one holder, others wait or are told, the disk works on', async () => {
    fs.writeFileSync(at('lock'), '');
    const holder = spawn('flock', [at('lock'), 'sh', '-c', 'echo held; read line'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    expect(spawnSync('flock', ['--nonblock', at('lock'), 'true']).status).toBe(1);
    const waiting = spawn('flock', [at('lock'), 'echo', 'mine'], { stdio: ['ignore', 'pipe', 'inherit'] });
    fs.writeFileSync(at('other'), 'written while one waits');
    expect(waiting.exitCode).toBeNull();
    holder.stdin.end();
    const [text] = (await once(waiting.stdout, 'data')) as [Buffer];
    expect(text.toString()).toBe('mine\n');
  });

  itPython('has POSIX locks between processes, a blocking one included', () => {
    fs.writeFileSync(at('lock'), 'x'.repeat(100));
    expect(callIn([mounted.volume()], [{ call: 'locks', path: 'lock' }])).toEqual([[['EAGAIN', true]]]);
  });
});

/** Some kernels send an FSYNC of their own behind a write through their page cache. */
function ownBarriers(line: string): boolean {
  return line.startsWith('write') || line.includes('O_');
}

function inodesInUse(path: string): number {
  const { files, ffree } = fs.statfsSync(path);
  return files - ffree;
}
