import { describe, expect, it } from 'vitest';
import { fileTrial, runFileCampaign } from './campaign/file.ts';
import { type Libc, loadLibc } from './campaign/libc.ts';
import { openScratch } from './campaign/scratch.ts';
import { fuseMissing } from './fixtures/mounted.ts';

describe.skipIf(fuseMissing !== undefined)('one file of the fuse layer', () => {
  it('holds what was written, punched, copied and mapped, and so does the recording', async () => {
    const { failure, operations } = await runFileCampaign({ operations: 4000 }, 1);
    expect(failure).toBeUndefined();
    expect(operations).toBeGreaterThanOrEqual(4000);
  });

  const libc = loadLibc();
  it.each<readonly [string, Partial<Libc>]>([
    ['a hole', { fallocate: () => 0 }],
    ['copies', { copyFileRange: (_from, _fromOffset, _to, _toOffset, length) => length }],
    ['stores through a mapping', { map: (file, bytes) => ({ ...libc.map(file, bytes), write: () => {} }) }],
  ])('that loses %s is caught', async (_, lossy) => {
    await using scratch = await openScratch(true);
    const trial = fileTrial(scratch, { ...libc, ...lossy });
    const { failure } = await trial.check({ seed: 1, programs: 20, endOnFailure: true });
    expect(failure).toMatch(/byte \d+ is \d+, and should be|another size/);
  });
});
