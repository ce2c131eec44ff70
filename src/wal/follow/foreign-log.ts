import { type ChainSegment, followChain } from '../chain.ts';
import { asWalError, WalError } from '../errors.ts';
import { parseSegmentName, type SegmentHeader } from '../format.ts';
import { type Manifest, manifestName, readManifest } from '../manifest.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { readInventory } from '../recovery/inventory.ts';
import { StorageError } from '../storage.ts';
import type { LiveLog, LiveView } from './live-log.ts';
import { TailScan } from './tail-scan.ts';

/** How a log that someone else writes is watched. */
export interface Watching {
  /** `durable`: only what is proven durable. `written`: all that a writer has written. */
  readonly show: 'durable' | 'written';
  /** Lets the time between two looks pass. */
  readonly pause: (signal: AbortSignal) => Promise<void>;
}

/** How often a log is looked at that does not fit together, before that is taken for damage. */
const looksMax = 10;

const never = new AbortController().signal;

/**
 * A log in a directory that another process may be writing. Nothing is locked and nothing is written. What does not fit together
 * may be a change that was seen in its middle: a slot of the manifest that is being written, a segment that has a name and no
 * header yet, one that was removed since its name was listed. So the log is looked at again before it is called damaged.
 */
export class ForeignLog implements LiveLog {
  readonly mayTakeBack: boolean;
  readonly isNear = false;
  readonly #place: LogPlace;
  readonly #watching: Watching;
  /** Headers that were valid once: they never change. */
  #headers = new Map<string, SegmentHeader>();
  #scan: TailScan | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(place: LogPlace, watching: Watching) {
    this.#place = place;
    this.#watching = watching;
    this.mayTakeBack = watching.show === 'written';
  }

  /** The log as it is now. Rejects with `corrupt`, `unsupported` or `io`. */
  view(): Promise<LiveView> {
    const view = this.#last.then(() => this.#lookUntilItFits());
    this.#last = view.catch(() => undefined);
    return view;
  }

  async more(_lastLsn: number, signal: AbortSignal): Promise<boolean> {
    await this.#watching.pause(signal);
    return !signal.aborted;
  }

  async #lookUntilItFits(): Promise<LiveView> {
    for (let looks = 1; ; looks++) {
      let view = await this.#look();
      // Then its writer gets on.
      while (view === undefined) view = await this.#look();
      if (typeof view !== 'string') return view;
      if (looks < looksMax) await this.#watching.pause(never);
      else throw this.#corrupt(view);
    }
  }

  /** Answers what does not fit together, if something does not; undefined if segments were let go of meanwhile. */
  async #look(): Promise<LiveView | string | undefined> {
    try {
      return await this.#lookOnce();
    } catch (error) {
      throw asWalError(error, this.#place);
    }
  }

  async #lookOnce(): Promise<LiveView | string | undefined> {
    const manifest = await this.#readManifest();
    if (manifest === undefined) return `both slots of ${manifestName} are damaged`;
    try {
      const chain = followChain(await this.#readHeaders(manifest), manifest.floor.number);
      const view = await this.#viewOf(manifest, chain);
      // Segments are removed once the manifest has a new floor: with the same floor, none was meanwhile.
      const isSame = (await this.#readManifest())?.floor.number === manifest.floor.number;
      return isSame ? view : undefined;
    } catch (error) {
      if (error instanceof StorageError && error.code === 'not-found')
        return `a segment was there and is gone: ${error.message}`;
      throw error;
    }
  }

  async #readManifest(): Promise<Manifest | undefined> {
    try {
      return await readManifest(this.#place);
    } catch (error) {
      if (!(error instanceof StorageError && error.code === 'not-found')) throw error;
      const { storage, directory } = this.#place;
      throw new WalError(
        'io',
        `there is no log in ${storage.description}${directory}: it has no ${manifestName}`,
        {
          cause: error,
        },
      );
    }
  }

  async #readHeaders({ logId }: Manifest): Promise<SegmentHeader[]> {
    const { storage, directory } = this.#place;
    const names = (await storage.list(directory)).filter((name) => parseSegmentName(name) !== undefined);
    const unknown = names.filter((name) => !this.#headers.has(name));
    const read = await readInventory(this.#place, unknown, logId);
    const known = [...this.#headers].filter(([name]) => names.includes(name));
    this.#headers = new Map(known);
    for (const { identity, header } of read)
      if (header !== undefined) this.#headers.set(identity.name, header);
    return [...this.#headers.values()];
  }

  async #viewOf({ floor, tail }: Manifest, chain: readonly ChainSegment[]): Promise<LiveView | string> {
    const last = chain.at(-1);
    const lastNumber = last?.header.identity.number ?? floor.number - 1;
    if (tail.number > lastNumber || (last === undefined && floor.number > 1))
      return `the manifest names segment ${Math.max(tail.number, floor.number)}, which is not there`;
    const common = { place: this.#place, firstLsn: floor.lsn, cuts: [] };
    if (last === undefined) return { ...common, chain, lastLsn: floor.lsn - 1 };
    const scan = await this.#scanOf(last.header);
    if (tail.number === lastNumber) {
      if (tail.bytes > scan.written.endBytes)
        return `${last.header.identity.name} is damaged at byte ${scan.written.endBytes}, though it was durable up to ${tail.bytes}`;
      scan.admit({ endBytes: tail.bytes, lastLsn: tail.nextLsn - 1 });
    }
    const { endBytes, lastLsn } = scan[this.#watching.show];
    return { ...common, lastLsn, chain: [...chain.slice(0, -1), { header: last.header, endBytes }] };
  }

  async #scanOf(header: SegmentHeader): Promise<TailScan> {
    const scan = this.#scan?.header.crc === header.crc ? this.#scan : new TailScan(header);
    const file = await this.#place.storage.open(pathOf(this.#place, header.identity.name), 'read');
    try {
      await scan.read(file);
    } finally {
      await file.close();
    }
    this.#scan = scan;
    return scan;
  }

  #corrupt(what: string): WalError {
    const { storage, directory } = this.#place;
    return new WalError(
      'corrupt',
      `the log in ${storage.description}${directory} is damaged, or is written by something else: ${what}. Open it for writing to learn what can be done`,
    );
  }
}
