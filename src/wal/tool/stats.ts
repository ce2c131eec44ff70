import { batchHeaderBytes, viewOf } from '../format.ts';
import { pathOf } from '../place.ts';
import { scanSegment } from '../read/scan.ts';
import { recordEnd } from '../record.ts';
import type { Survey } from './survey.ts';

/** Sizes of things, in bytes. */
export interface Distribution {
  readonly count: number;
  readonly total: number;
  readonly min: number;
  readonly max: number;
  /** Of each power of two from 1, how many are below it and not below the one before. */
  readonly byPowerOfTwo: readonly number[];
}

export interface LogStatistics {
  readonly segments: number;
  readonly firstLsn: number;
  readonly nextLsn: number;
  /** Size of the segments' files, and what of it batches fill. */
  readonly fileBytes: number;
  readonly usedBytes: number;
  /** With headers and without: of records as they were encoded, and as they are stored. */
  readonly rawBytes: number;
  readonly storedBytes: number;
  readonly batches: Distribution;
  /** Of payloads. */
  readonly records: Distribution;
  readonly recordsByType: Readonly<Record<number, number>>;
  /** Times of the first and the last batch, milliseconds since 1970. */
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
  readonly damagedPlaces: number;
  readonly cursors: readonly { readonly name: string; readonly lsn: number; readonly behind: number }[];
}

/** Counts what the segments in use hold. Reads everything, writes nothing. */
export async function gatherStatistics(log: Survey): Promise<LogStatistics> {
  const batches = new Tally();
  const records = new Tally();
  const recordsByType: Record<number, number> = {};
  let fileBytes = 0;
  let usedBytes = 0;
  let rawBytes = 0;
  let storedBytes = 0;
  let damagedPlaces = 0;
  let oldestMs: number | undefined;
  let newestMs: number | undefined;
  for (const { header, endBytes } of log.chain) {
    const file = await log.place.storage.open(pathOf(log.place, header.identity.name), 'read');
    try {
      const size = await file.size();
      fileBytes += size;
      usedBytes += header.blockBytes;
      for await (const span of scanSegment(file, header, Math.min(endBytes, size))) {
        if (span.kind === 'damage') damagedPlaces++;
        if (span.kind !== 'batch') continue;
        const { header: batch, body } = span.batch;
        usedBytes += batch.blocks * header.blockBytes;
        oldestMs ??= batch.issuedAtMs;
        newestMs = batch.issuedAtMs;
        if (batch.kind !== 'data') continue;
        batches.add(batchHeaderBytes + batch.storedBytes);
        rawBytes += batch.rawBytes;
        storedBytes += batch.storedBytes;
        const view = viewOf(body);
        for (let offset = 0; offset < body.length; offset = recordEnd(view, offset)) {
          const type = view.getUint8(offset + 8);
          recordsByType[type] = (recordsByType[type] ?? 0) + 1;
          records.add(view.getUint32(offset + 4, true));
        }
      }
    } finally {
      await file.close();
    }
  }
  const firstLsn = log.manifest?.floor.lsn ?? log.chain[0]?.header.baseLsn ?? 1;
  const nextLsn = log.judgement?.nextLsn ?? firstLsn + records.count;
  return {
    segments: log.chain.length,
    firstLsn,
    nextLsn,
    fileBytes,
    usedBytes,
    rawBytes,
    storedBytes,
    batches,
    records,
    recordsByType,
    oldestMs,
    newestMs,
    damagedPlaces,
    cursors: log.cursors.map(({ name, slot }) => {
      const lsn = slot?.lsn ?? 0;
      return { name, lsn, behind: Math.max(0, nextLsn - 1 - Math.max(lsn, firstLsn - 1)) };
    }),
  };
}

class Tally implements Distribution {
  count = 0;
  total = 0;
  min = 0;
  max = 0;
  readonly byPowerOfTwo: number[] = [];

  add(bytes: number): void {
    this.min = this.count === 0 ? bytes : Math.min(this.min, bytes);
    this.max = Math.max(this.max, bytes);
    this.count++;
    this.total += bytes;
    const power = bytes === 0 ? 0 : Math.floor(Math.log2(bytes)) + 1;
    while (this.byPowerOfTwo.length <= power) this.byPowerOfTwo.push(0);
    this.byPowerOfTwo[power] = (this.byPowerOfTwo[power] ?? 0) + 1;
  }
}
