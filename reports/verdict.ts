/**
 * The verdict: what a run found, as plain data. `verdict.json` is this, and every report is a pure function of it.
 * docs/verdict.md describes the file. Nothing outside `environment` and `timing` differs between two runs of the same
 * scenario, seed and version.
 */
export const verdictSchemaVersion = 1;

export const claims = [
  'durability',
  'order',
  'integrity',
  'atomicity',
  'availability',
  'progress',
  'stability',
  'candour',
] as const;
export type Claim = (typeof claims)[number];

export const faultKinds = [
  'process-kill',
  'power-loss',
  'torn-write',
  'lost-fsync',
  'fsync-error',
  'io-error',
  'latent-sector-error',
  'bit-rot',
  'lost-write',
  'misdirected-write',
  'stale-read',
  'disk-full',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export type Status = 'held' | 'violated' | 'unknown' | 'not-tested';

export interface Verdict {
  readonly schema: 'powercut-verdict';
  readonly schemaVersion: typeof verdictSchemaVersion;
  readonly version: string;
  readonly seed: number;
  /** The worst over all scenarios; a canary counts as held when it was found, as unknown when it was not. */
  readonly status: Exclude<Status, 'not-tested'>;
  readonly scenarios: readonly ScenarioVerdict[];
  /** Set when a signal ended the run early. */
  readonly interrupted?: 'SIGINT' | 'SIGTERM';
  readonly environment: Environment;
  readonly timing: Timing;
}

export interface Environment {
  readonly startedAt: string;
  readonly node: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly lanes: number;
  /** Layer name to what it is here, e.g. `fuse: as root`, or why it is missing. */
  readonly layers: Readonly<Record<string, string>>;
}

export interface Timing {
  readonly seconds: number;
  /** Different images that were judged, over the whole run, by the second. */
  readonly imagesPerSecond: number;
  /** Wall seconds by scenario name. */
  readonly scenarios: Readonly<Record<string, number>>;
}

export interface ScenarioVerdict {
  readonly name: string;
  /** Path as given on the command line, relative where possible. */
  readonly file?: string;
  readonly status: Status;
  readonly subject: {
    readonly name: string;
    readonly version: string;
    readonly how: 'driver' | 'command' | 'in-process';
  };
  readonly layer: string;
  readonly volumes: readonly string[];
  readonly profiles: readonly string[];
  readonly workload: {
    readonly operations: number;
    readonly acknowledged: number;
    readonly volumeOperations: number;
    readonly barriers: number;
  };
  /** A known bug, planted or not, that must be found. */
  readonly canary?: {
    readonly breaks: Claim;
    readonly under: FaultKind;
    readonly found: boolean;
    readonly states: number;
  };
  /** One a claim, fault and profile that the scenario states. */
  readonly cells: readonly Cell[];
  readonly explorations: readonly Exploration[];
  readonly findings: readonly Finding[];
  /** Things a reader must know: what could not be tested and why, what was cut by a budget. */
  readonly notes: readonly string[];
}

export interface Cell {
  readonly claim: Claim;
  readonly fault: FaultKind;
  /** `any` where no profile changes the states, `-` where the claim was not tried under any. */
  readonly profile: string;
  readonly status: Status;
  /** How many states this claim was judged in. */
  readonly states: number;
  /** For unknown and not-tested: why. */
  readonly why?: string;
  /** For violated: the finding's id. */
  readonly finding?: string;
}

/** How much of the legal states of one fault and profile was looked at. */
export interface Exploration {
  readonly fault: FaultKind;
  readonly profile: string;
  readonly crashPoints: number;
  readonly states: number;
  /** Different images with different acknowledgements among them: what was really judged. */
  readonly images: number;
  /** Every legal state was judged. */
  readonly exhaustive: boolean;
  /** How many legal states there are, where they could be counted. */
  readonly legalStates?: number;
}

export interface Finding {
  /** `1`, `2`, ... over the run; the folder below `findings/`. */
  readonly id: string;
  readonly claim: Claim;
  readonly fault: FaultKind;
  readonly profile: string;
  /** One sentence: which promise was broken, and how. */
  readonly summary: string;
  /** The crash: after which operation, and in how many words. */
  readonly crash: string;
  readonly timeline: readonly TimelineRow[];
  /** The rules that make this state legal. */
  readonly permittedBy: readonly PermittingRule[];
  readonly expected: readonly string[];
  readonly recovered: readonly string[];
  readonly shrink: {
    readonly operationsBefore: number;
    readonly operationsAfter: number;
    readonly lostBefore: number;
    readonly lostAfter: number;
    readonly attempts: number;
  };
  /** How many judged states of this exploration broke the same claim. */
  readonly occurrences: number;
  readonly replay: { readonly command: string; readonly token: string; readonly file: string };
  /** Last lines of the subject's stderr while it recovered. */
  readonly stderr?: string;
}

/** A row of a finding's story, in time order. */
export type TimelineRow =
  | {
      readonly kind: 'operation';
      readonly entry: number;
      readonly volume: string;
      /** In the user's words, with path, offset and length: `write wal/0001.seg 4096+512`. */
      readonly text: string;
      /** `durable`: a barrier covered it. `kept`, `lost`, `torn`: the crash state's choice. `barrier`: it is one. `none`: changes nothing that matters. */
      readonly fate: 'durable' | 'kept' | 'lost' | 'torn' | 'barrier' | 'none';
      /** What of it is lost or torn, e.g. `sectors 2, 5 of 8`, `the size`, `the name`. */
      readonly detail?: string;
    }
  | { readonly kind: 'request'; readonly step: number; readonly text: string }
  | { readonly kind: 'acknowledgement'; readonly entry: number; readonly text: string }
  | { readonly kind: 'process-crash'; readonly entry: number }
  | { readonly kind: 'power-cut'; readonly entry: number }
  | {
      readonly kind: 'omitted';
      readonly operations: number;
      /** What is left out, its count included: `12 operations, all on disk`. */
      readonly text: string;
    };

export interface PermittingRule {
  readonly rule: string;
  readonly text: string;
  readonly source: string;
}
