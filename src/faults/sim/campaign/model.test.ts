import { describe, expect, test } from 'vitest';
import { Wal, WalError, type WalOptions } from '../../../wal/index.ts';
import type { LogPlace } from '../../../wal/place.ts';
import type { StorageFile } from '../../../wal/storage.ts';
import { overFiles } from './fixtures/over-files.ts';
import type { OpenWal } from './machine.ts';
import { type ModelCampaign, runModelCampaign } from './model.ts';
import { type World, worlds } from './worlds.ts';

const faults = [
  ...['bit-rot', 'cache-drop', 'disk-full', 'fsync-error', 'io-error', 'latent-sector-error', 'lost-fsync'],
  ...['lost-write', 'misdirected-write', 'process-kill', 'short-io', 'slow', 'stale-read'],
];

test('random programs, over crashes and faults of every kind, do what the model does', async () => {
  const befell = new Set<string>();
  for (const world of worlds) {
    const runs = world === 'two-copies' ? 250 : 500;
    const { failure, fired } = await runModelCampaign({ world, runs, seed: 1 });
    expect(failure).toBeUndefined();
    for (const fault of fired.keys()) befell.add(fault);
  }
  // What never befell a disk was not tested.
  expect([...befell].sort()).toEqual(faults);
});

describe('a log with a mistake is caught', () => {
  async function failure(world: World, openWal: OpenWal, more: Partial<ModelCampaign> = {}): Promise<string> {
    const campaign = { world, openWal, runs: 1500, seed: 1, endOnFailure: true, ...more };
    return (await runModelCampaign(campaign)).failure ?? 'none';
  }

  test('that syncs nothing', async () => {
    const lazy = (file: StorageFile): Partial<StorageFile> => ({
      sync: async () => {},
      syncData: async () => {},
      writeDurably: (buffers, position) => file.write(buffers, position),
    });
    const found = await failure('one-copy', (place, options) => Wal.open(overFiles(place, lazy), options));
    expect(found).toMatch(
      /program: .*cutPower[\s\S]*again: node dist\/src\/faults\/sim\/campaign\/model\.js --world one-copy --seed 1 --path \d+$/,
    );
  });

  test('that acknowledges what it did not write', async () => {
    const found = await failure('one-copy', async (place, options) => {
      const wal = await Wal.open(place, options);
      wal.sync = async () => {};
      return wal;
    });
    expect(found).toMatch(/it ends at LSN \d+; \d+ was durable|durableLsn is \d+/);
  });

  test('that gives an LSN twice', async () => {
    const found = await failure('one-copy', async (place, options) => {
      const wal = await Wal.open(place, options);
      const append = wal.appendBatch.bind(wal);
      wal.appendBatch = async (payloads) => (await append(payloads)).map((lsn) => Math.min(lsn, 3));
      return wal;
    });
    expect(found).toMatch(/it gave LSNs/);
  });

  test('that fails on a disk that did nothing wrong', async () => {
    const found = await failure('one-copy', async (place, options) => {
      const wal = await Wal.open(place, options);
      wal.truncateBefore = async () => {
        throw new WalError('failed', 'the log failed');
      };
      return wal;
    });
    expect(found).toMatch(/the log failed\nprogram: .*truncateBefore/);
  });

  test('that does not read back what it was to read back', async () => {
    const found = await failure('one-copy', (place, options) =>
      Wal.open(place, { ...options, readBack: 'off' }),
    );
    expect(found).toMatch(/program: .*lost-write/);
  });

  test('that keeps one copy only', async () => {
    const found = await failure('two-copies', (place, options) => {
      const deaf = (): Partial<StorageFile> => ({
        write: async () => {},
        writeDurably: async () => {},
      });
      const { mirror } = options;
      if (typeof mirror !== 'object') return Wal.open(place, options);
      return Wal.open(place, { ...options, mirror: overFiles(mirror, deaf) });
    });
    expect(found).toMatch(/program: /);
  });

  test('that stops though it promised to fail over', async () => {
    const found = await failure('two-copies', (place, options) =>
      Wal.open(place, { ...options, failover: false }),
    );
    expect(found).toMatch(/program: [\s\S]*"failover":true/);
  });

  test('that drops what is damaged, and says nothing', async () => {
    const silent: OpenWal = async (place, options) => {
      const wal = await Wal.open(place, { ...options, policy: 'point-in-time' });
      return Object.assign(wal, { recovery: { ...wal.recovery, damage: undefined } });
    };
    expect(await failure('bad-disk', silent, { seed: 3 })).toMatch(
      /and says nothing; \d+ was durable before the last batch/,
    );
  });

  test('that shows what it did not check', async () => {
    const found = await failure('bad-disk', async (place, options) => {
      const wal = await Wal.open(place, options);
      const iterate = wal.iterate.bind(wal);
      const blind = async function* (range: object) {
        try {
          yield* iterate(range);
        } catch {
          // It ends as if there were nothing more.
        }
      };
      Object.assign(wal, { iterate: blind });
      return wal;
    });
    expect(found).toMatch(/record \d+ is missing, and nothing says so|it shows/);
  });

  test('whose errors are not its own', async () => {
    const found = await failure('bad-disk', (place, options) =>
      Wal.open(place, options).catch((error: WalError) => {
        throw error.code === 'corrupt' ? new RangeError('offset is out of bounds') : error;
      }),
    );
    expect(found).toMatch(/offset is out of bounds\nprogram: /);
  });

  test('that hangs', async () => {
    const hang = (place: LogPlace, options: WalOptions) =>
      Wal.open(place, options).catch((error: WalError) =>
        error.code === 'corrupt' ? new Promise<Wal>(() => {}) : Promise.reject(error),
      );
    expect(await failure('bad-disk', hang, { runMsMax: 100 })).toMatch(
      /timeout: exceeded limit of 100 milliseconds\nprogram: /,
    );
  });
});
