import type {
  CreateSubject,
  Subject,
  SubjectAnswer,
  SubjectReply,
  SubjectRequest,
} from '../../harness/subject/subject.ts';
import type { Place } from '../../src/faults/layer.ts';
import { openFileStorage } from '../../src/wal/storage/file-storage.ts';
import { Copies } from './copies.ts';
import { LogError } from './error.ts';
import { Log, type LogOptions } from './log.ts';
import type { LogPlace } from './segment.ts';
import { isVariant, variants } from './variants.ts';

/** The log as a subject; on two volumes, a copy on each. */
export const createSubject: CreateSubject = (place) => new LogSubject(logPlaces(place));

function logPlaces(place: Place): LogPlace[] {
  return place.kind === 'storages'
    ? [...place.storages.values()].map((storage) => ({ storage, directory: '' }))
    : [...place.directories.values()].map((directory) => openFileStorage(directory));
}

function openLog(places: readonly LogPlace[], options: LogOptions): Promise<Log | Copies> {
  const [only, ...others] = places;
  if (only === undefined) throw new Error('the log needs a volume');
  return others.length === 0 ? Log.open(only, options) : Copies.open(places, options);
}

class LogSubject implements Subject {
  readonly #places: readonly LogPlace[];
  #log: Log | Copies | undefined;
  /** The log takes one call at a time: requests wait for each other here. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(places: readonly LogPlace[]) {
    this.#places = places;
  }

  request(request: SubjectRequest): Promise<SubjectReply> {
    const reply = this.#last.then(() => this.#reply(request));
    this.#last = reply;
    return reply;
  }

  async #reply(request: SubjectRequest): Promise<SubjectReply> {
    try {
      return await this.#answer(request);
    } catch (error) {
      if (error instanceof LogError)
        return { ok: false, error: { code: error.code, message: error.message } };
      throw error;
    }
  }

  async #answer(request: SubjectRequest): Promise<SubjectAnswer> {
    switch (request.op) {
      case 'hello': {
        const features = ['reopen', 'batch'];
        return { ok: true, hello: { model: 'log', name: 'canary log', version: '1', features } };
      }
      case 'open':
        if (this.#log !== undefined) throw new LogError('invalid', 'the log is open already');
        this.#log = await openLog(this.#places, readOptions(request.options));
        return { ok: true, recovered: this.#log.recovered };
      case 'append':
        return this.#append([request.data], false);
      case 'appendDurable':
        return this.#append([request.data], true);
      case 'appendBatch':
        return this.#append(request.data, request.durable);
      case 'sync':
        await this.#opened().sync();
        return { ok: true };
      case 'scan': {
        const items = await this.#opened().scan();
        return { ok: true, items: items.map(({ number, data }) => ({ position: String(number), data })) };
      }
      case 'verify':
        return { ok: true, detail: { items: (await this.#opened().scan()).length } };
      case 'truncateBefore':
        await this.#opened().truncateBefore(Number(request.position));
        return { ok: true };
      case 'close': {
        const log = this.#opened();
        this.#log = undefined;
        await log.close();
        return { ok: true };
      }
      default:
        throw new LogError('invalid', `a log has no ${request.op}`);
    }
  }

  async #append(items: readonly Uint8Array[], durable: boolean): Promise<SubjectAnswer> {
    const log = this.#opened();
    const first = await log.append(items);
    if (durable) await log.sync();
    return { ok: true, positions: items.map((_, index) => String(first + index)) };
  }

  #opened(): Log | Copies {
    if (this.#log === undefined) throw new LogError('invalid', 'the log is not open');
    return this.#log;
  }

  stderr(): string {
    return '';
  }

  async kill(): Promise<void> {
    this.#log = undefined;
  }
}

function readOptions(options: Readonly<Record<string, unknown>>): LogOptions {
  const { variant = 'honest', segmentBytes = 16_384 } = options;
  if (!isVariant(variant))
    throw new LogError(
      'invalid',
      `there is no variant ${variant}; there are: ${Object.keys(variants).join(', ')}`,
    );
  if (typeof segmentBytes !== 'number' || !(segmentBytes >= 8192))
    throw new LogError('invalid', 'segmentBytes is a number of at least 8192');
  return { variant, segmentBytes };
}
