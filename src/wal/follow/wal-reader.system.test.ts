import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appendAll, texts, tinyOptions } from '../fixtures/log.ts';
import { Wal } from '../wal.ts';

let root: string;
let children: ChildProcess[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'powercut-follow-'));
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

/** Appends `r1`, `r2`, ... durably where the log goes on, and says each number once it is durable. */
const writer = `
const wal = await Wal.open(directory, { segmentBytes: 16384 });
const last = Number(process.argv[3]);
for (let lsn = wal.stats().nextLsn; lsn <= last; lsn = wal.stats().nextLsn) {
  await wal.appendDurable(new TextEncoder().encode('r' + lsn));
  console.log(lsn);
}
await wal.close();`;

/** Shows each record as it comes, until the one that was asked for last. */
const follower = `
const reader = await Wal.openReader(directory, { pollMs: 2 });
for await (const { lsn, data } of reader.tail()) {
  console.log(lsn + ' ' + new TextDecoder().decode(data));
  if (lsn === Number(process.argv[3])) break;
}
await reader.close();`;

function start(body: string, last: number): ChildProcess {
  const file = join(root, `program-${children.length}.mjs`);
  const library = new URL('../../../dist/src/wal/index.js', import.meta.url).href;
  writeFileSync(file, `import { Wal } from '${library}';\nconst directory = process.argv[2];\n${body}`);
  const child = spawn(process.execPath, [file, join(root, 'wal'), String(last)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function linesOf(child: ChildProcess, seen: string[] = []): Promise<string[]> {
  if (child.stdout === null) throw new Error('its output is piped');
  for await (const line of createInterface({ input: child.stdout })) seen.push(line);
  return seen;
}

async function makeLog(): Promise<void> {
  await (await Wal.open(join(root, 'wal'), { segmentBytes: 16_384 })).close();
}

const expected = (count: number) => texts(count).map((text, index) => `${index + 1} ${text}`);

describe('a follower in another process', () => {
  test('sees each record of a writer once and in order, over many segments', async () => {
    await makeLog();
    const shown = linesOf(start(follower, 300));
    await linesOf(start(writer, 300));
    expect(await shown).toEqual(expected(300));
  });

  test('goes on when writers are killed, and is never ahead of what the log keeps', async () => {
    await makeLog();
    const seen: string[] = [];
    const shown = linesOf(start(follower, 200), seen);
    for (let round = 0; round < 6; round++) {
      const child = start(writer, 200);
      const said: string[] = [];
      const ended = linesOf(child, said);
      while (said.length < 15) await new Promise((resolve) => setTimeout(resolve, 2));
      child.kill('SIGKILL');
      await Promise.all([ended, once(child, 'exit')]);
      const wal = await Wal.open(join(root, 'wal'), { segmentBytes: 16_384 });
      expect(wal.stats().durableLsn).toBeGreaterThanOrEqual(seen.length);
      await wal.close();
    }
    await linesOf(start(writer, 200));
    expect(await shown).toEqual(expected(200));
  });
});

describe('a directory that may only be read', () => {
  test('is read all the same, beside its writer, with what was open closed again', async () => {
    const directory = join(root, 'wal');
    const wal = await Wal.open(directory, tinyOptions);
    await appendAll(wal, texts(20));
    for (const name of readdirSync(directory)) chmodSync(join(directory, name), 0o444);
    chmodSync(directory, 0o555);
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    const reader = await Wal.openReader(directory);
    const found: string[] = [];
    for await (const { data } of reader.iterate()) found.push(Buffer.from(data).toString());
    expect(found).toEqual(texts(19));
    expect(await reader.verify()).toEqual([]);
    await reader.close();
    expect(descriptors()).toBe(before);
    chmodSync(directory, 0o755);
    await wal.close();
  });
});
