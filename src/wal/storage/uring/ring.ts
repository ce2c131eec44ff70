import { closeSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { StorageError } from '../../storage.ts';
import { storageError } from '../file-error.ts';
import { type Kernel, loadKernel, type Mapping, unsupported } from './kernel.ts';

/** One request to the kernel. Its bytes stay where they are until it is answered. */
export type Request =
  | {
      readonly kind: 'write';
      readonly descriptor: number;
      readonly bytes: Uint8Array;
      readonly position: number;
    }
  | { readonly kind: 'sync-data'; readonly descriptor: number };

/** Since the ring was made: io_uring_enter calls that submitted, entries (SQEs) in them, and how many were linked to the next. */
export interface RingCounters {
  readonly submissions: number;
  readonly entries: number;
  readonly links: number;
}

/** Requests of which each begins only after the one before has done all that it says. */
interface Chain {
  readonly owner: object;
  readonly what: string;
  readonly requests: readonly Request[];
  /** What the kernel answered, by index. */
  readonly answers: number[];
  readonly resolve: () => void;
  readonly reject: (error: StorageError) => void;
}

/** linux/io_uring.h */
const entriesMax = 64;
const parametersBytes = 120;
const entryBytes = 64;
const completionBytes = 16;
const offsetSubmissions = 0;
const offsetEntries = 0x10000000;
const featureSingleMap = 1;
/** Came with Linux 5.6, as the plain write did. */
const featureReadWriteCurrentPosition = 8;
const operationSync = 3;
const operationWrite = 23;
const flagLink = 4;
const syncDataOnly = 1;

/**
 * An io_uring: two queues in memory that the kernel shares. Requests that are made in the same turn of the event loop go out in one
 * io_uring_enter, which waits for all of them: as a synchronous pwrite does, only that many go on at once.
 *
 * Memory ordering. We alone write the tail of the submission queue and the head of the completion queue; the kernel alone writes the
 * other two. It takes entries only within io_uring_enter, in our thread, but may complete them on any processor: there it
 * first writes a completion and then, with release, the tail. We read that tail with `Atomics.load`, which is (more than) an
 * acquire, before we read completions, and give a place back with `Atomics.store`, (more than) a release, after that. Entries are
 * published in the same way.
 */
export class Ring {
  readonly #kernel: Kernel;
  readonly #descriptor: number;
  readonly #mappings: readonly Mapping[];
  readonly #queues: Int32Array;
  readonly #entries: DataView;
  readonly #completions: DataView;
  readonly #at: {
    readonly submissionTail: number;
    readonly completionHead: number;
    readonly completionTail: number;
  };
  readonly #submissionMask: number;
  readonly #completionMask: number;
  readonly #addresses = new WeakMap<ArrayBufferLike, bigint>();
  #queue: Chain[] = [];
  #counters = { submissions: 0, entries: 0, links: 0 };
  /** Set once the kernel does not answer as it should. What it may still use is kept for good. */
  #failure: { readonly error: StorageError; readonly inFlight: readonly Chain[] } | undefined;

  /** Rejects with `unsupported` where the kernel has no io_uring (ENOSYS), forbids it (EPERM, in most containers) or is older than 5.6. */
  static async open(): Promise<Ring> {
    return new Ring(await loadKernel());
  }

  private constructor(kernel: Kernel) {
    const parameters = new Uint8Array(parametersBytes);
    const view = new DataView(parameters.buffer);
    const word = (offset: number) => view.getUint32(offset, true);
    this.#kernel = kernel;
    this.#descriptor = kernel.setup(entriesMax, parameters);
    const mappings: Mapping[] = [];
    this.#mappings = mappings;
    try {
      const needed = featureSingleMap | featureReadWriteCurrentPosition;
      if ((word(20) & needed) !== needed) throw unsupported('the kernel is older than 5.6');
      const submissions = { entries: word(0), tail: word(44), mask: word(48), array: word(64) };
      const completions = {
        entries: word(4),
        head: word(80),
        tail: word(84),
        mask: word(88),
        array: word(100),
      };
      const queueBytes = Math.max(
        submissions.array + 4 * submissions.entries,
        completions.array + completionBytes * completions.entries,
      );
      const queues = kernel.map(this.#descriptor, offsetSubmissions, queueBytes);
      mappings.push(queues);
      const entries = kernel.map(this.#descriptor, offsetEntries, entryBytes * submissions.entries);
      mappings.push(entries);
      this.#queues = new Int32Array(queues.memory, 0, Math.floor(queueBytes / 4));
      this.#entries = new DataView(entries.memory);
      this.#completions = new DataView(queues.memory, completions.array);
      this.#at = {
        submissionTail: submissions.tail / 4,
        completionHead: completions.head / 4,
        completionTail: completions.tail / 4,
      };
      this.#submissionMask = this.#queues[submissions.mask / 4] ?? 0;
      this.#completionMask = this.#queues[completions.mask / 4] ?? 0;
      // The queue proper is of indexes of entries: each place keeps its own.
      for (let index = 0; index < submissions.entries; index++)
        this.#queues[submissions.array / 4 + index] = index;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get counters(): RingCounters {
    return this.#counters;
  }

  /** Carries out a chain; `what` it is, for errors. Settles once the kernel has answered all of it. */
  run(owner: object, what: string, requests: readonly Request[]): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    return new Promise((resolve, reject) => {
      // After all that is ready to run now.
      if (this.#queue.length === 0) process.nextTick(() => this.flush());
      this.#queue.push({ owner, what, requests, answers: [], resolve, reject });
    });
  }

  /** Carries out now what waits for the end of the turn, if something of this owner does. */
  settle(owner: object): void {
    if (this.#queue.some((chain) => chain.owner === owner)) this.flush();
  }

  /** Carries out now what waits for the end of the turn. */
  flush(): void {
    while (this.#queue.length > 0) {
      const chains: Chain[] = [];
      for (let entries = 0; this.#queue.length > 0; ) {
        const [next] = this.#queue;
        entries += next?.requests.length ?? 0;
        if (next === undefined || (entries > entriesMax && chains.length > 0)) break;
        chains.push(next);
        this.#queue.shift();
      }
      this.#carryOut(chains);
    }
  }

  /** While nothing is queued. */
  close(): void {
    for (const { unmap } of this.#mappings) unmap();
    closeSync(this.#descriptor);
  }

  #carryOut(chains: readonly Chain[]): void {
    const places = chains.flatMap((chain) => chain.requests.map((_, index) => ({ chain, index })));
    for (const [number, { chain, index }] of places.entries()) this.#push(chain, index, number);
    this.#counters.submissions++;
    try {
      this.#submit(places.length, (number, answer) => {
        const place = places[number];
        if (place !== undefined) place.chain.answers[place.index] = answer;
      });
    } catch (error) {
      const failure = error as StorageError;
      this.#failure = { error: failure, inFlight: chains };
      for (const { reject } of [...chains, ...this.#queue.splice(0)]) reject(failure);
      return;
    }
    for (const chain of chains) settle(chain);
  }

  /** struct io_uring_sqe; `number` comes back with the answer. */
  #push({ requests }: Chain, index: number, number: number): void {
    const request = requests[index];
    if (request === undefined) return;
    const tail = this.#queues[this.#at.submissionTail] ?? 0;
    const at = (tail & this.#submissionMask) * entryBytes;
    const isLinked = index < requests.length - 1;
    new Uint8Array(this.#entries.buffer, at, entryBytes).fill(0);
    this.#entries.setUint8(at, request.kind === 'write' ? operationWrite : operationSync);
    this.#entries.setUint8(at + 1, isLinked ? flagLink : 0);
    this.#entries.setInt32(at + 4, request.descriptor, true);
    if (request.kind === 'write') {
      this.#entries.setBigUint64(at + 8, BigInt(request.position), true);
      this.#entries.setBigUint64(at + 16, this.#addressOf(request.bytes), true);
      this.#entries.setUint32(at + 24, request.bytes.length, true);
    } else {
      this.#entries.setUint32(at + 28, syncDataOnly, true);
    }
    this.#entries.setUint32(at + 32, number, true);
    Atomics.store(this.#queues, this.#at.submissionTail, (tail + 1) | 0);
    this.#counters.entries++;
    if (isLinked) this.#counters.links++;
  }

  /** Hands over so many entries and waits until all are answered. */
  #submit(count: number, answered: (number: number, answer: number) => void): void {
    let unsubmitted = count;
    let unanswered = count;
    while (unanswered > 0) {
      const taken = this.#kernel.enter(this.#descriptor, unsubmitted, unanswered);
      if (taken >= 0) unsubmitted -= taken;
      else if (!['EINTR', 'EAGAIN', 'EBUSY'].includes(getSystemErrorName(taken)))
        throw storageError('enter the io_uring', systemError(taken));
      unanswered -= this.#reap(answered);
    }
  }

  /** struct io_uring_cqe: user data, answer, flags. */
  #reap(answered: (number: number, answer: number) => void): number {
    const tail = Atomics.load(this.#queues, this.#at.completionTail);
    const first = this.#queues[this.#at.completionHead] ?? 0;
    for (let head = first; head !== tail; head = (head + 1) | 0) {
      const at = (head & this.#completionMask) * completionBytes;
      answered(this.#completions.getUint32(at, true), this.#completions.getInt32(at + 8, true));
    }
    Atomics.store(this.#queues, this.#at.completionHead, tail);
    return (tail - first) | 0;
  }

  #addressOf({ buffer, byteOffset }: Uint8Array): bigint {
    let address = this.#addresses.get(buffer);
    if (address === undefined) {
      address = this.#kernel.addressOf(buffer);
      this.#addresses.set(buffer, address);
    }
    return address + BigInt(byteOffset);
  }
}

function settle(chain: Chain): void {
  const error = failureOf(chain);
  if (error === undefined) chain.resolve();
  else chain.reject(error);
}

/** A write that is not whole is a failure; what is linked to it is then cancelled, which says nothing of why: so the first counts. */
function failureOf({ what, requests, answers }: Chain): StorageError | undefined {
  for (const [index, request] of requests.entries()) {
    const answer = answers[index] ?? 0;
    if (answer < 0) return storageError(what, systemError(answer));
    if (request.kind !== 'write' || answer === request.bytes.length) continue;
    const short = `${answer} of ${request.bytes.length} bytes were written, a short write`;
    return new StorageError('io', `cannot ${what}: ${short}`);
  }
  return undefined;
}

function systemError(answer: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(answer);
  return Object.assign(new Error(`${code}, as io_uring answered`), { code });
}
