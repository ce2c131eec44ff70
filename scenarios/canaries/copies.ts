import { LogError } from './error.ts';
import { Log, type LogItem, type LogOptions } from './log.ts';
import type { LogPlace } from './segment.ts';

/**
 * The log twice, on two disks: what one lost, the other has. Both are written alike, one after the other, and either may
 * have come further when the power goes.
 *
 * On open, both are read. A copy that is damaged or cannot be read is left as it is, and the other one counts alone. Of two
 * that can be read the longer one counts, since a disk may answer a read with what was there before; what the shorter one
 * lacks is added to it. So a copy is never believed because it looks right by itself.
 */
export class Copies {
  readonly recovered: Readonly<Record<string, unknown>>;
  readonly #logs: readonly Log[];
  /** The one that readers are shown. */
  readonly #shown: Log;

  /** Rejects as {@link Log.open} does where no copy can be opened. */
  static async open(places: readonly LogPlace[], options: LogOptions): Promise<Copies> {
    const logs: Log[] = [];
    const refusals: unknown[] = [];
    // One after the other: which came first would else be chance, and no run like the one before.
    for (const place of places) {
      await Log.open(place, options).then(
        (log) => logs.push(log),
        (refusal) => refusals.push(refusal),
      );
      // A planted bug: the first copy is gone, and nobody asks for the second.
      if (refusals.length > 0 && options.variant === 'one-copy-read') break;
    }
    if (logs.length === 0) throw refusals[0];
    const longest = await findLongest(logs, options);
    return new Copies(logs, longest, places.length);
  }

  private constructor(logs: readonly Log[], shown: Log, copies: number) {
    this.#logs = logs;
    this.#shown = shown;
    this.recovered = { ...shown.recovered, copiesLeft: logs.length, copies };
  }

  async append(items: readonly Uint8Array[]): Promise<number> {
    return this.#onShown((log) => log.append(items));
  }

  sync(): Promise<void> {
    return this.#onShown((log) => log.sync());
  }

  scan(): Promise<LogItem[]> {
    return this.#shown.scan();
  }

  truncateBefore(number: number): Promise<void> {
    return this.#onShown((log) => log.truncateBefore(number));
  }

  close(): Promise<void> {
    return this.#onShown((log) => log.close());
  }

  /** On all copies; answers what the one that is shown answered. */
  async #onShown<T>(work: (log: Log) => Promise<T>): Promise<T> {
    const answer = await work(this.#shown);
    for (const log of this.#logs) if (log !== this.#shown) await work(log);
    return answer;
  }
}

/** The copy that has come furthest, once the others have what they lacked. */
async function findLongest(logs: readonly Log[], { variant }: LogOptions): Promise<Log> {
  const [first] = logs;
  if (first === undefined) throw new LogError('corrupt', 'no copy can be read');
  // The planted bugs: only the first is ever looked at, or the first that can be read is believed.
  if (variant === 'one-copy-read' || variant === 'trusts-stale-read') return first;
  const read: { readonly log: Log; readonly items: LogItem[] }[] = [];
  for (const log of logs) read.push({ log, items: await log.scan() });
  const longest = read.reduce((best, one) => (one.items.length > best.items.length ? one : best));
  for (const { log, items } of read) {
    const missing = longest.items.slice(items.length).map(({ data }) => data);
    if (missing.length === 0) continue;
    await log.append(missing);
    await log.sync();
  }
  return longest.log;
}
