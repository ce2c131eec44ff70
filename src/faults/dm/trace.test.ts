import { describe, expect, it } from 'vitest';
import type { LogEntry, LogFlag } from './log.ts';
import { traceOf } from './trace.ts';

const data = new Uint8Array(512);

function entry(flags: readonly LogFlag[], more: Partial<LogEntry> = {}): LogEntry {
  return { offset: 0, length: 0, data: new Uint8Array(), mark: '', ...more, flags: new Set(flags) };
}

function kindsOf(...entries: readonly LogEntry[]): readonly string[] {
  const disk = { volume: 'data', inode: 2, acknowledgement: (mark: string) => ({ '0': 'put a' })[mark] };
  return traceOf(entries, disk).map((one) => {
    if (one.kind === 'acknowledgement') return one.text;
    if (one.kind !== 'operation') return one.kind;
    const { volume, operation } = one;
    return `${operation.kind} on ${volume}:${'inode' in operation ? operation.inode : ''}`;
  });
}

const write = 'write on data:2';
const sync = 'sync on data:2';

describe('traceOf', () => {
  it('puts a flush before the write that carries it, and what FUA asks for after it', () => {
    const written = { length: 512, data };
    expect(kindsOf(entry([], written))).toEqual([write]);
    expect(kindsOf(entry(['flush']))).toEqual([sync]);
    expect(kindsOf(entry(['flush'], written))).toEqual([sync, write]);
    expect(kindsOf(entry(['fua', 'metadata'], written))).toEqual([write, sync]);
    expect(kindsOf(entry(['flush', 'fua'], written))).toEqual([sync, write, sync]);
  });

  it('takes a discard for a hole, and does not make the disk smaller', () => {
    const [punched] = traceOf([entry(['discard'], { offset: 4096, length: 1024 })], {
      volume: 'data',
      inode: 2,
      acknowledgement: () => undefined,
    });
    expect(punched).toMatchObject({
      operation: { kind: 'allocate', mode: 'punch', offset: 4096, length: 1024, keepSize: true },
    });
  });

  it('knows its own marks from others', () => {
    expect(kindsOf(entry(['mark'], { mark: '0' }), entry(['mark'], { mark: 'somebody' }))).toEqual(['put a']);
  });
});
