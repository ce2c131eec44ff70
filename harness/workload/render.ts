import type { Mutation } from '../subject/subject.ts';

/** How workloads and values are written in reports. */

const charactersMax = 64;
const recordsMax = 3;

/**
 * Bytes for a reader: text in quotes where all are printable ASCII; the printable start in quotes, then `…`, where they
 * begin with at least four printable ones, as every value of a workload does; else hex. Cut at 64 characters.
 */
export function renderBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'nothing';
  let printable = 0;
  while (printable < bytes.length && printable <= charactersMax && isPrintable(bytes[printable])) printable++;
  if (printable < Math.min(4, bytes.length)) return renderHex(bytes);
  const text = Buffer.from(bytes.subarray(0, Math.min(printable, charactersMax))).toString('latin1');
  return text.length === bytes.length ? `"${text}"` : `"${text}…"`;
}

function renderHex(bytes: Uint8Array): string {
  const cut = bytes.length > charactersMax / 2;
  const hex = Buffer.from(cut ? bytes.subarray(0, charactersMax / 2) : bytes).toString('hex');
  return `0x${hex}${cut ? '…' : ''}`;
}

function isPrintable(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x20 && byte < 0x7f;
}

/** Size and content: `40 bytes "record 7 …"`. */
export function renderValue(bytes: Uint8Array): string {
  return bytes.length === 1 ? `1 byte ${renderBytes(bytes)}` : `${bytes.length} bytes ${renderBytes(bytes)}`;
}

/** A key, without quotes where it is plain printable text: keys of workloads are. */
export function renderKey(key: Uint8Array): string {
  const rendered = renderBytes(key);
  return /^"[^" ]+"$/.test(rendered) ? rendered.slice(1, -1) : rendered;
}

/** One line, in the words of the protocol: `append 40 bytes "record 7 …"`, `put key-1 = 12 bytes "…", durable`. */
export function renderMutation(mutation: Mutation): string {
  switch (mutation.op) {
    case 'append':
    case 'appendDurable':
      return `${mutation.op} ${renderValue(mutation.data)}`;
    case 'appendBatch': {
      const shown = mutation.data.slice(0, recordsMax).map(renderValue);
      const more = mutation.data.length - shown.length;
      const records = more > 0 ? [...shown, `${more} more`] : shown;
      return `appendBatch [${records.join(', ')}]${durability(mutation.durable)}`;
    }
    case 'put':
      return `put ${renderKey(mutation.key)} = ${renderValue(mutation.value)}${durability(mutation.durable)}`;
    case 'delete':
      return `delete ${renderKey(mutation.key)}${durability(mutation.durable)}`;
    case 'sync':
      return 'sync';
    case 'truncateBefore':
      return `truncateBefore ${mutation.position}`;
  }
}

function durability(durable: boolean): string {
  return durable ? ', durable' : '';
}
