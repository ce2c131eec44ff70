import type { FaultKind } from '../reports/verdict.ts';
import type { LayerName } from '../src/faults/layer.ts';
import type { LoadedScenario } from './scenario.ts';

/** What a run is asked to do, beyond its scenarios. The command line's flags become this. */
export interface RunOptions {
  readonly seed: number;
  /** Lanes to use, 1 to the number of cores. */
  readonly jobs: number;
  /** In place of the scenario's own. */
  readonly layer?: LayerName;
  /** Subjects run in their containers, or none does; where absent, those do that have an image of their own. */
  readonly container?: boolean;
  readonly profiles?: readonly string[];
  /** Crash states for each fault and profile, in place of the scenario's own. */
  readonly states?: number;
  /** The whole run ends after this long; what was not judged by then is said in the verdict. */
  readonly timeLimitSeconds?: number;
  /** Judge only this part of the crash states: `index` from 1 to `count`. */
  readonly shard?: { readonly index: number; readonly count: number };
  /** Stop after this many findings. */
  readonly bail?: number;
  /** A known bug that must be found on each layer that the run uses, or the run is worthless. */
  readonly canary?: LoadedScenario;
  /** Run everything twice and compare. */
  readonly doubleCheck: boolean;
  /** The run's own directory, existing and empty: findings are written below it. */
  readonly outputDirectory: string;
  /** Aborting ends the run early; the reason is the signal's name. The verdict of what was done is still answered. */
  readonly signal: AbortSignal;
}

/** What a run tells while it works; plain data for the terminal's status block. */
export interface Progress {
  readonly scenario: string;
  /** `recording`, `power-loss on ext4-ordered`, `shrinking`, ... */
  readonly phase: string;
  readonly scenariosDone: number;
  readonly scenariosAll: number;
  readonly statesJudged: number;
  readonly newImages: number;
  readonly findings: number;
  /** Of a scenario under torture. */
  readonly torture?: TortureProgress;
}

export interface TortureProgress {
  /** All cycles that are wanted, where somebody said how many. */
  readonly cyclesAll?: number;
  /** At how many kinds of operation each fault may befall the subject, and at how many it did. */
  readonly faults: readonly { readonly fault: FaultKind; readonly pairs: number; readonly fired: number }[];
  /** Different things that were seen, and the cycle (from 1) in which the last of them was new. */
  readonly behaviours: number;
  readonly lastNewCycle: number;
}
