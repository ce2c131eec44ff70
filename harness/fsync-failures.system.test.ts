import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { probeFuse } from '../src/faults/fuse/layer.ts';
import { Workplace } from './fixtures/cli.ts';
import type { ScenarioInput } from './scenario.ts';

const fuse = await probeFuse();
const fixture = (name: string) => fileURLToPath(new URL(`../dist/harness/fixtures/${name}`, import.meta.url));

/** One profile for each column of docs/fault-model.md, section 5. */
const profiles = ['ext4-ordered', 'xfs', 'ext4-data-journal', 'btrfs'] as const;

function scenario(options: Readonly<Record<string, unknown>>): ScenarioInput {
  return {
    name: 'fsync-log',
    subject: {
      driver: ['node', fixture('fsync-log-driver.js')],
      module: fixture('fsync-log.js'),
      options,
    },
    workload: { operations: 3, batch: 0 },
    claims: { durability: ['fsync-error'] },
    profiles: [...profiles],
    explore: { states: 60, nested: false, fsyncError: 'as-profile' },
  };
}

/** Profile to how the claim fared on it. */
async function durabilityOf(options: Readonly<Record<string, unknown>>, layer: string) {
  using work = new Workplace();
  const { stderr } = await work.powercut('run', work.write('s', scenario(options)), '--layer', layer);
  expect(stderr).not.toContain('failed');
  expect(work.leftovers()).toEqual([]);
  return Object.fromEntries(work.scenario().cells.map(({ profile, status }) => [profile, status]));
}

describe.each(['fuse', 'sim'])('a failed fsync, on the %s layer', (layer) => {
  const test = it.skipIf(layer === 'fuse' && !fuse.available);

  test.concurrent('refutes who asks again and believes the answer, however the file system behaves', async () => {
    expect(await durabilityOf({ atError: 'retry', confirm: true }, layer)).toEqual({
      'ext4-ordered': 'violated',
      xfs: 'violated',
      'ext4-data-journal': 'violated',
      btrfs: 'violated',
    });
  });

  test.concurrent('does no harm to who stops for good at the first error', async () => {
    expect(await durabilityOf({ atError: 'stop', confirm: true }, layer)).toEqual({
      'ext4-ordered': 'held',
      xfs: 'held',
      'ext4-data-journal': 'held',
      btrfs: 'held',
    });
  });

  test.concurrent('is told too late on ext4-data-journal to who believes the first answer', async () => {
    expect(await durabilityOf({ atError: 'stop' }, layer)).toEqual({
      'ext4-ordered': 'held',
      xfs: 'held',
      'ext4-data-journal': 'violated',
      btrfs: 'held',
    });
  });
});
