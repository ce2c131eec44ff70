import { describe, expect, test } from 'vitest';
import { Wal, type WalOptions } from '../../wal/index.ts';
import type { Storage } from '../../wal/storage.ts';
import { type CrashFault, crashStates } from '../model/crash-states.ts';
import { takeApart } from '../model/effects.ts';
import { buildImage } from '../model/image.ts';
import { profileNamed } from '../model/profile.ts';
import { createRandom } from '../model/random.ts';
import type { Recording } from '../model/recording.ts';
import { emptyTree } from '../model/tree.ts';
import type { Plan } from '../plan.ts';
import { smallOptions } from './fixtures/wal-run.ts';
import { openSimLayer, openStorageOnImage } from './layer.ts';

/** A mirrored log on two simulated disks that lose power at once, each with its own choice of what had reached it. */
const volumes = ['data', 'mirror'];
const options: WalOptions = { ...smallOptions, blockBytes: 512, segmentBytes: 2048, prepareAhead: false };
const encode = (text: string) => new TextEncoder().encode(text);
let ticks = 0;

function openOn(storages: ReadonlyMap<string, Storage>, seed: number, more: WalOptions = {}): Promise<Wal> {
  const [first, second] = volumes.map((name) => storages.get(name));
  if (first === undefined || second === undefined) throw new Error('both volumes are there');
  return Wal.open(
    { storage: first, directory: 'wal' },
    {
      ...options,
      mirror: { storage: second, directory: 'wal' },
      randomBytes: createRandom(seed, 'wal').bytes,
      now: () => ++ticks,
      ...more,
    },
  );
}

async function readAll(wal: Wal): Promise<string> {
  const texts: string[] = [];
  for await (const { data } of wal.iterate()) texts.push(Buffer.from(data).toString());
  return texts.join('');
}

/** Appends letters, each acknowledged. With a start: what an earlier writer left goes on. */
async function record(
  letters: string,
  start: Recording,
  seed: number,
  { close = false, plan = [], more = {} }: { close?: boolean; plan?: Plan; more?: WalOptions } = {},
): Promise<Recording> {
  const layer = openSimLayer(volumes);
  await layer.begin(start, plan);
  if (layer.place.kind !== 'storages') throw new Error('the sim layer has storages');
  try {
    const wal = await openOn(layer.place.storages, seed, more);
    for (const letter of letters) {
      const lsn = await wal.appendDurable(encode(letter));
      await layer.acknowledge(`durable ${lsn}`);
    }
    if (close) await wal.close();
  } catch (error) {
    // What a planned fault may do before the log is there.
    if (plan.length === 0) throw error;
  }
  const { recording } = await layer.end();
  await layer.close();
  return recording;
}

function promisedAt({ trace }: Recording, point: number): number {
  const said = trace
    .slice(0, point)
    .flatMap((entry) => (entry.kind === 'acknowledgement' ? [entry.text] : []));
  return Math.max(0, ...said.map((text) => Number(text.split(' ')[1])));
}

/** What is wrong with what opening, a scrub and opening again show. */
async function judge(storages: ReadonlyMap<string, Storage>, promised: number, all: string) {
  try {
    const wal = await openOn(storages, 99);
    const shown = await readAll(wal);
    if (shown.length < promised || !all.startsWith(shown)) return `promised ${promised}, shows ${shown}`;
    await wal.appendDurable(encode('!'));
    const { damages } = await wal.scrub();
    await wal.close();
    const again = await openOn(storages, 100);
    const shownAgain = await readAll(again);
    const left = [...damages, ...again.recovery.mended, ...(await again.scrub()).mended];
    await again.close();
    return shownAgain === `${shown}!` && left.length === 0
      ? undefined
      : `shows again ${shownAgain}, ${JSON.stringify(left)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What is acknowledged is on each copy, unless one of them says that the other is behind (I15): each that counts is opened alone. */
async function judgeAlone(open: () => ReadonlyMap<string, Storage>, promised: number) {
  if (promised === 0) return undefined;
  const saysBehind: string[] = [];
  for (const [volume, storage] of open())
    if ((await storage.list('wal')).includes('mirror.behind')) saysBehind.push(volume);
  for (const volume of saysBehind.length > 0 ? saysBehind : volumes) {
    const storage = open().get(volume);
    if (storage === undefined) return `${volume} is gone`;
    const more = {
      mirror: 'missing',
      randomBytes: createRandom(7, 'wal').bytes,
      now: () => ++ticks,
    } as const;
    const wal = await Wal.open({ storage, directory: 'wal' }, { ...options, ...more });
    const shown = await readAll(wal);
    await wal.close();
    if (shown.length < promised) return `promised ${promised}, ${volume} alone shows ${shown}`;
  }
  return undefined;
}

/** The disks of a number of crash states, by the moment of the crash. */
function imagesOf(recording: Recording, profile: string, fault: CrashFault, limit: number, after = -1) {
  const trace = takeApart(recording);
  const { states } = crashStates(trace, profileNamed(profile), fault, { seed: 1, limit, after });
  return [...states]
    .sort((left, right) => left.point - right.point)
    .map((state) => ({ point: state.point, open: () => openStorageOnImage(buildImage(trace, state)) }));
}

const empty: Recording = { base: emptyTree(volumes), trace: [] };

describe('a mirrored log on two simulated disks (I15, I16)', () => {
  test.for(['posix', 'hostile', 'ext4-ordered'])('loses nothing when the power goes: %s', async (profile) => {
    const recording = await record('abcde', empty, 1, { close: true });
    for (const fault of ['power-loss', 'torn-write'] as const) {
      const images = imagesOf(recording, profile, fault, 250);
      expect(images.length).toBeGreaterThan(60);
      for (const { point, open } of images) {
        const promised = promisedAt(recording, point);
        const problem = (await judge(open(), promised, 'abcde')) ?? (await judgeAlone(open, promised));
        expect({ point, problem }).toEqual({ point, problem: undefined });
      }
    }
  });

  test.for(['posix', 'hostile'])(
    'loses nothing when it was killed, goes on, and the power goes: %s',
    async (profile) => {
      const first = await record('abc', empty, 1);
      const start = { base: first.base, trace: [...first.trace, { kind: 'process-crash' as const }] };
      const recording = await record('de', start, 2, { close: true });
      for (const { point, open } of imagesOf(recording, profile, 'power-loss', 250, first.trace.length)) {
        const problem = await judge(open(), promisedAt(recording, point), 'abcde');
        expect({ point, problem }).toEqual({ point, problem: undefined });
      }
    },
  );

  test.for(volumes)('loses nothing when the power goes and %s has been lying for a while', async (liar) => {
    const recording = await record('abcde', empty, 1, { close: true });
    const images = imagesOf(recording, 'posix', 'power-loss', 200);
    for (const [now, { point, open }] of images.entries()) {
      const since = images[Math.floor(now * ((now * 7) % 10) * 0.1)] ?? images[now >> 1];
      const old = since?.open().get(liar);
      if (old === undefined) continue;
      const problem = await judge(new Map([...open(), [liar, old]]), promisedAt(recording, point), 'abcde');
      expect({ point, since: since?.point, problem }).toEqual({
        point,
        since: since?.point,
        problem: undefined,
      });
    }
  });

  test('loses what both disks lie about: the judge sees it', async () => {
    const recording = await record('abcde', empty, 1);
    const [oldest] = imagesOf(recording, 'posix', 'power-loss', 200);
    expect(await judge(oldest?.open() ?? new Map(), 5, 'abcde')).toContain('promised 5, shows');
  });

  test('goes on with one disk when any barrier of either fails, and loses nothing when the power goes then', async () => {
    const born = await record('a', empty, 1);
    const start = { base: born.base, trace: [...born.trace, { kind: 'process-crash' as const }] };
    let answered = 0;
    for (let nth = 1; nth <= 24; nth++) {
      const plan: Plan = [{ operation: 'sync', nth, fault: 'fsync-error' }];
      const recording = await record('bcde', start, 2, { plan, more: { failover: true }, close: true });
      answered = Math.max(answered, promisedAt(recording, recording.trace.length));
      for (const { point, open } of imagesOf(recording, 'posix', 'power-loss', 24, start.trace.length)) {
        const promised = promisedAt(recording, point);
        const problem = (await judge(open(), promised, 'abcde')) ?? (await judgeAlone(open, promised));
        expect({ nth, point, problem }).toEqual({ nth, point, problem: undefined });
      }
    }
    expect(answered).toBe(5);
  });
});
