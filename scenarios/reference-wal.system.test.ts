import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Workplace } from '../harness/fixtures/cli.ts';
import { type ScenarioInput, scenarioSchema } from '../harness/scenario.ts';
import { probeFuse } from '../src/faults/fuse/layer.ts';
import { programPath } from '../src/program.ts';

const fuse = await probeFuse();
const file = (name: string) => fileURLToPath(new URL(`${name}.yaml`, import.meta.url));

describe.each([
  { layer: 'sim', states: 1000 },
  { layer: 'fuse', states: 150 },
])('on the $layer layer', ({ layer, states }) => {
  describe.skipIf(layer === 'fuse' && !fuse.available)(
    'every claim holds under every fault',
    { timeout: 240_000 },
    () => {
      it.each(['reference-wal', 'reference-wal-mirror'])('%s', async (name) => {
        using work = new Workplace();
        const { code, stderr } = await work.powercut(
          'run',
          file(name),
          '--layer',
          layer,
          '--states',
          String(states),
        );
        const { findings, cells } = work.scenario();
        expect(findings.map(({ summary }) => summary)).toEqual([]);
        expect(cells.filter(({ status }) => status !== 'held')).toEqual([]);
        expect({ code, stderr }).toMatchObject({ code: 0 });
        expect(work.leftovers()).toEqual([]);
      });
    },
  );
});

describe('without its mirror', () => {
  const atRest = ['latent-sector-error', 'bit-rot'] as const;

  it('the same damage costs what was promised, and the log says so', async () => {
    const { subject, ...mirrored } = scenarioSchema.parse(
      parse(readFileSync(file('reference-wal-mirror'), 'utf8')),
    );
    const alone: ScenarioInput = {
      ...mirrored,
      subject: {
        ...subject,
        driver: ['node', programPath('scenarios/subjects/wal-driver')],
        module: programPath('scenarios/subjects/wal'),
      },
      volumes: ['data'],
      claims: { durability: [...atRest], integrity: [...atRest], candour: [...atRest] },
    };
    using work = new Workplace();
    const { code } = await work.powercut('run', work.write('alone', alone), '--layer', 'sim');
    expect(code).toBe(1);
    const { cells } = work.scenario();
    const broken = cells.filter(({ status }) => status === 'violated');
    expect(broken.map(({ claim, fault }) => `${claim} under ${fault}`)).toEqual(
      atRest.map((fault) => `durability under ${fault}`),
    );
  });
});
