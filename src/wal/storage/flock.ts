import { closeSync, constants, openSync } from 'node:fs';

/** sys/file.h: LOCK_EX | LOCK_NB, the same on every Linux. */
const exclusivelyAtOnce = 2 | 4;

/**
 * An exclusive flock(2) on a directory, through koffi: it belongs to the descriptor, so it dies with the process, and every
 * process that sees the directory meets it, in whatever container. Answers what lets go of it, and `held` if another has it;
 * undefined where there is no koffi, or no flock on such a directory (some network file systems).
 */
export async function flockDirectory(path: string): Promise<(() => void) | 'held' | undefined> {
  const koffi = await import('koffi').then(
    (module) => module.default,
    () => undefined,
  );
  if (koffi === undefined) return undefined;
  const flock = koffi.load(null).func('flock', 'int', ['int', 'int']);
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  if (flock(descriptor, exclusivelyAtOnce) === 0) return () => closeSync(descriptor);
  const isHeld = koffi.errno() === koffi.os.errno.EAGAIN;
  closeSync(descriptor);
  return isHeld ? 'held' : undefined;
}
