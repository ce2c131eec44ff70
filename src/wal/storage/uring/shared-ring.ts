import { Ring, type RingCounters } from './ring.ts';

/** One ring for all of this thread, so that files of several storages (both copies of a log) can share a submission. */
let shared: Promise<Ring> | undefined;
let current: Ring | undefined;
let users = 0;

/** Opens the ring for the first user; the last `release` closes it. */
export async function shareRing(): Promise<{ readonly ring: Ring; readonly release: () => void }> {
  users++;
  shared ??= Ring.open();
  try {
    const ring = await shared;
    current = ring;
    return { ring, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Undefined while no file uses the ring. */
export function ringCounters(): RingCounters | undefined {
  return current?.counters;
}

function release(): void {
  users--;
  if (users > 0) return;
  current?.close();
  current = undefined;
  shared = undefined;
}
