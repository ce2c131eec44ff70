import type { PairCoverage, TortureCoverage } from '../../reports/verdict.ts';
import { type Pair, possiblePairs } from './pairs.ts';
import type { CycleReport } from './stretch.ts';
import type { Victim } from './victim.ts';

type Count = { -readonly [Key in keyof PairCoverage]: PairCoverage[Key] };

/** What the cycles so far have seen. */
export class Coverage {
  private readonly pairs = new Map<string, Count>();
  private readonly seen = new Set<string>();
  private cycles = 0;
  private freshStarts = 0;
  private judged = 0;
  private lastNewCycle = 0;

  constructor({ scenario, uses }: Victim) {
    for (const pair of possiblePairs(scenario, uses)) this.entryOf(pair);
  }

  add({ number, cycle, judged, planned, fired, behaviours }: CycleReport): void {
    this.cycles += 1;
    if (cycle.afresh) this.freshStarts += 1;
    if (judged.size > 0) this.judged += 1;
    for (const pair of planned) this.entryOf(pair).planned += 1;
    for (const pair of fired) {
      const entry = this.entryOf(pair);
      entry.fired += 1;
      entry.firstCycle ??= number + 1;
    }
    for (const behaviour of behaviours) {
      if (this.seen.has(behaviour)) continue;
      this.seen.add(behaviour);
      this.lastNewCycle = number + 1;
    }
  }

  summary(): TortureCoverage {
    const { cycles, freshStarts, judged, lastNewCycle, seen, pairs } = this;
    return {
      cycles,
      freshStarts,
      judged,
      behaviours: seen.size,
      lastNewCycle,
      pairs: [...pairs.values()].map((entry) => ({ ...entry })),
    };
  }

  private entryOf({ fault, operation }: Pair): Count {
    const key = `${fault} ${operation}`;
    const entry: Count = this.pairs.get(key) ?? { fault, operation, planned: 0, fired: 0 };
    this.pairs.set(key, entry);
    return entry;
  }
}
