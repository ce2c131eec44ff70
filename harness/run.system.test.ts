import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ScenarioVerdict, Verdict } from '../reports/verdict.ts';
import { probeFuse } from '../src/faults/fuse/layer.ts';
import { Workplace } from './fixtures/cli.ts';
import type { ScenarioInput } from './scenario.ts';

const fuse = await probeFuse();
const compiled = fileURLToPath(new URL('../dist/scenarios', import.meta.url));

/** Breaks durability under power-loss, and keeps the rest; on every path that an exploration takes. */
const scenario: ScenarioInput = {
  name: 'late-fsync',
  subject: {
    driver: ['node', join(compiled, 'canaries', 'driver.js')],
    module: join(compiled, 'canaries', 'subject.js'),
    options: { variant: 'ack-before-fsync' },
  },
  claims: {
    durability: ['power-loss', 'fsync-error'],
    integrity: ['power-loss', 'torn-write', 'bit-rot'],
    stability: ['power-loss'],
  },
  profiles: ['posix'],
  explore: { states: 120 },
};

/** What must be the same again: all but when and where it ran. */
function comparable({ environment: _, timing: __, ...verdict }: Verdict): object {
  return verdict;
}

async function verdictOf(...flags: readonly string[]): Promise<Verdict> {
  using work = new Workplace();
  const { code, stderr } = await work.powercut('run', work.write('scenario', scenario), ...flags);
  expect({ code, stderr }).toMatchObject({ code: 1 });
  expect(work.leftovers()).toEqual([]);
  return work.verdict();
}

describe.each(['fuse', 'sim'])('on the %s layer', (layer) => {
  describe.skipIf(layer === 'fuse' && !fuse.available)('the verdict', () => {
    it('is the same for the same seed, on one lane and on two', async () => {
      const one = await verdictOf('--layer', layer, '--jobs', '1', '--seed', '7');
      const two = await verdictOf('--layer', layer, '--jobs', '2', '--seed', '7');
      const again = await verdictOf('--layer', layer, '--jobs', '2', '--seed', '7');
      expect(comparable(again)).toEqual(comparable(two));
      expect(comparable(two)).toEqual(comparable(one));
    });
  });
});

/** States judged for each claim, fault and profile. */
function judged({ cells }: ScenarioVerdict): Record<string, number> {
  return Object.fromEntries(
    cells.map(({ claim, fault, profile, states }) => [`${claim} under ${fault} on ${profile}`, states]),
  );
}

describe('shards', () => {
  it('judge every image once between them', async () => {
    const shard = async (text: string) => {
      using work = new Workplace();
      await work.powercut(
        'run',
        work.write('scenario', scenario),
        '--layer',
        'sim',
        '--jobs',
        '1',
        ...(text === '' ? [] : ['--shard', text]),
      );
      return judged(work.scenario());
    };
    const [whole, first, second] = [await shard(''), await shard('1/2'), await shard('2/2')];
    const sums = Object.keys(whole).map((cell) => [cell, (first[cell] ?? 0) + (second[cell] ?? 0)]);
    expect(Object.fromEntries(sums)).toEqual(whole);
  });
});

describe('a run that is interrupted on the sim layer', () => {
  it('stops, and reports what was done', async () => {
    using work = new Workplace();
    const long = { ...scenario, workload: { operations: 100 }, explore: { states: 1_000_000 } };
    const { child, ended } = work.start('run', work.write('scenario', long), '--layer', 'sim');
    child.stderr?.once('data', () => child.kill('SIGINT'));
    expect((await ended).code).toBe(130);
    expect(work.verdict().interrupted).toBe('SIGINT');
    expect(work.leftovers()).toEqual([]);
  });
});

describe('a module that fails outside of its answers', () => {
  it('ends the run with what it said, and 70', async () => {
    using work = new Workplace();
    const module = `export const createSubject = () => ({
      request: async ({ op }) => {
        if (op === 'open') setTimeout(() => { throw new Error('a timer of the engine failed'); }, 1);
        return op === 'hello' ? { ok: true, hello: { model: 'log', name: 'x', version: '1', features: [] } } : new Promise(() => {});
      },
      stderr: () => '', kill: async () => {},
    });`;
    writeFileSync(join(work.directory, 'engine.mjs'), module);
    const subject = { module: './engine.mjs' };
    const { code, stderr } = await work.powercut('run', work.write('scenario', { ...scenario, subject }));
    expect(stderr).toContain('a timer of the engine failed');
    expect(code).toBe(70);
    expect(work.leftovers()).toEqual([]);
  });
});
