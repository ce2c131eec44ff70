import { describe, expect, test } from 'vitest';
import { emptyTree } from '../../src/faults/model/tree.ts';
import { openSimLayer } from '../../src/faults/sim/layer.ts';
import type { RecordedRun } from '../recorded-run.ts';
import { type Subject, SubjectFailure, type SubjectReply, type SubjectRequest } from '../subject/subject.ts';
import { RequestJudge } from './request-judge.ts';
import { SubjectSource } from './subject-source.ts';

const image = emptyTree(['data']);
const data = new TextEncoder().encode('promised');

/** One durable append, promised by the second entry of the trace. */
const run: RecordedRun = {
  recording: { base: image, trace: [{ kind: 'process-crash' }, { kind: 'acknowledgement', text: '0' }] },
  conversation: {
    kind: 'requests',
    model: 'log',
    settled: [],
    steps: [{ index: 0, mutation: { op: 'appendDurable', data } }],
  },
  firings: [],
  exploredUpTo: -1,
};

/** A log that shows nothing, or dies when it is opened. Counts how often it was opened. */
class Forgetful implements Subject {
  opens = 0;
  dies = false;

  async request({ op }: SubjectRequest): Promise<SubjectReply> {
    if (op === 'hello')
      return { ok: true, hello: { model: 'log', name: 'x', version: '1', features: ['reopen'] } };
    if (op === 'open') this.opens += 1;
    if (op === 'open' && this.dies) throw new SubjectFailure('died', 'it died');
    return { ok: true };
  }

  stderr(): string {
    return '';
  }

  async kill(): Promise<void> {}
}

function judgeOf(subject: Subject): RequestJudge {
  const layer = openSimLayer(['data']);
  const source = new SubjectSource(async () => subject, layer.place);
  const shelf = {
    put: () => layer.begin({ base: image, trace: [] }, []),
    look: async () => image,
    close: () => layer.close(),
  };
  return new RequestJudge(source, shelf, {}, 1);
}

describe('a judge of a subject that answers requests', () => {
  test('lets it recover once on equal images, and judges what it showed by the promises of each', async () => {
    const subject = new Forgetful();
    const judge = judgeOf(subject);
    const before = await judge.judge(image, run, 1, ['durability'], { key: 'a' });
    const after = await judge.judge(image, run, 2, ['durability'], { key: 'a' });
    expect([before.recovered, after.recovered]).toEqual([true, false]);
    expect(before.judgements.get('durability')?.status).toBe('held');
    expect(after.judgements.get('durability')?.status).toBe('violated');
    // Each recovery is asked for twice, the second time with what was accepted after the first.
    expect(subject.opens).toBe(2);
    await judge.close();
  });

  test('lets it recover on another image, and where equality is not known', async () => {
    const subject = new Forgetful();
    const judge = judgeOf(subject);
    await judge.judge(image, run, 1, ['durability'], { key: 'a' });
    expect((await judge.judge(image, run, 1, ['durability'], { key: 'b' })).recovered).toBe(true);
    expect((await judge.judge(image, run, 1, ['durability'])).recovered).toBe(true);
    expect((await judge.judge(image, run, 1, ['durability'], { afresh: true })).recovered).toBe(true);
    await judge.close();
  });

  test('does not take a death for the answer to every equal image', async () => {
    const subject = new Forgetful();
    const judge = judgeOf(subject);
    subject.dies = true;
    const first = await judge.judge(image, run, 1, ['availability'], { key: 'a' });
    subject.dies = false;
    const second = await judge.judge(image, run, 1, ['availability'], { key: 'a' });
    expect(first.judgements.get('availability')?.status).toBe('violated');
    expect(second.judgements.get('availability')?.status).toBe('held');
    await judge.close();
  });
});
