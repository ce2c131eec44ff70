import { WalError } from '../errors.ts';
import type { Policy, WalOptions } from '../options.ts';
import type { LogPlace } from '../place.ts';
import { isGap, type LogGap } from '../read/salvage.ts';
import type { LogRecord } from '../record.ts';
import type { MemoryStorage } from '../storage/memory-storage.ts';
import { dumpData, dumpLines } from '../tool/dump.ts';
import { gatherStatistics } from '../tool/stats.ts';
import { survey } from '../tool/survey.ts';
import { verifyLog } from '../tool/verify.ts';
import { Wal } from '../wal.ts';
import { directory, type Specimen, textOf } from './corpus.ts';
import { CountedStorage } from './counted-storage.ts';
import { type Mutation, mutations } from './mutations.ts';
import { Random } from './random.ts';

/** What a reader may make room for in one read, and in all reads of one input: specimens have some ten thousand bytes. */
const readBytesMax = 2 * 2 ** 20;
const allBytesMax = 256 * 2 ** 20;

export interface Input {
  readonly specimen: Specimen;
  readonly storage: MemoryStorage;
  readonly forged: boolean;
  /** What was done to it, for people. */
  readonly done: readonly string[];
  readonly policy: Policy;
  readonly isDumped: boolean;
}

/** The `index`-th input of a campaign. */
export async function makeInput(corpus: readonly Specimen[], seed: number, index: number): Promise<Input> {
  const random = new Random(seed, index);
  const specimen = random.pick(corpus);
  const storage = specimen.storage.snapshot();
  const done: string[] = [];
  let forged = false;
  for (let left = 1 + random.below(3); left > 0; left--) {
    const mutation: Mutation = random.pick(mutations);
    forged ||= mutation.forges;
    done.push(`${mutation.name}: ${await mutation.apply(storage, random, corpus)}`);
  }
  const policy = random.pick(['strict', 'point-in-time', 'salvage'] as const);
  return { specimen, storage, forged, done, policy, isDumped: random.below(4) === 0 };
}

/** How the log under test is opened and read; another one tests the campaign. */
export interface Subject {
  open(place: LogPlace, options: WalOptions): Promise<Wal>;
  read(wal: Wal): AsyncIterable<LogRecord>;
}

export const theLog: Subject = {
  open: (place, options) => Wal.open(place, options),
  read: (wal) => wal.iterate(),
};

export interface Outcome {
  readonly opened: boolean;
  /** Undefined: all was as it must be. */
  readonly problem: string | undefined;
}

/**
 * Opens and reads a damaged log in every way. It must open or reject with a {@link WalError}, and nothing else; ask for no more
 * bytes than such a log can have; and, unless checksums were forged, show only what was appended, in order.
 */
export async function tryInput(
  input: Input,
  known: ReadonlySet<string>,
  subject: Subject = theLog,
): Promise<Outcome> {
  const storage = new CountedStorage(input.storage);
  const shown: string[] = [];
  let opened = false;
  try {
    if (input.isDumped) await readWithTools(storage);
    opened = await readAsLog(input, storage, known, subject, shown);
  } catch (error) {
    if (!(error instanceof WalError)) return { opened, problem: `it threw ${describe(error)}` };
  }
  if (storage.askedBytesMax > readBytesMax)
    shown.push(`it made room for ${storage.askedBytesMax} bytes at once`);
  if (storage.askedBytes > allBytesMax) shown.push(`it made room for ${storage.askedBytes} bytes in all`);
  return { opened, problem: shown[0] };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Tools read logs that do not open. */
async function readWithTools(storage: CountedStorage): Promise<void> {
  const log = await survey({ storage, directory });
  for await (const line of dumpLines(log, { records: true })) void line;
  await dumpData(log);
  await verifyLog(log);
  await gatherStatistics(log);
}

/** Answers whether the log opened. Adds to `problems` what it showed and must not. */
async function readAsLog(
  { specimen, forged, policy }: Input,
  storage: CountedStorage,
  known: ReadonlySet<string>,
  subject: Subject,
  problems: string[],
): Promise<boolean> {
  let count = 0;
  const wal = await subject.open(
    { storage, directory },
    {
      blockBytes: 512,
      segmentBytes: 4096,
      batchBytesMax: 4096,
      bufferBytes: 4096,
      prepareAhead: false,
      ...specimen.options,
      policy,
      randomBytes: (length) => new Uint8Array(length).fill(200 + (count++ % 50)),
      now: () => 2000,
    },
  );
  const check = (record: LogRecord) => {
    if (forged) return;
    const text = textOf(record);
    const isGood = 'salvaged' in record ? known.has(text) : specimen.issued.get(record.lsn) === text;
    if (!isGood)
      problems.push(
        `policy ${policy} showed under LSN ${record.lsn} what was not appended: ${text.slice(0, 60)}`,
      );
  };
  try {
    const forwards = await readAll(subject.read(wal), check, problems, 1);
    const backwards = await readAll(wal.iterate({ reverse: true }), check, problems, -1);
    if (!forged && forwards.isWhole && backwards.isWhole && forwards.count !== backwards.count)
      problems.push(`it showed ${forwards.count} records forwards and ${backwards.count} backwards`);
    await readAll(wal.iterate({ damage: 'skip' }), check, problems, 1);
    await ignoreErrors(() => wal.read(wal.stats().firstLsn + 1));
    await ignoreErrors(() => wal.verify());
  } finally {
    await ignoreErrors(() => wal.close());
  }
  return true;
}

interface Reading {
  readonly count: number;
  readonly isWhole: boolean;
}

async function readAll(
  records: AsyncIterable<LogRecord | LogGap>,
  check: (record: LogRecord) => void,
  problems: string[],
  direction: 1 | -1,
): Promise<Reading> {
  let count = 0;
  let last: number | undefined;
  const isWhole = await ignoreErrors(async () => {
    for await (const item of records) {
      const lsn = isGap(item) ? item.fromLsn : item.lsn;
      if (last !== undefined && (lsn - last) * direction <= 0)
        problems.push(`LSN ${lsn} came behind ${last}`);
      last = isGap(item) ? item.toLsn : lsn;
      if (isGap(item)) continue;
      check(item);
      count++;
    }
  });
  return { count, isWhole };
}

/** Answers whether there was none. Only errors of the log are expected ones. */
async function ignoreErrors(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof WalError) return false;
    throw error;
  }
}
