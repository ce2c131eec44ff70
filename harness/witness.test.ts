import { describe, expect, it } from 'vitest';
import { diskTree } from '../src/faults/block/format.ts';
import type { Recording } from '../src/faults/model/recording.ts';
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
