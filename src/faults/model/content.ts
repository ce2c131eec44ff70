/**
 * The bytes of one file: a sparse array of 4 KiB pages. A page that is absent reads as zeros.
 *
 * Pages are immutable once stored: a change stores a new page. So two contents may share pages, and
 * cloning a content costs one map copy, not the bytes.
 */
export const pageBytes = 4096;

export interface Content {
  /** File size in bytes, 0 to 2^53 - 1. */
  size: number;
  /** Page index (offset / pageBytes) to its bytes, always exactly `pageBytes` long. Never mutate a page in place. */
  readonly pages: Map<number, Uint8Array>;
}

const zeroPage = new Uint8Array(pageBytes);

export function emptyContent(): Content {
  return { size: 0, pages: new Map() };
}

export function cloneContent(content: Content): Content {
  return { size: content.size, pages: new Map(content.pages) };
}

/** Bytes `offset` to `offset + length`, cut at the end of the file. The result is the caller's own. */
export function readContent(content: Content, offset: number, length: number): Uint8Array {
  const result = new Uint8Array(Math.max(0, Math.min(length, content.size - offset)));
  copyContent(content, offset, result);
  return result;
}

/** Bytes from `offset` on, into `into`; answers how many there were. */
export function copyContent(content: Content, offset: number, into: Uint8Array): number {
  const count = Math.max(0, Math.min(into.length, content.size - offset));
  for (let done = 0; done < count; ) {
    const at = offset + done;
    const index = Math.floor(at / pageBytes);
    const from = at - index * pageBytes;
    const part = Math.min(pageBytes - from, count - done);
    const page = content.pages.get(index);
    if (page === undefined) into.fill(0, done, done + part);
    else if (part === pageBytes) into.set(page, done);
    else into.set(page.subarray(from, from + part), done);
    done += part;
  }
  return count;
}

/** Writes `data` at `offset` and grows the size to hold it. Keeps a reference to `data` for whole pages: do not reuse it. */
export function writeContent(content: Content, offset: number, data: Uint8Array): void {
  storeBytes(content, offset, data);
  content.size = Math.max(content.size, offset + data.length);
}

/** As {@link writeContent}, but leaves the size alone: bytes beyond it stay invisible until it grows. */
export function storeBytes(content: Content, offset: number, data: Uint8Array): void {
  for (let done = 0; done < data.length; ) {
    const at = offset + done;
    const index = Math.floor(at / pageBytes);
    const from = at - index * pageBytes;
    const count = Math.min(pageBytes - from, data.length - done);
    if (count === pageBytes) {
      content.pages.set(index, data.subarray(done, done + pageBytes));
    } else {
      const page = new Uint8Array(content.pages.get(index) ?? zeroPage);
      page.set(data.subarray(done, done + count), from);
      content.pages.set(index, page);
    }
    done += count;
  }
}

/** Sets the size. Shrinking drops the bytes beyond, so that growing again shows zeros. */
export function truncateContent(content: Content, size: number): void {
  if (size < content.size) zeroContent(content, size, Number.POSITIVE_INFINITY);
  content.size = size;
}

/** Makes bytes `from` (inclusive) to `to` (exclusive) read as zeros, freeing whole pages. The size stays. */
export function zeroContent(content: Content, from: number, to: number): void {
  const first = Math.floor(from / pageBytes);
  const last = Math.ceil(to / pageBytes);
  const inRange = (index: number) => index >= first && index < last;
  const indices =
    last - first < content.pages.size
      ? Array.from({ length: last - first }, (_, step) => first + step)
      : [...content.pages.keys()].filter(inRange);
  for (const index of indices) {
    const page = content.pages.get(index);
    if (page === undefined) continue;
    const start = Math.max(0, from - index * pageBytes);
    const end = Math.min(pageBytes, to - index * pageBytes);
    if (start === 0 && end === pageBytes) {
      content.pages.delete(index);
    } else {
      content.pages.set(index, new Uint8Array(page).fill(0, start, end));
    }
  }
}
