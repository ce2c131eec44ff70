import { describe, expect, test } from 'vitest';
import { Wal } from '../../wal/index.ts';
import { liveTree, type TraceEntry } from '../model/recording.ts';
import { exploreRun, recordRun, type WalRun, type WalStep } from './fixtures/wal-run.ts';
import { openStorageOnImage } from './layer.ts';

/** Rolls, has a batch that is not synced, and one of several blocks. */
const steps: readonly WalStep[] = [
  { payloads: ['a'], durable: true },
  { payloads: ['x'.repeat(3000)], durable: false },
  { payloads: ['b', 'c'], durable: true },
  { payloads: ['y'.repeat(5000), 'd'], durable: false },
  { payloads: ['e'], durable: true },
  { payloads: ['f'], durable: true },
];

/** How far a reader sees that looks at the page cache after so many entries of a run; undefined: there is no log yet. */
async function lookAt(
  { recording }: WalRun,
  point: number,
  show: 'durable' | 'written',
): Promise<number | undefined> {
  const image = liveTree({ base: recording.base, trace: recording.trace.slice(0, point) });
  const [storage] = [...openStorageOnImage(image).values()];
  if (storage === undefined) throw new Error('the sim layer has a volume data');
  const timers = { every: () => () => undefined, delay: async () => undefined };
  try {
    const reader = await Wal.openReader({ storage, directory: 'wal' }, { show, timers });
    return (await reader.stats()).lastLsn;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'io') return undefined;
    throw error;
  }
}

/** The run, with what a reader was shown after each operation put down as if it had been promised. */
async function withLooks(run: WalRun, show: 'durable' | 'written'): Promise<WalRun> {
  const trace: TraceEntry[] = [];
  for (const [index, entry] of run.recording.trace.entries()) {
    trace.push(entry);
    if (entry.kind === 'acknowledgement') continue;
    const lastLsn = await lookAt(run, index + 1, show);
    if (lastLsn !== undefined) trace.push({ kind: 'acknowledgement', text: `durable ${lastLsn}` });
  }
  return { ...run, recording: { ...run.recording, trace } };
}

describe('what a reader beside the writer is shown', () => {
  test.for(['posix', 'hostile', 'ext4-ordered'])(
    'as durable is there after every crash from then on, also when a writer was killed before: %s',
    async (profile) => {
      const first = await recordRun(steps);
      const { base, trace } = first.recording;
      const start = { base, trace: [...trace, { kind: 'process-crash' as const }] };
      const second = await recordRun(steps.slice(0, 4), { start, before: first, seed: 2, close: true });
      const ends = new Set([...first.after.ends, ...second.after.ends]);
      for (const run of [first, { ...second, from: 0, after: { ...second.after, ends } }]) {
        const looked = await withLooks(run, 'durable');
        const shown = looked.recording.trace.filter((entry) => entry.kind === 'acknowledgement');
        expect(shown.at(-1)).toMatchObject({ text: expect.stringMatching(/^durable \d+$/) });
        const { findings } = await exploreRun(looked, profile, 'power-loss', { limit: 500 });
        expect(findings).toEqual([]);
      }
    },
  );

  test('as written may be taken back: the crash that does so is found', async () => {
    const looked = await withLooks(await recordRun(steps), 'written');
    const { findings } = await exploreRun(looked, 'posix', 'power-loss', { limit: 500 });
    expect(findings[0]?.problem).toMatch(/^promised \d+ records/);
  });
});
