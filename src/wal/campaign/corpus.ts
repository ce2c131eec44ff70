import type { WalOptions } from '../options.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { Wal } from '../wal.ts';

/** A log to be damaged, and what was ever appended to it. */
export interface Specimen {
  readonly name: string;
  readonly storage: MemoryStorage;
  readonly options: WalOptions;
  /** What a record with an LSN holds: type, key and value as one text. */
  readonly issued: ReadonlyMap<number, string>;
}

export const directory = 'wal';

const small: WalOptions = {
  blockBytes: 512,
  segmentBytes: 4096,
  batchBytesMax: 4096,
  bufferBytes: 4096,
  prepareAhead: false,
};

/** Identities from a seed, and a clock that stands still. */
export function openSpecimen(storage: MemoryStorage, options: WalOptions, seed: number): Promise<Wal> {
  let count = seed * 16;
  const randomBytes = (length: number) => new Uint8Array(length).fill(count++ % 256);
  return Wal.open({ storage, directory }, { ...small, ...options, randomBytes, now: () => 1000 });
}

/** What is compared of a record. */
export function textOf({
  type,
  key,
  data,
}: {
  readonly type: number;
  readonly key?: Uint8Array | undefined;
  readonly data: Uint8Array;
}): string {
  return `${type} ${key === undefined ? '' : Buffer.from(key).toString('latin1')} ${Buffer.from(data).toString('latin1')}`;
}

/** Small logs of every kind: killed and closed, compressed, recovered, with cursors, and with records that hold pieces of logs. */
export async function makeCorpus(): Promise<Specimen[]> {
  const corpus = [
    await specimen('killed', {}, 1, async (wal) => fill(wal, 9, 40), false),
    await specimen('closed', {}, 2, async (wal) => fill(wal, 9, 300), true),
    await specimen('long', { segmentBytes: 16_384 }, 3, async (wal) => fill(wal, 12, 900), false),
    await specimen('lz4', { codec: 'lz4', segmentBytes: 8192 }, 4, async (wal) => fill(wal, 8, 700), true),
    await specimen('zlib', { codec: 'zlib', contentHash: true }, 5, async (wal) => fill(wal, 8, 700), false),
    await specimen('cursors', {}, 6, fillWithCursors, true),
  ];
  corpus.push(await recovered(), await nested(corpus));
  return corpus;
}

async function specimen(
  name: string,
  options: WalOptions,
  seed: number,
  work: (wal: Wal) => Promise<void>,
  isClosed: boolean,
): Promise<Specimen> {
  const storage = new MemoryStorage();
  const wal = await openSpecimen(storage, options, seed);
  await work(wal);
  const issued = await issuedBy(wal);
  const killed = storage.snapshot();
  await wal.close();
  return { name, storage: isClosed ? storage : killed, options, issued };
}

async function issuedBy(wal: Wal): Promise<Map<number, string>> {
  const issued = new Map<number, string>();
  for await (const record of wal.iterate()) issued.set(record.lsn, textOf(record));
  return issued;
}

/** Batches of one to four records, of zero to `bytesMax` bytes. */
async function fill(wal: Wal, count: number, bytesMax: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const payloads = Array.from({ length: (index % 4) + 1 }, (_, at) =>
      Buffer.from(`${index}.${at} `.padEnd((index * 97 + at * 31) % (bytesMax + 1), 'abc ')),
    );
    await wal.appendBatch(payloads);
    if (index % 3 !== 1) await wal.sync();
  }
  await wal.sync();
}

async function fillWithCursors(wal: Wal): Promise<void> {
  await fill(wal, 5, 60);
  await wal.put(Buffer.from('key'), Buffer.from('value'));
  await wal.delete(Buffer.from('key'));
  await wal.appendStream([Buffer.alloc(3000, 's'), Buffer.alloc(3000, 't')]);
  await wal.sync();
  const cursor = await wal.cursor('consumer');
  await cursor.advance(4);
  await cursor.advance(6);
}

/** A log whose writer was killed with records that were not synced, and that was opened again. */
async function recovered(): Promise<Specimen> {
  const storage = new MemoryStorage();
  const first = await openSpecimen(storage, {}, 7);
  await fill(first, 4, 80);
  await first.append(Buffer.from('not synced'));
  const killed = storage.snapshot();
  await first.close();
  const wal = await openSpecimen(killed, {}, 8);
  await fill(wal, 3, 80);
  const issued = await issuedBy(wal);
  return { name: 'recovered', storage: killed.snapshot(), options: {}, issued };
}

/** Records that hold segments of other logs whole: valid batches and records, in the wrong place. */
async function nested(others: readonly Specimen[]): Promise<Specimen> {
  const names = await Promise.all(others.map(({ storage }) => storage.list(directory)));
  const segments = others.flatMap(({ storage }, index) =>
    (names[index] ?? [])
      .filter((name) => name.endsWith('.wal'))
      .map((name) => storage.bytes(`${directory}/${name}`)),
  );
  const work = async (wal: Wal) => {
    for (const bytes of segments.slice(0, 4)) await wal.appendDurable(bytes.slice(512 - 88 - 12, 3000));
  };
  return specimen('nested', {}, 9, work, false);
}
