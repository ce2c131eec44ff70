import type { LogPlace } from '../place.ts';

/** How a copy is called in reports and messages. */
export function nameOf({ storage, directory }: LogPlace): string {
  return storage.description + directory;
}
