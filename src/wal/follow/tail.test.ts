import { describe, expect, test } from 'vitest';
import { appendAll, encode, openLog, texts } from '../fixtures/log.ts';
import { watch } from '../fixtures/watched-storage.ts';
import type { LogRecord } from '../record.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { StorageError } from '../storage.ts';

async function textsOf(records: AsyncIterable<LogRecord>): Promise<string[]> {
  const found: string[] = [];
  for await (const { data } of records) found.push(Buffer.from(data).toString());
  return found;
}

async function take(records: AsyncIterator<LogRecord>, count: number): Promise<string[]> {
  const found: string[] = [];
  while (found.length < count) {
    const { value, done } = await records.next();
    if (done === true) break;
    found.push(Buffer.from(value.data).toString());
  }
  return found;
}

/** All that is ready to run has run. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a tail', () => {
  test('sees each record once and in order, from any LSN, while many append and the log rolls', async () => {
    const wal = await openLog(new MemoryStorage(), { segmentBytes: 16 * 512, prepareAhead: true });
    await appendAll(wal, texts(20));
    const tails = [wal.tail(), wal.tail({ from: 7 }), wal.tail({ from: 200 })].map(textsOf);
    for (let round = 0; round < 30; round++) {
      await Promise.all(texts(6, 21 + 6 * round).map((text) => wal.appendDurable(encode(text))));
      if (round % 7 === 0) await settled();
    }
    await wal.close();
    expect(await Promise.all(tails)).toEqual([texts(200), texts(194, 7), texts(1, 200)]);
  });

  test('shows nothing before it is durable (principle 4)', async () => {
    let isHeld = false;
    const waiting: (() => void)[] = [];
    const storage = watch(new MemoryStorage(), (call) => {
      const isWaiting = isHeld && call.startsWith('syncData');
      return isWaiting ? new Promise<void>((resolve) => void waiting.push(resolve)) : undefined;
    });
    const wal = await openLog(storage, { segmentBytes: 65_536 });
    await appendAll(wal, ['r1']);
    const records = wal.tail();
    expect(await take(records, 1)).toEqual(['r1']);
    isHeld = true;
    const appended = wal.appendDurable(encode('r2'));
    let isShown = false;
    const next = records.next().then((result) => {
      isShown = true;
      return result;
    });
    await settled();
    expect([waiting.length, isShown]).toEqual([1, false]);
    isHeld = false;
    waiting[0]?.();
    await appended;
    expect((await next).value?.lsn).toBe(2);
    await records.return?.();
    await wal.close();
  });

  test('reads each byte once: the segment that is being written is read on, not read again', async () => {
    const memory = new MemoryStorage();
    let opened = 0;
    let bytes = 0;
    const storage = watch(memory, () => undefined);
    const counting = {
      ...storage,
      async open(path: string, mode: 'read' | 'write' | 'create') {
        const file = await memory.open(path, mode);
        if (mode !== 'read') return file;
        opened++;
        return {
          ...file,
          async read(buffer: Uint8Array, position: number) {
            const count = await file.read(buffer, position);
            bytes += count;
            return count;
          },
        };
      },
    };
    const wal = await openLog(counting, { segmentBytes: 1_048_576 });
    await appendAll(wal, ['r1']);
    [opened, bytes] = [0, 0];
    const records = wal.tail();
    for (let index = 2; index <= 200; index++) {
      expect(await take(records, 1)).toEqual([`r${index - 1}`]);
      await appendAll(wal, [`r${index}`]);
    }
    expect(opened).toBe(1);
    expect(bytes).toBeLessThan(3 * 200 * 512);
    await records.return?.();
    await wal.close();
  });

  test('ends by return, by its signal and by close, also while it waits', async () => {
    const wal = await openLog(new MemoryStorage());
    await appendAll(wal, texts(3));
    const byReturn = wal.tail();
    expect(await take(byReturn, 3)).toEqual(texts(3));
    const waiting = byReturn.next();
    await settled();
    await byReturn.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    const ending = new AbortController();
    const bySignal = textsOf(wal.tail({ signal: ending.signal }));
    const byClose = textsOf(wal.tail());
    await settled();
    ending.abort();
    expect(await bySignal).toEqual(texts(3));
    await wal.append(encode('r4'));
    await wal.close();
    expect(await byClose).toEqual(texts(4));
    expect(await textsOf({ [Symbol.asyncIterator]: () => byReturn })).toEqual([]);
    expect(() => wal.tail()).toThrow(expect.objectContaining({ code: 'closed' }));
  });

  test('says so when what it has not seen was let go of', async () => {
    const wal = await openLog(new MemoryStorage());
    await appendAll(wal, texts(20));
    const slow = wal.tail();
    expect(await take(slow, 2)).toEqual(texts(2));
    await wal.truncateBefore(15);
    await expect(take(slow, 50)).rejects.toMatchObject({ code: 'truncated' });
    const { firstLsn } = wal.stats();
    const late = wal.tail();
    expect(await take(late, 2)).toEqual(texts(2, firstLsn));
    await late.return?.();
    await wal.close();
  });

  test('says so when what it has seen was taken back, and not when it was behind the cut', async () => {
    const wal = await openLog(new MemoryStorage(), { segmentBytes: 16 * 512 });
    await appendAll(wal, texts(20));
    const ahead = wal.tail();
    const behind = wal.tail();
    expect(await take(ahead, 20)).toEqual(texts(20));
    expect(await take(behind, 3)).toEqual(texts(3));
    await wal.truncateAfter(10);
    await appendAll(wal, texts(15, 11));
    await expect(ahead.next()).rejects.toMatchObject({ code: 'truncated' });
    expect(await take(behind, 22)).toEqual(texts(22, 4));
    await behind.return?.();
    await wal.close();
  });

  test('rejects once what it has shown was taken back, however the log goes on', async () => {
    const wal = await openLog(new MemoryStorage());
    await appendAll(wal, ['a1', 'a2', 'old3', 'old4']);
    const [seen, unseen] = [wal.tail(), wal.tail()];
    expect(await take(seen, 4)).toEqual(['a1', 'a2', 'old3', 'old4']);
    expect(await take(unseen, 2)).toEqual(['a1', 'a2']);
    const waiting = expect(seen.next()).rejects.toMatchObject({ code: 'truncated' });
    await wal.truncateAfter(2);
    await appendAll(wal, ['new3', 'new4']);
    await waiting;
    await wal.truncateBefore(3);
    expect(await take(unseen, 2)).toEqual(['new3', 'new4']);
    await wal.close();
  });

  test('of a log that fails rejects with that, once it has shown all that is durable', async () => {
    let isBroken = false;
    const storage = watch(new MemoryStorage(), (call) => {
      if (isBroken && call.startsWith('write')) throw new StorageError('io', 'EIO');
    });
    const wal = await openLog(storage);
    await appendAll(wal, texts(3));
    const tail = wal.tail();
    expect(await take(tail, 2)).toEqual(texts(2));
    isBroken = true;
    await expect(wal.appendDurable(encode('lost'))).rejects.toMatchObject({ code: 'failed' });
    expect(await take(tail, 1)).toEqual(['r3']);
    await expect(tail.next()).rejects.toMatchObject({ code: 'failed' });
    await wal.close().catch(() => undefined);
  });
});
