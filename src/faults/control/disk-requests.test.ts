import { describe, expect, it } from 'vitest';
import { readContent } from '../model/content.ts';
import { emptyTree, type Tree } from '../model/tree.ts';
import type { Plan } from '../plan.ts';
import { LiveDisk } from '../volume.ts';
import { carryOut, type DiskRequest, type DiskResult } from './disk-requests.ts';

const now = () => ({ seconds: 7, nanoseconds: 0 });
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text));

/** A disk with a file `f`, `old` and durable, with its name. */
class Controlled {
  disk: LiveDisk;

  constructor(plan: Plan = []) {
    this.disk = new LiveDisk({ start: { base: emptyTree(['data', 'mirror']), trace: [] }, now });
    this.disk.names.create(1, 'f', { kind: 'file', mode: 0o644 });
    this.write('old');
    this.sync();
    this.disk.files.sync(this.disk.files.open(1), 'fsync');
    this.disk.addRules(plan);
  }

  write(text: string): void {
    this.disk.files.write(this.#open(), 0, bytesOf(text));
  }

  sync(): void {
    this.disk.files.sync(this.#open(), 'fsync');
  }

  read(): string {
    const into = new Uint8Array(10);
    return Buffer.from(into.subarray(0, this.disk.files.read(this.#open(), 0, into))).toString();
  }

  cutPower(image: Tree): void {
    const { recording, lastingFaults } = this.disk;
    this.disk = new LiveDisk({
      start: { ...recording, base: image, trace: [] },
      earlier: lastingFaults,
      now,
    });
  }

  ask<Request extends DiskRequest>(request: Request): DiskResult<Request['op']> {
    return carryOut(this, request) as DiskResult<Request['op']>;
  }

  #open() {
    return this.disk.files.open(this.disk.names.lookup(1, 'f').number, { writable: true });
  }
}

const cut = { op: 'power-cut', state: 'all-lost', profile: 'posix', seed: 1, torn: false } as const;

describe('a disk under control', () => {
  it('loses what no barrier covered, and nothing else', () => {
    const controlled = new Controlled();
    expect(controlled.ask({ op: 'pending', profile: 'posix' })).toMatchObject({ count: 0 });
    expect(controlled.ask(cut)).toMatchObject({ pending: 0, lost: [] });
    controlled.write('new');
    expect(controlled.ask({ op: 'pending', profile: 'posix' })).toMatchObject({
      count: 1,
      operations: [{ volume: 'data', text: 'write data/f 0+3' }],
    });
    expect(controlled.ask(cut)).toMatchObject({ pending: 1, lost: [{ text: 'write data/f 0+3' }] });
    expect(controlled.read()).toBe('old');
    controlled.write('new');
    expect(controlled.ask({ ...cut, state: 'nothing-lost' })).toMatchObject({ pending: 1, lost: [] });
    expect(controlled.read()).toBe('new');
  });

  it('leaves a write in part where that is asked for and can be', () => {
    const controlled = new Controlled();
    expect(() => controlled.ask({ ...cut, torn: true })).toThrow('no write can be there in part');
    controlled.write('o'.repeat(1024));
    controlled.sync();
    controlled.write('n'.repeat(1024));
    expect(controlled.ask({ ...cut, state: 'drawn', torn: true })).toMatchObject({ pending: 1 });
    const inode = controlled.disk.names.lookup(1, 'f');
    const content = inode.kind === 'file' ? readContent(inode.content, 0, inode.content.size) : [];
    expect(Buffer.from(content).toString()).toMatch(/^(o{512}n{512}|n{512}o{512})$/);
  });

  it('keeps its rules over a cut, with what they have counted, and its bad sectors', () => {
    const controlled = new Controlled([
      { fault: 'lost-write', operation: 'write', nth: 3 },
      { fault: 'latent-sector-error', operation: 'read' },
    ]);
    controlled.write('1');
    controlled.write('2');
    expect(() => controlled.read()).toThrow('cannot be read');
    controlled.ask(cut);
    expect(() => controlled.read()).toThrow('cannot be read');
    expect(controlled.ask({ op: 'list', pattern: '1' })).toMatchObject([{ matched: 2, fired: 0 }]);
    controlled.write('3');
    expect(controlled.ask({ op: 'list', pattern: '*' })).toMatchObject([
      { matched: 3, fired: 1 },
      { fired: 1 },
    ]);
    expect(controlled.ask({ op: 'stats' })).toMatchObject({ firings: 2, files: 1, operations: { write: 1 } });
  });

  it('shows what the medium holds once the cache lets go, of the files that are meant', () => {
    const controlled = new Controlled([{ fault: 'lost-write', operation: 'write', nth: 1 }]);
    controlled.write('new');
    expect(controlled.read()).toBe('new');
    expect(controlled.ask({ op: 'drop-cache', path: 'g*' })).toEqual({ files: 0 });
    expect(controlled.ask({ op: 'drop-cache', path: '**', volume: 'mirror' })).toEqual({ files: 0 });
    expect(controlled.read()).toBe('new');
    expect(controlled.ask({ op: 'drop-cache', path: '**' })).toEqual({ files: 1 });
    expect(controlled.read()).toBe('old');
    expect(controlled.ask({ op: 'drop-cache', path: '**' })).toEqual({ files: 0 });
  });

  it('starts the rules that wait for an acknowledgement', () => {
    const controlled = new Controlled([{ fault: 'io-error', operation: 'write', after: 'go' }]);
    controlled.write('1');
    controlled.disk.acknowledge('go');
    expect(() => controlled.write('2')).toThrow('as planned');
  });
});
