import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../src/faults/plan.ts';
import { scenarioSchema } from '../scenario.ts';
import type { Cycle } from './cycle.ts';
import { drawCycle, namedFaults, type Situation } from './draw.ts';
import type { Victim } from './victim.ts';

const scenario = scenarioSchema.parse({
  name: 'a-log',
  subject: { module: './log.js' },
  volumes: ['data', 'mirror'],
  claims: {
    durability: ['process-kill', 'power-loss', 'io-error', 'disk-full', 'bit-rot'],
    candour: ['torn-write'],
  },
});
const victim: Victim = {
  scenario,
  hello: { model: 'log', name: 'a log', version: '1', features: ['batch'] },
  uses: new Map([
    ['create', 2],
    ['write', 20],
    ['sync', 20],
  ]),
  seed: 5,
  profiles: ['posix', 'xfs'],
  isProcess: true,
  isContainer: false,
};

function drawMany(count: number, seed = victim.seed): { cycle: Cycle; situation: Situation }[] {
  const drawn: { cycle: Cycle; situation: Situation }[] = [];
  for (let number = 0; number < count; number++) {
    drawn.push(drawCycle({ ...victim, seed }, number, drawn.at(-1)?.situation));
  }
  return drawn;
}
const many = drawMany(400);
const cycles = many.map(({ cycle }) => cycle);

const faultsOf = ({ plan, damage }: Cycle) =>
  new Set([...plan.map(({ fault }) => fault), ...(damage === undefined ? [] : [damage.fault])]);

describe('a cycle', () => {
  it('follows from the seed and its number', () => {
    expect(drawMany(40)).toEqual(many.slice(0, 40));
    expect(drawMany(40, 6)).not.toEqual(many.slice(0, 40));
  });

  it('has faults that the scenario names, and no others', () => {
    const named = new Set<string>(namedFaults(scenario));
    // A kill is how a power cut begins.
    expect(new Set(cycles.flatMap((cycle) => [...faultsOf(cycle)]))).toEqual(named);
  });

  it('has one fault or several', () => {
    const counts = cycles.map(({ plan }) => new Set(plan.map(({ fault }) => fault)).size);
    for (const count of [0, 1, 2, 3]) expect(counts).toContain(count);
  });

  it('has a plan that a disk can carry out', () => {
    for (const { plan } of cycles) expect(() => checkPlan(plan)).not.toThrow();
  });

  it('ends in every way', () => {
    const stops = new Set(cycles.map(({ stop }) => (typeof stop === 'string' ? stop : 'moment')));
    expect(stops).toEqual(new Set(['close', 'leave', 'moment']));
  });

  it('is stopped and paused in a container alone', () => {
    const driver = { ...scenario, subject: { ...scenario.subject, driver: ['node'] } };
    const waysIn = (isContainer: boolean) => {
      const drawn = Array.from({ length: 400 }, (_, number) =>
        drawCycle({ ...victim, scenario: driver, isContainer }, number, undefined),
      );
      const moments = drawn.flatMap(({ cycle: { stop } }) => (typeof stop === 'object' ? [stop] : []));
      return new Set(moments.map(({ way }) => way));
    };
    expect(waysIn(false)).toEqual(new Set([undefined]));
    expect(waysIn(true)).toEqual(new Set([undefined, 'stop', 'pause']));
  });
});

describe('from one fresh start to the next', () => {
  it('device faults befall one volume', () => {
    let befallen = new Set<string | undefined>();
    const all = new Set<string | undefined>();
    for (const { afresh, plan, damage } of cycles) {
      if (afresh) befallen = new Set();
      for (const { fault, volume } of plan) if (fault !== 'process-kill') befallen.add(volume);
      if (damage?.kind === 'at-rest') befallen.add(damage.volume);
      expect(befallen.size).toBeLessThanOrEqual(1);
      for (const volume of befallen) all.add(volume);
    }
    expect(all).toEqual(new Set(['data', 'mirror']));
  });

  it('no number names two steps', () => {
    let next = 0;
    for (const { afresh, workload } of cycles) {
      if (afresh) next = 0;
      expect(workload.first).toBe(next);
      expect(workload.picks.every((pick) => pick >= next)).toBe(true);
      next += workload.operations;
    }
  });

  it('there are several cycles', () => {
    const fresh = cycles.filter(({ afresh }) => afresh).length;
    expect(fresh).toBeGreaterThan(10);
    expect(fresh).toBeLessThan(100);
  });
});
