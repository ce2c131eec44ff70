import { describe, expect, test } from 'vitest';
import type { LogRecord } from '../record.ts';
import type { Wal } from '../wal.ts';
import { runCampaign } from './fuzz.ts';
import { theLog } from './fuzz-input.ts';

describe('damaged and hostile logs', () => {
  test('open or reject with an error of the log, ask for no more than they hold, and show only what was appended', async () => {
    const { inputs, opened, failures } = await runCampaign({ inputs: 5000, seed: 1 });
    expect(failures).toEqual([]);
    expect(inputs).toBe(5000);
    // Neither too tame nor too wild: both ways are taken often.
    expect(opened).toBeGreaterThan(1500);
    expect(opened).toBeLessThan(4500);
  });

  test('are the same inputs for the same seed, from any of them on', async () => {
    const all = await runCampaign({ inputs: 60, seed: 3 });
    const parts = [
      await runCampaign({ inputs: 30, seed: 3 }),
      await runCampaign({ inputs: 30, seed: 3, from: 30 }),
    ];
    expect(parts[0]?.opened).toBeGreaterThan(0);
    expect((parts[0]?.opened ?? 0) + (parts[1]?.opened ?? 0)).toBe(all.opened);
  });
});

describe('a reader with a mistake is caught', () => {
  async function firstFailure(read: (wal: Wal) => AsyncIterable<LogRecord>): Promise<string> {
    const { failures } = await runCampaign({ inputs: 400, seed: 1, subject: { ...theLog, read } });
    return failures.map(({ problem, command }) => `${problem}; ${command}`).join();
  }

  test('that shows other bytes', async () => {
    const found = await firstFailure(async function* (wal) {
      for await (const record of wal.iterate()) yield { ...record, data: record.data.subarray(1) };
    });
    expect(found).toMatch(/what was not appended.*--seed 1 --from \d+ --inputs 1/);
  });

  test('that shows a record twice, or out of order', async () => {
    const found = await firstFailure(async function* (wal) {
      for await (const record of wal.iterate()) yield* record.lsn === 2 ? [record, record] : [record];
    });
    expect(found).toMatch(/LSN 2 came behind 2/);
  });

  test('that throws what is no error of the log', async () => {
    const found = await firstFailure(async function* (wal) {
      for await (const record of wal.iterate()) {
        if (record.lsn > 3) throw new RangeError('out of range');
        yield record;
      }
    });
    expect(found).toMatch(/it threw RangeError: out of range/);
  });

  test('that believes a length', async () => {
    const { failures } = await runCampaign({
      inputs: 50,
      seed: 1,
      subject: {
        ...theLog,
        async open(place, options) {
          const file = await place.storage.open('wal/manifest', 'read').catch(() => undefined);
          await file?.read(new Uint8Array(3 * 2 ** 20), 0);
          return theLog.open(place, options);
        },
      },
    });
    expect(failures[0]?.problem).toMatch(/made room for 3145728 bytes at once/);
  });
});
