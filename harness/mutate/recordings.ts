import { barrierNames } from '../../src/faults/model/barriers.ts';
import type { RecordedRun } from '../recorded-run.ts';
import { spread } from '../spread.ts';
import type { RunWithout } from './task.ts';

/** A recorded run, and what its barriers are called. */
export interface NamedRun {
  readonly run: RecordedRun;
  /** Where the workload was killed; absent for the workload itself. */
  readonly killPoint?: number;
  /** Trace entry to name. */
  readonly names: ReadonlyMap<number, string>;
}

/** How many times a workload is killed and reopened, for the barriers of recovery. */
const reopenedMax = 24;

/**
 * Just before the first and the last time that each barrier is issued: at the first a recovery finds nothing on any volume of what
 * that barrier is to cover, at the last it finds all but that.
 */
export function killPointsOf({ names }: NamedRun): readonly number[] {
  const entries = [...names];
  const last = new Map(entries.map(([entry, name]) => [name, entry] as const));
  const first = new Map(entries.reverse().map(([entry, name]) => [name, entry] as const));
  const points = new Set([...first.values(), ...last.values()]);
  return spread(
    [...points].sort((a, b) => a - b),
    reopenedMax,
  );
}

export function nameWorkload(run: RecordedRun): NamedRun {
  return { run, names: barrierNames(run.recording) };
}

/** What came before the kill is called as it is in the workload, which went on there. */
export function nameReopened(workload: NamedRun, run: RecordedRun, killPoint: number): NamedRun {
  const names = [...barrierNames(run.recording)].map(([entry, name]): [number, string] => [
    entry,
    entry < killPoint ? (workload.names.get(entry) ?? name) : name,
  ]);
  return { run, killPoint, names: new Map(names) };
}

/** A barrier of the program: one row of the table. */
export interface Barrier {
  readonly name: string;
  /** Over all runs; what a reopened run repeats of the workload does not count again. */
  readonly issued: number;
  readonly runs: readonly RunWithout[];
  /** The names of the barriers in each of `runs`. */
  readonly names: readonly NamedRun['names'][];
}

/** All barriers of the runs, in the order in which they were first issued. */
export function barriersOf(runs: readonly NamedRun[]): Barrier[] {
  const all = new Set(runs.flatMap(({ names }) => [...names.values()]));
  return [...all].map((name) => {
    const mine = runs.flatMap((named) => {
      const leftOut = [...named.names].flatMap(([entry, other]) => (other === name ? [entry] : []));
      return leftOut.length === 0 ? [] : [{ named, leftOut }];
    });
    const issued = mine.reduce((sum, { named: { killPoint = 0 }, leftOut }) => {
      return sum + leftOut.filter((entry) => entry >= killPoint).length;
    }, 0);
    return {
      name,
      issued,
      runs: mine.map(({ named: { run, killPoint }, leftOut }) => ({
        run,
        leftOut,
        ...(killPoint !== undefined && { killPoint }),
      })),
      names: mine.map(({ named }) => named.names),
    };
  });
}
