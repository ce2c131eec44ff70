import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileSystemNamed } from '../../src/faults/block/file-systems.ts';
import { whyNotInKernel } from '../../src/faults/block/kernel.ts';
import { openBlockLayer } from '../../src/faults/block/layer.ts';
import { probeBlock } from '../../src/faults/block/probe.ts';
import { liveTree } from '../../src/faults/model/recording.ts';
import { emptyTree, type Tree } from '../../src/faults/model/tree.ts';
import { diskShelf } from '../lane/disk-shelf.ts';
import { loadScenario } from '../load-scenario.ts';
import { packageRoot } from '../package.ts';
import { isInPath } from '../programs.ts';
import { OutcomeJudge } from './judge.ts';

const { available } = await probeBlock();
const canRun = available && isInPath('mkfs.btrfs') && whyNotInKernel('btrfs') === undefined;
const directory = mkdtempSync(join(tmpdir(), 'powercut-judge-'));
const fileSystem = fileSystemNamed('btrfs');
afterAll(() => rmSync(directory, { recursive: true }));

function subdirectory(name: string): string {
  mkdirSync(join(directory, name));
  return join(directory, name);
}

/** Of each page that is all `letter`, one byte is another. */
function damage({ inodes }: Tree, letter: string): void {
  for (const inode of inodes.values()) {
    if (inode.kind !== 'file') continue;
    for (const [index, page] of inode.content.pages) {
      if (!page.every((byte) => byte === letter.charCodeAt(0))) continue;
      inode.content.pages.set(index, Uint8Array.from(page).fill(0, 5, 6));
    }
  }
}

describe.skipIf(!canRun)('a litmus program on the block layer', () => {
  it('whose file cannot be read after a crash is a finding, with the file in it', async () => {
    const layer = await openBlockLayer({ volumes: ['data'], directory: subdirectory('layer'), fileSystem });
    await layer.begin({ base: emptyTree(['data']), trace: [] }, []);
    const root = layer.place.kind === 'directories' ? layer.place.directories.get('data') : undefined;
    writeFileSync(join(root ?? '', 'f'), 'Q'.repeat(16384), { flush: true });
    const { recording } = await layer.end({ writtenBack: true });
    await layer.close();
    const image = liveTree(recording);
    damage(image, 'Q');
    const { scenario } = await loadScenario(join(packageRoot, 'scenarios', 'litmus', 'create-write.yaml'));
    const judge = new OutcomeJudge(scenario, diskShelf(['data'], subdirectory('shelf'), fileSystem));
    const run = {
      recording,
      firings: [],
      exploredUpTo: -1,
      conversation: { kind: 'lines' as const, settled: [] },
    };
    const { judgements } = await judge.judge(image, run, recording.trace.length, ['legality']);
    await judge.close();
    expect(judgements.get('legality')).toMatchObject({
      status: 'violated',
      summary: expect.stringMatching(/shelf\/on\/data\/f cannot be read: EIO/),
    });
  });
});
