import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { programPath } from '../../src/program.ts';
import { startDriver } from './driver.ts';
import { openDescriptors, processesWith } from './fixtures/processes.ts';
import { type Subject, SubjectFailure, type SubjectReply } from './subject.ts';

const fixture = programPath('harness/subject/fixtures/driver');
const key = (byte: number) => Buffer.from([byte]);
const put = { op: 'put', key: key(1), value: Buffer.from('value'), durable: true } as const;

const started: Subject[] = [];
const temporary: string[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((subject) => subject.kill()));
  for (const directory of temporary.splice(0)) rmSync(directory, { recursive: true });
});

let runs = 0;
async function start(
  misbehaviour: string,
  options: { timeoutMs?: number; ack?: boolean; cpu?: number } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), 'powercut-driver-'));
  temporary.push(directory);
  const ackFile = join(directory, 'ack');
  const run = `${process.pid}-${++runs}`;
  const subject = await startDriver({
    command: ['node', fixture, misbehaviour],
    cwd: directory,
    environment: { TEST_RUN: run },
    place: {
      kind: 'directories',
      directories: new Map([
        ['data', directory],
        ['far-mirror', tmpdir()],
      ]),
      ...(options.ack && { ackFile }),
    },
    timeoutMs: options.timeoutMs ?? 30_000,
    ...(options.cpu !== undefined && { cpu: options.cpu }),
  });
  started.push(subject);
  return { subject, directory, ackFile, alive: () => processesWith('TEST_RUN', run) };
}

async function failureOf(reply: Promise<SubjectReply>): Promise<SubjectFailure> {
  const outcome = await reply.catch((error: unknown) => error);
  if (outcome instanceof SubjectFailure) return outcome;
  throw new Error(`expected a SubjectFailure, got ${JSON.stringify(outcome)}`);
}

describe('a driver that keeps the protocol', () => {
  test('answers each kind of request', async () => {
    const { subject, directory } = await start('none');
    expect(await subject.request({ op: 'hello', protocol: 1 })).toEqual({
      ok: true,
      hello: { model: 'kv', name: 'memory', version: '1', features: ['reopen'] },
    });
    expect(await subject.request({ op: 'open', options: { a: [1] } })).toEqual({
      ok: true,
      recovered: { options: { a: [1] }, directory },
    });
    expect(await subject.request(put)).toEqual({ ok: true });
    expect(await subject.request({ op: 'get', key: key(1) })).toEqual({ ok: true, value: put.value });
    expect(await subject.request({ op: 'get', key: key(2) })).toEqual({ ok: true, value: null });
    expect(await subject.request({ op: 'scan' })).toEqual({
      ok: true,
      items: [{ key: key(1), data: put.value }],
    });
    expect(await subject.request({ op: 'verify' })).toEqual({ ok: true, detail: { values: 1 } });
    expect(await subject.request({ op: 'append', data: key(1) })).toMatchObject({
      ok: false,
      error: { code: 'unsupported' },
    });
    expect(await subject.request({ op: 'close' })).toEqual({ ok: true });
  });

  test('may answer pipelined requests out of order, and each reply finds its request', async () => {
    const { subject } = await start('none');
    for (const byte of [1, 30]) await subject.request({ ...put, key: key(byte), value: key(byte) });
    const order: number[] = [];
    const get = (byte: number) =>
      subject.request({ op: 'get', key: key(byte) }).then((reply) => {
        order.push(byte);
        return reply;
      });
    const replies = await Promise.all([get(30), get(1), get(1)]);
    expect(replies.map((reply) => reply.ok && reply.value?.[0])).toEqual([30, 1, 1]);
    expect(order.at(-1)).toBe(30);
  });

  test('values of a megabyte go through', async () => {
    const { subject } = await start('none');
    const value = Buffer.alloc(1 << 20, 'ä');
    await subject.request({ ...put, value });
    const reply = await subject.request({ op: 'scan' });
    expect(reply.ok && reply.items?.map((item) => value.equals(item.data))).toEqual([true]);
  });

  test('writes the ids of its mutations to the acknowledgement file, and says so', async () => {
    const { subject, ackFile } = await start('none', { ack: true });
    const hello = await subject.request({ op: 'hello', protocol: 1 });
    expect(hello.ok && hello.hello?.features).toEqual(['reopen', 'acks']);
    await subject.request({ op: 'open', options: {} });
    await subject.request(put, 'step-0');
    expect(readFileSync(ackFile, 'latin1')).toBe('step-0\n');
    await subject.request({ op: 'get', key: key(1) });
    await subject.request({ op: 'truncateBefore', position: '1' }, 'refused');
    await subject.request({ op: 'sync' }, 'step-2');
    expect(readFileSync(ackFile, 'latin1')).toBe('step-0\nstep-2\n');
  });

  test('can be pinned to a CPU', async () => {
    const { subject } = await start('none', { cpu: 0 });
    expect((await subject.request(put)).ok).toBe(true);
    expect(readFileSync(`/proc/${subject.processGroup}/status`, 'latin1')).toMatch(/Cpus_allowed_list:\t0\n/);
  });
});

describe('a driver that breaks the protocol fails with a message to act on, and is gone then', () => {
  test.each([
    ['dies', 'died', /exit 3\) with put \(id q2\) unanswered/],
    ['aborts', 'died', /killed by SIGABRT/],
    ['floods', 'flooded', /a line of more than 67108864 bytes/],
    ['babbles', 'nonsense', /expected one JSON object; got "all is well"/],
    ['answers-a-stranger', 'nonsense', /expected the id of a waiting request \(q2\); got .*never-asked/],
    ['answers-twice', 'nonsense', /expected one reply to request q1, and it was answered already/],
  ])('%s: %s', async (misbehaviour, reason, message) => {
    const { subject, alive } = await start(misbehaviour);
    await subject.request({ op: 'open', options: {} });
    const failure = await failureOf(subject.request(put));
    expect(failure.reason).toBe(reason);
    expect(failure.message).toMatch(message);
    expect(alive()).toEqual([]);
    expect(await failureOf(subject.request({ op: 'scan' }))).toBe(failure);
  });

  test('hangs: the reply that stays out for too long, other requests notwithstanding', async () => {
    const { subject, alive } = await start('hangs', { timeoutMs: 2000 });
    await subject.request({ op: 'open', options: {} });
    const [first, second] = await Promise.all([
      failureOf(subject.request(put)),
      failureOf(subject.request(put)),
      subject.request({ op: 'get', key: key(1) }),
    ]);
    expect(first.reason).toBe('hung');
    expect(first.message).toMatch(/no reply to put \(id q2\) within 2 s/);
    expect(second).toBe(first);
    expect(alive()).toEqual([]);
  });

  test('ends at once: did-not-start, with its last words', async () => {
    const { subject } = await start('ends-at-once');
    const failure = await failureOf(subject.request({ op: 'hello', protocol: 1 }));
    expect(failure.reason).toBe('did-not-start');
    expect(failure.message).toMatch(/exit 1\)[\s\S]*no configuration found/);
  });

  test.each([
    [['./no-such-program'], tmpdir(), /check its path/],
    [['node'], '/no/such/directory', /working directory \/no\/such\/directory is not there/],
    [[tmpdir()], tmpdir(), /EACCES[\s\S]*chmod/],
  ])('%s cannot be started in %s', async (command, cwd, message) => {
    const place = { kind: 'directories', directories: new Map([['data', tmpdir()]]) } as const;
    const outcome = await startDriver({ command, cwd, environment: {}, place, timeoutMs: 1000 }).catch(
      (error: unknown) => error,
    );
    expect(outcome).toMatchObject({
      name: 'SubjectFailure',
      reason: 'did-not-start',
      message: expect.stringMatching(message),
    });
  });
});

describe('nothing is left behind', () => {
  test('daemons in its group and outside it are gone when kill answers, twice', async () => {
    const { subject, alive } = await start('leaves-daemons');
    await subject.request(put);
    expect(alive()).toHaveLength(3);
    await subject.kill();
    await subject.kill();
    expect(alive()).toEqual([]);
    expect((await failureOf(subject.request(put))).reason).toBe('died');
  });

  test('only the end of stderr is kept', async () => {
    const { subject } = await start('shouts');
    await subject.request(put);
    await subject.kill();
    expect(subject.stderr()).toMatch(/!!! the end\n$/);
    expect(subject.stderr().length).toBe(8192);
  });

  test('no descriptor stays open', async () => {
    const one = async () => {
      const { subject } = await start('none');
      await subject.request(put);
      await subject.kill();
    };
    await one();
    const before = openDescriptors();
    for (let run = 0; run < 5; run++) await one();
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });
});
