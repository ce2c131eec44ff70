import { describe, expect, test } from 'vitest';
import type { Subject, SubjectReply } from '../../harness/subject/subject.ts';
import type { FaultLayer } from '../../src/faults/layer.ts';
import { emptyTree } from '../../src/faults/model/tree.ts';
import type { Plan } from '../../src/faults/plan.ts';
import { openSimLayer } from '../../src/faults/sim/layer.ts';
import { createSubject } from './wal.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const open = (subject: Subject, options = {}) => subject.request({ op: 'open', options });

async function start(plan: Plan = []): Promise<{ layer: FaultLayer; subject: Subject }> {
  const layer = openSimLayer(['data']);
  await layer.begin({ base: emptyTree(['data']), trace: [] }, plan);
  return { layer, subject: await createSubject(layer.place) };
}

async function scan(subject: Subject): Promise<string[]> {
  const reply = await subject.request({ op: 'scan' });
  if (!reply.ok) throw new Error(reply.error.message);
  return (reply.items ?? []).map(({ position, data }) => `${position} ${Buffer.from(data).toString()}`);
}

describe('the reference log as a subject', () => {
  test('appends, syncs, scans, closes, and is opened again', async () => {
    const { subject } = await start();
    expect(await subject.request({ op: 'hello', protocol: 1 })).toMatchObject({
      hello: { model: 'log', features: ['reopen', 'batch'] },
    });
    expect(await open(subject)).toMatchObject({ ok: true, recovered: { tail: 'created', damage: false } });
    const asked: readonly [Parameters<Subject['request']>[0], Partial<SubjectReply>][] = [
      [{ op: 'append', data: bytes('a') }, { positions: ['1'] }],
      [{ op: 'appendDurable', data: bytes('b') }, { positions: ['2'] }],
      [{ op: 'appendBatch', data: [bytes('c'), bytes('d')], durable: true }, { positions: ['3', '4'] }],
      [{ op: 'append', data: bytes('e') }, { positions: ['5'] }],
      [{ op: 'sync' }, {}],
      [{ op: 'verify' }, { detail: { damage: [] } }],
    ];
    for (const [request, reply] of asked)
      expect(await subject.request(request)).toEqual({ ok: true, ...reply });
    expect(await scan(subject)).toEqual(['1 a', '2 b', '3 c', '4 d', '5 e']);
    expect(await subject.request({ op: 'close' })).toEqual({ ok: true });
    expect(await open(subject)).toMatchObject({ recovered: { tail: 'clean', nextLsn: 6 } });
    expect(await scan(subject)).toHaveLength(5);
  });

  test('refuses in the codes of the protocol, and stays usable', async () => {
    const { subject } = await start();
    const invalid = { ok: false, error: { code: 'invalid' } };
    expect(await subject.request({ op: 'scan' })).toMatchObject(invalid);
    expect(await open(subject, { segmentbytes: 1 })).toMatchObject(invalid);
    expect(await open(subject, { seed: 'x' })).toMatchObject(invalid);
    expect(await open(subject)).toMatchObject({ ok: true });
    expect(await open(subject)).toMatchObject(invalid);
    const get = await subject.request({ op: 'get', key: bytes('k') });
    expect(get).toMatchObject({ ok: false, error: { code: 'unsupported' } });
    expect(await subject.request({ op: 'close' })).toEqual({ ok: true });
    expect(await subject.request({ op: 'close' })).toEqual({ ok: true });
  });

  test('says that it failed when a barrier fails, and comes back when it is opened again', async () => {
    const { subject } = await start([{ operation: 'sync', nth: 6, fault: 'fsync-error' }]);
    await open(subject);
    const failed = { ok: false, error: { code: 'failed' } };
    expect(await subject.request({ op: 'appendDurable', data: bytes('a') })).toMatchObject({ ok: false });
    expect(await subject.request({ op: 'append', data: bytes('b') })).toMatchObject(failed);
    expect(await subject.request({ op: 'close' })).toMatchObject(failed);
    expect(await open(subject)).toMatchObject({ ok: true });
    expect(await subject.request({ op: 'appendDurable', data: bytes('c') })).toMatchObject({ ok: true });
  });

  test('writes the same bytes for the same requests and seed', async () => {
    const record = async (seed: number) => {
      const { layer, subject } = await start();
      await open(subject, { seed });
      for (let count = 0; count < 9; count++)
        await subject.request({ op: 'appendDurable', data: bytes(`record ${count}`) });
      await subject.request({ op: 'close' });
      const { recording } = await layer.end();
      return JSON.stringify(recording.trace);
    };
    expect(await record(1)).toBe(await record(1));
    expect(await record(1)).not.toBe(await record(2));
  });
});
