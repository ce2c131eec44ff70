import type { StorageFile } from '../storage.ts';

/** A copy's file that is opened to be read, and tells when it cannot be. */
export function noticing(file: StorageFile, onRefusal: () => void): StorageFile {
  const notice = (error: unknown): never => {
    onRefusal();
    throw error;
  };
  return {
    size: () => file.size().catch(notice),
    read: (buffer, position) => file.read(buffer, position).catch(notice),
    readBack: (buffer, position) => file.readBack(buffer, position).catch(notice),
    write: (buffers, position) => file.write(buffers, position),
    truncate: (size) => file.truncate(size),
    sync: () => file.sync(),
    syncData: () => file.syncData(),
    writeDurably: (buffers, position) => file.writeDurably(buffers, position),
    close: () => file.close(),
  };
}
