/** The last bytes of a stream of any length. */
export class Tail {
  readonly #bytesMax: number;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(chunk: Buffer): void {
    const all = chunk.length >= this.#bytesMax ? chunk : Buffer.concat([this.#bytes, chunk]);
    this.#bytes = Buffer.from(all.subarray(-this.#bytesMax));
  }

  /** The last `bytesMax` of them, or all. */
  text(bytesMax = this.#bytesMax): string {
    return this.#bytes.subarray(-bytesMax).toString('utf8');
  }
}
