import { describe, expect, test } from 'vitest';
import { appendAll, encode, openLog, readTexts, segmentNames, texts } from '../fixtures/log.ts';
import { watch } from '../fixtures/watched-storage.ts';
import type { WalOptions } from '../options.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import type { Storage } from '../storage.ts';
import { dumpLines } from './dump.ts';
import { planRepair, type RepairOptions } from './repair.ts';
import { gatherStatistics } from './stats.ts';
import { survey } from './survey.ts';
import { verifyPlace } from './verify.ts';

const roomy: WalOptions = { segmentBytes: 8 * 512 };
const at = (storage: Storage) => ({ storage, directory: 'wal' });

async function written(): Promise<{ storage: MemoryStorage; names: string[] }> {
  const storage = new MemoryStorage();
  const wal = await openLog(storage, roomy);
  await appendAll(wal, texts(14));
  await wal.put(encode('key'), encode('value'));
  await wal.close();
  return { storage, names: await segmentNames(storage) };
}

async function dump(storage: Storage, records = false): Promise<string> {
  const lines: string[] = [];
  for await (const { text } of dumpLines(await survey(at(storage)), { records })) lines.push(text);
  return lines.join('\n');
}

async function problems(storage: Storage, mirror?: Storage): Promise<string[]> {
  const found = await verifyPlace(at(storage), mirror && at(mirror));
  return found.problems.map(({ level, file, position, what }) => `${level} ${file} ${position}: ${what}`);
}

async function repair(storage: Storage, options: RepairOptions): Promise<string[]> {
  const { steps, refusals } = await planRepair(at(storage), options);
  const done: string[] = [];
  for (const step of steps) done.push(...(await step.apply()));
  return [...done, ...refusals];
}

describe('dump', () => {
  test('tells all of a healthy log', async () => {
    const { storage } = await written();
    const text = await dump(storage, true);
    expect(text).toContain('3 segments in use');
    expect(text).toContain('data       LSN 13, 1 record');
    expect(text).toContain('"key" = "value"');
    expect(text).toContain('judgement: clean (the log was closed here)');
    expect(text).not.toContain('<-');
  });

  test('tells of damage field by field, with what was expected and by whom', async () => {
    const { storage, names } = await written();
    const bytes = storage.bytes(names[0] ?? '');
    bytes[2 * 512 + 68] = 0xff;
    bytes.fill(0, 3 * 512 + 88 + 12, 3 * 512 + 88 + 14);
    const text = await dump(storage);
    expect(text).toMatch(/chain +0x\w+ +<- expected 0x\w+ \(header CRC of the batch at 512\)/);
    expect(text).toMatch(/header CRC +0x\w+ +<- expected 0x\w+ \(bytes 8 to 88/);
    expect(text).toMatch(/bytes 1536 to 2048: damaged body; held LSN 3, of which 0 can still be read/);
    expect(text).toMatch(/record 3: offset, bytes, field, value\n.*CRC +0x\w+ +<- expected 0x/);
  });

  test('says which evidence decided', async () => {
    const { storage, names } = await written();
    await storage.remove(names[1] ?? '');
    const text = await dump(storage);
    expect(text).toContain('judgement: corrupt (a later segment shows that the log went on)');
    expect(text).toMatch(/yes +covered +valid headers above the chain: 0000000003-/);
  });

  test('shows a directory without a log, and one without a manifest', async () => {
    const storage = new MemoryStorage();
    await storage.makeDirectory('wal');
    expect(await dump(storage)).toBe('memory:wal: there is no log here');
    const { storage: other } = await written();
    await other.remove('wal/manifest');
    expect(await dump(other)).toMatch(/manifest\n {2}missing\n[\s\S]*LSN 14[\s\S]*judgement: none/);
  });
});

test('looking never writes', async () => {
  const { storage, names } = await written();
  storage.bytes(names[0] ?? '').fill(0xee, 1024, 2048);
  const calls: string[] = [];
  const watched = watch(storage, (call) => {
    calls.push(call);
  });
  await dump(watched, true);
  await verifyPlace(at(watched), at(watched));
  await gatherStatistics(await survey(at(watched)));
  await planRepair(at(watched), { policy: 'point-in-time' });
  expect(calls).toEqual([]);
});

describe('verify', () => {
  test('finds nothing in a healthy log, and each damaged place in another', async () => {
    const { storage, names } = await written();
    expect(await problems(storage)).toEqual([]);
    storage.bytes(names[0] ?? '').fill(0xee, 1024, 1100);
    storage.bytes(names[1] ?? '')[2 * 512 + 88] = 0xee;
    expect(await problems(storage)).toEqual([
      expect.stringMatching(/^damage 0000000001-\w+\.wal 1024: no batch header, where record 2/),
      expect.stringMatching(/^damage 0000000002-\w+\.wal 1024: damaged body, where record 8/),
    ]);
  });

  test('takes a log of which only a cursor is left for a damaged one', async () => {
    const { storage, names } = await written();
    for (const name of [...names, 'wal/manifest']) await storage.remove(name);
    expect(await problems(storage)).toEqual([]);
    await (await storage.open('wal/cursor-reader', 'create')).close();
    expect(await problems(storage)).toEqual(['damage manifest undefined: it is missing']);
  });

  test('says which copy of the two it means', async () => {
    const { storage, names } = await written();
    const copy = storage.snapshot();
    copy.bytes(names[0] ?? '').fill(0xee, 1024, 1100);
    expect(await problems(storage, copy)).toContainEqual(
      expect.stringMatching(/^damage memory:wal\/0000000001-\w+\.wal 1024: no batch header/),
    );
  });

  test('compares two copies', async () => {
    const { storage, names } = await written();
    const copy = storage.snapshot();
    expect(await problems(storage, copy)).toEqual([]);
    copy.bytes(names[2] ?? '')[700] = 1;
    await copy.remove(names[0] ?? '');
    const found = await problems(storage, copy);
    expect(found).toContainEqual(
      expect.stringMatching(/^damage 0000000003-\w+\.wal 700: the two copies differ/),
    );
    expect(found).toContainEqual(
      expect.stringMatching(/^damage 0000000001-\w+\.wal undefined: it is not in memory:wal/),
    );
  });
});

describe('repair', () => {
  test('mends each of two copies that are damaged in different places from the other', async () => {
    const { storage, names } = await written();
    const whole = storage.snapshot();
    const copy = storage.snapshot();
    storage.bytes(names[0] ?? '').fill(0xee, 1024, 1600);
    storage.bytes(names[1] ?? '').fill(0xee, 0, 300);
    storage.bytes('wal/manifest').fill(0);
    copy.bytes(names[0] ?? '').fill(0xee, 2048, 2500);
    await copy.remove(names[2] ?? '');
    await repair(storage, { mirror: at(copy) });
    await repair(copy, { mirror: at(storage) });
    for (const name of names) expect(storage.bytes(name)).toEqual(whole.bytes(name));
    for (const name of names) expect(copy.bytes(name)).toEqual(whole.bytes(name));
    expect(await problems(storage, copy)).toEqual([]);
    expect((await storage.list('wal')).filter((name) => name.endsWith('.quarantine')).length).toBeGreaterThan(
      2,
    );
  });

  test('says what is damaged in both copies, and leaves it', async () => {
    const { storage, names } = await written();
    const copy = storage.snapshot();
    for (const each of [storage, copy]) each.bytes(names[0] ?? '').fill(0xee, 1024, 1100);
    expect(await repair(storage, { mirror: at(copy) })).toEqual([
      expect.stringContaining('bytes 1024 to 1536 are damaged in both copies'),
    ]);
  });

  test('makes a lost manifest anew from the segments', async () => {
    const { storage } = await written();
    storage.bytes('wal/manifest').fill(0xee);
    await expect(openLog(storage, roomy, 100)).rejects.toMatchObject({ code: 'corrupt' });
    expect(await repair(storage, {})).toEqual([
      expect.stringContaining('kept the damaged manifest as manifest@0+'),
      'made a new manifest',
    ]);
    const wal = await openLog(storage, roomy, 100);
    expect(await readTexts(wal)).toEqual([...texts(14), 'value']);
    await wal.close();
  });

  test('refuses to guess where a log starts', async () => {
    const { storage, names } = await written();
    await storage.remove('wal/manifest');
    await storage.remove(names[0] ?? '');
    const refusal = expect.stringMatching(/was let go of or lost is not written anywhere.*--first-lsn 7/);
    expect(await repair(storage, {})).toEqual([refusal]);
    expect(await repair(storage, { firstLsn: 7 })).toEqual(['made a new manifest']);
    const wal = await openLog(storage, roomy, 100);
    expect(await readTexts(wal)).toEqual([...texts(8, 7), 'value']);
    await wal.close();
  });

  test('counts as lost what can be read in a damaged batch, too', async () => {
    const storage = new MemoryStorage();
    const wal = await openLog(storage, roomy);
    await wal.appendBatch(texts(5).map(encode));
    await wal.sync();
    await appendAll(wal, ['after']);
    await wal.close();
    const [name = ''] = await segmentNames(storage);
    storage.bytes(name)[512 + 88 + 12] = 0xee;
    expect(await problems(storage)).toContainEqual(
      expect.stringContaining('4 of its records can still be read'),
    );
    const [step] = (await planRepair(at(storage), { policy: 'point-in-time' })).steps;
    expect(step?.loses).toBe('LSN 1 and all that follow, 5 of which can be read now');
  });

  test('ends the log before the damage, and keeps what follows', async () => {
    const { storage, names } = await written();
    storage.bytes(names[1] ?? '').fill(0xee, 1024, 1100);
    const [step] = (await planRepair(at(storage), { policy: 'point-in-time' })).steps;
    expect(step?.loses).toBe('LSN 8 and all that follow, 7 of which can be read now');
    expect(await step?.apply()).toEqual([
      'ended the log before LSN 8',
      expect.stringMatching(/set aside 0000000003/),
    ]);
    expect(await problems(storage)).toEqual([]);
  });
});

test('stats count what there is', async () => {
  const { storage } = await written();
  const found = await gatherStatistics(await survey(at(storage)));
  expect(found).toMatchObject({
    segments: 3,
    firstLsn: 1,
    nextLsn: 16,
    damagedPlaces: 0,
    recordsByType: { 1: 14, 2: 1 },
  });
  expect(found.records).toMatchObject({ count: 15, min: 2, max: 20 });
  expect(found.records.byPowerOfTwo).toEqual([0, 0, 14, 0, 0, 1]);
});
