import type { DataModel, Mutation, ScannedItem, SubjectRefusal } from '../subject/subject.ts';

/**
 * What was asked before the crash, as far as it had come: one step a mutation, in the order in which they were issued.
 * `accepted`: answered ok before the crash. `durable`: promised durable before the crash (its own durable reply, or a
 * later `sync` that was answered ok).
 */
export interface Step {
  /** Counts from 0 over the whole workload; after a process crash it goes on counting. */
  readonly index: number;
  readonly mutation: Mutation;
  readonly accepted: boolean;
  readonly durable: boolean;
}

export interface History {
  readonly model: DataModel;
  readonly steps: readonly Step[];
  /**
   * After a process crash and a recovery before the power went: what that recovery showed to a reader, and how many
   * steps came before it. Steps before `afterSteps` that it did not show were lost by the process crash already.
   */
  readonly shown?: { readonly afterSteps: number; readonly items: readonly ScannedItem[] };
}

/** How one request to the recovering subject ended. `failure`: it died, hung or answered nonsense. */
export type Outcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'refused'; readonly error: SubjectRefusal['error'] }
  | { readonly kind: 'failure'; readonly reason: string; readonly message: string };

/** What a subject showed on one crash image. Later parts are absent where an earlier one did not succeed. */
export interface Observation {
  readonly open: Outcome<Readonly<Record<string, unknown>> | undefined>;
  readonly scan?: Outcome<readonly ScannedItem[]>;
  /** New, durable mutations asked after the scan: do they work? */
  readonly probe?: { readonly mutations: readonly Mutation[]; readonly outcome: Outcome<undefined> };
  /** Closed, opened again, scanned again. */
  readonly again?: {
    readonly open: Outcome<Readonly<Record<string, unknown>> | undefined>;
    readonly scan?: Outcome<readonly ScannedItem[]>;
  };
}

export type Judgement =
  | { readonly status: 'held' }
  | {
      readonly status: 'violated';
      /** One sentence: which promise was broken, and how. */
      readonly summary: string;
      /** Lines: what had to be there, and what was. Bytes are shown as printable text where they are, else as hex, cut at 64. */
      readonly expected: readonly string[];
      readonly recovered: readonly string[];
    }
  | { readonly status: 'unknown'; readonly why: string };

/** Judges one claim. Pure; throws only on a bug of its own. */
export type Oracle = (history: History, observation: Observation) => Judgement;
