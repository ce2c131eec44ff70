import { manifestName } from '../manifest.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { scanSegment } from '../read/scan.ts';
import { parseCursorFileName } from '../retention/cursor-slot.ts';
import type { StorageFile } from '../storage.ts';
import { type Piece, replaceFile, setAside } from './replace-file.ts';
import type { SegmentSurvey, Survey } from './survey.ts';

/** A file that the other copy can mend. */
export interface Mend {
  readonly file: string;
  readonly what: string;
  /** Answers what was done. */
  apply(): Promise<string[]>;
}

/** A stretch of a segment that is not valid in one copy. */
interface Region {
  readonly position: number;
  readonly end: number;
}

/** What of a log's files is missing or damaged here, and whole in the other copy. `lost`: what is whole in neither. */
export async function planMending(
  log: Survey,
  other: Survey,
): Promise<{ readonly mends: readonly Mend[]; readonly lost: readonly string[] }> {
  const mends: Mend[] = [];
  const lost: string[] = [];
  for (const theirs of other.segments) {
    const { name } = theirs.identity;
    const ours = log.segments.find(({ identity }) => identity.name === name);
    // One that was made ready and never used is missed, too: the manifest names it.
    if (ours === undefined && (theirs.header !== undefined || theirs.headerState === 'zeros'))
      mends.push(copyWhole(log.place, other.place, name, theirs.fileBytes));
    if (ours === undefined || theirs.header === undefined) continue;
    const here = await damageIn(log.place, ours, theirs);
    const there = await damageIn(other.place, theirs, theirs);
    const damaged = [...here.regions, ...missingEnd(here, there)];
    const both = damaged.filter((region) => there.regions.some((each) => overlap(region, each)));
    const mendable = damaged.filter((region) => !both.includes(region));
    for (const { position, end } of both)
      lost.push(`${name}: bytes ${position} to ${end} are damaged in both copies`);
    if (mendable.length > 0) mends.push(mendRegions(log.place, other.place, theirs, mendable));
  }
  for (const name of other.names) {
    const isSmall = name === manifestName || parseCursorFileName(name) !== undefined;
    if (isSmall && isBetter(log, other, name)) mends.push(copyWhole(log.place, other.place, name, 0));
  }
  return { mends, lost };
}

function isBetter(log: Survey, other: Survey, name: string): boolean {
  if (name === manifestName) {
    return (other.manifest?.generation ?? 0) > (log.manifest?.generation ?? 0);
  }
  const slotOf = (survey: Survey) =>
    survey.cursors.find((cursor) => `cursor-${cursor.name}` === name)?.slot?.generation ?? 0;
  return slotOf(other) > slotOf(log);
}

interface Damage {
  readonly regions: readonly Region[];
  /** Where the last batch ends. */
  readonly end: number;
}

/** `theirs`: the segment in the copy whose header is good. */
async function damageIn(place: LogPlace, segment: SegmentSurvey, theirs: SegmentSurvey): Promise<Damage> {
  const { header, endBytes } = theirs;
  if (header === undefined) return { regions: [], end: 0 };
  const regions: Region[] = [];
  if (segment.header === undefined) regions.push({ position: 0, end: header.blockBytes });
  const file = await place.storage.open(pathOf(place, segment.identity.name), 'read');
  let end = endBytes;
  try {
    for await (const span of scanSegment(file, header, endBytes)) {
      if (span.kind === 'rest') end = span.position;
      if (span.kind === 'damage') regions.push({ position: span.position, end: span.position + span.bytes });
    }
  } finally {
    await file.close();
  }
  return { regions, end };
}

/** Batches behind the last one here, which the other copy has. */
function missingEnd(here: Damage, there: Damage): Region[] {
  return here.end < there.end ? [{ position: here.end, end: there.end }] : [];
}

function overlap(left: Region, right: Region): boolean {
  return left.position < right.end && right.position < left.end;
}

function copyWhole(place: LogPlace, from: LogPlace, name: string, bytes: number): Mend {
  return {
    file: name,
    what: `missing or older here: it is copied from the other copy${bytes === 0 ? '' : ` (${bytes} bytes)`}`,
    async apply() {
      const source = await from.storage.open(pathOf(from, name), 'read');
      try {
        const done: string[] = [];
        if ((await place.storage.list(place.directory)).includes(name)) {
          const old = await place.storage.open(pathOf(place, name), 'read');
          const size = await old.size();
          await old.close();
          done.push(`kept the old ${name} as ${await setAside(place, name, 0, size)}`);
        }
        await replaceFile(place, name, [{ from: source, position: 0, bytes: await source.size() }]);
        return [...done, `copied ${name} from the other copy`];
      } finally {
        await source.close();
      }
    },
  };
}

function mendRegions(
  place: LogPlace,
  from: LogPlace,
  theirs: SegmentSurvey,
  regions: readonly Region[],
): Mend {
  const { name } = theirs.identity;
  const list = regions.map(({ position, end }) => `${position} to ${end}`).join(', ');
  return {
    file: name,
    what: `bytes ${list} are damaged here and good in the other copy: they are taken from there`,
    async apply() {
      const done: string[] = [];
      for (const { position, end } of regions)
        done.push(`kept the damaged bytes as ${await setAside(place, name, position, end - position)}`);
      const ours = await place.storage.open(pathOf(place, name), 'read');
      const source = await from.storage.open(pathOf(from, name), 'read');
      try {
        await replaceFile(place, name, piecesOf(ours, source, regions, theirs.fileBytes));
      } finally {
        await source.close();
        await ours.close();
      }
      return [...done, `mended ${name}`];
    },
  };
}

function piecesOf(
  ours: StorageFile,
  theirs: StorageFile,
  regions: readonly Region[],
  fileBytes: number,
): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const { position, end } of regions) {
    if (position > at) pieces.push({ from: ours, position: at, bytes: position - at });
    pieces.push({ from: theirs, position, bytes: end - position });
    at = end;
  }
  if (at < fileBytes) pieces.push({ from: ours, position: at, bytes: fileBytes - at });
  return pieces;
}
