import type { Observation, Outcome } from '../oracle/evidence.ts';
import {
  type Mutation,
  type Subject,
  type SubjectAnswer,
  SubjectFailure,
  type SubjectRequest,
} from '../subject/subject.ts';

/**
 * Opens the subject on an image, scans, asks the probes, closes, opens and scans again, closes. Stops where an answer
 * fails; then the subject may be in any state.
 */
export async function observe(
  subject: Subject,
  options: Readonly<Record<string, unknown>>,
  probes: readonly Mutation[],
): Promise<Observation> {
  const first = await openAndScan(subject, options);
  if (first.scan?.kind !== 'ok') {
    await ask(subject, { op: 'close' }, () => undefined);
    return first;
  }
  const outcome = await askAll(subject, probes);
  const probe = { mutations: probes, outcome };
  const closed = await ask(subject, { op: 'close' }, () => undefined);
  if (closed.kind === 'failure') return { ...first, probe, again: { open: closed } };
  const again = await openAndScan(subject, options);
  await ask(subject, { op: 'close' }, () => undefined);
  return { ...first, probe, again };
}

async function openAndScan(
  subject: Subject,
  options: Readonly<Record<string, unknown>>,
): Promise<Pick<Observation, 'open' | 'scan'>> {
  const open = await ask(subject, { op: 'open', options }, (answer) => answer.recovered);
  if (open.kind !== 'ok') return { open };
  return { open, scan: await ask(subject, { op: 'scan' }, (answer) => answer.items ?? []) };
}

async function askAll(subject: Subject, mutations: readonly Mutation[]): Promise<Outcome<undefined>> {
  for (const mutation of mutations) {
    const outcome = await ask(subject, mutation, () => undefined);
    if (outcome.kind !== 'ok') return outcome;
  }
  return { kind: 'ok', value: undefined };
}

async function ask<T>(
  subject: Subject,
  request: SubjectRequest,
  read: (answer: SubjectAnswer) => T,
): Promise<Outcome<T>> {
  try {
    const reply = await subject.request(request);
    return reply.ok ? { kind: 'ok', value: read(reply) } : { kind: 'refused', error: reply.error };
  } catch (error) {
    if (!(error instanceof SubjectFailure)) throw error;
    return { kind: 'failure', reason: error.reason, message: error.message };
  }
}
