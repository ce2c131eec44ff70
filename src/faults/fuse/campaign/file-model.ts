import { fileBytesMax } from './file-actions.ts';

/** The bytes that a file has: an array, and how much of it there is. Behind the end there are zeros. */
export class FileModel {
  readonly #bytes = new Uint8Array(fileBytesMax);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** All there is; not to be changed. */
  get content(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  /** What a read answers: less than `length` at the end. Not to be changed. */
  read(offset: number, length: number): Uint8Array {
    return this.content.subarray(offset, offset + length);
  }

  write(offset: number, data: Uint8Array): void {
    this.#bytes.set(data, offset);
    this.#size = Math.max(this.#size, offset + data.length);
  }

  truncate(size: number): void {
    this.#bytes.fill(0, size);
    this.#size = size;
  }

  zero(offset: number, length: number): void {
    this.#bytes.fill(0, offset, Math.min(this.#size, offset + length));
  }

  growTo(size: number): void {
    this.#size = Math.max(this.#size, size);
  }

  /** Whether a hole may reach from `from` to `to`. */
  isZero(from: number, to: number): boolean {
    return this.content.subarray(from, to).every((byte) => byte === 0);
  }
}
