import { cp, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ControlError } from '../src/faults/control/requests.ts';
import { ControlServer } from '../src/faults/control/server.ts';
import { type MountedLayer, openFuseLayer } from '../src/faults/fuse/layer.ts';
import type { ControlledLayer } from '../src/faults/layer.ts';
import { createRandom } from '../src/faults/model/random.ts';
import { liveTree } from '../src/faults/model/recording.ts';
import { emptyTree } from '../src/faults/model/tree.ts';
import type { Firing, Plan } from '../src/faults/plan.ts';
import { makeWithParents } from './make-directory.ts';

export interface MountOptions {
  /** An empty directory, or one that is made, and removed at the end. Not those above it. */
  readonly point: string;
  readonly volumes: readonly string[];
  readonly plan: Plan;
  /** Volume to the directory whose copy it holds, durably, at the start. */
  readonly contents: ReadonlyMap<string, string>;
  /** Where the control socket is to be; in the mount's own directory below the temporary one where absent. */
  readonly control?: string;
  /** Of power cuts that name none. */
  readonly profile: string;
  readonly seed: number;
  readonly onFiring: (firing: Firing) => void;
}

/** Volumes under programs that a person starts. */
export interface MountedDisk {
  /** Volume to its directory. */
  readonly directories: ReadonlyMap<string, string>;
  /** The control socket's path. */
  readonly control: string;
  /** Settles once the disk is gone, by itself or by `close`: how that came about. */
  readonly gone: Promise<string>;
  /** Copies what the volumes show into `directory`, which is new or empty: a directory for each. */
  save(directory: string): Promise<void>;
  /** Unmounts. Nothing is left. */
  close(): Promise<void>;
}

/** Of the directories that mounts have below the temporary one. */
export const mountPrefix = 'powercut-mount-';
export const socketName = 'control';

/**
 * Mounts the volumes for everyone in this mount namespace, and listens at the control socket. Rejects with a ControlError where the point, a rule
 * or the socket cannot be; nothing is left then.
 */
export async function mountDisk(options: MountOptions): Promise<MountedDisk> {
  const point = resolve(options.point);
  const isNew = makePoint(point);
  const directory = await mkdtemp(join(tmpdir(), mountPrefix));
  const control = resolve(options.control ?? join(directory, socketName));
  const { volumes, plan, onFiring } = options;
  let server: ControlServer | undefined;
  let layer: MountedLayer | undefined;
  const close = async () => {
    await server?.close();
    await layer?.close();
    await rm(directory, { recursive: true, force: true });
    // Whoever put something there meanwhile keeps it.
    if (isNew) await rmdir(point).catch(() => {});
  };
  try {
    layer = await openFuseLayer({
      volumes,
      directory,
      point,
      onFiring(firing) {
        onFiring(firing);
        server?.fired(firing);
      },
    });
    const directories = directoriesOf(layer);
    await fill(layer, options, directories);
    server = await ControlServer.listen(control, hostOf(layer, point, options));
    // Not before: who waits for a firing is told of each.
    if (plan.length > 0) await layer.control({ op: 'add', rules: [...plan] });
    return {
      directories,
      control,
      gone: layer.gone,
      async save(target) {
        for (const [volume, from] of directories) await copy(from, join(target, volume));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function makePoint(point: string): boolean {
  try {
    return makeWithParents(point);
  } catch (error) {
    throw new ControlError('invalid', `${point} cannot be made: ${(error as Error).message}`);
  }
}

function directoriesOf({ place }: ControlledLayer): ReadonlyMap<string, string> {
  if (place.kind !== 'directories') throw new Error('the fuse layer has directories');
  return place.directories;
}

/** Begins with copies of the contents, as if they had been there before. */
async function fill(
  layer: ControlledLayer,
  { volumes, contents }: MountOptions,
  directories: ReadonlyMap<string, string>,
): Promise<void> {
  await layer.begin({ base: emptyTree(volumes), trace: [] }, []);
  if (contents.size === 0) return;
  for (const [volume, from] of contents) await copy(from, directories.get(volume) ?? '');
  const { recording } = await layer.end();
  await layer.begin({ base: liveTree(recording), trace: [] }, []);
}

function copy(from: string, to: string): Promise<void> {
  return cp(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
}

function hostOf(layer: ControlledLayer, point: string, { volumes, profile, seed }: MountOptions) {
  let cuts = 0;
  return {
    hello: { protocol: 1, directory: point, volumes, profile, pid: process.pid } as const,
    control: layer.control.bind(layer),
    nextSeed: () => createRandom(seed, `power cut ${++cuts}`).below(2 ** 31),
  };
}
