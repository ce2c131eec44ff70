import { describe, expect, it } from 'vitest';
import type { TimelineRow } from '../reports/verdict.ts';
import { diskTree } from '../src/faults/block/format.ts';
import { takeApart } from '../src/faults/model/effects.ts';
import type { Operation } from '../src/faults/model/operation.ts';
import type { Recording, TraceEntry } from '../src/faults/model/recording.ts';
import type { Violation } from './exploration.ts';
import { tellWitness } from './witness.ts';

const base = diskTree(['data'], { size: 8192, pages: new Map() });
const inode = 2;
const write = { kind: 'write', inode, offset: 0, data: new Uint8Array(4096).fill(1) } as const;
const recording: Recording = {
  base,
  trace: [
    { kind: 'operation', volume: 'data', operation: write },
    { kind: 'process-crash' },
    { kind: 'operation', volume: 'data', operation: { ...write, offset: 4096 } },
  ],
};

/** What is told of a crash after a run that was ended once before. */
function told(disks: boolean, state: Partial<Violation['state']> = {}) {
  return tellWitness({
    claim: 'durability',
    fault: 'power-loss',
    profile: 'xfs',
    origin: { kind: 'reopen', killPoint: 1 },
    run: {
      recording: disks ? { ...recording, disks: true } : recording,
      conversation: { kind: 'lines', settled: [] },
      firings: [],
      exploredUpTo: -1,
    },
    steps: [],
    place: [0],
    state: { point: 3, lost: [], filler: 'old', ...state },
    judgement: { status: 'violated', summary: '', expected: [], recovered: [] },
  });
}

describe('a run that was ended before the power went', () => {
  it('is a killed process where the volumes are directories', () => {
    const { crash, timeline } = told(false);
    expect(crash).toMatch(
      /^The process was killed, started again on what the page cache held, and went on\. /,
    );
    expect(timeline).toContainEqual({ kind: 'process-crash', entry: 1 });
  });

  it('is a machine that was reset where they are disks', () => {
    const { crash, timeline } = told(true);
    expect(crash).toMatch(
      /^The machine was reset: the disk kept what was in its cache, the kernel kept nothing/,
    );
    expect(crash).not.toContain('process');
    expect(timeline).toContainEqual({ kind: 'process-crash', entry: 1, ofMachine: true });
  });

  it('what flips at rest is a bit of a file, or of a disk', () => {
    const rotten = { inode, offset: 4096, bit: 3 };
    expect(told(false, { rotten }).crash).toContain('bit 3 of byte 4096 of one file flipped');
    expect(told(true, { rotten }).crash).toContain('bit 3 of byte 4096 of one disk flipped');
  });
});

it('what a disk may lose is permitted by the rules of the disk, whatever file system is named', () => {
  expect(told(true, { lost: [0] }).permittedBy.map(({ rule }) => rule)).toContain(
    'nothing is durable before a flush',
  );
});

const on = (operation: Operation): TraceEntry => ({ kind: 'operation', volume: 'data', operation });
const promise = (text: string): TraceEntry => ({ kind: 'acknowledgement', text });
const sync = { kind: 'sync', inode, cause: 'fsync' } as const;

/** The story of a crash at the end of a trace. */
function toldOf(trace: readonly TraceEntry[], change: Partial<Violation> = {}) {
  return tellWitness({
    claim: 'durability',
    fault: 'power-loss',
    profile: 'posix',
    origin: { kind: 'workload', plan: [] },
    run: {
      recording: { base, trace },
      conversation: { kind: 'lines', settled: [] },
      firings: [],
      exploredUpTo: -1,
    },
    steps: [],
    place: [0],
    state: { point: trace.length, lost: [], filler: 'old' },
    judgement: { status: 'violated', summary: '', expected: [], recovered: [] },
    ...change,
  });
}

/** The rows of operations: entry, fate and what is missing. */
function fates(timeline: readonly TimelineRow[]) {
  return timeline.flatMap((row) =>
    row.kind === 'operation'
      ? [[row.entry, row.fate, ...(row.detail === undefined ? [] : [row.detail])]]
      : [],
  );
}

describe('what is left out of a story', () => {
  const many = (count: number) => Array.from({ length: count }, () => on(write));

  it('is a stretch of operations that reached the disk', () => {
    const { timeline } = toldOf(many(8));
    expect(timeline[0]).toMatchObject({ kind: 'omitted', operations: 7 });
  });

  it.each<[string, Operation]>([
    ['a barrier that failed', { ...sync, failed: true }],
    ['a barrier that the disk did not carry out', { ...sync, lost: true }],
    ['a barrier that was left out', { ...sync, leftOut: true }],
    ['a write that the disk dropped', { ...write, lost: true }],
    [
      'what happened to the medium',
      { kind: 'medium', inode, offset: 0, data: new Uint8Array(512), shown: false },
    ],
  ])('is not %s', (_, operation) => {
    const { timeline } = toldOf([...many(8), on(operation), ...many(8), on(sync)]);
    expect(fates(timeline).map(([entry]) => entry)).toContain(8);
  });

  it('is not what a fault befell', () => {
    const trace = many(9);
    const rule = { fault: 'short-io', operation: 'write', nth: 3 } as const;
    const firing = { id: '1', rule, entry: 2, volume: 'data', operation: 'write', path: 'data' } as const;
    const run = {
      recording: { base, trace },
      conversation: { kind: 'lines', settled: [] },
      firings: [firing],
      exploredUpTo: -1,
    } as const;
    expect(fates(toldOf(trace, { run }).timeline).map(([entry]) => entry)).toContain(2);
  });

  it('is not where a subject closed that was started again', () => {
    const trace = [...many(8), on({ kind: 'close', inode }), ...many(8)];
    const entriesOf = (origin: Violation['origin']) =>
      fates(toldOf(trace, { origin }).timeline).map(([entry]) => entry);
    expect(entriesOf({ kind: 'torture', life: [] })).toContain(8);
    expect(entriesOf({ kind: 'workload', plan: [] })).not.toContain(8);
  });
});

describe('the fate of an operation', () => {
  const end = 8192;
  const growth = { kind: 'write', inode, offset: end, data: new Uint8Array(1024) } as const;
  const create = {
    kind: 'create',
    inode: 9,
    inodeKind: 'file',
    link: { parent: base.roots.get('data') ?? 1, name: 'log' },
    mode: 0o644,
    uid: 0,
    gid: 0,
  } as const;
  /** With these of its effects lost. */
  function fateOf(operation: Operation, ...lostKinds: string[]) {
    const { effects } = takeApart({ base, trace: [on(operation)] });
    const lost = effects.filter(
      ({ kind }, id) => lostKinds.includes(kind) || lostKinds.includes(`${kind} ${id}`),
    );
    const state = { point: 1, lost: lost.map(({ id }) => id), filler: 'old' } as const;
    return fates(toldOf([on(operation)], { state }).timeline)[0]?.slice(1);
  }

  it('is torn where some of its data is missing, and some is there', () => {
    expect(fateOf(growth, 'data 0', 'size')).toEqual(['torn', 'lost: sector 1 of 2 and the size']);
    expect(fateOf(growth, 'data 1')).toEqual(['torn', 'lost: sector 2 of 2']);
  });

  it('is lost where all of it is missing', () => {
    expect(fateOf(growth, 'data', 'size')).toEqual(['lost']);
    expect(fateOf(create, 'inode', 'link')).toEqual(['lost']);
    expect(fateOf({ ...write, lost: true })).toEqual(['lost']);
  });

  it('is part where something else of it is missing', () => {
    expect(fateOf(growth, 'size')).toEqual(['part', 'lost: the size']);
    expect(fateOf(growth, 'data')).toEqual(['part', 'lost: the data']);
    expect(fateOf({ ...growth, lost: true })).toEqual(['part', 'lost: the data']);
    expect(fateOf(create, 'link')).toEqual(['part', 'lost: the name']);
  });

  it('of a barrier that made nothing durable is failed', () => {
    expect(fateOf(sync)).toEqual(['barrier']);
    expect(fateOf({ ...sync, failed: true })).toEqual(['failed']);
    expect(fateOf({ ...sync, lost: true })).toEqual(['failed']);
    expect(fateOf({ ...sync, leftOut: true })).toEqual(['none']);
  });
});

it('digits that a program prints are its own words, those of a driver are steps', () => {
  const trace = [promise('0')];
  const said = (change: Partial<Violation> = {}) => toldOf(trace, change).timeline[0];
  expect(said()).toEqual({ kind: 'acknowledgement', entry: 0, text: '0' });
  const conversation = { kind: 'requests', model: 'log', settled: [], steps: [] } as const;
  const run = { recording: { base, trace }, conversation, firings: [], exploredUpTo: -1 };
  expect(said({ run })).toEqual({ kind: 'acknowledgement', entry: 0, text: 'step 0 answered ok' });
});

describe('a process that was killed', () => {
  const trace = [on(write), { kind: 'process-crash' } as const, promise('late')];

  it('is killed once, after what it said before', () => {
    const { timeline } = toldOf(trace, { fault: 'process-kill' });
    expect(timeline.map(({ kind }) => kind)).toEqual(['operation', 'acknowledgement', 'process-crash']);
  });

  it('had said before the kill what was read after it, where the power goes later', () => {
    const { timeline } = toldOf([...trace, on(write)]);
    const kinds = ['operation', 'acknowledgement', 'process-crash', 'operation', 'power-cut'];
    expect(timeline.map(({ kind }) => kind)).toEqual(kinds);
  });

  it('leaves what the page cache holds', () => {
    const [rule] = toldOf(trace, { fault: 'process-kill' }).permittedBy;
    expect(rule).toMatchObject({ rule: 'the page cache outlives the process' });
    expect(toldOf(trace).permittedBy[0]).toMatchObject({
      rule: 'what was written may be on disk at any moment',
    });
  });
});
