import { WalError } from './errors.ts';
import type { Settings } from './options.ts';
import {
  draftBytes,
  isUserType,
  keyBytesMax,
  type LogRecord,
  type RecordDraft,
  recordTypes,
  recordTypeUserMax,
  recordTypeUserMin,
} from './record.ts';

/** Of a put or a delete: at most 1 MiB; a text stands for its UTF-8. */
export type WalKey = Uint8Array | string;

/** What can be appended: plain bytes, bytes of a type, a put, a delete, JSON, or a value of a user's type with a codec. */
export type WalEntry =
  | Uint8Array
  | { readonly data: Uint8Array; readonly type?: number }
  | { readonly put: WalKey; readonly value: Uint8Array }
  | { readonly delete: WalKey }
  | { readonly json: unknown }
  | { readonly type: number; readonly value: unknown };

const nothing = new Uint8Array(0);

/** Checks an entry; `type` counts for plain bytes. Throws `invalid` or `too-large`. */
export function draftOf(
  entry: WalEntry,
  settings: Pick<Settings, 'types' | 'now'>,
  type: number = recordTypes.bytes,
): RecordDraft {
  if (entry instanceof Uint8Array) return draftBytes(entry, checkType(type));
  if (typeof entry !== 'object' || entry === null)
    throw new WalError('invalid', `an entry is ${describe(entry)}: expected a Uint8Array (or Buffer)`);
  if ('data' in entry) return draftBytes(checkBytes(entry.data), checkType(entry.type ?? type));
  if ('put' in entry) return draftPut(entry.put, entry.value, settings.now());
  if ('delete' in entry) {
    const key = checkKey(entry.delete);
    return { type: recordTypes.delete, value: nothing, key, timeMs: settings.now(), part: undefined };
  }
  if ('json' in entry) return draftBytes(encodeJson(entry.json), recordTypes.json);
  if ('value' in entry) {
    const codec = settings.types[entry.type];
    if (codec === undefined)
      throw new WalError('invalid', `record type ${entry.type} has no codec: give one in the option types`);
    return draftBytes(checkBytes(codec.encode(entry.value)), entry.type);
  }
  throw new WalError(
    'invalid',
    `an entry is ${describe(entry)}: expected a Uint8Array (or Buffer), or an object with data, put, delete, json or value`,
  );
}

export function draftPut(key: WalKey, value: Uint8Array, timeMs: number): RecordDraft {
  return { type: recordTypes.put, value: checkBytes(value), key: checkKey(key), timeMs, part: undefined };
}

/** What was appended: JSON parsed, a value of a type with a codec decoded, nothing for a delete, bytes for all else. */
export function decodeValue(record: LogRecord, { types }: Pick<Settings, 'types'>): unknown {
  const { type, data } = record;
  if (type === recordTypes.delete) return undefined;
  if (type === recordTypes.json) return JSON.parse(Buffer.from(data).toString());
  return isUserType(type) && types[type] !== undefined ? types[type].decode(data) : data;
}

export function checkType(type: number): number {
  if (type === recordTypes.bytes || isUserType(type)) return type;
  throw new WalError(
    'invalid',
    `record type ${type}: expected ${recordTypes.bytes}, or ${recordTypeUserMin} to ${recordTypeUserMax}`,
  );
}

export function checkBytes(bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  throw new WalError('invalid', `a payload is ${describe(bytes)}: expected a Uint8Array (or Buffer)`);
}

function checkKey(key: WalKey): Uint8Array {
  const bytes = typeof key === 'string' ? Buffer.from(key) : checkBytes(key);
  if (bytes.length <= keyBytesMax) return bytes;
  throw new WalError('too-large', `a key of ${bytes.length} bytes: at most ${keyBytesMax} are allowed`);
}

function encodeJson(value: unknown): Uint8Array {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new WalError('invalid', `a value has no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (text === undefined) throw new WalError('invalid', `${describe(value)} has no JSON`);
  return Buffer.from(text);
}

function describe(value: unknown): string {
  return typeof value === 'object' ? (value?.constructor.name ?? 'null') : typeof value;
}
