import type { InodeNumber } from '../../src/faults/model/tree.ts';
import type { Descriptor, LiveDisk } from '../../src/faults/volume.ts';
import type { Calls } from './perform.ts';

/** The calls on a simulated disk. What it refuses it throws as a PosixError, whose `code` is the errno. */
export function simulatedCalls({ names, files }: LiveDisk, volume: string): Calls<Descriptor> {
  const inodeOf = (path: string): InodeNumber => names.resolve(volume, path).number;
  const placeOf = (path: string): readonly [parent: InodeNumber, name: string] => {
    const slash = path.lastIndexOf('/');
    return [inodeOf(path.slice(0, Math.max(0, slash))), path.slice(slash + 1)];
  };
  return {
    open(path, how) {
      if (how === 'create') names.create(...placeOf(path), { kind: 'file', mode: 0o644 });
      const inode = how === 'unnamed' ? names.createUnnamed(inodeOf(''), 0o644, true).number : inodeOf(path);
      return files.open(inode, { writable: true });
    },
    link(file, to) {
      names.link(file.inode, ...placeOf(to));
    },
    write: (file, data, at, sync) => files.write(file, at, data, sync),
    store(file, data, at) {
      files.write(file, at, data);
      // msync(2) syncs the file's data and no more: Linux, mm/msync.c.
      files.sync(file, 'fdatasync');
    },
    truncate: (file, size) => files.truncate(file.inode, size),
    allocate: (file, { mode, at: offset, bytes: length, keepSize }) =>
      files.allocate(file, { mode, offset, length, keepSize }),
    sync: (file, cause) => files.sync(file, cause),
    syncDirectory(path) {
      const directory = files.open(inodeOf(path));
      try {
        files.sync(directory, 'fsyncdir');
      } finally {
        files.close(directory);
      }
    },
    close: (file) => files.close(file),
    makeDirectory(path) {
      names.create(...placeOf(path), { kind: 'directory', mode: 0o755 });
    },
    removeDirectory: (path) => names.removeDirectory(...placeOf(path)),
    unlink: (path) => names.unlink(...placeOf(path)),
    rename: (from, to, exchange) => names.rename(...placeOf(from), ...placeOf(to), { exchange }),
  };
}
