import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Wal } from '../../src/wal/index.ts';
import type { CommandContext } from './context.ts';
import { exitCodes } from './exit.ts';
import type { Output } from './output.ts';
import { runProgram } from './program.ts';

let directory = '';

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'powercut-wal-'));
  const options = { blockBytes: 512, segmentBytes: 2048, batchBytesMax: 1024, bufferBytes: 4096 };
  const wal = await Wal.open(directory, options);
  for (const text of ['one', 'two', 'three', 'four']) await wal.appendDurable(Buffer.from(text));
  await wal.close();
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function damage(): string {
  const [name = ''] = readdirSync(directory).filter((each) => each.endsWith('.wal'));
  const bytes = readFileSync(join(directory, name));
  bytes.fill(0xee, 1024, 1100);
  writeFileSync(join(directory, name), bytes);
  return name;
}

/** What a command prints, and what the process would answer. */
async function run(...parameters: string[]): Promise<{ text: string; code: number }> {
  let text = '';
  let code: number = exitCodes.held;
  const write = (piece: string) => {
    text += piece;
  };
  const output: Output = { write, repaints: false, colour: false, width: 100 };
  const context: CommandContext = {
    output,
    progress: output,
    clock: () => 0,
    now: () => new Date(0),
    exit(answer) {
      code = answer;
    },
  };
  await runProgram(['wal', ...parameters], context, '0');
  return { text, code };
}

describe('powercut wal', () => {
  test('dump shows a directory, one file of it, and records', async () => {
    const { text } = await run('dump', directory, '--records');
    expect(text).toContain('judgement: clean');
    expect(text).toContain('"three"');
    const [name = ''] = readdirSync(directory).filter((each) => each.endsWith('.wal'));
    const { text: one } = await run('dump', join(directory, name));
    expect(one).toContain(`${name}: in use`);
    expect(one).not.toContain('judgement');
    expect(JSON.parse((await run('dump', directory, '--json')).text)).toHaveProperty(
      'segments.0.role',
      'chain',
    );
  });

  test('verify answers 0 or 1', async () => {
    expect((await run('verify', directory)).code).toBe(exitCodes.held);
    const name = damage();
    const { text, code } = await run('verify', directory);
    expect(code).toBe(exitCodes.violated);
    expect(text).toContain(`damaged: ${name} at byte 1024: no batch header, where record 2 had to begin`);
  });

  test('repair changes nothing unless it is told to', async () => {
    const name = damage();
    const before = readFileSync(join(directory, name));
    const dry = await run('repair', directory, '--policy', 'point-in-time');
    expect(dry).toMatchObject({
      code: exitCodes.violated,
      text: expect.stringContaining('Add --write to do it'),
    });
    expect(readFileSync(join(directory, name))).toEqual(before);
    const done = await run('repair', directory, '--policy', 'point-in-time', '--write');
    expect(done).toMatchObject({
      code: exitCodes.held,
      text: expect.stringContaining('ended the log before LSN 2'),
    });
    expect((await run('verify', directory)).code).toBe(exitCodes.held);
  });

  test('stats count', async () => {
    const { text } = await run('stats', directory);
    expect(text).toMatch(/records +4 \(LSN 1 to 4\)/);
  });

  test('repair says what each way would lose before it is taken', async () => {
    damage();
    const loses = 'LSN 2 and all that follow, 2 of which can be read now';
    expect((await run('repair', directory)).text).toContain(
      `--policy point-in-time ends the log before the first damage, and would lose ${loses}`,
    );
    const { text } = await run('repair', directory, '--policy', 'point-in-time');
    expect(text).toContain(`would lose: ${loses}`);
  });

  test.each(['dump', 'verify', 'repair', 'stats'])('%s of what is no log is wrong use', async (command) => {
    const refuse = (path: string, message: string) =>
      expect(run(command, path)).rejects.toMatchObject({
        exitCode: exitCodes.usage,
        message: expect.stringContaining(message),
      });
    const empty = join(directory, 'empty');
    mkdirSync(empty);
    writeFileSync(join(empty, 'notes'), '');
    await refuse(empty, `there is no log in ${empty}`);
    await refuse(join(directory, 'nothing'), join(directory, 'nothing'));
    await refuse(join(empty, 'notes'), join(empty, 'notes'));
  });

  test('a copy that is lost altogether is damage, and is repaired from the other one', async () => {
    const empty = join(directory, 'empty');
    mkdirSync(empty);
    expect((await run('verify', directory, '--mirror', empty)).code).toBe(exitCodes.violated);
    expect((await run('repair', empty, '--mirror', directory, '--write')).code).toBe(exitCodes.held);
    expect((await run('verify', directory, '--mirror', empty)).code).toBe(exitCodes.held);
  });
});
