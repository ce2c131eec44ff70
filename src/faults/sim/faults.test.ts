import { describe, expect, it } from 'vitest';
import { type Storage, StorageError, type StorageFile } from '../../wal/storage.ts';
import { liveTree, type Recording } from '../model/recording.ts';
import { emptyTree } from '../model/tree.ts';
import {
  type FaultCase,
  type FileUser,
  fatesOf,
  faultCases,
  initialText,
} from '../volume/fixtures/fault-cases.ts';
import { fsyncFailureCases, leftByCrash, untoldFailureCase } from '../volume/fixtures/fsync-failures.ts';
import { openSimLayer } from './layer.ts';

const start = { base: emptyTree(['data', 'mirror']), trace: [] };
const latin = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));

function userOf(storage: Storage, file: StorageFile): FileUser {
  const named = async <T>(call: Promise<T>): Promise<T> =>
    call.catch((error) => {
      throw error instanceof StorageError ? error.errno : error;
    });
  const text = async (read: 'read' | 'readBack', offset: number, length: number) => {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, await named(file[read](buffer, offset))).toString('latin1');
  };
  return {
    write: (offset, bytes) => named(file.write([latin(bytes)], offset)),
    read: (offset, length) => text('read', offset, length),
    readBack: (offset, length) => text('readBack', offset, length),
    sync: () => named(file.sync()),
    create: async (path) => void (await named(storage.open(path, 'create'))),
    openAgain: async () => userOf(storage, await storage.open('f', 'write')),
    close: () => named(file.close()),
  };
}

describe('a live fault, through a storage of the sim layer', () => {
  async function befall({ plan, act, sees, trace }: FaultCase): Promise<Recording> {
    const layer = openSimLayer(['data', 'mirror']);
    const storage = layer.place.kind === 'storages' ? layer.place.storages.get('data') : undefined;
    if (storage === undefined) throw new Error('no volume data');
    await layer.begin(start, []);
    const made = await storage.open('f', 'create');
    await made.write([latin(initialText)], 0);
    await made.sync();
    const before = (await layer.end()).recording;
    await layer.begin(before, plan);
    expect(await act(userOf(storage, await storage.open('f', 'write')))).toEqual(sees);
    const { recording, rules } = await layer.end();
    expect(rules.filter(({ fired }) => fired === 0)).toEqual([]);
    if (trace !== undefined) expect(fatesOf(recording, before.trace.length)).toEqual(trace);
    // What came of the faults is in the trace: it replays to what the subject saw.
    await layer.begin(recording, []);
    expect((await layer.end()).recording.trace).toEqual(recording.trace);
    expect(liveTree(recording).roots).toEqual(start.base.roots);
    await layer.close();
    return recording;
  }

  it.each(faultCases)('$name', async (one) => void (await befall(one)));

  it.each(fsyncFailureCases)('$name', async (one) => {
    const recording = await befall(one);
    expect(leftByCrash(recording, one.crash.profile)).toEqual(one.crash.leaves);
  });

  it(untoldFailureCase.name, async () => void (await befall(untoldFailureCase)));

  it('tells which rules of a plan had no occasion', async () => {
    const layer = openSimLayer(['data']);
    const plan = [
      { volume: 'data', path: '*.seg', operation: 'write', nth: 1, fault: 'lost-write' },
      { volume: 'mirror', operation: 'any', nth: 1, fault: 'io-error' },
    ] as const;
    await layer.begin({ base: emptyTree(['data']), trace: [] }, plan);
    const storage = layer.place.kind === 'storages' ? layer.place.storages.get('data') : undefined;
    await (await storage?.open('1.seg', 'create'))?.write([latin('x')], 0);
    const unfired = (await layer.end()).rules.filter(({ fired }) => fired === 0);
    expect(unfired).toMatchObject([{ rule: plan[1], wasDue: false, why: 'there was no operation' }]);
    await layer.close();
  });
});
