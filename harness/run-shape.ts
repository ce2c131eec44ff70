import { createHash } from 'node:crypto';
import type { Recording } from '../src/faults/model/recording.ts';

const digits = 12;
const madeUp: ReadonlySet<string> = new Set(['name', 'fromName', 'toName']);

/**
 * Equal for recordings in which the same was asked and promised up to a crash, in the same order and at the same places. Bytes and
 * names may differ: a crash state speaks of neither, and programs draw both at random.
 */
export function shapeOf({ trace }: Recording, point: number): string {
  const shape = JSON.stringify(trace.slice(0, point), withoutContent);
  return createHash('sha256').update(shape).digest('hex').slice(0, digits);
}

/** A Buffer has made itself another value by the time that it comes as `value`. */
function withoutContent(this: unknown, key: string, value: unknown): unknown {
  if (madeUp.has(key)) return undefined;
  const raw = (this as Record<string, unknown>)[key];
  return raw instanceof Uint8Array ? raw.length : value;
}
