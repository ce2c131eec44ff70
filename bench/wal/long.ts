import * as fs from 'node:fs';
import { join, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { hugeRange, hugeText, makeHugeLog, oneTebibyte } from '../../src/wal/fixtures/huge-log.ts';
import { openFileStorage, Wal } from '../../src/wal/index.ts';
import { printTable } from '../table.ts';

/**
 * What only a long life shows: `node dist/bench/wal/long.js [DIRECTORY] [RECORDS]`, by default in the current directory with
 * ten million records. Needs 6 GiB of room. Answers 1 where a bound does not hold.
 *
 * Memory stays flat while records are appended, synced now and then, and iterated. A segment longer than 4 GiB is written,
 * read at open, and gone on with. A log of 1 TiB in sparse files is opened, its records found, and gone on with.
 */

const payloadBytes = 64;
const recordsPerSync = 10_000;
const samplesPerPhase = 10;
/** Of the whole process, with the code that it runs. */
const residentBytesMax = 256 * 2 ** 20;
/** Of the heap with all that hangs on it, within the appends and within the iteration, after the first tenth of each. */
const growthBytesMax = 8 * 2 ** 20;

interface Sample {
  readonly phase: 'append' | 'iterate';
  readonly records: number;
  readonly residentBytes: number;
  /** After a collection: what is still reachable, buffers included. */
  readonly heldBytes: number;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function takeSample(phase: Sample['phase'], records: number): Sample {
  const residentBytes = process.memoryUsage.rss();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return { phase, records, residentBytes, heldBytes: heapUsed + external };
}

async function measureMemory(directory: string, records: number): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const perSample = Math.ceil(records / samplesPerPhase);
  await using wal = await Wal.open(directory);
  const payload = new Uint8Array(payloadBytes).fill(1);
  for (let count = 1; count <= records; count++) {
    await wal.append(payload);
    if (count % recordsPerSync === 0) await wal.sync();
    if (count % perSample === 0) samples.push(takeSample('append', count));
  }
  await wal.sync();
  let seen = 0;
  for await (const { data } of wal.iterate()) {
    if (data.length !== payloadBytes) throw new Error(`record ${seen + 1} has ${data.length} bytes`);
    if (++seen % perSample === 0) samples.push(takeSample('iterate', seen));
  }
  if (seen !== records) throw new Error(`${records} records were appended and ${seen} read`);
  return samples;
}

function printMemory(samples: readonly Sample[]): boolean {
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  printTable(
    ['', 'records', 'resident MiB', 'held MiB'],
    samples.map(({ phase, records, residentBytes, heldBytes }) => [
      phase,
      records.toLocaleString('en'),
      mebibytes(residentBytes),
      mebibytes(heldBytes),
    ]),
  );
  const resident = Math.max(...samples.map(({ residentBytes }) => residentBytes));
  const growth = Math.max(growthIn('append', samples), growthIn('iterate', samples));
  console.log(`resident at most ${mebibytes(resident)} MiB, of ${mebibytes(residentBytesMax)} allowed`);
  console.log(`held grew by at most ${mebibytes(growth)} MiB, of ${mebibytes(growthBytesMax)} allowed`);
  return resident <= residentBytesMax && growth <= growthBytesMax;
}

function growthIn(phase: Sample['phase'], samples: readonly Sample[]): number {
  const held = samples.filter((sample) => sample.phase === phase).map(({ heldBytes }) => heldBytes);
  return Math.max(...held) - (held[0] ?? 0);
}

/** One segment in which positions pass 2^32. */
async function writeLongSegment(directory: string): Promise<boolean> {
  const options = { segmentBytes: 5 * 2 ** 30 };
  const payload = new Uint8Array(15 * 2 ** 20).fill(1);
  const count = Math.ceil(2 ** 32 / payload.length) + 1;
  let wal = await Wal.open(directory, options);
  for (let index = 0; index < count; index++) await wal.append(payload);
  await wal.close();
  wal = await Wal.open(directory, options);
  const lsn = await wal.appendDurable(payload.subarray(0, 100));
  const lengths: number[] = [];
  for await (const { data } of wal.iterate({ from: count })) lengths.push(data.length);
  const { segments } = wal.stats();
  await wal.close();
  const holds = lsn === count + 1 && segments === 1 && lengths.join() === `${payload.length},100`;
  console.log(`one segment of 5 GiB, record ${lsn} behind 2^32 bytes: ${holds ? 'ok' : 'wrong'}`);
  return holds;
}

async function openHugeLog(directory: string): Promise<boolean> {
  fs.mkdirSync(directory);
  await makeHugeLog(openFileStorage(directory), oneTebibyte);
  const began = performance.now();
  const wal = await Wal.open(directory);
  const openMs = performance.now() - began;
  const [nextLsn] = hugeRange(oneTebibyte.segments + 1, oneTebibyte);
  const lsn = await wal.appendDurable(new TextEncoder().encode(hugeText(nextLsn)));
  const texts: string[] = [];
  for await (const { data } of wal.iterate({ from: nextLsn - 1 })) texts.push(Buffer.from(data).toString());
  await wal.close();
  const holds = lsn === nextLsn && texts.join() === `${hugeText(nextLsn - 1)},${hugeText(nextLsn)}`;
  console.log(
    `1 TiB in sparse files opened in ${openMs.toFixed(1)} ms, record ${lsn}: ${holds ? 'ok' : 'wrong'}`,
  );
  return holds;
}

async function main(parent: string, records: number): Promise<boolean> {
  const directory = fs.mkdtempSync(join(parent, 'wal-long-'));
  try {
    const isFlat = printMemory(await measureMemory(join(directory, 'memory'), records));
    fs.rmSync(join(directory, 'memory'), { recursive: true });
    const isLong = await writeLongSegment(join(directory, 'long'));
    fs.rmSync(join(directory, 'long'), { recursive: true });
    return (await openHugeLog(join(directory, 'huge'))) && isLong && isFlat;
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

const [, , parent = '.', records = '10000000'] = process.argv;
process.exitCode = (await main(resolve(parent), Number(records))) ? 0 : 1;
