import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startDriver } from '../../harness/subject/driver.ts';
import type { Subject, SubjectAnswer, SubjectRequest } from '../../harness/subject/subject.ts';
import { programPath } from '../../src/program.ts';

describe.each(['scenarios/canaries/driver', 'scenarios/subjects/wal-driver'])('%s', (program) => {
  let directory: string;
  let subject: Subject;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'powercut-log-'));
    subject = await start();
  });
  afterEach(async () => {
    await subject.kill();
    rmSync(directory, { recursive: true });
  });

  const start = () =>
    startDriver({
      command: ['node', programPath(program)],
      cwd: directory,
      environment: {},
      place: { kind: 'directories', directories: new Map([['data', directory]]) },
      timeoutMs: 30_000,
    });

  async function ask(request: SubjectRequest): Promise<SubjectAnswer> {
    const reply = await subject.request(request);
    if (!reply.ok) throw new Error(`${request.op}: ${reply.error.code}: ${reply.error.message}`);
    return reply;
  }

  async function shown(): Promise<string[]> {
    await ask({ op: 'open', options: {} });
    const { items = [] } = await ask({ op: 'scan' });
    return items.map(({ data }) => Buffer.from(data).toString());
  }

  const bytes = (text: string) => Buffer.from(text);

  test('keeps the protocol, and what it acknowledged through a close and through a kill', async () => {
    const { hello } = await ask({ op: 'hello', protocol: 1 });
    expect(hello).toMatchObject({ model: 'log', features: expect.arrayContaining(['reopen', 'batch']) });
    expect(await shown()).toEqual([]);
    const positions = [
      ...((await ask({ op: 'append', data: bytes('a') })).positions ?? []),
      ...((await ask({ op: 'appendDurable', data: bytes('b') })).positions ?? []),
      ...((await ask({ op: 'appendBatch', data: [bytes('c'), bytes('d')], durable: true })).positions ?? []),
    ];
    expect(new Set(positions).size).toBe(4);
    await ask({ op: 'close' });
    expect(await shown()).toEqual(['a', 'b', 'c', 'd']);
    await ask({ op: 'append', data: bytes('e') });
    await ask({ op: 'sync' });
    await subject.kill();
    subject = await start();
    expect(await shown()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('answers requests that come before earlier ones are answered', async () => {
    await ask({ op: 'open', options: {} });
    const texts = Array.from({ length: 50 }, (_, index) => `record ${index}`);
    await Promise.all([
      ...texts.map((text) => ask({ op: 'append', data: bytes(text) })),
      ask({ op: 'sync' }),
    ]);
    await ask({ op: 'close' });
    expect(await shown()).toEqual(texts);
  });

  test('refuses what makes no sense, and lives on', async () => {
    expect(await subject.request({ op: 'scan' })).toMatchObject({ ok: false });
    expect(await subject.request({ op: 'open', options: { segmentBytes: -1 } })).toMatchObject({
      ok: false,
      error: { code: 'invalid' },
    });
    expect(await shown()).toEqual([]);
  });
});
