import type { ScannedItem } from '../subject/subject.ts';
import { renderKey, renderValue } from '../workload/render.ts';
import { equalBytes, keyOf } from './bytes.ts';
import type { History, Judgement, Oracle } from './evidence.ts';
import { type Deviation, held, judge, unknown } from './judgement.ts';
import { splitByKey } from './kv-ledger.ts';
import { type ProbeEffect, probeEffect, probeRecordFinder } from './probe.ts';
import { answerOf, firstRecovery, secondRecovery } from './recovery.ts';

/** A recovered subject takes new durable operations, and has them after the next open, behind what was there before. */
export const progress: Oracle = (history, observation) => {
  const first = firstRecovery(observation);
  if (first.kind === 'failed') return held;
  if (first.kind === 'unclear') return unknown(first.why);
  const answer = answerOf(observation.probe?.outcome, 'the probe');
  if (answer.kind === 'unclear') return unknown(answer.why);
  if (answer.kind === 'failed') {
    return broken(`recovery accepts nothing new: ${answer.report}`, 'answered ok', answer.report);
  }
  const second = secondRecovery(observation);
  if (second.kind === 'unclear') return unknown(second.why);
  if (second.kind === 'failed') {
    const summary = `what was accepted after recovery cannot be read: ${second.report}`;
    return broken(summary, 'open and scan are answered ok', second.report);
  }
  return judge(
    lostProbe(history, probeEffect(observation.probe?.mutations ?? []), first.items, second.items),
  );
};

function broken(summary: string, expected: string, recovered: string): Judgement {
  return judge([{ summary, expected, recovered }]);
}

function lostProbe(
  { model }: History,
  effect: ProbeEffect,
  before: readonly ScannedItem[],
  after: readonly ScannedItem[],
): readonly Deviation[] {
  return model === 'log' ? lostProbeRecords(effect, before, after) : lostProbeKeys(effect, after);
}

function lostProbeRecords(
  { records }: ProbeEffect,
  before: readonly ScannedItem[],
  after: readonly ScannedItem[],
): readonly Deviation[] {
  const find = probeRecordFinder(records);
  const itemOf = new Map<number, number>();
  const others: number[] = [];
  for (const [item, { data }] of after.entries()) {
    const record = find(data);
    if (record === undefined) others.push(item);
    else itemOf.set(record, item);
  }
  const found: Deviation[] = [];
  let end = lastOld(before, after, others);
  for (const [record, data] of records.entries()) {
    const item = itemOf.get(record);
    const expected = `accepted after recovery: ${renderValue(data)}`;
    if (item === undefined) {
      const summary = 'a durable append after recovery is not there after the next open';
      found.push({ summary, expected, recovered: 'not there' });
    } else if (item < end) {
      const summary = 'an append after recovery is shown before older records';
      found.push({ summary, expected, recovered: `item ${item}, before item ${end}` });
    } else {
      end = item;
    }
  }
  return found;
}

/** The last item of the second scan that the first one had; the probe must be behind it. */
function lastOld(
  before: readonly ScannedItem[],
  after: readonly ScannedItem[],
  others: readonly number[],
): number {
  const last = others.at(-1);
  const oldest = before.at(-1);
  if (last === undefined) return -1;
  const item = after[last];
  if (item !== undefined && oldest !== undefined && equalBytes(item.data, oldest.data)) return last;
  const old = new Set(before.map(({ data }) => keyOf(data)));
  return others.findLast((other) => old.has(keyOf(after[other]?.data ?? new Uint8Array()))) ?? -1;
}

function lostProbeKeys({ keys }: ProbeEffect, after: readonly ScannedItem[]): readonly Deviation[] {
  const { firsts } = splitByKey(after);
  return [...keys].flatMap(([name, { key, value }]) => {
    const shown = firsts.get(name)?.data;
    const kept =
      value === null || shown === undefined
        ? value === null && shown === undefined
        : equalBytes(value, shown);
    if (kept) return [];
    return {
      summary: `what was durably written under ${renderKey(key)} after recovery is not there after the next open`,
      expected:
        value === null ? `${renderKey(key)} is not there` : `${renderKey(key)} = ${renderValue(value)}`,
      recovered:
        shown === undefined ? `${renderKey(key)} is not there` : `${renderKey(key)} = ${renderValue(shown)}`,
    };
  });
}
