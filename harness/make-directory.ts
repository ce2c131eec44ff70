import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory that may be there, and those above it, one after the other: Node's own `recursive` tries for ever where
 * a directory refuses as if it were not there itself, as /proc does. Answers whether it is new. Throws the system's error.
 */
export function makeWithParents(directory: string): boolean {
  if (existsSync(directory)) return false;
  makeWithParents(dirname(resolve(directory)));
  return makeNew(directory);
}

/** False where there is something of that name, which another run may have made a moment ago. */
export function makeNew(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
