import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startDriver } from '../../harness/subject/driver.ts';
import type { Subject } from '../../harness/subject/subject.ts';
import { programPath } from '../../src/program.ts';

let directory: string;
let subject: Subject;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "powercut sqlite's "));
  subject = await startDriver({
    command: ['node', programPath('scenarios/subjects/sqlite-driver')],
    cwd: directory,
    environment: {},
    place: { kind: 'directories', directories: new Map([['data', directory]]) },
    timeoutMs: 30_000,
  });
});
afterEach(async () => {
  await subject.kill();
  rmSync(directory, { recursive: true, force: true });
});

const text = (value: string) => Buffer.from(value);
const put = (key: string, value: string) =>
  ({ op: 'put', key: text(key), value: text(value), durable: true }) as const;

async function items(): Promise<Record<string, string>> {
  const reply = await subject.request({ op: 'scan' });
  if (!reply.ok) throw new Error(reply.error.message);
  return Object.fromEntries(
    (reply.items ?? []).map(({ key, data }) => [
      Buffer.from(key ?? []).toString(),
      Buffer.from(data).toString(),
    ]),
  );
}

describe.each(['DELETE', 'WAL'])('journal_mode %s', (journalMode) => {
  const open = { op: 'open', options: { journal_mode: journalMode, synchronous: 'FULL' } } as const;

  test('keeps what it was given over a close and an open, bytes of every kind', async () => {
    expect(await subject.request({ op: 'hello', protocol: 1 })).toMatchObject({
      ok: true,
      hello: { model: 'kv', name: 'SQLite', version: expect.stringMatching(/^3\./), features: ['reopen'] },
    });
    expect(await subject.request(open)).toEqual({ ok: true });
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await subject.request({ op: 'put', key: every, value: every, durable: true });
    await subject.request(put('a', '1'));
    await subject.request(put('a', '2'));
    await subject.request(put('b', ''));
    await subject.request(put('gone', '3'));
    await subject.request({ op: 'delete', key: text('gone'), durable: true });
    expect(await subject.request({ op: 'sync' })).toEqual({ ok: true });
    expect(await subject.request({ op: 'get', key: text('b') })).toEqual({
      ok: true,
      value: Buffer.alloc(0),
    });
    expect(await subject.request({ op: 'get', key: text('gone') })).toEqual({ ok: true, value: null });
    expect(await subject.request({ op: 'verify' })).toEqual({ ok: true, detail: 'ok' });
    await subject.request({ op: 'close' });
    expect(await subject.request(open)).toEqual({ ok: true });
    expect(await items()).toMatchObject({ a: '2', b: '' });
    expect(await subject.request({ op: 'get', key: every })).toEqual({ ok: true, value: every });
  });

  test('opens image after image in the same directory', async () => {
    for (const value of ['first', 'second']) {
      await subject.request(open);
      expect(await items()).toEqual({});
      await subject.request(put('key', value));
      await subject.request({ op: 'close' });
      for (const name of readdirSync(directory)) rmSync(join(directory, name));
    }
  });

  test('refuses a damaged database as corrupt, and opens the next image all the same', async () => {
    await subject.request(open);
    for (let key = 0; key < 50; key++) await subject.request(put(`key ${key}`, 'x'.repeat(400)));
    await subject.request({ op: 'close' });
    const path = join(directory, 'kv.sqlite');
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.from(bytes).fill(0x55, 4096, 8192));
    expect(await subject.request(open)).toMatchObject({ ok: false, error: { code: 'corrupt' } });
    writeFileSync(path, 'this is no database at all'.repeat(100));
    expect(await subject.request(open)).toMatchObject({ ok: false, error: { code: 'corrupt' } });
    writeFileSync(path, bytes);
    expect(await subject.request(open)).toEqual({ ok: true });
    expect(Object.keys(await items())).toHaveLength(50);
  });
});

test('refuses what it cannot do', async () => {
  const open = (options: Record<string, unknown>) => subject.request({ op: 'open', options });
  expect(await open({ synchronous: 'MAYBE' })).toMatchObject({
    ok: false,
    error: {
      code: 'invalid',
      message: 'the option synchronous is one of FULL, OFF, NORMAL, EXTRA, not "MAYBE"',
    },
  });
  expect(await subject.request({ op: 'append', data: text('x') })).toMatchObject({ ok: false });
  rmSync(directory, { recursive: true });
  expect(await open({})).toMatchObject({ ok: false, error: { code: 'io' } });
});
