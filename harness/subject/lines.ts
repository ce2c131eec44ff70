/** Splits a byte stream into lines. A line ends with `\n`; what comes after the last one waits for more. */
export class LineSplitter {
  readonly #lineBytesMax: number;
  #parts: Buffer[] = [];
  #pendingBytes = 0;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  /** The lines that `chunk` completed, without their ends; undefined once a line is longer than `lineBytesMax`. */
  feed(chunk: Buffer): readonly string[] | undefined {
    const end = chunk.lastIndexOf(0x0a);
    if (end === -1) {
      this.#parts.push(chunk);
      this.#pendingBytes += chunk.length;
      return this.#pendingBytes > this.#lineBytesMax ? undefined : [];
    }
    const text =
      this.#pendingBytes === 0 ? chunk.toString('utf8', 0, end) : this.#takeWith(chunk.subarray(0, end));
    if (end + 1 < chunk.length) {
      this.#parts.push(chunk.subarray(end + 1));
      this.#pendingBytes = chunk.length - end - 1;
    }
    return text.split('\n');
  }

  /** What came after the last line's end. */
  rest(): string {
    return this.#takeWith(Buffer.alloc(0));
  }

  #takeWith(last: Buffer): string {
    const bytes = Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#pendingBytes = 0;
    return bytes.toString('utf8');
  }
}
