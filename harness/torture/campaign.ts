import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { countOf } from '../../reports/text.ts';
import type { LaneProcess } from '../lane/process.ts';
import type { TortureProgress } from '../options.ts';
import type { ScenarioContext } from '../scenario-run.ts';
import { Coverage } from './coverage.ts';
import type { CycleReport } from './stretch.ts';
import type { Victim } from './victim.ts';

/** When a campaign ends, beside its first finding of a canary's bug. */
export interface TortureLimits {
  readonly cycles?: number;
  readonly timeLimitSeconds?: number;
}

/** Where neither is given. */
const cyclesDefault = 1000;
/** A lane takes so many at a time; the first of them starts afresh, so that any lane can. */
const stretchCycles = 20;

/**
 * Stretch after stretch, each on the lane that is free. What they show is taken in in the order of their numbers, and
 * the campaign ends in that order too: so it is the same on any number of lanes.
 */
export class Campaign {
  readonly reports: CycleReport[] = [];
  readonly coverage: Coverage;
  private readonly victim: Victim;
  private readonly context: ScenarioContext;
  private readonly cycles: number;
  private readonly seconds: number | undefined;
  private readonly finished = new Map<number, readonly CycleReport[]>();
  private next = 0;
  private absorbed = 0;
  private isTimeUp = false;
  private readonly violated = new Set<string>();

  constructor(victim: Victim, context: ScenarioContext, limits: TortureLimits) {
    const { cycles, timeLimitSeconds } = limits;
    this.victim = victim;
    this.context = context;
    this.seconds = timeLimitSeconds;
    this.cycles = cycles ?? (timeLimitSeconds === undefined ? cyclesDefault : Number.MAX_SAFE_INTEGER);
    this.coverage = new Coverage(victim);
  }

  async run(lanes: readonly LaneProcess[]): Promise<void> {
    const timer =
      this.seconds === undefined
        ? undefined
        : setTimeout(() => {
            this.isTimeUp = true;
          }, this.seconds * 1000);
    this.tell();
    try {
      await Promise.all(lanes.map((lane) => this.work(lane)));
    } finally {
      clearTimeout(timer);
    }
  }

  private async work(lane: LaneProcess): Promise<void> {
    while (!this.isOver()) {
      const index = this.next++;
      const from = index * stretchCycles;
      const count = Math.min(stretchCycles, this.cycles - from);
      if (count <= 0) return;
      this.finished.set(index, await lane.call('torture', { victim: this.victim, from, count }));
      this.absorb();
    }
  }

  private isOver(): boolean {
    return this.isTimeUp || this.isSettled() || this.context.whyStopped() !== undefined;
  }

  /** What was found is enough. */
  private isSettled(): boolean {
    const { canary } = this.victim.scenario;
    if (canary !== undefined) return this.violated.has(`${canary.breaks} ${canary.under}`);
    const { bail } = this.context.options;
    return bail !== undefined && this.violated.size >= bail;
  }

  private absorb(): void {
    for (;;) {
      const stretch = this.finished.get(this.absorbed);
      if (stretch === undefined || this.isSettled()) return;
      this.finished.delete(this.absorbed++);
      this.write(stretch);
      for (const report of stretch) {
        this.reports.push(report);
        this.coverage.add(report);
        for (const { claim, fault } of report.violations) this.violated.add(`${claim} ${fault}`);
      }
      this.tell();
    }
  }

  private tell(): void {
    this.context.onPhase('torture');
    this.context.onFound(this.violated.size);
    this.context.onTortured(this.progress());
  }

  private progress(): TortureProgress {
    const { pairs, behaviours, lastNewCycle } = this.coverage.summary();
    return {
      ...(this.cycles === Number.MAX_SAFE_INTEGER ? {} : { cyclesAll: this.cycles }),
      faults: [...new Set(pairs.map(({ fault }) => fault))].map((fault) => {
        const its = pairs.filter((pair) => pair.fault === fault);
        return { fault, pairs: its.length, fired: its.filter(({ fired }) => fired > 0).length };
      }),
      behaviours,
      lastNewCycle,
    };
  }

  /** A line a cycle: docs/torture.md. */
  private write(stretch: readonly CycleReport[]): void {
    const lines = stretch.map(({ number, cycle, befell, judged, fired, failedAlone }) =>
      JSON.stringify({
        scenario: this.victim.scenario.name,
        cycle: number + 1,
        befell,
        judged: Object.fromEntries(judged),
        fired,
        ...(failedAlone === undefined ? {} : { failedAlone }),
        drawn: cycle,
      }),
    );
    appendFileSync(
      join(this.context.options.outputDirectory, 'torture.ndjson'),
      lines.map((line) => `${line}\n`).join(''),
    );
  }
}

/** Cycles in which the subject failed by itself say nothing of any fault, and are to be known. */
export function failuresAlone(reports: readonly CycleReport[]): string | undefined {
  const failed = reports.filter(({ failedAlone }) => failedAlone !== undefined);
  const [first] = failed;
  if (first?.failedAlone === undefined) return undefined;
  return `In ${countOf(failed.length, 'cycle')} the subject failed before anything had befallen it, first in cycle ${first.number + 1}: ${first.failedAlone}`;
}
