import type { LogPlace } from '../place.ts';
import { RecordIterator } from '../read/iterate.ts';
import type { LogRecord } from '../record.ts';
import { type LiveRange, liveBatches } from './live-batches.ts';
import type { LiveLog, LiveView } from './live-log.ts';

export interface TailOptions {
  /** The first LSN; default: the oldest record. */
  readonly from?: number;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

/**
 * The records of a live log, in order, each once. Ends when it is told to (`return`, its signal, the end of the log's life), also
 * while it waits for the next record.
 */
export class LiveIterator implements AsyncIterableIterator<LogRecord> {
  readonly #records: RecordIterator;
  readonly #ending = new AbortController();

  constructor(place: LogPlace, log: LiveLog, { from, to, signal }: LiveRange) {
    const ends = AbortSignal.any([signal, this.#ending.signal]);
    let firstLsn = 1;
    const watched: LiveLog = {
      mayTakeBack: log.mayTakeBack,
      isNear: log.isNear,
      more: (lastLsn, until) => log.more(lastLsn, until),
      async view(): Promise<LiveView> {
        const view = await log.view();
        firstLsn = view.firstLsn;
        return view;
      },
    };
    const view = {
      place,
      chain: [],
      get firstLsn() {
        return firstLsn;
      },
    };
    const range = { from, to: to === 'forever' ? Number.POSITIVE_INFINITY : to };
    this.#records = new RecordIterator(view, range, false, () =>
      liveBatches(place, watched, { from, to, signal: ends }),
    );
  }

  next(): Promise<IteratorResult<LogRecord, undefined>> {
    return this.#records.next();
  }

  return(): Promise<IteratorResult<LogRecord, undefined>> {
    this.#ending.abort();
    return this.#records.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const never = new AbortController().signal;

/** The records of a log from an LSN on, and all that come. */
export function tail(place: LogPlace, log: LiveLog, { from = 1, signal = never }: TailOptions): LiveIterator {
  return new LiveIterator(place, log, { from, to: 'forever', signal });
}
