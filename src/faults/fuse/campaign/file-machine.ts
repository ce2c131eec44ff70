import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { seekWhence } from '../wire.ts';
import { fallocateFlags } from './calls.ts';
import { type FileAction, fileBytesMax, type Through, type Transfer } from './file-actions.ts';
import { FileModel } from './file-model.ts';
import type { Libc, Mapping } from './libc.ts';

/** One file, open twice and mapped shared, and the model of its bytes: after every action both must agree. */
export class FileMachine {
  readonly model = new FileModel();
  readonly #libc: Libc;
  readonly #path: string;
  readonly #descriptors: [number, number];
  #mapping: Mapping;

  /** Makes the file. */
  constructor(libc: Libc, path: string) {
    this.#libc = libc;
    this.#path = path;
    this.#descriptors = [fs.openSync(path, 'wx+'), fs.openSync(path, 'r+')];
    this.#mapping = this.#map();
  }

  /** Throws where the file answers other than the model. */
  perform(action: FileAction): void {
    switch (action.act) {
      case 'read':
        this.#read(action.through, action.offset, action.length);
        break;
      case 'write':
        this.#write(action.through, action.offset, patternOf(action, fileBytesMax));
        break;
      case 'readMapped':
        this.#readMapped(action.offset, action.length);
        break;
      case 'writeMapped':
        this.#writeMapped(action.offset, patternOf(action, this.model.size));
        break;
      case 'truncate':
        fs.ftruncateSync(this.#descriptors[action.through], action.size);
        this.model.truncate(action.size);
        this.#checkSize();
        break;
      case 'allocate':
        this.#allocate(action);
        break;
      case 'copy':
        this.#copy(action);
        break;
      case 'seek':
        this.#seek(action.through, action.offset);
        break;
      case 'reopen':
        fs.closeSync(this.#descriptors[action.through]);
        this.#descriptors[action.through] = fs.openSync(this.#path, action.flags);
        break;
      case 'fsync':
        fs.fsyncSync(this.#descriptors[action.through]);
        break;
      case 'fdatasync':
        fs.fdatasyncSync(this.#descriptors[action.through]);
        break;
      case 'syncMapping':
        this.#mapping.sync();
        break;
      case 'mapAgain':
        this.#mapping.unmap();
        this.#mapping = this.#map();
        break;
      case 'stat':
        this.#checkSize();
    }
  }

  /** Looks at all of the file, in each way that there is. */
  check(): void {
    this.#checkSize();
    this.#readMapped(0, fileBytesMax);
    this.#read(0, 0, fileBytesMax);
    this.#mapping.sync();
    const again = fs.readFileSync(this.#path);
    assertSame(again, this.model.content, 0);
  }

  close(): void {
    this.#mapping.unmap();
    for (const descriptor of this.#descriptors) fs.closeSync(descriptor);
  }

  #map(): Mapping {
    return this.#libc.map(this.#descriptors[0], fileBytesMax);
  }

  /** Behind each action of which a file could come out too short: to touch memory behind its end is death. */
  #checkSize(): void {
    assert.equal(fs.statSync(this.#path).size, this.model.size, 'another size');
  }

  #read(through: Through, offset: number, length: number): void {
    const into = new Uint8Array(length);
    const count = fs.readSync(this.#descriptors[through], into, 0, length, offset);
    assertSame(into.subarray(0, count), this.model.read(offset, length), offset);
  }

  #write(through: Through, offset: number, data: Uint8Array): void {
    const written = fs.writeSync(this.#descriptors[through], data, 0, data.length, offset);
    assert.equal(written, data.length, 'a short write');
    if (data.length > 0) this.model.write(offset, data);
  }

  #readMapped(offset: number, length: number): void {
    const expected = this.model.read(offset, length);
    const into = new Uint8Array(expected.length);
    this.#mapping.read(offset, into);
    assertSame(into, expected, offset);
  }

  #writeMapped(offset: number, data: Uint8Array): void {
    if (data.length === 0) return;
    this.#mapping.write(offset, data);
    this.model.write(offset, data);
  }

  #allocate({ through, mode, keepSize, offset, length }: Extract<FileAction, { act: 'allocate' }>): void {
    const count = Math.min(length, fileBytesMax - offset);
    if (count === 0) return;
    this.#libc.fallocate(this.#descriptors[through], fallocateFlags(mode, keepSize), offset, count);
    if (mode !== 'reserve') this.model.zero(offset, count);
    if (!keepSize && mode !== 'punch') this.model.growTo(offset + count);
    this.#checkSize();
  }

  /** Of what there is, and not onto itself. */
  #copy({ through, from, to, length }: Extract<FileAction, { act: 'copy' }>): void {
    const data = this.model.read(from, Math.min(length, fileBytesMax - to)).slice();
    if (data.length === 0 || Math.abs(from - to) < data.length) return;
    const [target, source] = [this.#descriptors[through], this.#descriptors[through === 0 ? 1 : 0]];
    assert.equal(
      this.#libc.copyFileRange(source, from, target, to, data.length),
      data.length,
      'a short copy',
    );
    this.model.write(to, data);
    this.#checkSize();
  }

  /** What is skipped must be zeros. The kernel asks the file system and not its own cache: that is written back first. */
  #seek(through: Through, offset: number): void {
    this.#mapping.sync();
    let data: number;
    try {
      data = this.#libc.lseek(this.#descriptors[through], offset, seekWhence.data);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
      data = fileBytesMax;
    }
    assert(
      this.model.isZero(offset, data),
      `SEEK_DATA from ${offset} leads to ${data}, across bytes that are not zero`,
    );
  }
}

/** What an action writes, cut at `end`. */
function patternOf({ offset, length, first }: Transfer, end: number): Uint8Array {
  const count = Math.max(0, Math.min(length, end - offset));
  return Uint8Array.from({ length: count }, (_, index) => first + index);
}

/** Says where the first difference is, and not all bytes of both. */
function assertSame(actual: Uint8Array, expected: Uint8Array, offset: number): void {
  assert.equal(actual.length, expected.length, `a read at ${offset} answers ${actual.length} bytes`);
  if (Buffer.compare(actual, expected) === 0) return;
  const index = actual.findIndex((byte, at) => byte !== expected[at]);
  assert.fail(`byte ${offset + index} is ${actual[index]}, and should be ${expected[index]}`);
}
