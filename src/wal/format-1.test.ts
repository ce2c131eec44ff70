import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { formatCases, makeCase, recordsOf } from './fixtures/format-cases.ts';
import { MemoryStorage } from './storage/memory-storage.ts';

/** Logs as version 1 of the format left them: they must open as long as there is a version 1. */
const directory = fileURLToPath(new URL('./fixtures/format-1/', import.meta.url));

async function stored(name: string): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await storage.makeDirectory('wal');
  for (const each of readdirSync(join(directory, name)).filter((file) => file !== 'records.json')) {
    const file = await storage.open(`wal/${each}`, 'create');
    await file.write([readFileSync(join(directory, name, each))], 0);
  }
  return storage;
}

describe.for(formatCases)('the log $name of format version 1', (formatCase) => {
  const { name, options = {} } = formatCase;

  test('opens, and shows the records that it showed', async () => {
    const records = JSON.parse(readFileSync(join(directory, name, 'records.json'), 'utf8'));
    expect(records.length).toBeGreaterThan(1);
    expect(JSON.parse(JSON.stringify(await recordsOf(await stored(name))))).toEqual(records);
  });

  test('is what the same calls write today', async () => {
    const [then, now] = [await stored(name), await makeCase(formatCase)];
    // A library's next version may compress the same bytes to others.
    if (options.codec !== undefined) return expect(await recordsOf(now)).toEqual(await recordsOf(then));
    expect(await now.list('wal')).toEqual(await then.list('wal'));
    for (const file of await now.list('wal'))
      expect(Buffer.compare(now.bytes(`wal/${file}`), then.bytes(`wal/${file}`))).toBe(0);
  });
});
