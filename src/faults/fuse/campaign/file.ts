import assert from 'node:assert/strict';
import { join } from 'node:path';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { readContent } from '../../model/content.ts';
import { walkVolume } from '../../model/tree.ts';
import { anyActions } from './file-actions.ts';
import { FileMachine } from './file-machine.ts';
import { type Libc, loadLibc } from './libc.ts';
import {
  type Budget,
  type CampaignOutcome,
  campaignCommand,
  runRounds,
  type Trial,
  trial,
} from './rounds.ts';
import { type Scratch, volumeName, withScratches } from './scratch.ts';

/**
 * Random reads, writes, truncates, holes, copies and mapped accesses of one file, in the manner of fsx, against a model of
 * its bytes; and what was recorded must replay to them.
 *
 *     node dist/src/faults/fuse/campaign/file.js --seconds 600 --seed 1
 */
export function fileTrial(scratch: Scratch, libc: Libc = loadLibc()): Trial {
  return trial(`one file ${scratch.how}`, anyActions, async (actions) => {
    await scratch.begin();
    const machine = new FileMachine(libc, join(scratch.volume, 'file'));
    try {
      for (const action of actions) machine.perform(action);
      machine.check();
    } finally {
      machine.close();
    }
    const recorded = [...walkVolume(await scratch.end(), volumeName)].find(({ path }) => path === '/file');
    assert(recorded?.inode.kind === 'file');
    const { content } = recorded.inode;
    const isSame = Buffer.compare(readContent(content, 0, content.size), machine.model.content) === 0;
    assert(isSame, 'what was recorded does not replay to what is there');
  });
}

export function runFileCampaign(budget: Budget, seed: number): Promise<CampaignOutcome> {
  return withScratches((scratches) =>
    runRounds(
      scratches.map((scratch) => fileTrial(scratch)),
      budget,
      seed,
    ),
  );
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) await campaignCommand(runFileCampaign);
