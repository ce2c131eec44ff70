import type {
  CreateSubject,
  Subject,
  SubjectAnswer,
  SubjectErrorCode,
  SubjectReply,
  SubjectRequest,
} from '../../harness/subject/subject.ts';
import type { Place } from '../../src/faults/layer.ts';
import { createRandom } from '../../src/faults/model/random.ts';
import {
  openFileStorage,
  Wal,
  WalError,
  type WalErrorCode,
  type WalOptions,
  type WalPlace,
} from '../../src/wal/index.ts';

/**
 * The reference log as a subject, in the directory `wal` of the volume `data`; where there is a volume `mirror`, with its second
 * copy in the directory `wal` of that.
 */
export const createSubject: CreateSubject = (place) => new WalSubject(place);

class WalSubject implements Subject {
  readonly #place: Place;
  #wal: Promise<Wal> | undefined;
  #opens = 0;

  constructor(place: Place) {
    this.#place = place;
  }

  async request(request: SubjectRequest): Promise<SubjectReply> {
    try {
      return await this.#answer(request);
    } catch (error) {
      if (!(error instanceof WalError)) throw error;
      return { ok: false, error: { code: codes[error.code], message: error.message } };
    }
  }

  async #answer(request: SubjectRequest): Promise<SubjectAnswer> {
    switch (request.op) {
      case 'hello':
        return { ok: true, hello };
      case 'open':
        return this.#open(request.options);
      case 'append':
        return positions([await (await this.#opened()).append(request.data)]);
      case 'appendDurable':
        return positions([await (await this.#opened()).appendDurable(request.data)]);
      case 'appendBatch': {
        const wal = await this.#opened();
        const lsns = await wal.appendBatch(request.data);
        if (request.durable) await wal.sync();
        return positions(lsns);
      }
      case 'sync':
        await (await this.#opened()).sync();
        return { ok: true };
      case 'scan':
        return this.#scan();
      case 'verify':
        return { ok: true, detail: { damage: await (await this.#opened()).verify() } };
      case 'truncateBefore':
        await (await this.#opened()).truncateBefore(Number(request.position));
        return { ok: true };
      case 'close':
        return this.#close();
      default:
        throw new WalError('unsupported', `a log has no ${request.op}`);
    }
  }

  async #open(options: Readonly<Record<string, unknown>>): Promise<SubjectAnswer> {
    if (this.#wal !== undefined) throw new WalError('invalid', 'the log is open already');
    this.#wal = Wal.open(...this.#prepare(options));
    try {
      const { recovery } = await this.#wal;
      const isTorn = recovery.tail === 'torn' && recovery.discardedBytes > 0;
      const torn = `${recovery.discardedBytes} bytes behind record ${recovery.nextLsn - 1} cannot be read and were left out`;
      return { ok: true, recovered: { ...recovery, damage: recovery.damage ?? (isTorn ? torn : false) } };
    } catch (error) {
      this.#wal = undefined;
      throw error;
    }
  }

  /** Everything that the log writes follows from the seed: no clock, no other randomness. */
  #prepare(options: Readonly<Record<string, unknown>>): [WalPlace, WalOptions] {
    const { seed = 1, ...rest } = options;
    if (typeof seed !== 'number')
      throw new WalError('invalid', `option seed is ${typeof seed}: expected a number`);
    const random = createRandom(seed, `open ${this.#opens++}`);
    let ticks = 0;
    const defaults: WalOptions = {
      segmentBytes: 16_384,
      bufferBytes: 16_384,
      // In a process of its own nothing may be written but by a call that waits for it: or runs would differ.
      prepareAhead: this.#place.kind === 'storages',
    };
    const now = () => ++ticks;
    const mirror = placeOf(this.#place, 'mirror');
    const copies = mirror === undefined ? {} : { mirror };
    const settings = { ...defaults, ...copies, ...rest, randomBytes: random.bytes, now };
    return [dataPlaceOf(this.#place), settings];
  }

  async #scan(): Promise<SubjectAnswer> {
    const items = [];
    for await (const { lsn, data } of (await this.#opened()).iterate()) {
      items.push({ position: String(lsn), data });
    }
    return { ok: true, items };
  }

  async #close(): Promise<SubjectAnswer> {
    const wal = await this.#wal;
    this.#wal = undefined;
    await wal?.close();
    return { ok: true };
  }

  #opened(): Promise<Wal> {
    return this.#wal ?? Promise.reject(new WalError('invalid', 'the log is not open'));
  }

  stderr(): string {
    return '';
  }

  /** It dies with what it holds: nothing is closed, nothing more is written. */
  async kill(): Promise<void> {
    this.#wal = undefined;
  }
}

const hello = {
  model: 'log',
  name: 'powercut wal',
  version: '1',
  features: ['reopen', 'batch'],
} as const;

const codes: Readonly<Record<WalErrorCode, SubjectErrorCode>> = {
  corrupt: 'corrupt',
  failed: 'failed',
  full: 'full',
  io: 'io',
  locked: 'io',
  closed: 'invalid',
  'too-large': 'invalid',
  truncated: 'invalid',
  invalid: 'invalid',
  unsupported: 'unsupported',
};

function dataPlaceOf(place: Place): WalPlace {
  const data = placeOf(place, 'data');
  if (data !== undefined) return data;
  const names = place.kind === 'directories' ? place.directories : place.storages;
  throw new Error(`the log needs a volume named data; there is ${[...names.keys()].join(', ') || 'none'}`);
}

function placeOf(place: Place, volume: string): WalPlace | undefined {
  if (place.kind === 'storages') {
    const storage = place.storages.get(volume);
    return storage && { storage, directory: 'wal' };
  }
  const directory = place.directories.get(volume);
  // A driver does nothing else beside.
  return directory === undefined ? undefined : openFileStorage(`${directory}/wal`, { background: false });
}

function positions(lsns: readonly number[]): SubjectAnswer {
  return { ok: true, positions: lsns.map(String) };
}
