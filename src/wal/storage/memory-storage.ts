import { type Storage, StorageError, type StorageFile, type StorageLock } from '../storage.ts';

interface MemoryFile {
  /** Longer than `size` at times; zero beyond it. */
  bytes: Uint8Array;
  size: number;
}

type Node = MemoryFile | Map<string, Node>;

/** A storage in memory, for tests and examples. Barriers have nothing to do: what is written is there. */
export class MemoryStorage implements Storage {
  readonly description = 'memory:';
  readonly #root: Map<string, Node>;
  readonly #locks = new Set<string>();

  constructor(root: Map<string, Node> = new Map()) {
    this.#root = root;
  }

  /** A copy with nothing locked and nothing open: what a new process would find. */
  snapshot(): MemoryStorage {
    return new MemoryStorage(copyDirectory(this.#root));
  }

  /** A file's bytes as they are, for tests that damage them: writing to the answer writes to the file. */
  bytes(path: string): Uint8Array {
    const file = this.#file(path);
    return file.bytes.subarray(0, file.size);
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<StorageFile> {
    if (mode !== 'create') return openMemoryFile(this.#file(path));
    const { directory, name } = this.#place(path);
    if (directory.has(name)) throw new StorageError('exists', `${path} exists`);
    const file: MemoryFile = { bytes: new Uint8Array(0), size: 0 };
    directory.set(name, file);
    return openMemoryFile(file);
  }

  async list(path: string): Promise<string[]> {
    return [...this.#directory(path).keys()].sort();
  }

  async makeDirectory(path: string): Promise<void> {
    const { directory, name } = this.#place(path);
    if (directory.has(name)) throw new StorageError('exists', `${path} exists`);
    directory.set(name, new Map());
  }

  async rename(from: string, to: string): Promise<void> {
    const source = this.#place(from);
    const target = this.#place(to);
    const node = source.directory.get(source.name);
    if (node === undefined) throw new StorageError('not-found', `${from} does not exist`);
    source.directory.delete(source.name);
    target.directory.set(target.name, node);
  }

  async remove(path: string): Promise<void> {
    const { directory, name } = this.#place(path);
    if (!directory.delete(name)) throw new StorageError('not-found', `${path} does not exist`);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#directory(path);
  }

  async lock(path: string): Promise<StorageLock> {
    this.#directory(path);
    if (this.#locks.has(path)) throw new StorageError('locked', `${path} is locked`);
    this.#locks.add(path);
    return {
      release: async () => {
        this.#locks.delete(path);
      },
    };
  }

  #directory(path: string): Map<string, Node> {
    let node: Node = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const child: Node | undefined = node.get(name);
      if (!(child instanceof Map)) throw new StorageError('not-found', `there is no directory ${path}`);
      node = child;
    }
    return node;
  }

  #place(path: string): { directory: Map<string, Node>; name: string } {
    const slash = path.lastIndexOf('/');
    return { directory: this.#directory(path.slice(0, Math.max(0, slash))), name: path.slice(slash + 1) };
  }

  #file(path: string): MemoryFile {
    const { directory, name } = this.#place(path);
    const node = directory.get(name);
    if (node === undefined || node instanceof Map)
      throw new StorageError('not-found', `there is no file ${path}`);
    return node;
  }
}

function copyDirectory(directory: Map<string, Node>): Map<string, Node> {
  return new Map(
    [...directory].map(([name, node]) => [
      name,
      node instanceof Map ? copyDirectory(node) : { bytes: node.bytes.slice(0, node.size), size: node.size },
    ]),
  );
}

function openMemoryFile(file: MemoryFile): StorageFile {
  return {
    size: async () => file.size,
    async read(buffer, position) {
      const bytes = file.bytes.subarray(position, Math.min(file.size, position + buffer.length));
      buffer.set(bytes);
      return bytes.length;
    },
    readBack(buffer, position) {
      return this.read(buffer, position);
    },
    async write(buffers, position) {
      let at = position;
      for (const buffer of buffers) {
        resize(file, Math.max(file.size, at + buffer.length));
        file.bytes.set(buffer, at);
        at += buffer.length;
      }
    },
    async truncate(size) {
      resize(file, size);
    },
    async sync() {},
    async syncData() {},
    writeDurably(buffers, position) {
      return this.write(buffers, position);
    },
    async close() {},
  };
}

function resize(file: MemoryFile, size: number): void {
  if (size > file.bytes.length) {
    const grown = new Uint8Array(Math.max(size, 2 * file.bytes.length));
    grown.set(file.bytes.subarray(0, file.size));
    file.bytes = grown;
  }
  if (size < file.size) file.bytes.fill(0, size, file.size);
  file.size = size;
}
