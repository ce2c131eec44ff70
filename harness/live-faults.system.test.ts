import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { probeFuse } from '../src/faults/fuse/layer.ts';
import { Workplace } from './fixtures/cli.ts';
import type { ScenarioInput } from './scenario.ts';

const fuse = await probeFuse();
const compiled = fileURLToPath(new URL('../dist/scenarios', import.meta.url));

/** A log on one copy, without a bug: what a disk does to it shows, and what it can do about it holds. */
const scenario: ScenarioInput = {
  name: 'one-copy',
  subject: {
    driver: ['node', join(compiled, 'canaries', 'driver.js')],
    module: join(compiled, 'canaries', 'subject.js'),
    options: { variant: 'honest' },
  },
  workload: { operations: 3 },
  claims: {
    durability: ['io-error', 'disk-full', 'lost-fsync', 'lost-write'],
    integrity: ['lost-write', 'misdirected-write', 'latent-sector-error'],
    availability: ['latent-sector-error', 'disk-full'],
  },
  profiles: ['posix'],
  explore: { states: 30 },
};

describe.each(['fuse', 'sim'])('live faults on the %s layer', (layer) => {
  it.skipIf(layer === 'fuse' && !fuse.available)('are met, judged, and shown again', async () => {
    using work = new Workplace();
    const { code, stderr } = await work.powercut('run', work.write('s', scenario), '--layer', layer);
    expect({ code, stderr }).toMatchObject({ code: 1 });
    const { cells, findings } = work.scenario();
    expect(Object.fromEntries(cells.map((cell) => [`${cell.claim} ${cell.fault}`, cell.status]))).toEqual({
      'durability io-error': 'held',
      'durability disk-full': 'held',
      'durability lost-fsync': 'violated',
      'durability lost-write': 'violated',
      'integrity lost-write': 'held',
      'integrity misdirected-write': 'held',
      'integrity latent-sector-error': 'held',
      'availability latent-sector-error': 'violated',
      'availability disk-full': 'held',
    });
    for (const finding of findings) expect(finding.permittedBy).not.toEqual([]);
    for (const fault of ['lost-write', 'latent-sector-error']) {
      const token = findings.find((finding) => finding.fault === fault)?.replay.token ?? '';
      expect(await work.powercut('replay', token)).toMatchObject({
        code: 1,
        stdout: expect.stringContaining(fault),
      });
    }
    expect(work.leftovers()).toEqual([]);
  });
});

const deviceFaults = [
  'io-error',
  'disk-full',
  'fsync-error',
  'lost-fsync',
  'lost-write',
  'misdirected-write',
  'latent-sector-error',
  'bit-rot',
] as const;

describe('live faults of one volume', () => {
  it('take nothing from a log with two copies', async () => {
    using work = new Workplace();
    const file = work.write('s', {
      name: 'two-copies',
      subject: { module: fileURLToPath(new URL('../dist/harness/fixtures/two-copies.js', import.meta.url)) },
      volumes: ['data', 'mirror'],
      workload: { operations: 3, batch: 0 },
      claims: {
        durability: [...deviceFaults],
        integrity: [...deviceFaults],
        availability: [...deviceFaults],
      },
      profiles: ['posix'],
      explore: { states: 60 },
    });
    const { code, stdout } = await work.powercut('run', file, '--layer', 'sim');
    expect({ code, stdout }).toMatchObject({ code: 0 });
    const { cells } = work.scenario();
    expect(cells.map(({ status, states }) => status === 'held' && states > 0)).toEqual(cells.map(() => true));
  });
});
