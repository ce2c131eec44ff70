import { expect, test } from 'vitest';
import { WalError } from '../errors.ts';
import { appendAll, openLog, readTexts, segmentNames, texts } from '../fixtures/log.ts';
import { watch } from '../fixtures/watched-storage.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';

/*
 * What one copy can say of its own damage (docs/wal-format.md section 7, The limit): every sector of a log that was closed, or killed,
 * is damaged in turn. Silent loss is allowed for one place alone: the last batch of a log that was not closed.
 */

const sectorBytes = 512;
const count = 5;

async function written() {
  const storage = new MemoryStorage();
  const wal = await openLog(storage);
  await appendAll(wal, texts(count));
  const killed = storage.snapshot();
  await wal.close();
  return { killed, closed: storage };
}

/** `told`: opening, reading or verifying says that something is damaged. `lost N`: N records are missing and nobody says so. */
async function outcomeOf(storage: MemoryStorage): Promise<string> {
  try {
    const wal = await openLog(storage, {}, 100);
    const damages = await wal.verify();
    if (damages.length > 0) return 'told';
    const shown = await readTexts(wal);
    await wal.close();
    expect(shown).toEqual(texts(shown.length));
    return shown.length === count ? 'harmless' : `lost ${count - shown.length}`;
  } catch (error) {
    if (error instanceof WalError && error.code === 'corrupt') return 'told';
    throw error;
  }
}

const damages = {
  zeroed: (bytes: Uint8Array) => void bytes.fill(0),
  'full of garbage': (bytes: Uint8Array) => void bytes.fill(0xa5),
  'with a bit flipped': (bytes: Uint8Array) => {
    bytes[20] = (bytes[20] ?? 0) ^ 1;
  },
};

test.for(Object.entries(damages))('a sector that is %s', async ([, damage]) => {
  const { killed, closed } = await written();
  const last = (await segmentNames(killed)).at(-1) ?? '';
  for (const [state, disk] of Object.entries({ killed, closed })) {
    const silent: string[] = [];
    let told = 0;
    for (const name of await disk.list('wal')) {
      for (let at = 0; at < disk.bytes(`wal/${name}`).length; at += sectorBytes) {
        const copy = disk.snapshot();
        damage(copy.bytes(`wal/${name}`).subarray(at, at + sectorBytes));
        const outcome = await outcomeOf(copy);
        if (outcome === 'told') told++;
        if (outcome.startsWith('lost')) silent.push(`wal/${name} at ${at}: ${outcome}`);
      }
    }
    // The last segment's header, and its only batch: without either nothing was ever acknowledged there, as far as anyone can tell.
    const limit = [`${last} at 0: lost 1`, `${last} at 512: lost 1`];
    expect({ state, silent }).toEqual({ state, silent: state === 'killed' ? limit : [] });
    expect(told).toBeGreaterThan(6);
  }
});

test('a clean end promises what stands before it, before the manifest knows of it', async () => {
  const disk = new MemoryStorage();
  const roomy = { segmentBytes: 16 * 512 };
  let atCleanEnd: MemoryStorage | undefined;
  let isClosing = false;
  const storage = watch(disk, (call) => {
    if (isClosing && call.startsWith('write wal/manifest')) atCleanEnd ??= disk.snapshot();
  });
  const wal = await openLog(storage, roomy);
  await appendAll(wal, texts(3));
  isClosing = true;
  await wal.close();
  if (atCleanEnd === undefined) throw new Error('closing writes the manifest');
  const [name = ''] = await segmentNames(atCleanEnd);
  // The third record's batch.
  atCleanEnd.bytes(name).fill(0xee, 1600, 1610);
  await expect(openLog(atCleanEnd, roomy, 100)).rejects.toMatchObject({
    code: 'corrupt',
    report: { row: 'promised' },
  });
});
