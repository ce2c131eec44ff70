/**
 * The verdict: what a run found, as plain data. `verdict.json` is this, and every report is a pure function of it.
 * docs/verdict.md describes the file. Nothing outside `environment` and `timing` differs between two runs of the same
 * scenario, seed and version.
 */
export const verdictSchemaVersion = 1;

/** What a subject can claim. */
export const subjectClaims = [
  'durability',
  'order',
  'integrity',
  'atomicity',
  'availability',
  'progress',
  'stability',
  'candour',
] as const;
export type SubjectClaim = (typeof subjectClaims)[number];

/** `legality`, of a litmus program: what a crash leaves is what the profile is written down to allow. */
export const claims = [...subjectClaims, 'legality'] as const;
export type Claim = (typeof claims)[number];

export function isSubjectClaim(claim: Claim): claim is SubjectClaim {
  return claim !== 'legality';
}

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
  'slow',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export type Status = 'held' | 'violated' | 'unknown' | 'not-tested';

export interface Verdict {
  readonly schema: 'powercut-verdict';
  readonly schemaVersion: typeof verdictSchemaVersion;
  readonly version: string;
  readonly seed: number;
  /** Of a run in parts (`--shard`): which one this is, from 1, of how many. */
  readonly part?: { readonly index: number; readonly count: number };
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
    /** Of several file systems: on one at least, and missed on none. */
    readonly found: boolean;
    readonly states: number;
    /** Where the run was on the kernel's own file systems: on which it was found. */
    readonly fileSystems?: readonly CanaryPlace[];
    /** Why some of them forgive the bug. */
    readonly forgiving?: string;
  };
  /** One a claim, fault and profile that the scenario states. */
  readonly cells: readonly Cell[];
  readonly explorations: readonly Exploration[];
  /** Of a run that left barriers out. The cells and explorations are then those with every barrier in its place. */
  readonly mutation?: Mutation;
  /** Of a run by torture: what it came to. `states` then counts cycles. */
  readonly torture?: TortureCoverage;
  readonly findings: readonly Finding[];
  /** Things a reader must know: what could not be tested and why, what was cut by a budget. */
  readonly notes: readonly string[];
}

/** `missed`: it should have been found there. `forgiven`: it was not, and need not be. */
export interface CanaryPlace {
  readonly name: string;
  readonly outcome: 'found' | 'missed' | 'forgiven' | 'not-tested';
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
  /** Of a litmus program, by name: the outcomes that the profile allows, and those that were found. */
  readonly outcomes?: { readonly allowed: readonly string[]; readonly found: readonly string[] };
}

/** What torture has tried, and seen. docs/torture.md. */
export interface TortureCoverage {
  readonly cycles: number;
  /** Of the cycles: those that began on empty volumes; those in which a claim was judged. */
  readonly freshStarts: number;
  readonly judged: number;
  /** Different things that were seen, and the cycle (from 1; 0: none) in which the last of them was new. */
  readonly behaviours: number;
  readonly lastNewCycle: number;
  readonly pairs: readonly PairCoverage[];
}

/** A fault at a kind of operation. */
export interface PairCoverage {
  readonly fault: FaultKind;
  /** `write`, `sync`, ...; `at rest`: between operations, or after the end. */
  readonly operation: string;
  /** Rules that were drawn. */
  readonly planned: number;
  /** Cycles in which one fired. */
  readonly fired: number;
  /** The first of these, from 1. */
  readonly firstCycle?: number;
}

/** Each barrier of the subject, and who notices when it is left out. docs/mutation.md. */
export interface Mutation {
  /** Crash states judged for each barrier, fault and profile, at most. */
  readonly statesEach: number;
  /** Recordings that barriers were left out of: the workload, and the workload killed and reopened. */
  readonly runs: number;
  /** In the order in which they were first issued. */
  readonly barriers: readonly BarrierVerdict[];
}

export interface BarrierVerdict {
  /** `fdatasync wal/*.wal before acknowledgement`: unique in the scenario. */
  readonly name: string;
  /** How often it was issued: by the workload, or only by recoveries, each counted once. */
  readonly issued: number;
  readonly status: 'detected' | 'redundant' | 'undetected' | 'unknown';
  /** States judged that are legal only without it, over all faults and profiles that were tried. */
  readonly states: number;
  /** How many of these there are, where they were counted. */
  readonly legalStates?: number;
  /** Detected: what broke. All under one fault and profile; the finding is the first one's witness. */
  readonly breaks: readonly BrokenClaim[];
  readonly finding?: string;
  /** Redundant: the barriers that cover the same in every state; empty where it is the scenario that says so, or nothing was to be covered. */
  readonly coveredBy: readonly string[];
  /** Redundant: why, as the scenario says. */
  readonly accepted?: string;
  /** Unknown: why. */
  readonly why?: string;
}

export interface BrokenClaim {
  readonly claim: Claim;
  readonly fault: FaultKind;
  readonly profile: string;
  /** In how many states, of so many that were judged. */
  readonly violated: number;
  readonly states: number;
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
      /**
       * `durable`: a barrier covered it. `kept`, `lost` (all of it), `torn` (some of its data), `part` (other things of it, or all of its data
       * and not its size): the crash state's choice. `barrier`: it is one. `failed`: a barrier that made nothing durable. `none`: changes nothing
       * that matters.
       */
      readonly fate: 'durable' | 'kept' | 'lost' | 'torn' | 'part' | 'barrier' | 'failed' | 'none';
      /** What of it is missing: `lost: sectors 2, 5 of 8`, `lost: the size`, `lost: the name`. */
      readonly detail?: string;
    }
  | { readonly kind: 'request'; readonly step: number; readonly text: string }
  | { readonly kind: 'acknowledgement'; readonly entry: number; readonly text: string }
  | {
      readonly kind: 'process-crash';
      readonly entry: number;
      /** Where the volumes are disks: the whole machine was reset, and the page cache went with it; the disk's own cache stayed. */
      readonly ofMachine?: true;
    }
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
