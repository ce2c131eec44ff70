import { isGap, Wal, WalError, type WalOptions } from '../../../wal/index.ts';
import type { LogPlace } from '../../../wal/place.ts';
import { type Storage, StorageError } from '../../../wal/storage.ts';
import type { FaultLayer } from '../../layer.ts';
import { type CrashFault, crashStates } from '../../model/crash-states.ts';
import { takeApart } from '../../model/effects.ts';
import { buildImage } from '../../model/image.ts';
import { profileNamed } from '../../model/profile.ts';
import { createRandom } from '../../model/random.ts';
import { liveTree, type Recording } from '../../model/recording.ts';
import { emptyTree } from '../../model/tree.ts';
import type { Firing, Plan, PlanRule } from '../../plan.ts';
import { openSimLayer, openStorageOnImage } from '../layer.ts';
import { BadDiskModel } from './bad-disk-model.ts';
import type { LogModel, Shown } from './log-model.ts';
import { mortalStorage } from './mortal-storage.ts';
import { harmOf, noticeable, type Opening, volumesOf, type World } from './worlds.ts';

/** How the log under test is opened; another way tests the campaign. */
export type OpenWal = (place: LogPlace, options: WalOptions) => Promise<Wal>;

const statesLimit = 60;
const directory = 'wal';

/** A machine with simulated disks and one log on them, that can lose its power. */
export class Machine {
  readonly world: World;
  readonly #openings: readonly Opening[];
  readonly #openWal: OpenWal;
  readonly #layer: FaultLayer;
  #wal: Wal | undefined;
  /** Of two disks, the one that faults befall. */
  #badDisk = 'data';
  /** What befell the disks before they were last started. */
  #firings: readonly Firing[] = [];
  /** The log said that it is damaged: it is opened with a policy that ends it there. */
  #isToldOf = false;
  /** The log is open on both disks, and is to go on with the good one whatever the bad one does. */
  #mustGoOn = false;
  /** How often the machine was started: each time with other processes. */
  #starts = 0;
  #opens = 0;
  #ticks = 0;

  private constructor(world: World, openings: readonly Opening[], openWal: OpenWal) {
    this.world = world;
    this.#openings = openings;
    this.#openWal = openWal;
    this.#layer = openSimLayer(volumesOf[world]);
  }

  /** `openings` are used in turn, each time the log is opened. */
  static async start(
    world: World,
    openings: readonly Opening[],
    openWal: OpenWal = (place, options) => Wal.open(place, options),
  ): Promise<Machine> {
    const machine = new Machine(world, openings, openWal);
    await machine.#layer.begin(emptyDisks(world), []);
    return machine;
  }

  /** Whatever has befallen the disks so far. */
  async firings(): Promise<readonly Firing[]> {
    return [...this.#firings, ...(await this.#layer.end()).firings];
  }

  /** The log, opened and compared with the model if it is not open. Throws what is wrong. */
  async log(model: LogModel, copies?: Opening['copies']): Promise<Wal> {
    if (this.#wal !== undefined) return this.#wal;
    const opening = this.#openings[this.#opens % this.#openings.length];
    if (opening === undefined) throw new Error('a machine is given one opening at least');
    // A log without a record is made anew, and not the same on one disk as on two: nobody can tell which one counts.
    const isEmpty = model.durableLsn === 0 && this.#opens > 0;
    const wal = await this.#open({ ...opening, copies: copies ?? (isEmpty ? 'both' : opening.copies) });
    const { firstLsn, durableLsn, nextLsn } = wal.stats();
    if (durableLsn !== nextLsn - 1)
      throw new Error(`it opened with ${nextLsn - 1 - durableLsn} records that are not durable`);
    const isSalvage = this.world === 'bad-disk' && opening.options.policy === 'salvage';
    const onGap = () => {
      this.#isToldOf = true;
    };
    const texts = await readLog(wal, durableLsn, isSalvage ? onGap : undefined);
    const cursorLsn = (await wal.cursor('consumer')).lsn;
    const shown = { firstLsn, lastLsn: durableLsn, texts, cursorLsn };
    const problem = await this.#compare(model, shown, wal);
    if (problem !== undefined) throw new Error(problem);
    this.#wal = wal;
    this.#isToldOf = false;
    this.#mustGoOn = opening.options.failover === true && volumesOf[this.world].length > 1;
    return wal;
  }

  async close(): Promise<void> {
    await this.#wal?.close();
    this.#wal = undefined;
    this.#mustGoOn = false;
  }

  /** The process dies; what it wrote is in the page cache. `plan`: what goes wrong on the disk from then on. */
  async kill(plan: Plan = []): Promise<void> {
    const { recording } = await this.#layer.end();
    const trace = [...recording.trace, { kind: 'process-crash' as const }];
    await this.#restart({ base: recording.base, trace }, plan);
  }

  /** The power goes: the disks are in the `pick`-th of the states in which they may be left now. */
  async cutPower(profile: string, fault: CrashFault, pick: number, plan: Plan = []): Promise<void> {
    const { recording } = await this.#layer.end();
    const { length } = recording.trace;
    const trace = takeApart(recording);
    const { states } = crashStates(trace, profileNamed(profile), fault, {
      seed: pick,
      limit: statesLimit,
      after: length - 1,
    });
    const state = pickFrom(states, pick % statesLimit) ?? { point: length, lost: [], filler: 'old' };
    await this.#restart({ base: buildImage(trace, state), trace: [] }, plan);
  }

  /**
   * The power goes, and comes back with all disks in order: what faults have done is made good, or at least comes to light. Of two
   * copies each is whole then, and holds the log by itself. The other disk is the bad one from now on.
   */
  async heal(model: LogModel, pick: number): Promise<void> {
    await this.cutPower('posix', 'power-loss', pick);
    const wal = await this.log(model, 'both');
    const text = model.newText(0);
    model.issue([text]);
    await wal.appendDurable(new TextEncoder().encode(text));
    const { damages } = await wal.scrub();
    if (damages.length > 0) throw new WalError('corrupt', `a scrub could not mend ${damages.join('; ')}`);
    await this.close();
    model.settle();
    if (this.world !== 'two-copies') return;
    for (const volume of volumesOf[this.world]) await this.#checkAlone(volume, model);
    this.#badDisk = this.#badDisk === 'data' ? 'mirror' : 'data';
  }

  /** Whatever happened, what is there must open and be what the model says. */
  async lookAgain(model: LogModel): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.kill();
        await this.log(model);
        return await this.heal(model, 0);
      } catch (error) {
        // A bad disk may have it refused, then ended before the damage, then made anew.
        if (attempt === 3 || !(await this.mayFail(error))) throw error;
      }
    }
  }

  /** Whether a call may have failed as it did, given what befell the disks. */
  async mayFail(error: unknown): Promise<boolean> {
    const fired = noticeable((await this.#layer.end()).firings);
    // The dead hear no error.
    if (fired.some(({ rule }) => rule.fault === 'process-kill') && isOwnError(error)) return true;
    if (!(error instanceof WalError)) return false;
    if (error.code === 'failed' || error.code === 'io' || error.code === 'full')
      return fired.length > 0 && !this.#mustGoOn;
    if (error.code !== 'corrupt' || this.world !== 'bad-disk') return false;
    const harmed = noticeable(await this.firings()).length > 0;
    // Not even ending it before the damage helps: there is nothing left to open.
    if (harmed && this.#isToldOf) await this.#restart(emptyDisks(this.world), []);
    this.#isToldOf = harmed;
    return harmed;
  }

  async end(): Promise<void> {
    await this.#layer.close();
  }

  async #restart(start: Recording, plan: Plan): Promise<void> {
    this.#firings = await this.firings();
    this.#wal = undefined;
    this.#mustGoOn = false;
    this.#starts++;
    await this.#layer.begin(
      start,
      plan.map((rule) => this.#onItsDisk(rule)),
    );
  }

  /** Of two disks one is spared: what could be noticed happens on the other. */
  #onItsDisk(rule: PlanRule): PlanRule {
    if (this.world !== 'two-copies' || ['short-io', 'slow', 'process-kill'].includes(rule.fault)) return rule;
    return { ...rule, volume: this.#badDisk };
  }

  async #compare(model: LogModel, shown: Shown, { recovery }: Wal): Promise<string | undefined> {
    if (!(model instanceof BadDiskModel)) return model.reopen(shown);
    const isTold = this.#isToldOf || recovery.damage !== undefined;
    return model.reopenHarmed(shown, { harm: harmOf(await this.firings()), isTold });
  }

  /** One copy holds all that both of them held when the log was closed. The disk itself is left as it is. */
  async #checkAlone(volume: string, model: LogModel): Promise<void> {
    const { recording } = await this.#layer.end();
    const storage = openStorageOnImage(liveTree(recording)).get(volume);
    if (storage === undefined) throw new Error(`the image has a volume ${volume}`);
    const { options } = this.#openings[0] ?? {};
    const wal = await this.#openWal({ storage, directory }, { ...options, mirror: 'missing' });
    const shown = await readLog(wal, wal.stats().durableLsn);
    await wal.close();
    const expected = model.between(model.firstLsn, model.lastLsn);
    if (shown.join('\n') !== expected.join('\n'))
      throw new Error(`the copy on ${volume} alone shows ${shown.length} records, not ${expected.length}`);
  }

  async #open({ options, copies }: Opening): Promise<Wal> {
    const given = {
      ...options,
      randomBytes: createRandom(this.#opens++, 'identities').bytes,
      now: () => ++this.#ticks,
    };
    const place = (volume: string): LogPlace => ({ storage: this.#storage(volume), directory });
    if (this.world !== 'two-copies') {
      const policy = this.#isToldOf ? { policy: 'point-in-time' as const } : {};
      return this.#openWal(place('data'), { ...given, ...policy });
    }
    if (copies === 'both') return this.#openWal(place('data'), { ...given, mirror: place('mirror') });
    if (copies === 'turned round') return this.#openWal(place('mirror'), { ...given, mirror: place('data') });
    const good = place(this.#badDisk === 'data' ? 'mirror' : 'data');
    try {
      return await this.#openWal(good, given);
    } catch (error) {
      if (!(error instanceof WalError && error.code === 'invalid')) throw error;
      return this.#openWal(good, { ...given, mirror: 'missing' });
    }
  }

  #storage(volume: string): Storage {
    const { place } = this.#layer;
    const storage = place.kind === 'storages' ? place.storages.get(volume) : undefined;
    if (storage === undefined) throw new Error(`the sim layer has a volume ${volume}`);
    const start = this.#starts;
    return mortalStorage(storage, () => start !== this.#starts);
  }
}

function isOwnError(error: unknown): boolean {
  return error instanceof WalError || error instanceof StorageError;
}

function emptyDisks(world: World): Recording {
  return { base: emptyTree(volumesOf[world]), trace: [] };
}

/** The item of that number, counted around where there are fewer. No more of them are made than it takes. */
function pickFrom<T>(items: Iterable<T>, index: number): T | undefined {
  const passed: T[] = [];
  for (const item of items) {
    passed.push(item);
    if (passed.length > index) return item;
  }
  return passed[index % passed.length];
}

/** Every record up to an LSN that is shown, a stream whole; with `onGap`: around gaps. */
export async function readLog(wal: Wal, to: number, onGap?: () => void): Promise<string[]> {
  const shown: string[] = [];
  for await (const record of onGap === undefined
    ? wal.iterate({ to })
    : wal.iterate({ to, damage: 'skip' })) {
    if (isGap(record)) {
      onGap?.();
      continue;
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of wal.readStream(record)) chunks.push(chunk);
    const key = record.key === undefined ? '' : `${Buffer.from(record.key).toString()}=`;
    shown.push(`${record.lsn} ${key}${Buffer.concat(chunks).toString()}`);
  }
  return shown;
}
