import { Wal, WalError, type WalOptions } from '../../../wal/index.ts';
import type { Storage } from '../../../wal/storage.ts';
import type { FaultLayer } from '../../layer.ts';
import { type CrashFault, crashStates } from '../../model/crash-states.ts';
import { takeApart } from '../../model/effects.ts';
import { buildImage } from '../../model/image.ts';
import { profileNamed } from '../../model/profile.ts';
import { createRandom } from '../../model/random.ts';
import type { Recording } from '../../model/recording.ts';
import { emptyTree } from '../../model/tree.ts';
import type { Plan } from '../../plan.ts';
import { openSimLayer } from '../layer.ts';
import type { LogModel } from './log-model.ts';

/** How the log under test is opened; another way tests the campaign. */
export type OpenWal = (storage: Storage, options: WalOptions) => Promise<Wal>;

const statesLimit = 60;

/** A machine with a simulated disk and one log on it, that can lose its power. */
export class Machine {
  readonly #options: readonly WalOptions[];
  readonly #openWal: OpenWal;
  readonly #layer: FaultLayer = openSimLayer(['data']);
  #wal: Wal | undefined;
  #opens = 0;
  #ticks = 0;

  private constructor(options: readonly WalOptions[], openWal: OpenWal) {
    this.#options = options;
    this.#openWal = openWal;
  }

  /** `options` are used in turn, each time the log is opened. */
  static async start(
    options: readonly WalOptions[],
    openWal: OpenWal = (storage, given) => Wal.open({ storage, directory: 'wal' }, given),
  ): Promise<Machine> {
    const machine = new Machine(options, openWal);
    await machine.#layer.begin({ base: emptyTree(['data']), trace: [] }, []);
    return machine;
  }

  /** The log, opened and compared with the model if it is not open. Throws what is wrong. */
  async log(model: LogModel): Promise<Wal> {
    if (this.#wal !== undefined) return this.#wal;
    const random = createRandom(this.#opens, 'identities');
    const { place } = this.#layer;
    const storage = place.kind === 'storages' ? place.storages.get('data') : undefined;
    if (storage === undefined) throw new Error('the sim layer has a volume data');
    const wal = await this.#openWal(storage, {
      ...this.#options[this.#opens % this.#options.length],
      randomBytes: random.bytes,
      now: () => ++this.#ticks,
    });
    this.#opens++;
    this.#wal = wal;
    const { firstLsn, durableLsn, nextLsn } = wal.stats();
    if (durableLsn !== nextLsn - 1)
      throw new Error(`it opened with ${nextLsn - 1 - durableLsn} records that are not durable`);
    const cursor = await wal.cursor('consumer');
    const problem = model.reopen({
      firstLsn,
      lastLsn: durableLsn,
      texts: await readLog(wal, durableLsn),
      cursorLsn: cursor.lsn,
    });
    if (problem !== undefined) throw new Error(problem);
    return wal;
  }

  async close(): Promise<void> {
    await this.#wal?.close();
    this.#wal = undefined;
  }

  /** The process dies; what it wrote is in the page cache. `plan`: what goes wrong on the disk from then on. */
  async kill(plan: Plan = []): Promise<void> {
    const { recording } = await this.#layer.end();
    await this.#restart(
      { base: recording.base, trace: [...recording.trace, { kind: 'process-crash' }] },
      shifted(plan, recording),
    );
  }

  /** The power goes: the disk is in the `pick`-th of the states in which it may be left now. */
  async cutPower(profile: string, fault: CrashFault, pick: number): Promise<void> {
    const { recording } = await this.#layer.end();
    const trace = takeApart(recording);
    const { length } = recording.trace;
    const found = crashStates(trace, profileNamed(profile), fault, {
      seed: pick,
      limit: statesLimit,
      after: length - 1,
    });
    const states = [...found.states].filter(({ point }) => point === length);
    const state = states[pick % Math.max(1, states.length)] ?? {
      point: length,
      lost: [],
      filler: 'old' as const,
    };
    await this.#restart({ base: buildImage(trace, state), trace: [] }, []);
  }

  /** Whether a call failed in a way that the log is allowed to: it accepts nothing more then. */
  static isFailure(error: unknown): boolean {
    return (
      error instanceof WalError && (error.code === 'failed' || error.code === 'io' || error.code === 'full')
    );
  }

  async end(): Promise<void> {
    await this.#layer.close();
  }

  async #restart(start: Recording, plan: Plan): Promise<void> {
    this.#wal = undefined;
    await this.#layer.begin(start, plan);
  }
}

/** A plan counts operations from the beginning of a recording, and what is meant are those to come. */
function shifted(plan: Plan, { trace }: Recording): Plan {
  const done = (kind: string) =>
    trace.filter((entry) => entry.kind === 'operation' && entry.operation.kind === kind).length;
  return plan.map((rule) => ({ ...rule, nth: (rule.nth ?? 1) + done(rule.operation) }));
}

/** Every record up to an LSN that is shown, a stream whole. */
export async function readLog(wal: Wal, to: number): Promise<string[]> {
  const shown: string[] = [];
  for await (const record of wal.iterate({ to })) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of wal.readStream(record)) chunks.push(chunk);
    const key = record.key === undefined ? '' : `${Buffer.from(record.key).toString()}=`;
    shown.push(`${record.lsn} ${key}${Buffer.concat(chunks).toString()}`);
  }
  return shown;
}
