import { WalError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { type LogPlace, pathOf } from '../place.ts';
import type { RecoveryReport } from '../report.ts';
import { lowerCursors } from '../retention/cursors.ts';
import { removeIfThere } from '../storage/storage-calls.ts';
import type { ActiveSegmentState } from '../write/active-segment.ts';
import type { LogContext } from '../write/prepare.ts';
import { SegmentWriter, type WriterStart } from '../write/segment-writer.ts';
import type { SegmentFile } from './inventory.ts';
import type { Findings } from './recover.ts';

/**
 * Makes a log writable again, as its findings ask for: behind a clean end nothing has to be done; what is unsure is moved;
 * damage is refused or, with `point-in-time`, set aside.
 */
export async function resumeLog(
  context: LogContext,
  findings: Findings,
): Promise<{ readonly writer: SegmentWriter; readonly report: RecoveryReport }> {
  const { place, manifest, settings } = context;
  const isCorrupt = findings.row.judgement === 'corrupt';
  const movedRecords = findings.unsure.reduce((sum, { header }) => sum + header.recordCount, 0);
  const report = (segments: number, quarantined: readonly string[] = []) =>
    makeReport(findings, { firstLsn: manifest.current.floor.lsn, segments, movedRecords, quarantined });
  const isSalvage = isCorrupt && settings.policy === 'salvage';
  const damaged = isCorrupt && !isSalvage ? filesAbove(findings) : [];
  const quarantined = await quarantine(place, damaged);
  const moves = isCorrupt || movedRecords > 0 || hasUnprovenHead(findings) || mayHoldMore(context);
  const writer = new SegmentWriter(context, await planStart(context, findings, moves));
  try {
    if (moves) await writer.move(findings.unsure);
    // Salvage gives no LSN again that was given.
    if (isSalvage) await writer.skipTo(findings.nextLsn);
    // The log ends here from now on: no cursor may say that it went further (I18).
    if (isCorrupt) await lowerCursors(place, manifest.current.logId, settings.now, writer.writtenLsn);
    // Salvage leaves what is damaged where it is: nobody can tell what of it belongs to the log.
    const superseded = isSalvage
      ? []
      : filesOutside(findings, writer).filter((file) => !damaged.includes(file));
    if (isCorrupt) quarantined.push(...(await quarantine(place, superseded)));
    else
      for (const { identity } of superseded) await removeIfThere(place.storage, pathOf(place, identity.name));
  } catch (error) {
    await writer.close();
    throw error;
  }
  return { writer, report: report(writer.durableChain.length, quarantined) };
}

/** Throws `corrupt` if damage may have cost what was acknowledged and the policy is `strict`. */
export function refuseDamage(place: LogPlace, findings: Findings, { policy }: Settings): void {
  if (findings.row.judgement !== 'corrupt' || policy !== 'strict') return;
  const { manifest, chain, unsure } = findings;
  const movedRecords = unsure.reduce((sum, { header }) => sum + header.recordCount, 0);
  const firstLsn = manifest.current.floor.lsn;
  throw refusal(
    place,
    makeReport(findings, { firstLsn, segments: chain.length, movedRecords, quarantined: [] }),
  );
}

/**
 * Whether the log ends with the header of a move that moved no record, and that is not proven durable: what it supersedes would come
 * back with a power cut, so it is written again.
 */
function hasUnprovenHead({ tail }: Findings): boolean {
  return tail !== undefined && tail.provenBytes === 0 && tail.header.durableBytes > 0;
}

/**
 * Whether a copy could not be read while the other one was taken for the log: it alone may hold what was in flight, and would show it
 * once it can be read. So what counts as the end is made durable before anyone is shown it.
 */
function mayHoldMore({ mirror }: LogContext): boolean {
  return mirror !== undefined && mirror.refusals > 0;
}

async function planStart(context: LogContext, findings: Findings, moves: boolean): Promise<WriterStart> {
  const { chain, proven, nextLsn, files, spare } = findings;
  const active = moves ? undefined : await openForResume(context, findings);
  return {
    chain,
    point: proven.point,
    nextLsn: moves ? proven.nextLsn : nextLsn,
    highestNumber: Math.max(context.manifest.current.published.number, files.at(-1)?.identity.number ?? 0),
    ...(active !== undefined && { resume: active }),
    // Among damage, a segment that is all zeros may have lost what it held: it is set aside with the rest.
    ...(spare !== undefined && findings.row.judgement !== 'corrupt' && { spare: spare.identity }),
  };
}

/** The last segment, if the log was closed in it and today's options fit it. */
async function openForResume(
  { place, settings }: LogContext,
  { row, tail }: Findings,
): Promise<ActiveSegmentState | undefined> {
  if (row.judgement !== 'clean' || tail === undefined || tail.lastKind !== 'clean-end') return undefined;
  const { header, end, index } = tail;
  const fits =
    header.blockBytes === settings.blockBytes &&
    header.codec === settings.codec &&
    header.batchBytesMax >= settings.batchBytesMax &&
    header.unsyncedBytesMax >= settings.unsyncedBytesMax;
  if (!fits) return undefined;
  return {
    header,
    file: await place.storage.open(pathOf(place, header.identity.name), 'write'),
    position: end.endBytes,
    chain: end.chain,
    durableBytes: end.endBytes,
    index,
  };
}

function filesAbove({ files, chain }: Findings): SegmentFile[] {
  const last = chain.at(-1)?.header.identity.number ?? 0;
  return files.filter(({ identity }) => identity.number > last);
}

/** Segment files below the end of the chain that it skips: whatever they held is in the chain (I14). */
function filesOutside({ files }: Findings, writer: SegmentWriter): SegmentFile[] {
  const numbers = new Set(writer.durableChain.map(({ header }) => header.identity.number));
  const last = Math.max(0, ...numbers);
  return files.filter(({ identity }) => identity.number < last && !numbers.has(identity.number));
}

/** Sets files aside under another name. Nothing ever reads or deletes them again. */
async function quarantine(place: LogPlace, files: readonly SegmentFile[]): Promise<string[]> {
  const names: string[] = [];
  for (const { identity } of files) {
    const name = `${identity.name}.quarantine`;
    await place.storage.rename(pathOf(place, identity.name), pathOf(place, name));
    names.push(name);
  }
  return names;
}

interface ReportParts {
  readonly firstLsn: number;
  readonly segments: number;
  readonly movedRecords: number;
  readonly quarantined: readonly string[];
}

function makeReport(findings: Findings, parts: ReportParts): RecoveryReport {
  const { row, nextLsn, discardedBytes, stop } = findings;
  return {
    tail: row.judgement,
    row: row.name,
    nextLsn,
    discardedBytes,
    mended: [],
    warnings: [],
    ...parts,
    ...(stop !== undefined && { stop }),
    ...(row.judgement === 'corrupt' && { damage: describeDamage(findings) }),
  };
}

function describeDamage({ row, stop, nextLsn }: Findings): string {
  const where = stop === undefined ? '' : `${stop.file} at byte ${stop.position} (${stop.fault}): `;
  return `${where}the log cannot be read from record ${stop?.lsn ?? nextLsn} on, though ${row.meaning}`;
}

function refusal(place: LogPlace, report: RecoveryReport): WalError {
  return new WalError(
    'corrupt',
    `the log in ${place.storage.description}${place.directory} is damaged. ${report.damage ?? ''}. Nothing was changed. Restore the file, or open the log with policy 'point-in-time' to end it before the damage, or with 'salvage' to go on behind it`,
    { report },
  );
}
