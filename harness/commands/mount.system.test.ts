import { execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fuseMissing } from '../../src/faults/fuse/fixtures/mounted.ts';
import { type Running, until, Workplace } from '../fixtures/cli.ts';

let work: Workplace;
let disk: string;

beforeEach(() => {
  work = new Workplace();
  disk = join(work.directory, 'disk');
});
afterEach(() => work[Symbol.dispose]());

async function mount(...flags: readonly string[]): Promise<Running & { readonly printed: () => string }> {
  const running = work.start('mount', disk, ...flags);
  let printed = '';
  running.child.stdout?.on('data', (text: string) => {
    printed += text;
  });
  let isOver = false;
  void running.ended.then(() => {
    isOver = true;
  });
  await until(() => isOver || printed.includes('Ctrl-C unmounts'));
  return { ...running, printed: () => printed };
}

const fault = (...words: readonly string[]) => work.powercut('fault', ...words);

describe.skipIf(fuseMissing !== undefined)('a disk that is mounted by hand', () => {
  it('obeys the faults that are asked for meanwhile, and a power cut', async () => {
    const running = await mount('--seed', '5');
    const file = join(disk, 'data', 'queue');
    fs.writeFileSync(file, 'durable', { flush: true });
    execFileSync('sync', [join(disk, 'data')]);
    expect((await fault('add', 'fsync-error', 'once')).stdout).toBe('rule 1: fsync-error on sync nth 1\n');
    fs.writeFileSync(file, 'in doubt');
    expect(() => execFileSync('sync', [file], { stdio: 'ignore' })).toThrow();
    expect((await fault('await', '1')).stdout).toMatch(
      /^rule 1 fired: fsync-error on sync of queue \(data, operation \d+\)\n$/,
    );
    expect((await fault('list')).stdout).toContain('fired 1 time');
    expect((await fault('pending')).stdout).toContain('write queue 0+8');
    const open = fs.openSync(file, 'r');
    const { stdout } = await fault('cut', '--state', 'all-lost');
    expect(stdout).toContain('write queue 0+8');
    expect(stdout).toContain('are of the tree before the cut and answer EIO');
    expect(() => fs.readSync(open, Buffer.alloc(1))).toThrow('EIO');
    fs.closeSync(open);
    expect(['durable', '']).toContain(fs.readFileSync(file, 'utf8'));
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ code: 0, stderr: '' });
    expect(running.printed()).toContain('rule 1 fired: fsync-error on sync of queue');
    expect(fs.existsSync(disk)).toBe(false);
    expect(await work.lastingLeftovers()).toEqual([]);
  });

  it('has several volumes, each with what it is given and what it is told to do', async () => {
    const from = join(work.directory, 'from');
    fs.mkdirSync(join(from, 'below'), { recursive: true });
    fs.writeFileSync(join(from, 'below', 'old'), 'was there');
    fs.writeFileSync(
      join(work.directory, 'plan.yaml'),
      '- lost-fsync on sync volume liar\n- {fault: io-error, operation: read, path: bad}\n',
    );
    const saved = join(work.directory, 'saved');
    const flags = [
      '--volume',
      'honest',
      '--volume',
      'liar',
      '--from',
      `liar=${from}`,
      '--plan',
      'plan.yaml',
      '--save',
      saved,
    ];
    const running = await mount(...flags);
    for (const volume of ['honest', 'liar']) {
      fs.writeFileSync(join(disk, volume, 'new'), 'synced', { flush: true });
      execFileSync('sync', [join(disk, volume)]);
    }
    await fault('cut', '--state', 'all-lost');
    expect(fs.readFileSync(join(disk, 'honest', 'new'), 'utf8')).toBe('synced');
    expect(fs.readdirSync(join(disk, 'liar'))).toEqual(['below']);
    fs.writeFileSync(join(disk, 'honest', 'bad'), 'x');
    expect(() => fs.readFileSync(join(disk, 'honest', 'bad'))).toThrow('EIO');
    expect(await fault('clear', '99')).toMatchObject({ code: 64, stderr: 'powercut: there is no rule 99\n' });
    expect(await fault('clear', '9*')).toMatchObject({ code: 0, stdout: '0 rules taken away\n' });
    expect((await fault('clear')).stdout).toBe('2 rules taken away: 1, 2\n');
    expect(fs.readFileSync(join(disk, 'honest', 'bad'), 'utf8')).toBe('x');
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(0);
    expect(fs.readFileSync(join(saved, 'liar', 'below', 'old'), 'utf8')).toBe('was there');
    expect(fs.readFileSync(join(saved, 'honest', 'new'), 'utf8')).toBe('synced');
  });

  it('kills whom it is told to kill, once an acknowledgement has come', async () => {
    const running = await mount();
    await fault('add', 'process-kill', 'on', 'write', 'after', 'ready*');
    const script =
      'i=0; while true; do i=$((i + 1)); printf x | dd of=data/f oflag=append conv=notrunc 2>/dev/null; [ $i = 3 ] && echo ready now > ack; done';
    const child = spawn('setsid', ['sh', '-c', script], { cwd: disk });
    expect((await fault('await', '--time-limit', '20s')).code).toBe(0);
    child.kill('SIGKILL');
    expect(fs.statSync(join(disk, 'data', 'f')).size).toBeGreaterThanOrEqual(3);
    running.child.kill('SIGINT');
    await running.ended;
  });

  it('leaves nothing behind when it is killed', async () => {
    fs.mkdirSync(disk);
    const running = await mount();
    running.child.kill('SIGKILL');
    await running.ended;
    expect(await work.lastingLeftovers()).toEqual([]);
    expect(fs.readdirSync(disk)).toEqual([]);
  });

  it('is not found where there is none, or more than one', async () => {
    expect(await fault('list')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('no mount is running'),
    });
    const first = await mount();
    disk = join(work.directory, 'other');
    const second = await mount('--control', join(work.directory, 'socket'));
    expect(await fault('list')).toMatchObject({ code: 0 });
    expect(await fault('--control', join(work.directory, 'socket'), 'stats')).toMatchObject({ code: 0 });
    disk = join(work.directory, 'third');
    const third = await mount();
    expect(await fault('list')).toMatchObject({ code: 64, stderr: expect.stringContaining('say which') });
    for (const { child } of [first, second, third]) child.kill('SIGINT');
    for (const { ended } of [first, second, third]) expect((await ended).code).toBe(0);
    await sleep(0);
    expect(await work.lastingLeftovers()).toEqual([]);
  });

  it.each([
    [['mount', '.'], 'is not empty'],
    [['mount', 'new', '--plan', 'none.yaml'], 'the plan cannot be read'],
    [['mount', 'new', '--plan', 'elsewhere.yaml'], 'there is no volume other; mounted are data'],
    [['mount', 'new', '--volume', 'ack'], 'choose another name'],
    [['mount', 'new', '--volume', 'a', '--volume', 'a'], 'It is there already'],
    [['mount', 'new', '--control', 'elsewhere.yaml'], 'there is something already'],
    [['mount', 'new', '--control', 'x'.repeat(120)], 'at most 107 bytes'],
    [['mount', 'new', '--from', 'none'], 'there is no such directory'],
    [['mount', 'new', '--from', 'x=/tmp'], 'there is no volume x'],
    [['fault', '--control', 'none', 'list'], 'no mount listens at none'],
    [['fault', 'add', 'io-eror', 'on', 'write'], 'Did you mean io-error?'],
  ])('%j is wrong use: %s', async (words, why) => {
    fs.writeFileSync(join(work.directory, 'elsewhere.yaml'), '- lost-fsync volume other\n');
    expect(await work.powercut(...words)).toMatchObject({ code: 64, stderr: expect.stringContaining(why) });
    expect(fs.existsSync(join(work.directory, 'new'))).toBe(false);
    expect(await work.lastingLeftovers()).toEqual([]);
  });
});
