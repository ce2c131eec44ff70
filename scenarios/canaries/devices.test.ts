import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { ExploredFault } from '../../harness/exploration.ts';
import { loadScenario } from '../../harness/load-scenario.ts';
import type { Claim } from '../../reports/verdict.ts';
import type { Device } from '../../src/faults/model/device.ts';
import { violations } from './fixtures/violations.ts';
import type { Variant } from './variants.ts';

const { scenario, ...from } = await loadScenario(fileURLToPath(new URL('honest.yaml', import.meta.url)));

/** What one variant of the log breaks of one claim, with a workload of the usual size, on a disk of this kind. */
function onDevice(
  variant: Variant,
  [claim, fault]: readonly [Claim, ExploredFault],
  profile: string,
  device?: Device,
): Promise<string[]> {
  const stated = {
    ...scenario,
    subject: { ...scenario.subject, options: { variant } },
    workload: { ...scenario.workload, operations: 12, valueBytesMax: 600 },
    claims: { [claim]: [fault] },
    ...(device === undefined ? {} : { device }),
  };
  return violations({ ...from, scenario: stated }, fault, profile, 300);
}

test('a barrier that lies does no harm on a disk without a volatile cache', async () => {
  const lostFsync = ['durability', 'lost-fsync'] as const;
  expect(await onDevice('honest', lostFsync, 'posix')).toHaveLength(1);
  expect(await onDevice('honest', lostFsync, 'posix', { volatileCache: false })).toEqual([]);
});

test('an append to a sector with synced bytes needs a powersafe overwrite, whatever the profile', async () => {
  const torn = ['durability', 'torn-write'] as const;
  expect(await onDevice('shares-sectors', torn, 'posix')).toEqual([]);
  expect(await onDevice('shares-sectors', torn, 'posix', { powersafeOverwrite: false })).toHaveLength(1);
  expect(await onDevice('shares-sectors', torn, 'hostile')).toHaveLength(1);
  expect(await onDevice('shares-sectors', torn, 'hostile', { powersafeOverwrite: true })).toEqual([]);
});

test('a disk that is full stays so while the log recovers', async () => {
  const loss = ['availability', 'power-loss'] as const;
  expect(await onDevice('honest', loss, 'posix')).toEqual([]);
  expect(await onDevice('honest', loss, 'posix', { capacityBytes: 16_384 })).toEqual([
    expect.stringContaining('no space'),
  ]);
});
