import {
  direct,
  hungpdn,
  metered,
  mirrored,
  peerNames,
  rawBuffered,
  rawDirect,
  readBack,
  tidwall,
  usual,
} from './contestants.ts';
import { titleOf, type Work } from './job.ts';
import type { Result } from './rounds.ts';

/** How fast the log is to be: ratios within one run, and two orders of magnitude. */
export interface Target {
  readonly what: string;
  readonly bound: 'at least' | 'at most';
  readonly limit: number;
  readonly unit: string;
  /** undefined: somebody that it needs did not take part. */
  readonly measured: number | undefined;
}

type Figure = 'recordsPerSecond' | 'mebibytesPerSecond' | 'p50Us' | 'p99Us' | 'userUs';

export function judgeTargets(results: readonly Result[]): readonly Target[] {
  /** In jobs of 256 B. */
  const figure = (contestant: string, work: Work, of: Figure, writers = 1): number | undefined =>
    results.find(
      ({ contestant: name, job }) =>
        name === contestant && job.work === work && job.payloadBytes === 256 && job.writers === writers,
    )?.[of];
  const rate = (contestant: string, work: Work, writers?: number) =>
    figure(contestant, work, 'recordsPerSecond', writers);
  const p50 = (contestant: string, writers?: number) => figure(contestant, 'durable', 'p50Us', writers);
  const atLeast = (what: string, limit: number, measured: number | undefined, unit = 'x'): Target => ({
    what,
    bound: 'at least',
    limit,
    unit,
    measured,
  });
  const atMost = (what: string, limit: number, measured: number | undefined): Target => ({
    what,
    bound: 'at most',
    limit,
    unit: 'x',
    measured,
  });

  const unsynced = rate(usual, 'unsynced');
  const scanned = figure(usual, 'scan', 'mebibytesPerSecond');
  return [
    atLeast(
      `1 writer: records/s of ${tidwall}`,
      1.4,
      ratio(rate(usual, 'durable'), rate(tidwall, 'durable')),
    ),
    atLeast(
      `1 writer: records/s of ${hungpdn}`,
      1.7,
      ratio(rate(usual, 'durable'), rate(hungpdn, 'durable')),
    ),
    atMost(`1 writer, direct: p50 of ${rawDirect}`, 1.1, ratio(p50(direct), p50(rawDirect))),
    atLeast(
      '64 writers: records/s of its 1 writer',
      40,
      ratio(rate(usual, 'durable', 64), rate(usual, 'durable')),
    ),
    ...peerNames.map((peer) =>
      atLeast(
        `64 writers: records/s of ${peer}`,
        1,
        ratio(rate(usual, 'durable', 64), rate(peer, 'durable', 64)),
      ),
    ),
    atLeast(
      `1,000 in flight: records/s of ${tidwall}, batches of 1,000`,
      1.1,
      ratio(rate(usual, 'durable', 1000), rate(tidwall, 'batch')),
    ),
    atLeast(
      `batches of 1,000: records/s of ${tidwall}`,
      1.1,
      ratio(rate(usual, 'batch'), rate(tidwall, 'batch')),
    ),
    atLeast('batches of 1,000: million records/s', 1, scaled(rate(usual, 'batch'), 1e-6), 'M/s'),
    atLeast(`not synced: records/s of ${tidwall}, NoSync`, 2, ratio(unsynced, rate(tidwall, 'unsynced'))),
    atLeast(`not synced: records/s of ${hungpdn}, OSCache`, 2, ratio(unsynced, rate(hungpdn, 'unsynced'))),
    atLeast(`scan: MiB/s of ${hungpdn}`, 1.8, ratio(scanned, figure(hungpdn, 'scan', 'mebibytesPerSecond'))),
    atLeast('scan: GB/s of payload', 1.4, scaled(scanned, 2 ** 20 / 1e9), 'GB/s'),
    atMost('mirror on one device: p50 of one copy', 1.3, ratio(p50(mirrored), p50(usual))),
    atMost('readBack all: p50 without', 1.3, ratio(p50(readBack), p50(usual))),
    ...[1, 8, 64].map((writers) =>
      atMost(
        `${writers} ${writers === 1 ? 'writer' : 'writers'}: p99 of its p50`,
        2.5,
        ratio(figure(usual, 'durable', 'p99Us', writers), p50(usual, writers)),
      ),
    ),
    atMost(
      `a roll: what it adds at the median, of ${rawBuffered}`,
      1,
      ratio(difference(figure(usual, 'roll', 'p50Us'), p50(usual)), p50(rawBuffered)),
    ),
    ...(
      [
        ['unsynced', 1],
        ['durable', 64],
      ] as const
    ).map(([work, writers]) =>
      atMost(
        `metrics, ${work}, ${writers} at once: user CPU time a record without`,
        1.01,
        ratio(figure(metered, work, 'userUs', writers), figure(usual, work, 'userUs', writers)),
      ),
    ),
  ];
}

export function describeTarget({ what, bound, limit, unit, measured }: Target): readonly string[] {
  const wanted = `${bound} ${limit} ${unit}`;
  if (measured === undefined) return [what, wanted, '', 'not measured'];
  const isMet = bound === 'at least' ? measured >= limit : measured <= limit;
  return [what, wanted, `${measured.toFixed(2)} ${unit}`, isMet ? 'ok' : 'behind'];
}

/** A row for the contestant's result in a table of its job. `first` is what the others are compared with. */
export function describeResult(result: Result, first: Result): readonly string[] {
  const { contestant, promise, recordsPerSecond, mebibytesPerSecond, p50Us, p99Us, job } = result;
  const latencies = job.work === 'scan' ? ['', ''] : [microseconds(p50Us), microseconds(p99Us)];
  const share = recordsPerSecond / first.recordsPerSecond;
  return [
    `${contestant}: ${promise}`,
    Math.round(recordsPerSecond).toLocaleString('en'),
    mebibytesPerSecond.toFixed(1),
    ...latencies,
    `${share.toFixed(2)}x`,
  ];
}

/** The results of each job, in the order in which they were measured. */
export function groupByJob(results: readonly Result[]): ReadonlyMap<string, readonly Result[]> {
  const groups = new Map<string, Result[]>();
  for (const result of results) {
    const title = titleOf(result.job);
    groups.set(title, [...(groups.get(title) ?? []), result]);
  }
  return groups;
}

function microseconds(value: number): string {
  return value < 1000 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}

function ratio(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined || right === 0 ? undefined : left / right;
}

function difference(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? undefined : left - right;
}

function scaled(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}
