import type { Storage } from '../../wal/storage.ts';
import { carryOut, type DiskRequest, type DiskResult } from '../control/disk-requests.ts';
import type { ControlledLayer, EndedRecording, Place } from '../layer.ts';
import type { Recording } from '../model/recording.ts';
import { emptyTree, type Tree } from '../model/tree.ts';
import type { Plan } from '../plan.ts';
import { SimSession } from './session.ts';
import { SimStorage } from './storage.ts';

/** The simulated disk under a subject in this process. Needs nothing of the machine, on any system. */
export function openSimLayer(volumes: readonly string[]): ControlledLayer {
  return new SimLayer(volumes);
}

class SimLayer implements ControlledLayer {
  readonly name = 'sim';
  readonly place: Place;
  #start: Recording;
  #session: SimSession;

  constructor(volumes: readonly string[]) {
    this.#start = { base: emptyTree(volumes), trace: [] };
    this.#session = new SimSession(this.#start, []);
    const storages = new Map(
      volumes.map((volume) => [volume, new SimStorage(volume, () => this.#session)] as const),
    );
    this.place = { kind: 'storages', storages };
  }

  async begin(start: Recording, plan: Plan): Promise<void> {
    this.#session.end();
    this.#start = start;
    this.#session = new SimSession(start, plan);
  }

  async acknowledge(text: string): Promise<void> {
    // Whoever was killed promises nothing any more.
    if (!this.#session.isOver) this.#session.disk.acknowledge(text);
  }

  async entryCount(): Promise<number> {
    return this.#session.disk.entryCount;
  }

  async end(): Promise<EndedRecording> {
    const { trace, firings, rules } = this.#session.disk;
    return { recording: { base: this.#start.base, trace: [...trace] }, firings: [...firings], rules };
  }

  async control<Request extends DiskRequest>(request: Request): Promise<DiskResult<Request['op']>> {
    const cutPower = (image: Tree) => {
      const { lastingFaults } = this.#session.disk;
      this.#session.end();
      this.#start = { ...this.#start, base: image, trace: [] };
      this.#session = new SimSession(this.#start, [], true, lastingFaults);
    };
    return carryOut({ disk: this.#session.disk, cutPower }, request) as DiskResult<Request['op']>;
  }

  async close(): Promise<void> {
    this.#session.end();
  }
}

/** The volumes of a crash image as storages, for a recovery in this process. The image itself is not changed. */
export function openStorageOnImage(image: Tree): ReadonlyMap<string, Storage> {
  const session = new SimSession({ base: image, trace: [] }, [], false);
  return new Map([...image.roots.keys()].map((volume) => [volume, new SimStorage(volume, () => session)]));
}
