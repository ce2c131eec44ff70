import { decodeSegmentHeader, equalBytes, identify, segmentHeaderBytes } from '../format.ts';
import { makeFile } from '../make-file.ts';
import { encodeManifest, manifestName, slotOffsets } from '../manifest.ts';
import { type LogPlace, pathOf } from '../place.ts';
import { readOrFail } from '../read/batch-cursor.ts';
import { provenPoint, readTail } from '../recovery/tail.ts';
import { setAside } from './replace-file.ts';
import type { Survey } from './survey.ts';

/** A manifest as the segments show it must have been, at least; or why that would be a guess. */
export type Rebuilt = { readonly bytes: Uint8Array; readonly summary: string } | { readonly refusal: string };

/**
 * What the manifest said, as far as the segments prove it. It holds lower bounds, so it may say less than it did, never more.
 * `firstLsn`: the caller knows that the log starts there.
 */
export async function rebuildManifest(log: Survey, firstLsn: number | undefined): Promise<Rebuilt> {
  const refusal = await reasonToRefuse(log, firstLsn);
  if (refusal !== undefined) return { refusal };
  const { logId, chain, place } = log;
  const first = chain[0]?.header;
  const last = chain.at(-1)?.header;
  if (logId === undefined || first === undefined || last === undefined)
    return { refusal: 'no segment has a valid header, so nothing says whose they are' };
  const tail = await readTail(place, last, 0);
  const proven = provenPoint(tail);
  const isProven = proven.point.number === last.identity.number;
  const bytes = encodeManifest({
    generation: 1,
    logId,
    createdAtMs: first.createdAtMs,
    floor: { number: first.identity.number, lsn: first.baseLsn },
    published: { number: last.identity.number, epoch: last.identity.epoch },
    tail: isProven
      ? { number: proven.point.number, bytes: proven.point.endBytes, nextLsn: proven.nextLsn }
      : { number: 0, bytes: 0, nextLsn: first.baseLsn },
    copies: 1,
  });
  const summary = `the log starts at segment ${first.identity.number} with LSN ${first.baseLsn}; the last segment is ${last.identity.number}`;
  return { bytes, summary };
}

async function reasonToRefuse(
  { place, logId, segments, chain }: Survey,
  firstLsn: number | undefined,
): Promise<string | undefined> {
  const [first] = chain;
  if (logId === undefined || first === undefined)
    return 'no segment has a valid header, so nothing says whose they are';
  const foreign = await foreignSegment(
    place,
    segments.map(({ identity }) => identity),
    logId,
  );
  if (foreign !== undefined) return `${foreign} is of another log: take it out of the directory first`;
  const damaged = segments.find(({ headerState }) => headerState !== 'valid' && headerState !== 'zeros');
  if (damaged !== undefined)
    return `the header of ${damaged.identity.name} is damaged (${damaged.headerState}), so what belongs to the log cannot be told`;
  const beyond = segments.find(({ role }) => role === 'beyond');
  if (beyond !== undefined)
    return `segments between ${chain.at(-1)?.header.identity.name} and ${beyond.identity.name} are missing`;
  const { baseLsn, predecessor } = first.header;
  if (predecessor.number > 0 && firstLsn !== baseLsn)
    return `the first segment goes on from segment ${predecessor.number}, which is not there: whether that was let go of or lost is not written anywhere. If the log is meant to start with LSN ${baseLsn}, say so (--first-lsn ${baseLsn})`;
  return undefined;
}

async function foreignSegment(
  place: LogPlace,
  identities: readonly { readonly number: number; readonly epoch: number; readonly name: string }[],
  logId: Uint8Array,
): Promise<string | undefined> {
  for (const { number, epoch, name } of identities) {
    const file = await place.storage.open(pathOf(place, name), 'read');
    try {
      const bytes = await readOrFail(file, 0, segmentHeaderBytes);
      const id = bytes?.slice(48, 64);
      if (bytes === undefined || id === undefined || equalBytes(id, logId)) continue;
      if (typeof decodeSegmentHeader(bytes, id, identify(id, number, epoch)) !== 'string') return name;
    } finally {
      await file.close();
    }
  }
  return undefined;
}

/** Puts a manifest in place; the damaged one is kept beside it. Answers what was done. */
export async function writeManifest(log: Survey, bytes: Uint8Array): Promise<string[]> {
  const { place } = log;
  const { storage } = place;
  const done: string[] = [];
  if (log.names.includes(manifestName)) {
    const damaged = await storage.open(pathOf(place, manifestName), 'read');
    const size = await damaged.size();
    await damaged.close();
    done.push(`kept the damaged manifest as ${await setAside(place, manifestName, 0, size)}`);
  }
  await makeFile(place, manifestName, 'manifest.tmp', (file) => file.write([bytes], slotOffsets[1] ?? 0));
  return [...done, 'made a new manifest'];
}
