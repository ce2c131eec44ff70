import type { Storage } from './storage.ts';

/** Where a log lives: a directory of a storage. */
export interface LogPlace {
  readonly storage: Storage;
  readonly directory: string;
}

export function pathOf({ directory }: LogPlace, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}
