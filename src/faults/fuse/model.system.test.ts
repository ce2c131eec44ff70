import { describe, expect, it } from 'vitest';
import { callsMissing, runModelCampaign, stepsTrial } from './campaign/model.ts';
import { openScratch } from './campaign/scratch.ts';
import { performSteps } from './campaign/steps.ts';
import { fuseMissing } from './fixtures/mounted.ts';

const operations = 8000;

if (callsMissing !== undefined) console.warn(callsMissing);

describe.skipIf(fuseMissing !== undefined)('the fuse layer without faults is a file system', () => {
  it('that answers as the host does, and records what replays to the same tree', async () => {
    const outcome = await runModelCampaign({ operations }, 1);
    expect(outcome.failure).toBeUndefined();
    expect(outcome.operations).toBeGreaterThanOrEqual(operations);
  });

  it('and one that answers otherwise is caught', async () => {
    await using scratch = await openScratch(true);
    const trial = stepsTrial(scratch, (root, steps) =>
      performSteps(root, steps).map((answer, index) => (steps[index]?.call === 'fstat' ? 'ok' : answer)),
    );
    const { failure } = await trial.check({ seed: 1, programs: 100 });
    expect(failure).toMatch(/"call":"fstat"/);
  });
});
