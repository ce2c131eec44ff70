import { describe, expect, test } from 'vitest';
import { barrierNames } from '../model/barriers.ts';
import { withoutBarriers } from '../model/mutant.ts';
import { exploreRun, recordRun, smallOptions, type WalRun, type WalStep } from './fixtures/wal-run.ts';

/** Deletes each barrier of a run in turn, and asks whether some crash then breaks a promise (docs/wal-format.md section 4). */
const steps: readonly WalStep[] = ['a', 'b', 'c', 'd', 'e'].map((text) => ({
  payloads: [text],
  durable: true,
}));

interface Barrier {
  readonly name: string;
  readonly detected: boolean;
}

async function deleteEach(run: WalRun, isMeant: (name: string) => boolean = () => true): Promise<Barrier[]> {
  const barriers: Barrier[] = [];
  for (const [entry, whole] of barrierNames(run.recording)) {
    const name = whole.replace(/ (before|at the end).*/, '');
    if (entry < run.from || !isMeant(name)) continue;
    const recording = withoutBarriers(run.recording, new Set([entry]));
    barriers.push({ name, detected: await isDetected({ ...run, recording }) });
  }
  return barriers;
}

async function isDetected(run: WalRun): Promise<boolean> {
  for (const profile of ['posix', 'hostile']) {
    for (const fault of ['power-loss', 'torn-write'] as const) {
      const { findings } = await exploreRun(run, profile, fault, { limit: 800, from: run.from - 1 });
      if (findings.length > 0) return true;
    }
  }
  return false;
}

const undetected = (barriers: readonly Barrier[]) =>
  barriers.filter(({ detected }) => !detected).map(({ name }) => name);

describe('each barrier is missed when it is deleted', () => {
  test('making a log, writing, rolling, closing (B1 to B7, B10)', async () => {
    const barriers = await deleteEach(await recordRun(steps, { close: true }));
    expect(barriers.length).toBeGreaterThan(15);
    expect(undetected(barriers)).toEqual([
      // B3: a segment this small is zeroed by one write, and its first commit covers that. The next test has a larger one.
      'fsync wal/prepare.tmp',
      'fsync wal/prepare.tmp',
      'fsync wal/prepare.tmp',
      // B10: no crash needs it. Without it damage to a closed log's end could not be told from a torn write.
      'fsync wal/manifest',
    ]);
  });

  test('the size of a segment, before its header can be seen (B3)', async () => {
    const options = { ...smallOptions, blockBytes: 65_536, segmentBytes: 2_097_152 };
    const run = await recordRun(steps.slice(0, 1), { options });
    const barriers = await deleteEach(run, (name) => name === 'fsync wal/prepare.tmp');
    expect(barriers).toEqual([{ name: 'fsync wal/prepare.tmp', detected: true }]);
  });

  test('moving what is unsure after a kill (B8, B9)', async () => {
    const options = { ...smallOptions, prepareAhead: false };
    const first = await recordRun(steps.slice(0, 2), { options });
    const { base, trace } = first.recording;
    const start = { base, trace: [...trace, { kind: 'process-crash' as const }] };
    const barriers = await deleteEach(
      await recordRun(steps.slice(2, 3), { start, before: first, options, seed: 2 }),
    );
    expect(barriers.map(({ name }) => name)).toEqual([
      'fsync wal/prepare.tmp',
      'fsync wal/',
      'fsync wal/manifest',
      'fdatasync wal/*.wal',
      'fdatasync wal/*.wal',
      'fsync wal/manifest',
      'fdatasync wal/*.wal',
    ]);
    // The last manifest: no crash needs it. Without it the next recovery moves the same records once more.
    expect(undetected(barriers)).toEqual(['fsync wal/prepare.tmp', 'fsync wal/manifest']);
    expect(barriers.findLastIndex(({ detected }) => !detected)).toBe(5);
  });

  test('letting go of old segments (B12)', async () => {
    const run = await recordRun(steps, { truncateBefore: 5 });
    const last = await deleteEach({ ...run, from: run.recording.trace.length - 8 });
    expect(last).toEqual([
      { name: 'fsync wal/manifest', detected: true },
      // The second slot: no crash needs it, but a damaged first one would ask for segments that are gone.
      { name: 'fsync wal/manifest', detected: false },
      // What is gone comes back: nobody misses it, and the next recovery removes it again.
      { name: 'fsync wal/', detected: false },
    ]);
  });
});
