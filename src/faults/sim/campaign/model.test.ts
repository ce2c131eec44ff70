import { describe, expect, test } from 'vitest';
import { Wal, type WalOptions } from '../../../wal/index.ts';
import type { Storage, StorageFile } from '../../../wal/storage.ts';
import { type ModelCampaign, runModelCampaign } from './model.ts';

test('random programs, over crashes of every kind, do what the model does', async () => {
  expect(await runModelCampaign({ runs: 400, seed: 1 })).toBeUndefined();
});

describe('a log with a mistake is caught', () => {
  const open = (storage: Storage, options: WalOptions) => Wal.open({ storage, directory: 'wal' }, options);

  async function failure(openWal: ModelCampaign['openWal'] & {}): Promise<string> {
    return (await runModelCampaign({ runs: 300, seed: 1, openWal })) ?? 'none';
  }

  test('that syncs nothing', async () => {
    const lazy = (file: StorageFile): StorageFile => ({
      ...overFile(file),
      sync: async () => {},
      syncData: async () => {},
      writeDurably: (buffers, position) => file.write(buffers, position),
    });
    const found = await failure((storage, options) => open(overStorage(storage, lazy), options));
    expect(found).toMatch(
      /program: .*cutPower[\s\S]*again: node dist\/src\/faults\/sim\/campaign\/model\.js --seed 1 --path/,
    );
  });

  test('that acknowledges what it did not write', async () => {
    const found = await failure(async (storage, options) => {
      const wal = await open(storage, options);
      wal.sync = async () => {};
      return wal;
    });
    expect(found).toMatch(/it ends at LSN \d+; \d+ was durable|durableLsn is \d+/);
  });

  test('that gives an LSN twice', async () => {
    const found = await failure(async (storage, options) => {
      const wal = await open(storage, options);
      const append = wal.appendBatch.bind(wal);
      wal.appendBatch = async (payloads) => (await append(payloads)).map((lsn) => Math.min(lsn, 3));
      return wal;
    });
    expect(found).toMatch(/it gave LSNs/);
  });
});

function overFile(file: StorageFile): StorageFile {
  return {
    size: () => file.size(),
    read: (buffer, position) => file.read(buffer, position),
    readBack: (buffer, position) => file.readBack(buffer, position),
    write: (buffers, position) => file.write(buffers, position),
    truncate: (size) => file.truncate(size),
    sync: () => file.sync(),
    syncData: () => file.syncData(),
    writeDurably: (buffers, position) => file.writeDurably(buffers, position),
    close: () => file.close(),
  };
}

function overStorage(storage: Storage, over: (file: StorageFile) => StorageFile): Storage {
  return {
    description: storage.description,
    open: async (path, mode) => over(await storage.open(path, mode)),
    list: (path) => storage.list(path),
    makeDirectory: (path) => storage.makeDirectory(path),
    rename: (from, to) => storage.rename(from, to),
    remove: (path) => storage.remove(path),
    syncDirectory: (path) => storage.syncDirectory(path),
    lock: (path) => storage.lock(path),
  };
}
