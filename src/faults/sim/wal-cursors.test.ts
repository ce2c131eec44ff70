import { describe, expect, test } from 'vitest';
import type { Wal } from '../../wal/index.ts';
import { crashStates } from '../model/crash-states.ts';
import { takeApart } from '../model/effects.ts';
import { buildImage } from '../model/image.ts';
import { profileNamed } from '../model/profile.ts';
import type { Recording } from '../model/recording.ts';
import { emptyTree } from '../model/tree.ts';
import { openWal, smallOptions, storageOf } from './fixtures/wal-run.ts';
import { openSimLayer, openStorageOnImage } from './layer.ts';

/** What a cursor may stand at after a crash: from what was last said of it, up to what was last asked for. */
type Program = (wal: Wal, say: (text: string) => Promise<void>) => Promise<void>;

const encode = (text: string) => new TextEncoder().encode(text);
const options = { ...smallOptions, prepareAhead: false };
const emptyStart: Recording = { base: emptyTree(['data']), trace: [] };

async function record(program: Program, start = emptyStart, seed = 1): Promise<Recording> {
  const layer = openSimLayer(['data']);
  await layer.begin(start, []);
  const wal = await openWal(storageOf(layer.place), options, seed);
  await program(wal, (text) => layer.acknowledge(text));
  const { recording } = await layer.end();
  await layer.close();
  return recording;
}

/** `at least 3` and `at most 5` hold from where they were said, until they are said anew. */
function lastSaid({ trace }: Recording, point: number, what: string, otherwise: number): number {
  const said = trace
    .slice(0, point)
    .flatMap((entry) =>
      entry.kind === 'acknowledgement' && entry.text.startsWith(what) ? [entry.text] : [],
    );
  const last = said.at(-1);
  return last === undefined ? otherwise : Number(last.slice(what.length));
}

async function judge(recording: Recording, image: ReturnType<typeof buildImage>, point: number) {
  const [storage] = [...openStorageOnImage(image).values()];
  if (storage === undefined) return 'no volume';
  const least = lastSaid(recording, point, 'at least', 0);
  const most = lastSaid(recording, point, 'at most', 0);
  try {
    const wal = await openWal(storage, options, 90);
    const { durableLsn } = wal.stats();
    const { lsn } = await wal.cursor('mail');
    if (lsn < least || lsn > most) return `the cursor is at ${lsn}, not from ${least} to ${most}`;
    if (lsn > durableLsn) return `the cursor is at ${lsn}, and the log ends at ${durableLsn}`;
    await wal.appendDurable(encode('probe'));
    await (await wal.cursor('mail')).advance(durableLsn + 1);
    await wal.close();
    const again = await openWal(storage, options, 91);
    const found = (await again.cursor('mail')).lsn;
    await again.close();
    return found === durableLsn + 1 ? undefined : `the cursor is at ${found} after it was advanced`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function explore(recording: Recording, profile: string, from = -1, limit = 120) {
  const trace = takeApart(recording);
  const findings: string[] = [];
  let states = 0;
  for (const fault of ['power-loss', 'torn-write'] as const) {
    const found = crashStates(trace, profileNamed(profile), fault, { seed: 1, limit, after: from });
    for (const state of found.states) {
      states++;
      const problem = await judge(recording, buildImage(trace, state), state.point);
      if (problem !== undefined) findings.push(`${JSON.stringify(state)}: ${problem}`);
      if (findings.length > 0) return { states, findings };
    }
  }
  return { states, findings };
}

const advancing: Program = async (wal, say) => {
  for (const text of ['a', 'b', 'c', 'd']) await wal.appendDurable(encode(text));
  const cursor = await wal.cursor('mail');
  for (const lsn of [1, 3, 4]) {
    await say(`at most ${lsn}`);
    await cursor.advance(lsn);
    await say(`at least ${lsn}`);
  }
};

const cutting: Program = async (wal, say) => {
  await advancing(wal, say);
  await say('at least 2');
  await wal.truncateAfter(2);
  await say('at most 2');
  await wal.appendDurable(encode('e'));
  await say('at most 3');
  await (await wal.cursor('mail')).advance(3);
  await say('at least 3');
};

describe('cursors on the simulated disk', () => {
  test.for(['posix', 'hostile', 'ext4-ordered', 'btrfs'])(
    'keep what they said and name nothing that the log lacks, whenever the power goes: %s',
    async (profile) => {
      const { states, findings } = await explore(await record(advancing), profile);
      expect(findings).toEqual([]);
      expect(states).toBeGreaterThan(30);
    },
  );

  test.for(['posix', 'hostile'])(
    'are lowered before the log is cut, whenever the power goes (I18): %s',
    async (profile) => {
      const whole = await record(cutting);
      const { findings } = await explore(whole, profile, Math.floor(whole.trace.length / 2));
      expect(findings).toEqual([]);
    },
  );

  test.for(['posix', 'hostile'])(
    'keep what they said when the writer is killed anywhere, another one goes on, and the power goes: %s',
    async (profile) => {
      const first = await record(advancing);
      const begun = first.trace.findIndex(
        (entry) => entry.kind === 'acknowledgement' && entry.text === 'at most 1',
      );
      for (let point = begun - 10; point <= first.trace.length; point++) {
        const start = {
          base: first.base,
          trace: [...first.trace.slice(0, point), { kind: 'process-crash' as const }],
        };
        const run = await record(
          async (wal, say) => {
            await say('at most 4');
            const cursor = await wal.cursor('mail');
            await cursor.advance(3);
            await say('at least 3');
          },
          start,
          5,
        );
        const { findings } = await explore(run, profile, point, 25);
        expect({ point, findings }).toEqual({ point, findings: [] });
      }
    },
  );

  test('a cursor whose barriers are left out is found', async () => {
    const recording = await record(advancing);
    const from = recording.trace.findIndex(
      (entry) => entry.kind === 'acknowledgement' && entry.text === 'at most 1',
    );
    const trace = recording.trace.map((entry, index) =>
      index > from && entry.kind === 'operation' && entry.operation.kind === 'sync'
        ? ({ kind: 'process-crash' } as const)
        : entry,
    );
    const { findings } = await explore({ ...recording, trace }, 'posix');
    expect(findings[0]).toMatch(/the cursor is at \d, not from/);
  });
});
