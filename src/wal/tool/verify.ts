import { type LogPlace, pathOf } from '../place.ts';
import { readOrFail } from '../read/batch-cursor.ts';
import { dumpSegment } from './dump-segment.ts';
import { isLogFile, isSameLog, type Survey, survey, whereIs } from './survey.ts';

/** Something that is not as it must be, or that one should know. */
export interface Problem {
  /** `damage`: bytes that may have been acknowledged. `remark`: nothing is lost. */
  readonly level: 'damage' | 'remark';
  readonly file: string;
  /** undefined: the whole file. */
  readonly position: number | undefined;
  readonly what: string;
  /** What could be done. */
  readonly remedy: string;
}

export interface Verification {
  readonly problems: readonly Problem[];
  readonly segments: number;
  readonly batches: number;
  readonly records: number;
  /** Of segments in use, read and checked. */
  readonly bytes: number;
}

const fromMirror = 'mend it from the other copy (repair --mirror), or restore the file';

/** Reads and checks everything in a log's directory. Never writes. */
export async function verifyLog(log: Survey): Promise<Verification> {
  const problems: Problem[] = [...manifestProblems(log), ...cursorProblems(log), ...endProblems(log)];
  let batches = 0;
  let records = 0;
  let bytes = 0;
  const parts = log.segments.filter(({ role }) => role === 'chain');
  for (const [index, segment] of parts.entries()) {
    const { name } = segment.identity;
    const next = parts[index + 1]?.header;
    let nextLsn = segment.header?.baseLsn ?? 0;
    bytes += Math.min(segment.endBytes, segment.fileBytes);
    for await (const item of dumpSegment(log.place, segment, undefined, false)) {
      if (item.kind === 'batch') {
        batches++;
        records += item.header.recordCount;
        nextLsn = item.header.firstLsn + item.header.recordCount;
        continue;
      }
      // What follows the end of the last segment is for the recovery table to judge.
      if (item.kind === 'rest' && next === undefined) continue;
      const good = item.kind === 'damage' ? item.goodLsns.length : 0;
      records += good;
      const kept = good === 0 ? '' : `; ${good} of its records can still be read`;
      problems.push({
        level: 'damage',
        file: name,
        position: item.position,
        what: `${item.fault}, where record ${item.nextLsn} had to begin${kept}`,
        remedy: `${fromMirror}; or read around it: iterate({ damage: 'skip' })`,
      });
      nextLsn =
        item.kind === 'damage' && item.header !== undefined
          ? item.header.firstLsn + item.header.recordCount
          : nextLsn;
    }
    if (next !== undefined && nextLsn !== next.baseLsn && !problems.some(({ file }) => file === name))
      problems.push({
        level: 'damage',
        file: name,
        position: undefined,
        what: `it ends before record ${nextLsn}, and the next segment begins with ${next.baseLsn}`,
        remedy: fromMirror,
      });
  }
  return { problems, segments: parts.length, batches, records, bytes };
}

function manifestProblems({ names, slots, manifest }: Survey): Problem[] {
  if (!names.some(isLogFile)) return [];
  if (manifest === undefined)
    return [
      {
        level: 'damage',
        file: 'manifest',
        position: undefined,
        what: slots.length === 0 ? 'it is missing' : 'both slots are damaged',
        remedy: 'make it anew from the segments (repair), or restore it',
      },
    ];
  return slots
    .filter(({ state }) => state !== 'valid' && state !== 'empty')
    .map(({ offset, state }) => ({
      level: 'remark',
      file: 'manifest',
      position: offset,
      what: `this slot is ${state}; the other one serves`,
      remedy: 'none is needed: the next change to the manifest writes it again',
    }));
}

function cursorProblems({ cursors }: Survey): Problem[] {
  return cursors
    .filter(({ slot }) => slot === undefined)
    .map(({ name }) => ({
      level: 'remark',
      file: `cursor-${name}`,
      position: undefined,
      what: 'no slot is valid: the consumer starts again at the first record, and holds back retention there',
      remedy: 'move the cursor, or remove it',
    }));
}

function endProblems({ judgement }: Survey): Problem[] {
  if (judgement === undefined) return [];
  const { row, file = 'manifest', position, nextLsn, fault, extentBytes } = judgement;
  if (row.judgement === 'corrupt')
    return [
      {
        level: 'damage',
        file,
        position,
        what: `the log cannot be read from record ${nextLsn} on${fault === undefined ? '' : ` (${fault})`}, though ${row.meaning}`,
        remedy: `${fromMirror}; or end the log before it (repair --policy point-in-time); or go on behind it (policy 'salvage')`,
      },
    ];
  if (row.judgement !== 'torn') return [];
  return [
    {
      level: 'remark',
      file,
      position,
      what: `a torn write: ${extentBytes} bytes that nobody was promised follow the last record`,
      remedy: 'none is needed: opening the log leaves them out',
    },
  ];
}

/** Compares two copies of a log: what stands in one alone, and where their bytes differ. Each is verified by itself beside. */
export async function compareCopies(left: Survey, right: Survey): Promise<Problem[]> {
  if (!isSameLog(left, right))
    return [
      {
        level: 'damage',
        file: 'manifest',
        position: undefined,
        what: 'the two directories hold different logs, or what log one of them holds cannot be told',
        remedy: 'name the two copies of one log',
      },
    ];
  const names = [...new Set([...left.names, ...right.names])].filter(isLogFile).sort();
  const problems: Problem[] = [];
  for (const name of names) {
    const missing = [left, right].find((copy) => !copy.names.includes(name));
    const position = missing === undefined ? await firstDifference(left.place, right.place, name) : undefined;
    if (missing === undefined && position === undefined) continue;
    const what = missing === undefined ? 'the two copies differ' : `it is not in ${whereIs(missing.place)}`;
    problems.push({
      level: 'damage',
      file: name,
      position,
      what,
      remedy: 'open the log with both copies, or repair --mirror',
    });
  }
  return problems;
}

const chunkBytes = 256 * 1024;

/** undefined: they are the same. */
async function firstDifference(left: LogPlace, right: LogPlace, name: string): Promise<number | undefined> {
  const one = await left.storage.open(pathOf(left, name), 'read');
  try {
    const other = await right.storage.open(pathOf(right, name), 'read');
    try {
      const length = Math.max(await one.size(), await other.size());
      for (let at = 0; at < length; at += chunkBytes) {
        const ours = await readOrFail(one, at, Math.min(chunkBytes, length - at));
        const theirs = await readOrFail(other, at, Math.min(chunkBytes, length - at));
        if (ours === undefined || theirs === undefined) return at;
        if (Buffer.compare(ours, theirs) === 0) continue;
        const index = ours.findIndex((byte, offset) => byte !== theirs[offset]);
        return at + (index < 0 ? ours.length : index);
      }
      return undefined;
    } finally {
      await other.close();
    }
  } finally {
    await one.close();
  }
}

/** Verifies a log, and its other copy and the two against each other where one is named. */
export async function verifyPlace(place: LogPlace, mirror?: LogPlace): Promise<Verification> {
  const log = await survey(place);
  const own = await verifyLog(log);
  if (mirror === undefined) return own;
  const copy = await survey(mirror);
  const theirs = await verifyLog(copy);
  const inMirror = theirs.problems.map((problem) => ({
    ...problem,
    file: `${whereIs(mirror)}/${problem.file}`,
  }));
  return { ...own, problems: [...own.problems, ...inMirror, ...(await compareCopies(log, copy))] };
}
