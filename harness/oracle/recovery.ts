import type { ScannedItem } from '../subject/subject.ts';
import type { Observation, Outcome } from './evidence.ts';

/**
 * How far a recovery came. `silent`: it answered, but not as promised, and `report` says what it said. `unclear`: the
 * subject and powercut misunderstood each other, or the question was not asked, so nothing can be judged.
 */
export type Recovery =
  | { readonly kind: 'shown'; readonly items: readonly ScannedItem[] }
  | { readonly kind: 'failed'; readonly report: string }
  | { readonly kind: 'unclear'; readonly why: string };

export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'failed'; readonly report: string }
  | { readonly kind: 'unclear'; readonly why: string };

export function firstRecovery({ open, scan }: Observation): Recovery {
  return recovery(answerOf(open, 'open'), answerOf(scan, 'scan'));
}

/** The second one, after the probe. */
export function secondRecovery({ again }: Observation): Recovery {
  return recovery(answerOf(again?.open, 'the second open'), answerOf(again?.scan, 'the second scan'));
}

function recovery(open: Answer<unknown>, scan: Answer<readonly ScannedItem[]>): Recovery {
  if (open.kind !== 'ok') return open;
  return scan.kind === 'ok' ? { kind: 'shown', items: scan.value } : scan;
}

/** A refusal that only says that the request made no sense is nobody's broken promise, nor is a program that is not there. */
export function answerOf<T>(outcome: Outcome<T> | undefined, request: string): Answer<T> {
  if (outcome === undefined) return { kind: 'unclear', why: `${request} was not asked` };
  switch (outcome.kind) {
    case 'ok':
      return outcome;
    case 'refused': {
      const { code, message } = outcome.error;
      const report = `${request} was refused: ${code}: ${message}`;
      return code === 'unsupported' || code === 'invalid'
        ? { kind: 'unclear', why: report }
        : { kind: 'failed', report };
    }
    case 'failure': {
      const report = `${request} got no answer: ${outcome.message}`;
      return outcome.reason === 'did-not-start'
        ? { kind: 'unclear', why: report }
        : { kind: 'failed', report };
    }
  }
}

/** Whether the answer to `open` says that something was lost. */
export function reportsDamage({ open }: Observation): boolean {
  if (open.kind !== 'ok') return true;
  const damage = open.value?.damage;
  return damage !== undefined && damage !== false && damage !== 0 && damage !== '' && damage !== null;
}
