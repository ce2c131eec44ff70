import type { Place } from '../../src/faults/layer.ts';
import type { Ending } from './process.ts';

/**
 * A subject behind powercut's requests: a driver process, a command pair's program, or an object in this process.
 * docs/subject-protocol.md is the specification; the names are those of the line protocol. On the wire binary values
 * are base64; here they are bytes.
 */
export type DataModel = 'log' | 'kv';

export type Mutation =
  | { readonly op: 'append'; readonly data: Uint8Array }
  | { readonly op: 'appendDurable'; readonly data: Uint8Array }
  | { readonly op: 'appendBatch'; readonly data: readonly Uint8Array[]; readonly durable: boolean }
  | { readonly op: 'sync' }
  | { readonly op: 'put'; readonly key: Uint8Array; readonly value: Uint8Array; readonly durable: boolean }
  | { readonly op: 'delete'; readonly key: Uint8Array; readonly durable: boolean }
  | { readonly op: 'truncateBefore'; readonly position: string };

export type SubjectRequest =
  | Mutation
  | { readonly op: 'hello'; readonly protocol: 1 }
  | { readonly op: 'open'; readonly options: Readonly<Record<string, unknown>> }
  | { readonly op: 'get'; readonly key: Uint8Array }
  | { readonly op: 'scan' }
  | { readonly op: 'verify' }
  | { readonly op: 'close' };

export type SubjectErrorCode = 'corrupt' | 'io' | 'full' | 'failed' | 'unsupported' | 'invalid';

export interface ScannedItem {
  readonly position?: string;
  readonly key?: Uint8Array;
  readonly data: Uint8Array;
}

export interface SubjectAnswer {
  readonly ok: true;
  /** hello */
  readonly hello?: SubjectHello;
  /** append, appendDurable: one; appendBatch: one a record. */
  readonly positions?: readonly string[];
  /** get: null where the key is not there. */
  readonly value?: Uint8Array | null;
  /** scan, in the order in which the subject gave them. */
  readonly items?: readonly ScannedItem[];
  /** open: what recovery found; shown in the report. `recovered.damage` (any value but false, 0, '' or null) counts as a report of loss. */
  readonly recovered?: Readonly<Record<string, unknown>>;
  /** verify: free-form. */
  readonly detail?: unknown;
}

export interface SubjectRefusal {
  readonly ok: false;
  readonly error: { readonly code: SubjectErrorCode; readonly message: string };
}

export type SubjectReply = SubjectAnswer | SubjectRefusal;

export interface SubjectHello {
  readonly model: DataModel;
  readonly name: string;
  readonly version: string;
  /**
   * `reopen`: after `close` (or a refused `open`) nothing of the old directory is remembered, so that the volume's
   * content may be replaced and `open` asked again. `acks`: it writes its acknowledgements to POWERCUT_ACK itself.
   * `batch`: appendBatch is atomic.
   */
  readonly features: readonly string[];
}

export interface Subject {
  /**
   * Rejects with a {@link SubjectFailure} when no proper answer came; the subject is then dead. `id` is what a driver with
   * the feature `acks` writes to POWERCUT_ACK for this request: 1 to 64 of `A-Z a-z 0-9 . _ -`, different for each.
   * Ids that begin with `q` are the driver's own, given where there is none.
   */
  request(request: SubjectRequest, id?: string): Promise<SubjectReply>;
  /** The pid of its process group, where it is a process. */
  readonly processGroup?: number;
  /** The last lines (8 KiB at most) that it wrote to stderr. */
  stderr(): string;
  /** Kills it and all its children, and waits until they are gone. Safe to call again. `way`: how, where it runs in a container. */
  kill(way?: Ending): Promise<void>;
}

/** What a subject module exports under this name. */
export type CreateSubject = (place: Place) => Subject | Promise<Subject>;

export type SubjectFailureReason = 'did-not-start' | 'died' | 'hung' | 'nonsense' | 'flooded';

/** The subject broke the protocol rather than answering. The message says which request, what came, what was expected. */
export class SubjectFailure extends Error {
  override readonly name = 'SubjectFailure';
  readonly reason: SubjectFailureReason;

  constructor(reason: SubjectFailureReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
