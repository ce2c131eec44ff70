import type { Encoding } from '../codec/codec.ts';
import { identify, type SegmentIdentity } from '../format.ts';
import { makeFile } from '../make-file.ts';
import type { ManifestFile } from '../manifest.ts';
import type { LogObserver } from '../metrics/observer.ts';
import type { MirrorStorage } from '../mirror/mirror-storage.ts';
import type { Settings } from '../options.ts';
import { type LogPlace, pathOf } from '../place.ts';
import type { StorageFile } from '../storage.ts';
import { nextTurn } from './turn.ts';

/** All that writing to one log needs. */
export interface LogContext {
  readonly place: LogPlace;
  readonly manifest: ManifestFile;
  readonly settings: Settings;
  /** Set if `place` is two copies. */
  readonly mirror: MirrorStorage | undefined;
  readonly encoding: Encoding;
  readonly observer: LogObserver;
}

/** A segment file full of zeros, with a durable name, that the manifest names: its header may be written. */
export interface ReadySegment {
  readonly identity: SegmentIdentity;
  readonly file: StorageFile;
  readonly bytes: number;
}

const temporaryName = 'prepare.tmp';
const zeros = new Uint8Array(1024 * 1024);

export async function prepareSegment(
  context: LogContext,
  number: number,
  bytes: number,
): Promise<ReadySegment> {
  const { place, manifest, settings } = context;
  const identity = identify(manifest.current.logId, number, randomEpoch(settings.randomBytes));
  // B3: the zeros and the size, before the name. B4: the name, before anything in the segment is acknowledged.
  await makeFile(place, identity.name, temporaryName, (file) => writeZeros(file, 0, bytes));
  // B6. A header that is durable speaks for itself. This lets a segment file be missed that a disk fault makes vanish, the last
  // of all and so with no successor to miss it. And it tells the next writer that the name is durable.
  await manifest.update({ published: { number, epoch: identity.epoch } });
  return { identity, file: await place.storage.open(pathOf(place, identity.name), 'write'), bytes };
}

/** A segment that an earlier writer made ready, published and never used. Recovery has seen that it is all zeros. */
export async function adoptSegment({ place }: LogContext, identity: SegmentIdentity): Promise<ReadySegment> {
  const file = await place.storage.open(pathOf(place, identity.name), 'write');
  return { identity, file, bytes: await file.size() };
}

/** Makes a segment larger that is ready and not yet used. */
export async function growSegment(ready: ReadySegment, bytes: number): Promise<ReadySegment> {
  try {
    await writeZeros(ready.file, ready.bytes, bytes);
    await ready.file.sync();
  } catch (error) {
    await ready.file.close();
    throw error;
  }
  return { ...ready, bytes };
}

/** In steps, between which other work gets its turn. */
async function writeZeros(file: StorageFile, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += zeros.length) {
    if (at > from) await nextTurn();
    await file.write([zeros.subarray(0, Math.min(zeros.length, to - at))], at);
  }
}

function randomEpoch(randomBytes: (length: number) => Uint8Array): number {
  return randomBytes(6).reduce((epoch, byte) => epoch * 256 + byte, 0);
}
