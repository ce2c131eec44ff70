import { type TailOptions, tail } from './follow/live-iterator.ts';
import type { LiveView } from './follow/live-log.ts';
import { OwnLog } from './follow/own-log.ts';
import type { LogRecord } from './record.ts';
import type { OpenLog } from './recovery/open-log.ts';
import type { Cursor } from './retention/cursor.ts';
import { Cursors } from './retention/cursors.ts';
import { Retention } from './retention/retention.ts';
import { SealedHook } from './retention/sealed-hook.ts';
import type { Committer } from './write/committer.ts';

/** Those who live off an open log beside its writer: tails, cursors, and what is let go of when all are done with it. */
export class Consumers {
  readonly #live: OwnLog;
  readonly #cursors: Cursors;
  readonly #retention: Retention;
  readonly #place: OpenLog['context']['place'];

  constructor({ context, writer }: OpenLog, committer: Committer, view: () => Omit<LiveView, 'cuts'>) {
    const { place, manifest, settings, observer } = context;
    this.#place = place;
    this.#live = new OwnLog(view);
    this.#cursors = new Cursors(
      { ...place, logId: manifest.current.logId, now: settings.now },
      {
        firstLsn: () => manifest.current.floor.lsn,
        durableLsn: () => writer.durableLsn,
        guard: (work) => committer.attempt(work),
      },
    );
    this.#retention = new Retention(
      {
        chain: () => writer.durableChain,
        lowestCursorLsn: () => this.#cursors.lowest(),
        now: settings.now,
        truncateBefore: (lsn) => committer.guard(() => writer.truncateBefore(lsn)),
      },
      settings.retention,
      new SealedHook(settings.onSegmentSealed),
    );
    observer.followers = {
      durable: () => this.#live.wake(),
      sealed: (segment) => this.#retention.sealed(segment),
      rolled: () => this.#retention.rolled(),
      failed: (error) => this.#live.fail(error),
    };
  }

  tail(options: TailOptions): AsyncIterableIterator<LogRecord> {
    return tail(this.#place, this.#live, options);
  }

  cursor(name: string): Promise<Cursor> {
    return this.#cursors.open(name);
  }

  applyRetention(): Promise<number> {
    return this.#retention.apply();
  }

  truncateBefore(lsn: number): Promise<void> {
    return this.#retention.truncateBefore(lsn);
  }

  /** Cuts the log behind `lsn`, once no cursor names a later one (I18). */
  truncateAfter(lsn: number, cut: () => Promise<void>): Promise<void> {
    return this.#cursors.lower(lsn, async () => {
      await cut();
      this.#live.cut(lsn);
    });
  }

  /** Before the log's last barrier: nothing more is removed, and no cursor moves. */
  async stop(): Promise<void> {
    await this.#retention.close();
    await this.#cursors.close();
  }

  /** After it: tails end when they have seen all. */
  end(): void {
    this.#live.close();
  }
}
