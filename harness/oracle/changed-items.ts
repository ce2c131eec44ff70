import type { DataModel, Mutation, ScannedItem } from '../subject/subject.ts';
import { renderKey, renderValue } from '../workload/render.ts';
import { equalBytes, keyOf } from './bytes.ts';
import type { Deviation } from './judgement.ts';
import { movedPosition } from './lost-shown.ts';
import { type ProbeEffect, probeEffect, probeRecordFinder } from './probe.ts';

/** How the second scan, without what the probe added, differs from the first. */
export function changedItems(
  model: DataModel,
  first: readonly ScannedItem[],
  second: readonly ScannedItem[],
  probe: readonly Mutation[],
): readonly Deviation[] {
  const effect = probeEffect(probe);
  return model === 'log' ? changedRecords(first, second, effect) : changedKeys(first, second, effect);
}

/** Up to the first record that differs: those behind it are shifted. */
function changedRecords(
  first: readonly ScannedItem[],
  second: readonly ScannedItem[],
  { records }: ProbeEffect,
): readonly Deviation[] {
  const isProbe = probeRecordFinder(records);
  const rest = second.filter(({ data }) => isProbe(data) === undefined);
  for (let at = 0; at < Math.max(first.length, rest.length); at++) {
    const [before, after] = [first[at], rest[at]];
    if (before !== undefined && after !== undefined && equalBytes(before.data, after.data)) {
      const moved = movedPosition(before, after, `item ${at}`);
      if (moved.length > 0) return moved;
    } else {
      const summary = `recovering again gives another answer: item ${at} ${describeChange(before, after)}`;
      return [{ summary, expected: renderItem(before), recovered: renderItem(after) }];
    }
  }
  return [];
}

function changedKeys(
  first: readonly ScannedItem[],
  second: readonly ScannedItem[],
  { keys }: ProbeEffect,
): readonly Deviation[] {
  const before = groupByKey(first, keys);
  const after = groupByKey(second, keys);
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [was, is] = [before.get(name), after.get(name)];
    if (was !== undefined && is !== undefined && equalBytes(was.data, is.data)) return [];
    const key = renderKey((was ?? is)?.key ?? new Uint8Array());
    return {
      summary: `recovering again gives another answer: ${key} ${describeChange(was, is)}`,
      expected: renderItem(was),
      recovered: renderItem(is),
    };
  });
}

/** Without the keys of `except`. A key that is shown twice counts twice. */
function groupByKey(items: readonly ScannedItem[], except: ProbeEffect['keys']) {
  const groups = new Map<string, ScannedItem>();
  const counts = new Map<string, number>();
  for (const item of items) {
    const name = keyOf(item.key ?? new Uint8Array());
    if (except.has(name)) continue;
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    groups.set(`${count} ${name}`, item);
  }
  return groups;
}

function describeChange(before: ScannedItem | undefined, after: ScannedItem | undefined): string {
  if (before === undefined) return 'is new';
  return after === undefined ? 'is gone' : 'changed';
}

function renderItem(item: ScannedItem | undefined): string {
  if (item === undefined) return 'not there';
  return item.key === undefined
    ? renderValue(item.data)
    : `${renderKey(item.key)} = ${renderValue(item.data)}`;
}
