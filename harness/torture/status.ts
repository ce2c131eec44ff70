import { countOf, formatCount, formatSeconds } from '../../reports/text.ts';
import type { TortureProgress } from '../options.ts';

/** What the status of a run shows of torture. */
export interface TortureView {
  readonly torture: TortureProgress;
  readonly cycles: number;
  readonly cyclesPerSecond: number;
  /** Since the last new behaviour. */
  readonly quietSeconds: number;
  readonly findings: number;
}

/** How far it is; what it has seen. One list a line. */
export function describeTorture(view: TortureView): readonly string[][] {
  const { torture, cycles, cyclesPerSecond, quietSeconds, findings } = view;
  const { cyclesAll, faults, behaviours, lastNewCycle } = torture;
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  const pairs = sum(faults.map((fault) => fault.pairs));
  const fired = sum(faults.map((fault) => fault.fired));
  const sinceNew = Math.max(0, cycles - lastNewCycle);
  return [
    [
      cyclesAll === undefined
        ? countOf(cycles, 'cycle')
        : `${formatCount(cycles)} of ${countOf(cyclesAll, 'cycle')}`,
      `${formatCount(cyclesPerSecond)} a second`,
      countOf(findings, 'violation'),
    ],
    [
      `${formatCount(fired)} of ${countOf(pairs, 'pair')} fired`,
      countOf(behaviours, 'behaviour'),
      `nothing new for ${countOf(sinceNew, 'cycle')}, ${formatSeconds(quietSeconds)}`,
    ],
  ];
}

/** Each fault with how many of its pairs have fired: `io-error 5/6`. */
export function describeFaults({ faults }: TortureProgress): string[] {
  return faults.map(({ fault, pairs, fired }) => `${fault} ${fired}/${pairs}`);
}

/** Seconds since the number of behaviours last changed. Another scenario begins anew. */
export function quietMeter(): (nowMs: number, torture: TortureProgress | undefined) => number {
  let last = -1;
  let changedAtMs = 0;
  return (nowMs, torture) => {
    const behaviours = torture?.behaviours ?? -1;
    if (behaviours !== last) {
      last = behaviours;
      changedAtMs = nowMs;
    }
    return (nowMs - changedAtMs) / 1000;
  };
}
