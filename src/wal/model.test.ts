import { fc, test as property } from '@fast-check/vitest';
import { expect } from 'vitest';
import { openLog, readTexts } from './fixtures/log.ts';
import type { WalOptions } from './options.ts';
import { MemoryStorage } from './storage/memory-storage.ts';
import type { Wal } from './wal.ts';

/** Random programs against the plainest model there is: an array of texts, and how many of them are durable. */
type Step =
  | { readonly do: 'append' | 'appendDurable'; readonly bytes: number }
  | { readonly do: 'batch'; readonly bytes: readonly number[] }
  | { readonly do: 'atOnce'; readonly bytes: readonly number[] }
  | { readonly do: 'sync' | 'close' | 'kill' | 'read' }
  | { readonly do: 'truncate' | 'cut'; readonly share: number };

const bytes = fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 3000 }));
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('append', 'appendDurable'), bytes }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('batch'), bytes: fc.array(bytes, { maxLength: 4 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('atOnce'), bytes: fc.array(bytes, { maxLength: 9 }) }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('sync', 'close', 'kill', 'read') }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('truncate', 'cut'), share: fc.nat({ max: 10 }) }),
    },
  ) as fc.Arbitrary<Step>,
  { maxLength: 40 },
);

const options: fc.Arbitrary<WalOptions> = fc.record({
  blockBytes: fc.constantFrom(512, 1024, 4096),
  segmentBytes: fc.constantFrom(16_384, 65_536),
  bufferBytes: fc.constantFrom(4096, 65_536),
  batchBytesMax: fc.constant(16_384),
  prepareAhead: fc.boolean(),
  codec: fc.constantFrom('none', 'lz4', 'snappy'),
  contentHash: fc.boolean(),
});

class Program {
  #storage = new MemoryStorage();
  readonly #options: readonly WalOptions[];
  #opens = 0;
  #wal: Wal | undefined;
  /** The record with LSN n is at n - 1. */
  #issued: string[] = [];
  #durable = 0;
  #floor = 1;

  constructor(given: readonly WalOptions[]) {
    this.#options = given;
  }

  async run(step: Step): Promise<void> {
    const wal = this.#wal ?? (await this.#open());
    switch (step.do) {
      case 'append':
        expect(await wal.append(this.#issue(step.bytes))).toBe(this.#issued.length);
        return;
      case 'appendDurable':
        expect(await wal.appendDurable(this.#issue(step.bytes))).toBe(this.#issued.length);
        this.#durable = this.#issued.length;
        return;
      case 'batch': {
        const first = this.#issued.length + 1;
        const lsns = await wal.appendBatch(step.bytes.map((length) => this.#issue(length)));
        expect(lsns).toEqual(step.bytes.map((_, index) => first + index));
        return;
      }
      case 'atOnce':
        await Promise.all(step.bytes.map((length) => wal.appendDurable(this.#issue(length))));
        if (step.bytes.length > 0) this.#durable = this.#issued.length;
        return;
      case 'sync':
        await wal.sync();
        this.#durable = this.#issued.length;
        return;
      case 'read':
        await this.#check(wal, this.#durable);
        return;
      case 'truncate': {
        const lsn = this.#floor + Math.floor(((this.#issued.length - this.#floor + 1) * step.share) / 10);
        await wal.truncateBefore(lsn);
        expect(wal.stats().firstLsn).toBeLessThanOrEqual(Math.max(lsn, this.#floor));
        this.#floor = wal.stats().firstLsn;
        return;
      }
      case 'cut': {
        const lsn = this.#floor - 1 + Math.floor(((this.#issued.length - this.#floor + 1) * step.share) / 10);
        const isCut = lsn < this.#issued.length;
        await wal.truncateAfter(lsn);
        this.#issued = this.#issued.slice(0, lsn);
        if (isCut) this.#durable = lsn;
        return;
      }
      case 'close':
        await wal.close();
        this.#durable = this.#issued.length;
        this.#wal = undefined;
        return;
      case 'kill':
        this.#storage = this.#storage.snapshot();
        this.#wal = undefined;
        return;
    }
  }

  async end(): Promise<void> {
    await this.run({ do: 'close' });
    await this.#check(await this.#open(), this.#durable);
  }

  #issue(length: number): Uint8Array {
    const text = `${this.#issued.length + 1} `.padEnd(length, '.');
    this.#issued.push(text);
    return new TextEncoder().encode(text);
  }

  /** What was not durable may be gone; what is shown now stays. */
  async #open(): Promise<Wal> {
    const settings = this.#options[this.#opens % this.#options.length] ?? {};
    const wal = await openLog(this.#storage, settings, (this.#opens++ * 40) % 256);
    this.#wal = wal;
    const { nextLsn } = wal.stats();
    expect(nextLsn).toBeGreaterThan(this.#durable);
    expect(nextLsn).toBeLessThanOrEqual(this.#issued.length + 1);
    this.#issued = this.#issued.slice(0, nextLsn - 1);
    this.#durable = this.#issued.length;
    await this.#check(wal, this.#durable);
    expect(await wal.verify()).toEqual([]);
    return wal;
  }

  async #check(wal: Wal, durable: number): Promise<void> {
    const { firstLsn, durableLsn } = wal.stats();
    expect(firstLsn).toBe(this.#floor);
    expect(durableLsn).toBeGreaterThanOrEqual(durable);
    expect(await readTexts(wal)).toEqual(this.#issued.slice(firstLsn - 1, durableLsn));
  }
}

property.prop([fc.array(options, { minLength: 1, maxLength: 3 }), steps], { numRuns: 300 })(
  'whatever is asked of it, in whatever order, over closes and kills, with options that change',
  async (given, program) => {
    const run = new Program(given);
    for (const step of program) await run.run(step);
    await run.end();
  },
);
