import { describe, expect, test } from 'vitest';
import { appendAll, encode, openLog, readTexts, segmentNames, texts } from '../fixtures/log.ts';
import { watch } from '../fixtures/watched-storage.ts';
import type { WalOptions } from '../options.ts';
import { isGap, type LogGap } from '../read/salvage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import type { Wal } from '../wal.ts';

const roomy: WalOptions = { segmentBytes: 8 * 512 };

/** One batch a record, six a segment; the last segment is not full. */
async function written(options: WalOptions = roomy, count = 14) {
  const storage = new MemoryStorage();
  const wal = await openLog(storage, options);
  await appendAll(wal, texts(count));
  const killed = storage.snapshot();
  await wal.close();
  return { killed, closed: storage, names: await segmentNames(storage) };
}

/** `r1`, `-2..3`, `r4`. */
async function readAround(wal: Wal, from?: number, to?: number): Promise<string[]> {
  const shown: string[] = [];
  const range = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  for await (const item of wal.iterate({ ...range, damage: 'skip' }))
    shown.push(isGap(item) ? `-${item.fromLsn}..${item.toLsn}` : Buffer.from(item.data).toString());
  return shown;
}

const salvage = (storage: MemoryStorage) => openLog(storage, { ...roomy, policy: 'salvage' }, 100);

describe('reading around damage', () => {
  test('a healthy log is read as ever', async () => {
    const { killed } = await written();
    const wal = await openLog(killed, roomy, 100);
    expect(await readAround(wal)).toEqual(await readTexts(wal));
    expect(await readAround(wal, 5, 8)).toEqual(texts(4, 5));
    await wal.close();
  });

  test('shows the records before and behind a damaged batch, and says where the gap is', async () => {
    const { closed, names } = await written();
    closed.bytes(names[0] ?? '').fill(0, 3 * 512, 5 * 512);
    const wal = await openLog(closed, roomy, 100);
    await expect(readTexts(wal)).rejects.toMatchObject({ code: 'corrupt' });
    expect(await readAround(wal)).toEqual([...texts(2), '-3..4', ...texts(10, 5)]);
    expect(await readAround(wal, 4, 5)).toEqual(['-4..4', 'r5']);
    const gaps: LogGap[] = [];
    for await (const item of wal.iterate({ damage: 'skip' })) if (isGap(item)) gaps.push(item);
    expect(gaps).toEqual([
      {
        gap: true,
        fromLsn: 3,
        toLsn: 4,
        file: names[0]?.slice('wal/'.length),
        position: 3 * 512,
        bytes: 1024,
        fault: 'no batch header',
      },
    ]);
    await wal.close();
  });

  test('shows what is still good of a damaged body', async () => {
    const storage = new MemoryStorage();
    const first = await openLog(storage, roomy);
    await first.appendBatch(texts(4).map(encode));
    await first.sync();
    await appendAll(first, texts(1, 5));
    await first.close();
    const [name = ''] = await segmentNames(storage);
    const wal = await openLog(storage, roomy, 100);
    const recordBytes = 12 + 2;
    storage.bytes(name)[512 + 88 + recordBytes + 13] = 0;
    expect(await readAround(wal)).toEqual(['r1', '-2..2', 'r3', 'r4', 'r5']);
    // With a length that leads elsewhere, which record is which cannot be told from there on.
    storage.bytes(name)[512 + 88 + recordBytes + 4] = 1;
    expect(await readAround(wal)).toEqual(['r1', '-2..4', 'r5']);
    await wal.close();
  });
});

describe('policy salvage', () => {
  test('goes on behind the last good batch, and changes nothing that is there', async () => {
    const { killed, names } = await written();
    const name = names[2] ?? '';
    killed.bytes(name).fill(0xee, 512, 512 + 88);
    const before = killed.bytes(name).slice();
    await expect(openLog(killed.snapshot(), roomy, 100)).rejects.toMatchObject({ code: 'corrupt' });
    const wal = await salvage(killed);
    expect(wal.recovery).toMatchObject({ tail: 'corrupt', nextLsn: 15, quarantined: [] });
    expect(await readAround(wal)).toEqual([...texts(12), '-13..13', 'r14']);
    expect(await wal.appendDurable(encode('new'))).toBe(15);
    await wal.close();
    expect(killed.bytes(name)).toEqual(before);
    const again = await openLog(killed, roomy, 120);
    expect(await readAround(again)).toEqual([...texts(12), '-13..13', 'r14', 'new']);
    await again.close();
  });

  test('goes around a segment that is missing, again and again', async () => {
    const { closed, names } = await written();
    await closed.remove(names[1] ?? '');
    for (const round of [0, 1, 2]) {
      const wal = await openLog(closed, { ...roomy, policy: 'salvage' }, 100 + 20 * round);
      const news = Array.from({ length: round }, (_, index) => `new${index}`);
      expect(await readAround(wal)).toEqual([...texts(6), '-7..12', 'r13', 'r14', ...news]);
      expect(await wal.appendDurable(encode(`new${round}`))).toBe(15 + round);
      await wal.close();
    }
  });

  test('reads a segment whose header is lost', async () => {
    const { closed, names } = await written();
    closed.bytes(names[1] ?? '').fill(0xee, 0, 512);
    const wal = await salvage(closed);
    expect(await readAround(wal)).toEqual(texts(14));
    await wal.close();
  });

  test('gives no LSN again that was given, though its record is lost', async () => {
    const { killed, names } = await written();
    killed.bytes(names[2] ?? '').fill(0, 2 * 512);
    const wal = await openLog(killed, { ...roomy, policy: 'salvage', knownDurableLsn: 20 }, 100);
    expect(await wal.appendDurable(encode('new'))).toBe(21);
    expect(await readAround(wal)).toEqual([...texts(13), '-14..20', 'new']);
    await wal.close();
    const again = await openLog(killed, roomy, 120);
    expect(await readAround(again)).toEqual([...texts(13), '-14..20', 'new']);
    await again.close();
  });
});

describe('a log of which the first records are lost', () => {
  test.each([1, 2, 9])('never passes for a whole one afterwards (%i records)', async (count) => {
    const { killed, names } = await written({ segmentBytes: 2048 }, count);
    const [first = ''] = names;
    const header = killed.bytes(first);
    header[60] = (header[60] ?? 0) ^ 1;
    const salvaged = await openLog(
      killed,
      { segmentBytes: 2048, policy: 'salvage', knownDurableLsn: count },
      50,
    );
    expect(salvaged.stats().nextLsn).toBe(count + 1);
    await salvaged.close();
    await expect(openLog(killed, {}, 90)).rejects.toMatchObject({ code: 'corrupt' });
    expect(await segmentNames(killed)).toContain(first);
  });

  test('is cut where it is told', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, roomy);
    await appendAll(wal, texts(2));
    await (await wal.cursor('mail')).advance(2);
    const killed = storage.snapshot();
    await wal.close();
    killed.bytes((await segmentNames(killed))[0] ?? '').fill(0xee, 0, 256);
    const salvaged = await salvage(killed);
    await salvaged.truncateAfter(1);
    expect(salvaged.stats().nextLsn).toBe(2);
    expect(await salvaged.appendDurable(encode('new2'))).toBe(2);
    await salvaged.close();
  });
});

test('what is not proven durable is moved, and made so, also where LSNs are left out', async () => {
  const { killed } = await written(roomy, 4);
  const calls: string[] = [];
  const storage = watch(killed, (call) => {
    calls.push(call);
  });
  const wal = await openLog(storage, { ...roomy, policy: 'salvage', knownDurableLsn: 10 }, 100);
  expect(calls.filter((call) => call.startsWith('syncData wal/0')).length).toBeGreaterThan(1);
  expect(await readAround(wal)).toEqual([...texts(4), '-5..10']);
  expect(await wal.appendDurable(encode('new'))).toBe(11);
  expect(await readAround(wal)).toEqual([...texts(4), '-5..10', 'new']);
  await wal.close();
  expect(wal.recovery.damage).toContain('from record 5 on');
});
