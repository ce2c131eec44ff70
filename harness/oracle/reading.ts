import type { History, Observation } from './evidence.ts';
import { createKvLedger, type KvLedger } from './kv-ledger.ts';
import { type KvReading, readKv } from './kv-reading.ts';
import { createLogLedger, type LogLedger } from './log-ledger.ts';
import { type LogReading, readLog } from './log-reading.ts';
import { firstRecovery } from './recovery.ts';

export type Ledger =
  | { readonly kind: 'log'; readonly log: LogLedger }
  | { readonly kind: 'kv'; readonly kv: KvLedger }
  | { readonly kind: 'unclear'; readonly why: string };

/** What the first scan shows, compared with the history; or why there is none. */
export type Reading =
  | { readonly kind: 'log'; readonly log: LogReading }
  | { readonly kind: 'kv'; readonly kv: KvReading }
  | { readonly kind: 'failed'; readonly report: string }
  | { readonly kind: 'unclear'; readonly why: string };

// Eight oracles look at one observation, and many observations share a history.
const ledgers = new WeakMap<History, Ledger>();
const readings = new WeakMap<Observation, { readonly history: History; readonly reading: Reading }>();

export function ledgerOf(history: History): Ledger {
  const known = ledgers.get(history);
  if (known !== undefined) return known;
  const ledger = createLedger(history);
  ledgers.set(history, ledger);
  return ledger;
}

function createLedger(history: History): Ledger {
  if (history.model === 'log') {
    const log = createLogLedger(history);
    return typeof log === 'string' ? { kind: 'unclear', why: log } : { kind: 'log', log };
  }
  const kv = createKvLedger(history);
  return typeof kv === 'string' ? { kind: 'unclear', why: kv } : { kind: 'kv', kv };
}

export function readingOf(history: History, observation: Observation): Reading {
  const known = readings.get(observation);
  if (known?.history === history) return known.reading;
  const reading = read(history, observation);
  readings.set(observation, { history, reading });
  return reading;
}

function read(history: History, observation: Observation): Reading {
  const recovery = firstRecovery(observation);
  if (recovery.kind !== 'shown') return recovery;
  const ledger = ledgerOf(history);
  switch (ledger.kind) {
    case 'log':
      return { kind: 'log', log: readLog(ledger.log, recovery.items) };
    case 'kv':
      return { kind: 'kv', kv: readKv(ledger.kv, recovery.items) };
    case 'unclear':
      return ledger;
  }
}
