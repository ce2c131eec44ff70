import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openFuseLayer } from '../fuse/layer.ts';
import type { EndedRecording, FaultLayer, Place } from '../layer.ts';
import type { Recording } from '../model/recording.ts';
import type { Plan } from '../plan.ts';
import type { FileSystem } from './file-systems.ts';
import { diskName, diskTree, formattedDisk, isUnformatted } from './format.ts';
import { mountDisk, unmountEach, writeBackAndUnmount } from './mount.ts';

export interface BlockLayerOptions {
  readonly volumes: readonly string[];
  /** An existing directory of the caller's, on a memory file system if speed matters. */
  readonly directory: string;
  readonly fileSystem: FileSystem;
}

/**
 * A layer under the kernel's own file system. Each volume is a disk: one file of a FUSE layer, a loop device on it, a file system in it,
 * mounted where the subject works. So what is recorded are writes of sectors and flushes of disks, on the inodes of the files `disk`. A
 * recording that starts on empty volumes starts on disks that were just formatted. docs/block.md
 */
export async function openBlockLayer({
  volumes,
  directory,
  fileSystem,
}: BlockLayerOptions): Promise<FaultLayer> {
  const formatted = await formattedDisk(fileSystem, directory);
  const disks = subdirectory(directory, 'disks');
  const inner = await openFuseLayer({ volumes, directory: disks });
  if (inner.place.kind !== 'directories') throw new Error('a fuse layer has directories');
  const { directories: roots, ackFile } = inner.place;
  const points = new Map(volumes.map((volume) => [volume, subdirectory(directory, `on-${volume}`)] as const));
  const mounted = new Set<string>();

  const mountAll = () => {
    for (const [volume, point] of points) {
      mountDisk(join(roots.get(volume) ?? '', diskName), point, fileSystem);
      mounted.add(point);
    }
  };
  const place: Place = {
    kind: 'directories',
    directories: points,
    ...(ackFile !== undefined && { ackFile }),
  };
  return {
    name: 'block',
    place,
    async begin(start: Recording, plan: Plan) {
      unmountEach(mounted);
      const { base, trace } = start;
      await inner.begin({ base: isUnformatted(base) ? diskTree(volumes, formatted) : base, trace }, plan);
      mountAll();
    },
    acknowledge: (text) => inner.acknowledge(text),
    entryCount: () => inner.entryCount(),
    async end({ writtenBack } = { writtenBack: false }): Promise<EndedRecording> {
      if (writtenBack) unmountEach(mounted, writeBackAndUnmount);
      const ended = await inner.end();
      unmountEach(mounted);
      return { ...ended, recording: { ...ended.recording, disks: true } };
    },
    async close() {
      try {
        unmountEach(mounted);
      } finally {
        await inner.close();
      }
    },
  };
}

function subdirectory(directory: string, name: string): string {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  return path;
}
