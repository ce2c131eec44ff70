import { LogError } from './error.ts';
import type { SegmentContent, SegmentHeader } from './format.ts';
import {
  type ActiveSegment,
  createSegment,
  type LogPlace,
  pathIn,
  readSegment,
  segmentNumbers,
  segmentPath,
  unfinishedSuffix,
} from './segment.ts';
import type { Planted } from './variants.ts';

/** The log as recovery leaves it: everything that it answers is durable. */
export interface Recovered {
  /** The segments that count, oldest first; `active` is not among them. */
  readonly segments: readonly SegmentHeader[];
  readonly active: ActiveSegment | undefined;
  /** The number of the next item. */
  readonly next: number;
  /** For the next segment: above all that were ever there. */
  readonly nextSegment: number;
  readonly clean: boolean;
}

type Segment = SegmentHeader & SegmentContent;

/**
 * Reads the log and decides, segment by segment:
 *
 *   a later segment starts at or before its base      it was superseded: let it go
 *   not the last, and whole up to the next one's base it counts
 *   not the last, and not whole                       corrupt: it was synced before the next one was started
 *   the last, with a clean end                        it counts; new records go to a new segment
 *   the last, and a record behind its end promises
 *   more than there is                                corrupt: what is missing was durable
 *   the last, otherwise                               a crash came; whatever is readable is copied to a new segment
 *
 * The old segment of a crash is never written to again, since nobody knows what of it is on disk: bytes read back may be
 * in the page cache alone, even after an fsync that answered 0 (an earlier one may have failed, and its pages count as clean
 * since). The new segment supersedes it in one durable rename. A crash before that leaves all as it was; a crash after
 * that leaves at most an old segment to let go.
 */
export async function recover(place: LogPlace, planted: Planted): Promise<Recovered> {
  const { storage } = place;
  const names = await storage.list(place.directory);
  for (const name of names.filter((candidate) => candidate.endsWith(unfinishedSuffix)))
    await storage.remove(pathIn(place, name));
  const all: Segment[] = [];
  for (const number of segmentNumbers(names)) all.push(await readSegment(place, number, planted));
  const live = all.filter(
    (segment, index) => !all.slice(index + 1).some((later) => later.base <= segment.base),
  );
  const damaged = live.findIndex((segment, index) => isDamaged(segment, live[index + 1], planted));
  if (damaged !== -1 && planted('truncates-at-damage')) live.splice(damaged + 1);
  else if (damaged !== -1) throw damage(place, live[damaged], live[damaged + 1]);
  for (const { number } of all.filter((segment) => !live.includes(segment)))
    await storage.remove(segmentPath(place, number));
  return settle(place, live, (all.at(-1)?.number ?? 0) + 1, planted);
}

function isDamaged(segment: Segment, successor: Segment | undefined, planted: Planted): boolean {
  if (successor === undefined) return segment.promised > segment.next;
  return segment.next !== successor.base && !planted('recovers-twice');
}

function damage(place: LogPlace, segment: Segment | undefined, successor: Segment | undefined): LogError {
  const known = successor === undefined ? segment?.promised : successor.base;
  return new LogError(
    'corrupt',
    `${segmentPath(place, segment?.number ?? 0)}: it ends before item ${segment?.next}, and items below ${known} were durable`,
  );
}

async function settle(
  place: LogPlace,
  live: readonly Segment[],
  nextSegment: number,
  planted: Planted,
): Promise<Recovered> {
  const last = live.at(-1);
  if (last === undefined || last.ended || planted('shows-unsynced'))
    return {
      segments: live,
      active: undefined,
      next: last?.next ?? 0,
      nextSegment,
      clean: last?.ended ?? true,
    };
  const segments = live.slice(0, -1);
  if (planted('appends-after-torn-tail')) {
    const file = await place.storage.open(segmentPath(place, last.number), 'write');
    const active = { header: last, file, tail: await file.size(), unsynced: true };
    return { segments, active, next: last.next, nextSegment, clean: false };
  }
  const base = planted('recovers-twice') ? last.next : last.base;
  const copied = last.next - last.base;
  const letGo = () => place.storage.remove(segmentPath(place, last.number));
  const early = planted('unlink-before-rename');
  const header = { number: nextSegment, base };
  const active = await createSegment(place, header, last.records, planted, early ? letGo : undefined);
  if (!early) await letGo();
  return { segments, active, next: base + copied, nextSegment: nextSegment + 1, clean: false };
}
