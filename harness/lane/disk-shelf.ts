import { join } from 'node:path';
import type { FileSystem } from '../../src/faults/block/file-systems.ts';
import { diskName } from '../../src/faults/block/format.ts';
import { mountDisk, unmountEach } from '../../src/faults/block/mount.ts';
import { checkRoom } from '../../src/faults/block/room.ts';
import { layOut } from './lay-out.ts';
import { readBack } from './read-back.ts';
import { directoriesIn, type PlacedShelf } from './shelf.ts';

/** Plain files that hold the disks, each mounted: the kernel replays the journal, and then the subject recovers. */
export function diskShelf(
  volumes: readonly string[],
  directory: string,
  fileSystem: FileSystem,
): PlacedShelf {
  const disks = directoriesIn(join(directory, 'disks'), volumes);
  const directories = directoriesIn(join(directory, 'on'), volumes);
  const mounted = new Set<string>();
  return {
    directories,
    async put(image) {
      unmountEach(mounted);
      layOut(image, disks);
      checkRoom(directory);
      for (const [volume, point] of directories) {
        mountDisk(join(disks.get(volume) ?? '', diskName), point, fileSystem);
        mounted.add(point);
      }
    },
    async look() {
      unmountEach(mounted);
      return readBack(disks);
    },
    close: async () => unmountEach(mounted),
  };
}
