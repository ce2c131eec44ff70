import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Copies, canRun, formatCases, makeCase, recordsOf } from './fixtures/format-cases.ts';
import { MemoryStorage } from './storage/memory-storage.ts';

/** Logs as version 1 of the format left them: they must open as long as there is a version 1. */
const directory = fileURLToPath(new URL('./fixtures/format-1/', import.meta.url));

async function stored(name: string): Promise<Copies> {
  const copies = readdirSync(join(directory, name)).filter((each) => each.startsWith('copy-'));
  return Promise.all((copies.length > 0 ? copies : ['']).map((copy) => load(join(directory, name, copy))));
}

async function load(from: string): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await storage.makeDirectory('wal');
  for (const each of readdirSync(from).filter((file) => file !== 'records.json')) {
    const file = await storage.open(`wal/${each}`, 'create');
    await file.write([readFileSync(join(from, each))], 0);
  }
  return storage;
}

function recordsIn(name: string): object[] {
  const records = JSON.parse(readFileSync(join(directory, name, 'records.json'), 'utf8'));
  expect(records.length).toBeGreaterThan(1);
  return records;
}

describe.for(formatCases.filter(canRun))('the log $name of format version 1', (formatCase) => {
  const { name, options = {}, isMirrored } = formatCase;

  test('opens, and shows the records that it showed', async () => {
    expect(JSON.parse(JSON.stringify(await recordsOf(await stored(name))))).toEqual(recordsIn(name));
  });

  if (isMirrored === true)
    test('opens with either copy alone, too', async () => {
      for (const copy of await stored(name)) {
        const records = await recordsOf([copy], { mirror: 'missing' });
        expect(JSON.parse(JSON.stringify(records))).toEqual(recordsIn(name));
      }
    });

  test('is what the same calls write today', async () => {
    const [then, now] = [await stored(name), await makeCase(formatCase)];
    // A library's next version may compress the same bytes to others.
    if (options.codec !== undefined) return expect(await recordsOf(now)).toEqual(await recordsOf(then));
    expect(now.length).toBe(then.length);
    for (const [index, copy] of now.entries()) {
      const old = then[index];
      expect(await copy.list('wal')).toEqual(await old?.list('wal'));
      for (const file of await copy.list('wal'))
        expect(Buffer.compare(copy.bytes(`wal/${file}`), old?.bytes(`wal/${file}`) ?? Buffer.of())).toBe(0);
    }
  });
});

test.for(formatCases.filter((formatCase) => !canRun(formatCase)))(
  'the log $name is refused where Node.js lacks its codec',
  async ({ name }) => {
    await expect(recordsOf(await stored(name))).rejects.toMatchObject({ code: 'unsupported' });
  },
);
