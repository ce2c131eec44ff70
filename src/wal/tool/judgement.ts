import type { ChainSegment } from '../chain.ts';
import type { Manifest } from '../manifest.ts';
import type { LogPlace } from '../place.ts';
import { type Clues, gatherEvidence, readStray, type Stray } from '../recovery/evidence.ts';
import { columns, type Evidence, judge, type Row } from '../recovery/recovery-table.ts';
import { readTail, type Tail } from '../recovery/tail.ts';
import type { CursorSurvey, SegmentSurvey } from './survey.ts';

/** How recovery would judge the end of a log, and by what. */
export interface Judgement {
  readonly row: Row;
  readonly evidence: readonly Sign[];
  /** Where reading stopped; undefined: there is no segment. */
  readonly file: string | undefined;
  readonly position: number;
  readonly nextLsn: number;
  readonly fault: string | undefined;
  /** Bytes behind it, up to the last that is not zero. */
  readonly extentBytes: number;
}

/** One column of the recovery table. */
export interface Sign {
  readonly column: keyof Evidence;
  readonly seen: boolean;
  /** Where it was seen, or what was looked at. */
  readonly where: string;
}

export interface LogParts {
  readonly place: LogPlace;
  readonly manifest: Manifest;
  readonly segments: readonly SegmentSurvey[];
  readonly chain: readonly ChainSegment[];
  readonly cursors: readonly CursorSurvey[];
  readonly knownDurableLsn: number;
}

/** As recovery does it, but for changing nothing (recovery/recover.ts). */
export async function judgeLog(parts: LogParts): Promise<Judgement> {
  const { place, manifest, segments, chain, cursors } = parts;
  const last = chain.at(-1)?.header;
  const lastNumber = last?.identity.number ?? manifest.floor.number - 1;
  const files = segments.map(({ identity, header, headerState }) => ({
    identity,
    header,
    unreadable: headerState === 'unreadable',
  }));
  const strays: Stray[] = [];
  for (const file of files) if (file.identity.number > lastNumber) strays.push(await readStray(place, file));
  const tailBytes = manifest.tail.number === lastNumber ? manifest.tail.bytes : 0;
  const tail = last === undefined ? undefined : await readTail(place, last, tailBytes);
  const cursorLsn = Math.max(0, ...cursors.map(({ slot }) => slot?.lsn ?? 0));
  const knownDurableLsn = Math.max(parts.knownDurableLsn, cursorLsn);
  const clues = { manifest, files, tail, strays, knownDurableLsn };
  const evidence = gatherEvidence(clues);
  const where = explain(clues, cursors);
  return {
    row: judge(evidence),
    evidence: columns.map((column) => ({ column, seen: evidence[column], where: where[column] })),
    file: last?.identity.name,
    position: tail?.end.endBytes ?? 0,
    nextLsn: tail?.nextLsn ?? manifest.floor.lsn,
    fault: tail?.fault,
    extentBytes: tail?.rest.extentBytes ?? 0,
  };
}

/** For each column, what it was looked for in. */
function explain(clues: Clues, cursors: readonly CursorSurvey[]): Readonly<Record<keyof Evidence, string>> {
  const { manifest, tail, strays, knownDurableLsn } = clues;
  const name = tail?.header.identity.name ?? 'no segment';
  const position = tail?.end.endBytes ?? 0;
  const named = ({ file }: Stray) => file.identity.name;
  const list = (found: readonly Stray[]) =>
    found.length === 0 ? 'no file above the chain' : found.map(named).join(', ');
  const withHeader = strays.filter(({ file }) => file.header !== undefined);
  const { published, tail: manifestTail } = manifest;
  const cursor = cursors.find(({ slot }) => slot?.lsn === knownDurableLsn && knownDurableLsn > 0);
  return {
    readFailed:
      tail?.fault === 'the disk cannot read it'
        ? `${name} at byte ${position}`
        : list(strays.filter(({ file }) => file.unreadable)),
    fileShort: `${name} has ${tail?.fileBytes ?? 0} bytes, its header says ${tail?.header.segmentBytes ?? 0}`,
    covered: `valid headers above the chain: ${list(withHeader)}`,
    published: `the manifest names segment ${published.number} as the last one made ready`,
    manifestBeyond: `the manifest's tail is byte ${manifestTail.bytes} of segment ${manifestTail.number}; reading stopped at byte ${position} of ${name}`,
    knownBeyond: `known durable: LSN ${knownDurableLsn}${cursor === undefined ? '' : ` (cursor ${cursor.name})`}; expected next: ${tail?.nextLsn ?? manifest.floor.lsn}`,
    promised: `durable as promised by ${name}: ${tail?.promisedBytes ?? 0} bytes; by files without a header: ${
      strays
        .filter(({ promisedBytes }) => promisedBytes > 0)
        .map(named)
        .join(', ') || 'none'
    }`,
    tooLong: `${tail?.rest.extentBytes ?? 0} bytes behind the end hold something; at most ${tail?.header.unsyncedBytesMax ?? 0} can be in flight`,
    restZero: `from byte ${position} of ${name} on${strays.length === 0 ? '' : `, and ${list(strays)}`}`,
    closed: `the last batch is ${article(tail)}; the manifest's tail is byte ${manifestTail.bytes} of segment ${manifestTail.number}`,
  };
}

function article(tail: Tail | undefined): string {
  if (tail?.lastKind === undefined) return 'none';
  return `a ${tail.lastKind === 'data' ? 'data batch' : tail.lastKind}`;
}
