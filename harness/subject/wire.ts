import type {
  ScannedItem,
  SubjectAnswer,
  SubjectErrorCode,
  SubjectHello,
  SubjectRequest,
} from './subject.ts';

/** The line protocol's text, powercut's side. docs/subject-protocol.md is the specification. */

/** One line, with its end. */
export function encodeRequest(id: string, request: SubjectRequest): string {
  return `${JSON.stringify({ id, ...encodeFields(request) })}\n`;
}

function encodeFields(request: SubjectRequest): object {
  switch (request.op) {
    case 'append':
    case 'appendDurable':
      return { op: request.op, data: toBase64(request.data) };
    case 'appendBatch':
      return { op: request.op, data: request.data.map(toBase64), durable: request.durable };
    case 'put':
      return {
        op: request.op,
        key: toBase64(request.key),
        value: toBase64(request.value),
        durable: request.durable,
      };
    case 'delete':
      return { op: request.op, key: toBase64(request.key), durable: request.durable };
    case 'get':
      return { op: request.op, key: toBase64(request.key) };
    default:
      return request;
  }
}

/** A line as it came: an item of a scan, the end of an answer, or a refusal. */
export type ReplyLine =
  | { readonly kind: 'item'; readonly id: string; readonly item: ScannedItem; readonly bytes: number }
  | { readonly kind: 'answer'; readonly id: string; readonly fields: Fields }
  | {
      readonly kind: 'refusal';
      readonly id: string;
      readonly error: { readonly code: SubjectErrorCode; readonly message: string };
    };

type Fields = Readonly<Record<string, unknown>>;

/** What a line should have been; the caller knows which request and which line. */
export class NonsenseError extends Error {
  override readonly name = 'NonsenseError';
}

const errorCodes: readonly string[] = ['corrupt', 'io', 'full', 'failed', 'unsupported', 'invalid'];

/** Throws a {@link NonsenseError} that says what was expected. */
export function decodeLine(line: string): ReplyLine {
  const fields = parseObject(line);
  const { id } = fields;
  if (typeof id !== 'string') throw new NonsenseError('"id", a string');
  if (fields.item !== undefined) {
    const item = decodeItem(fields.item);
    return { kind: 'item', id, item, bytes: line.length };
  }
  if (fields.ok === true) return { kind: 'answer', id, fields };
  if (fields.ok !== false) throw new NonsenseError('"ok": true or false');
  const { error } = fields;
  if (!isObject(error) || !isErrorCode(error.code) || typeof error.message !== 'string')
    throw new NonsenseError(`"error": {"code": one of ${errorCodes.join(', ')}, "message": a string}`);
  return { kind: 'refusal', id, error: { code: error.code, message: error.message } };
}

/** The answer that `fields` make to `request`; `items` came before it. Throws a {@link NonsenseError}. */
export function decodeAnswer(
  request: SubjectRequest,
  fields: Fields,
  items: readonly ScannedItem[],
): SubjectAnswer {
  switch (request.op) {
    case 'hello':
      return { ok: true, hello: decodeHello(fields) };
    case 'open': {
      const { recovered } = fields;
      if (recovered === undefined || recovered === null) return { ok: true };
      if (!isObject(recovered)) throw new NonsenseError('"recovered": an object, or none');
      return { ok: true, recovered };
    }
    case 'append':
    case 'appendDurable': {
      const { position } = fields;
      if (typeof position !== 'string') throw new NonsenseError('"position": a string');
      return { ok: true, positions: [position] };
    }
    case 'appendBatch': {
      const { positions } = fields;
      if (!isStrings(positions) || positions.length !== request.data.length)
        throw new NonsenseError(`"positions": an array of ${request.data.length} strings`);
      return { ok: true, positions };
    }
    case 'get':
      return { ok: true, value: fields.value === null ? null : decodeBytes(fields.value, 'value') };
    case 'scan':
      if (fields.count !== items.length)
        throw new NonsenseError(`"count": ${items.length}, as many as there were items`);
      return { ok: true, items };
    case 'verify':
      return { ok: true, detail: fields.detail };
    default:
      return { ok: true };
  }
}

function decodeHello(fields: Fields): SubjectHello {
  const { model, name, version, features } = fields;
  if (model !== 'log' && model !== 'kv') throw new NonsenseError('"model": "log" or "kv"');
  if (typeof name !== 'string') throw new NonsenseError('"name": a string');
  if (typeof version !== 'string') throw new NonsenseError('"version": a string');
  if (!isStrings(features)) throw new NonsenseError('"features": an array of strings');
  return { model, name, version, features };
}

function decodeItem(item: unknown): ScannedItem {
  if (!isObject(item)) throw new NonsenseError('"item": an object');
  const { position, key } = item;
  const data = decodeBytes(item.data, 'item.data');
  if (position !== undefined && typeof position !== 'string')
    throw new NonsenseError('"item.position": a string');
  return {
    ...(position !== undefined && { position }),
    ...(key !== undefined && { key: decodeBytes(key, 'item.key') }),
    data,
  };
}

function parseObject(line: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new NonsenseError('one JSON object');
  }
  if (!isObject(value)) throw new NonsenseError('one JSON object');
  return value;
}

function decodeBytes(value: unknown, field: string): Uint8Array {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'base64');
    // Buffer.from skips what is not base64: the bytes are then fewer than the text's length says.
    const padding = value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0;
    if (value.length % 4 === 0 && bytes.length === (value.length / 4) * 3 - padding) return bytes;
  }
  throw new NonsenseError(`"${field}": base64, padded`);
}

function toBase64(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}

function isErrorCode(value: unknown): value is SubjectErrorCode {
  return typeof value === 'string' && errorCodes.includes(value);
}
