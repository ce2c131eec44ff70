import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { liveTree, type Recording } from '../model/recording.ts';
import type { Plan } from '../plan.ts';
import { dumpTree } from './campaign/dump.ts';
import { emptyRecording, fuseMissing, type Mounted, mount, story } from './fixtures/mounted.ts';
import { until } from './fixtures/until.ts';
import { openFuseLayer } from './layer.ts';

describe.skipIf(fuseMissing !== undefined)('the fuse layer', () => {
  let mounted: Mounted;
  let at: (name: string) => string;
  const begin = (plan: Plan = [], start: Recording = emptyRecording()) => mounted.layer.begin(start, plan);

  beforeAll(async () => {
    mounted = await mount();
    at = (name) => join(mounted.volume(), name);
  });
  afterAll(() => mounted?.[Symbol.asyncDispose]());

  describe('begin and end', () => {
    it('answers what happened in between, and on which volume', async () => {
      await begin();
      fs.writeFileSync(at('f'), 'x');
      fs.writeFileSync(join(mounted.volume('mirror'), 'g'), 'yz');
      expect(await mounted.layer.entryCount()).toBe(6);
      const { recording, firings } = await mounted.layer.end();
      expect(story(recording)).toEqual([
        'create file 3 f',
        'write 3 0+1',
        'close 3',
        'create file 4 g',
        'write 4 0+2',
        'close 4',
      ]);
      expect(recording.trace.map((entry) => entry.kind === 'operation' && entry.volume)).toEqual([
        ...Array(3).fill('data'),
        ...Array(3).fill('mirror'),
      ]);
      expect(firings).toEqual([]);
    });

    it('starts from the live state of a recording, and goes on behind its trace', async () => {
      await begin();
      fs.writeFileSync(at('f'), 'first');
      const { recording: first } = await mounted.layer.end();
      await begin([], first);
      expect(fs.readFileSync(at('f'), 'utf8')).toBe('first');
      fs.writeFileSync(at('g'), 'second');
      const { recording } = await mounted.layer.end();
      expect(recording.base).toBe(first.base);
      expect(recording.trace.slice(0, first.trace.length)).toEqual(first.trace);
      expect(story(recording).slice(first.trace.length)).toEqual([
        'create file 4 g',
        'write 4 0+6',
        'close 4',
      ]);
      expect(dumpTree(liveTree(recording), 'data').map(({ path }) => path)).toEqual(['/', '/f', '/g']);
    });

    it('cuts off what was open before: EIO, while the new tree is there at once', async () => {
      await begin();
      fs.writeFileSync(at('f'), 'old');
      fs.mkdirSync(at('d'));
      const file = fs.openSync(at('f'), 'r+');
      const directory = fs.openSync(at('d'), 'r');
      const inside = spawn('sh', ['-c', 'read line; echo x > new; cat f'], {
        cwd: at('d'),
        stdio: ['pipe', 'ignore', 'pipe'],
      });
      await once(inside, 'spawn');
      await begin();
      fs.writeFileSync(at('f'), 'new one');
      const buffer = Buffer.alloc(10);
      expect(() => fs.readSync(file, buffer, 0, 10, 0)).toThrow('EIO');
      expect(() => fs.writeSync(file, 'x')).toThrow('EIO');
      expect(() => fs.fsyncSync(file)).toThrow('EIO');
      expect(() => fs.ftruncateSync(file, 0)).toThrow('EIO');
      expect(() => fs.fstatSync(file)).toThrow('EIO');
      expect(() => fs.fsyncSync(directory)).toThrow('EIO');
      inside.stdin.end('\n');
      await once(inside, 'close');
      fs.closeSync(file);
      fs.closeSync(directory);
      expect(fs.readFileSync(at('f'), 'utf8')).toBe('new one');
      expect(fs.readdirSync(mounted.volume())).toEqual(['f']);
      expect(story((await mounted.layer.end()).recording)).toEqual([
        'create file 3 f',
        'write 3 0+7',
        'close 3',
      ]);
    });

    it('refuses a recording of other volumes, and one that is damaged, and goes on working', async () => {
      await expect(begin([], emptyRecording('data'))).rejects.toThrow('mounted are data, mirror');
      const damaged = emptyRecording();
      const entry = {
        kind: 'operation',
        volume: 'data',
        operation: { kind: 'truncate', inode: 99, size: 0 },
      } as const;
      await expect(begin([], { ...damaged, trace: [entry] })).rejects.toThrow('there is no inode 99');
      await expect(begin([{ operation: 'write', nth: 1, fault: 'fsync-error' }])).rejects.toThrow(
        'operation sync',
      );
      await begin();
      fs.writeFileSync(at('f'), 'x');
    });
  });

  describe('acknowledgements', () => {
    it('have one order with the operations, however they are torn', async () => {
      await begin();
      fs.writeFileSync(at('f'), 'x');
      const ack = fs.openSync(mounted.ackFile, 'a');
      fs.writeSync(ack, 'one\ntw');
      fs.unlinkSync(at('f'));
      fs.appendFileSync(mounted.ackFile, 'o ü'.slice(0, 2));
      fs.writeSync(ack, Buffer.from('ü').subarray(0, 1));
      fs.writeSync(ack, Buffer.concat([Buffer.from('ü').subarray(1), Buffer.from('\n\nthree\nnever whole')]));
      fs.fsyncSync(ack);
      fs.closeSync(ack);
      await mounted.layer.acknowledge('from the harness');
      expect(spawnSync('sh', ['-c', `echo shell > ${mounted.ackFile}`]).status).toBe(0);
      const { recording } = await mounted.layer.end();
      expect(story(recording)).toEqual([
        'create file 3 f',
        'write 3 0+1',
        'close 3',
        'ack one',
        'unlink f 3',
        'ack two ü',
        'ack ',
        'ack three',
        'ack from the harness',
        'ack never wholeshell',
      ]);
    });
  });

  describe('a plan', () => {
    it('fails the n-th fsync: EIO once on every descriptor that was open, and the barrier is marked', async () => {
      await begin([{ volume: 'data', operation: 'sync', nth: 2, fault: 'fsync-error' }]);
      const [one, two] = [fs.openSync(at('f'), 'w'), fs.openSync(at('f'), 'r')];
      fs.writeSync(one, 'a');
      fs.fsyncSync(one);
      fs.writeSync(one, 'b');
      expect(() => fs.fsyncSync(one)).toThrow('EIO');
      const late = fs.openSync(at('f'), 'r');
      expect(fs.readFileSync(at('f'), 'utf8')).toBe('ab');
      fs.fsyncSync(one);
      expect(() => fs.fsyncSync(two)).toThrow('EIO');
      fs.fsyncSync(two);
      fs.fsyncSync(late);
      for (const file of [one, two, late]) fs.closeSync(file);
      const { recording, firings } = await mounted.layer.end();
      expect(story(recording)).toEqual([
        'create file 3 f',
        'write 3 0+1',
        'sync 3 fsync',
        'write 3 1+1',
        'sync 3 fsync failed',
        'sync 3 fsync',
        'sync 3 fsync',
        'sync 3 fsync',
        'close 3',
      ]);
      const rule = { volume: 'data', operation: 'sync', nth: 2, fault: 'fsync-error' };
      expect(firings).toEqual([{ id: '1', rule, entry: 4, volume: 'data', operation: 'sync', path: 'f' }]);
    });

    it('fails a write whose own barrier fails (O_DSYNC), which has written', async () => {
      await begin([{ operation: 'sync', nth: 1, fault: 'fsync-error' }]);
      const file = fs.openSync(at('f'), fs.constants.O_CREAT | fs.constants.O_RDWR | fs.constants.O_DSYNC);
      expect(() => fs.writeSync(file, 'abc')).toThrow('EIO');
      fs.closeSync(file);
      expect(story((await mounted.layer.end()).recording)).toEqual([
        'create file 3 f',
        'write 3 0+3',
        'sync 3 O_DSYNC failed',
        'close 3',
      ]);
    });

    it('kills the process group that asks, before the operation is done', async () => {
      await begin([{ operation: 'write', nth: 2, fault: 'process-kill' }]);
      const script = 'sleep 1000 & printf one > a; printf two > b; printf three > c';
      const subject = spawn('sh', ['-c', script], { cwd: mounted.volume(), detached: true, stdio: 'ignore' });
      const [, signal] = await once(subject, 'close');
      expect(signal).toBe('SIGKILL');
      const alive = ['-r', 'R,S,D,T', '-g', String(subject.pid)];
      await until(() => spawnSync('pgrep', alive, { encoding: 'utf8' }).stdout === '');
      expect(fs.readFileSync(at('a'), 'utf8')).toBe('one');
      expect(fs.readFileSync(at('b'), 'utf8')).toBe('');
      expect(fs.existsSync(at('c'))).toBe(false);
      const { recording, firings } = await mounted.layer.end();
      expect(story(recording)).toEqual([
        'create file 3 a',
        'write 3 0+3',
        'close 3',
        'create file 4 b',
        'process-crash',
        'close 4',
      ]);
      const rule = { operation: 'write', nth: 2, fault: 'process-kill' };
      expect(firings).toEqual([{ id: '1', rule, entry: 4, volume: 'data', operation: 'write', path: 'b' }]);
    });

    it('kills a process that is in the group of the owner alone', async () => {
      await begin([{ operation: 'create', nth: 1, fault: 'process-kill' }]);
      const subject = spawn('sh', ['-c', 'exec touch f'], { cwd: mounted.volume(), stdio: 'ignore' });
      const [, signal] = await once(subject, 'close');
      expect(signal).toBe('SIGKILL');
      expect(fs.readdirSync(mounted.volume())).toEqual([]);
    });

    it('counts anew in each recording', async () => {
      for (let round = 0; round < 2; round++) {
        await begin([{ operation: 'sync', nth: 1, fault: 'fsync-error' }]);
        const file = fs.openSync(at('f'), 'w');
        expect(() => fs.fsyncSync(file)).toThrow('EIO');
        fs.fsyncSync(file);
        fs.closeSync(file);
      }
    });
  });

  it('records nothing when it is told not to', async () => {
    await using quiet = await mount({ record: false });
    await quiet.layer.begin(emptyRecording(), []);
    fs.writeFileSync(join(quiet.volume(), 'f'), 'x');
    expect(fs.readFileSync(join(quiet.volume(), 'f'), 'utf8')).toBe('x');
    expect(await quiet.layer.entryCount()).toBe(3);
    expect((await quiet.layer.end()).recording.trace).toEqual([]);
  });

  it('says why it cannot start', async () => {
    const directory = fs.mkdtempSync(join(mounted.directory, 'other-'));
    await expect(openFuseLayer({ volumes: ['ack'], directory })).rejects.toThrow('choose another name');
    await expect(openFuseLayer({ volumes: ['a/b'], directory })).rejects.toThrow('choose another name');
    await expect(openFuseLayer({ volumes: ['data'], directory: join(directory, 'none') })).rejects.toThrow(
      'ENOENT',
    );
    process.env.POWERCUT_FUSE_DEVICE = join(directory, 'no-device');
    try {
      await expect(openFuseLayer({ volumes: ['data'], directory })).rejects.toThrow(
        /could not mount: .*no-device is no character device/,
      );
    } finally {
      delete process.env.POWERCUT_FUSE_DEVICE;
    }
    expect(fs.readdirSync(directory)).toEqual([]);
  });
});
