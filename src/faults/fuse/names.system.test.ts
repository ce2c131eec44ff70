import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { liveTree } from '../model/recording.ts';
import { dumpDirectory, dumpTree } from './campaign/dump.ts';
import { callIn, pythonMissing } from './fixtures/calls.ts';
import { emptyRecording, fuseMissing, type Mounted, mount } from './fixtures/mounted.ts';

if (pythonMissing !== undefined) console.warn(pythonMissing);
const itPython = it.skipIf(pythonMissing !== undefined);

describe.skipIf(fuseMissing !== undefined)('names and attributes on the fuse layer', () => {
  let mounted: Mounted;
  let at: (name: string) => string;

  beforeAll(async () => {
    mounted = await mount();
    at = (name) => join(mounted.volume(), name);
  });
  afterAll(() => mounted?.[Symbol.asyncDispose]());
  beforeEach(() => mounted.layer.begin(emptyRecording(), []));

  it('shows one directory a volume, and the acknowledgement file', () => {
    const root = join(mounted.volume(), '..');
    expect(fs.readdirSync(root).sort()).toEqual(['ack', 'data', 'mirror']);
    const inodes = ['', 'ack', 'data', 'mirror'].map((name) => fs.statSync(join(root, name)).ino);
    expect(new Set(inodes).size).toBe(4);
    expect(spawnSync('find', [root], { encoding: 'utf8' }).stderr).toBe('');
  });

  it('lets nothing be made, moved or removed beside the volumes', () => {
    const root = join(mounted.volume(), '..');
    expect(() => fs.writeFileSync(join(root, 'new'), '')).toThrow('EPERM');
    expect(() => fs.mkdirSync(join(root, 'new'))).toThrow('EPERM');
    expect(() => fs.unlinkSync(mounted.ackFile)).toThrow('EPERM');
    expect(() => fs.rmdirSync(mounted.volume())).toThrow('EPERM');
    expect(() => fs.renameSync(mounted.volume(), join(root, 'other'))).toThrow('EXDEV');
    fs.writeFileSync(at('f'), '');
    expect(() => fs.renameSync(at('f'), join(root, 'f'))).toThrow('EXDEV');
    expect(() => fs.linkSync(mounted.ackFile, at('ack'))).toThrow('EXDEV');
  });

  it('keeps volumes apart as file systems are: EXDEV for rename and link', () => {
    const other = join(mounted.volume('mirror'), 'f');
    fs.writeFileSync(at('f'), 'x');
    expect(() => fs.renameSync(at('f'), other)).toThrow('EXDEV');
    expect(() => fs.linkSync(at('f'), other)).toThrow('EXDEV');
    fs.copyFileSync(at('f'), other);
    expect(fs.readFileSync(other, 'utf8')).toBe('x');
  });

  it('lists 10,000 entries, each once, while others come and go', async () => {
    for (let index = 0; index < 10_000; index++) fs.writeFileSync(at(`f${index}`), '');
    const seen = new Set<string>();
    const directory = fs.opendirSync(mounted.volume(), { bufferSize: 64 });
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      expect(seen.has(entry.name)).toBe(false);
      seen.add(entry.name);
      if (seen.size !== 1000) continue;
      for (let index = 0; index < 10_000; index += 2) {
        if (!seen.has(`f${index}`)) fs.unlinkSync(at(`f${index}`));
      }
      for (let index = 0; index < 100; index++) fs.writeFileSync(at(`new${index}`), '');
    }
    directory.closeSync();
    // What was there all along is listed; what came or went meanwhile may be.
    for (let index = 1; index < 10_000; index += 2) expect(seen.has(`f${index}`)).toBe(true);
    const names = fs.readdirSync(mounted.volume());
    expect(names.filter((name) => name.startsWith('new'))).toHaveLength(100);
    expect(names.filter((name) => Number(name.slice(1)) % 2 === 1)).toHaveLength(5000);
    const { recording } = await mounted.layer.end();
    expect(dumpTree(liveTree(recording), 'data')).toEqual(dumpDirectory(mounted.volume()));
  });

  it('lists with attributes (READDIRPLUS), and lets a whole tree be removed', () => {
    fs.mkdirSync(at('a/b/c'), { recursive: true });
    for (let index = 0; index < 500; index++) fs.writeFileSync(at(`a/b/f${index}`), 'x'.repeat(index));
    const listed = spawnSync('ls', ['-lR', mounted.volume()], { encoding: 'utf8' });
    expect(listed.stderr).toBe('');
    expect(listed.stdout.split('\n').filter((line) => line.startsWith('-rw'))).toHaveLength(500);
    fs.rmSync(at('a'), { recursive: true });
    expect(fs.readdirSync(mounted.volume())).toEqual([]);
    expect(fs.statSync(mounted.volume()).nlink).toBe(2);
  });

  it('takes any name of 1 to 255 bytes of UTF-8', () => {
    const names = [
      'ü'.repeat(127),
      '\u{1f4be}'.repeat(63),
      'blank and\nnewline',
      '-',
      '__proto__',
      'constructor',
      '...',
    ];
    for (const name of names) fs.writeFileSync(at(name), name);
    expect(fs.readdirSync(mounted.volume()).sort()).toEqual([...names].sort());
    for (const name of names) expect(fs.readFileSync(at(name), 'utf8')).toBe(name);
    expect(() => fs.writeFileSync(at('ü'.repeat(128)), '')).toThrow('ENAMETOOLONG');
    const notUtf8 = Buffer.concat([Buffer.from(`${mounted.volume()}/`), Buffer.from([0x66, 0xff])]);
    expect(() => fs.writeFileSync(notUtf8, '')).toThrow('EILSEQ');
  });

  it('counts the names of a file and the directories in a directory', () => {
    fs.writeFileSync(at('one'), 'x');
    fs.linkSync(at('one'), at('two'));
    expect(fs.statSync(at('two')).nlink).toBe(2);
    fs.mkdirSync(at('d'));
    fs.mkdirSync(at('d/e'));
    expect([fs.statSync(mounted.volume()).nlink, fs.statSync(at('d')).nlink]).toEqual([3, 3]);
    fs.renameSync(at('d/e'), at('e'));
    expect([fs.statSync(mounted.volume()).nlink, fs.statSync(at('d')).nlink]).toEqual([4, 2]);
  });

  itPython('renames with NOREPLACE and EXCHANGE, and refuses WHITEOUT', () => {
    fs.writeFileSync(at('a'), 'a');
    fs.mkdirSync(at('p'));
    const rename = (flags: string, to: string) => ({ call: 'rename', path: 'a', to, flags });
    const calls = [rename('noreplace', 'p'), rename('whiteout', 'new'), rename('exchange', 'p')];
    expect(callIn([mounted.volume()], calls)).toEqual([['EEXIST', 'EINVAL', null]]);
    expect(fs.readFileSync(at('p'), 'utf8')).toBe('a');
    expect(fs.statSync(at('a')).isDirectory()).toBe(true);
  });

  itPython('has fifos, sockets and device nodes', () => {
    const calls = [
      { call: 'special', path: 'fifo', mode: 0o010644, device: 0 },
      { call: 'special', path: 'socket', mode: 0o140600, device: 0 },
      { call: 'special', path: 'null', mode: 0o020666, device: 0x0103 },
    ];
    const host = fs.mkdtempSync(join(mounted.directory, 'host-'));
    const [expected, actual] = callIn([host, mounted.volume()], calls);
    expect(actual).toEqual(expected);
    expect(dumpDirectory(mounted.volume()).slice(1)).toEqual(dumpDirectory(host).slice(1));
  });

  it('gives what is made in a set-group-id directory its group', () => {
    if (process.getuid?.() !== 0) return;
    fs.mkdirSync(at('shared'));
    fs.chownSync(at('shared'), 0, 100);
    fs.chmodSync(at('shared'), 0o2775);
    fs.writeFileSync(at('shared/f'), '');
    fs.mkdirSync(at('shared/d'));
    expect(fs.statSync(at('shared/f')).gid).toBe(100);
    expect(fs.statSync(at('shared/d'))).toMatchObject({ gid: 100, mode: 0o42755 });
  });

  it('lets the kernel check permissions', () => {
    if (process.getuid?.() !== 0) return;
    fs.writeFileSync(at('secret'), 'x', { mode: 0o600 });
    const asNobody = (command: string) =>
      spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'sh', '-c', command], {
        cwd: '/',
        encoding: 'utf8',
      });
    fs.chmodSync(mounted.directory, 0o755);
    expect(asNobody(`cat ${at('secret')}`).stderr).toContain('Permission denied');
    expect(asNobody(`touch ${at('new')}`).stderr).toContain('Permission denied');
    fs.chmodSync(mounted.volume(), 0o1777);
    expect(asNobody(`rm -f ${at('secret')}`).stderr).toContain('not permitted');
    expect(asNobody(`touch ${at('new')}`).status).toBe(0);
    expect(fs.statSync(at('new')).uid).toBe(65_534);
  });

  it('takes the set-id bits from a file that another user writes to, or that is given away', () => {
    if (process.getuid?.() !== 0) return;
    fs.writeFileSync(at('tool'), 'x');
    fs.chmodSync(at('tool'), 0o6777);
    fs.chmodSync(mounted.directory, 0o755);
    spawnSync(
      'setpriv',
      ['--reuid=65534', '--regid=65534', '--clear-groups', 'sh', '-c', `echo y >> ${at('tool')}`],
      {
        cwd: '/',
      },
    );
    expect(fs.statSync(at('tool')).mode & 0o7777).toBe(0o777);
    fs.chmodSync(at('tool'), 0o6755);
    fs.chownSync(at('tool'), 1000, 1000);
    expect(fs.statSync(at('tool')).mode & 0o7777).toBe(0o755);
  });

  it('answers what it does not support as a file system does', () => {
    fs.writeFileSync(at('f'), 'x');
    expect(spawnSync('cp', ['--reflink=always', at('f'), at('g')], { encoding: 'utf8' }).stderr).toContain(
      'not supported',
    );
    const status = fs.statfsSync(mounted.volume());
    expect(status.bsize).toBe(4096);
    expect(status.bavail).toBeGreaterThan(0);
  });
});
