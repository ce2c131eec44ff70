import type { FaultKind } from '../../reports/verdict.ts';
import { createRandom, type Random } from '../../src/faults/model/random.ts';
import type { Plan, PlanRule } from '../../src/faults/plan.ts';
import { restFaults } from '../at-rest.ts';
import { type LiveFault, liveFaults } from '../live-faults.ts';
import { asksNothing, type Scenario } from '../scenario.ts';
import type { Cycle, Damage, Stop } from './cycle.ts';
import { drawKill, drawRules, drawSome, pick } from './draw-faults.ts';
import { drawWorkload, noWorkload } from './draw-workload.ts';
import type { Victim } from './victim.ts';

/** What stays the same from one fresh start to the next. */
export interface Situation {
  /** The first number that names no value yet. */
  readonly first: number;
  /** The one volume that device faults befall. */
  readonly volume: string;
}

const killDelayMsMax = 40;
const endings = [{}, { way: 'stop' }, { way: 'pause' }] as const;

/** Draws a cycle from the seed and its number. Without a situation it starts afresh. */
export function drawCycle(
  victim: Victim,
  number: number,
  earlier: Situation | undefined,
): { readonly cycle: Cycle; readonly situation: Situation } {
  const random = createRandom(victim.seed, `cycle ${number}`);
  const { scenario, hello } = victim;
  const afresh = earlier === undefined || random.chance(1, 12);
  const volume = afresh ? pick(random, scenario.volumes) : earlier.volume;
  const first = afresh ? 0 : earlier.first;
  const faults = drawSome(random, namedFaults(scenario));
  const profile = pick(random, victim.profiles);
  const workload = asksNothing(scenario)
    ? noWorkload
    : drawWorkload(random.fork('workload'), hello, scenario.workload, first);
  const share = asksNothing(scenario) ? 1 : workload.picks.length / scenario.workload.operations;
  const damage = drawDamage(random, faults, profile, volume);
  const end = drawEnd(random.fork('end'), victim, damage, share);
  const only = scenario.volumes.length === 1 ? undefined : volume;
  const live = liveFaults
    .filter((fault) => faults.includes(fault))
    .flatMap((fault) => rulesFor(random, fault, { uses: victim.uses, share, volume: only, profile }));
  const cycle: Cycle = {
    afresh,
    workload,
    plan: [...live, ...end.plan],
    stop: end.stop,
    ...(damage === undefined ? {} : { damage }),
    writeBack: random.chance(1, 4),
  };
  return { cycle, situation: { first: workload.first + workload.operations, volume } };
}

function rulesFor(random: Random, fault: LiveFault, settings: Parameters<typeof drawRules>[2]): Plan {
  return drawRules(random.fork(fault), fault, settings);
}

/** Those under which the scenario states anything, and that a cycle can have. */
export function namedFaults({ claims }: Scenario): readonly FaultKind[] {
  const stated = new Set(Object.values(claims).flat());
  return [...liveFaults, ...endingFaults].filter((fault) => stated.has(fault));
}

const endingFaults = ['process-kill', 'power-loss', 'torn-write', ...restFaults] as const;

/** One of the drawn faults that come at the end. A kill is no damage; where there are live faults alone, a cut goes with them. */
function drawDamage(
  random: Random,
  faults: readonly FaultKind[],
  profile: string,
  volume: string,
): Damage | undefined {
  const endings = endingFaults.filter((fault) => faults.includes(fault));
  const draw = random.below(2 ** 31);
  if (endings.length === 0) return { kind: 'cut', fault: 'power-loss', profile, implied: true, draw };
  const fault = pick(random, endings);
  switch (fault) {
    case 'process-kill':
      return undefined;
    case 'power-loss':
      // A kill first, and the power goes in a later cycle: kill, reopen, acknowledge, then cut.
      return random.chance(1, 4) ? undefined : { kind: 'cut', fault, profile, draw };
    case 'torn-write':
      return { kind: 'cut', fault, profile, draw };
    default:
      return { kind: 'at-rest', fault, volume, draw };
  }
}

function drawEnd(
  random: Random,
  { scenario, uses, isProcess, isContainer }: Victim,
  damage: Damage | undefined,
  share: number,
): { readonly stop: Stop; readonly plan: readonly PlanRule[] } {
  if (damage?.kind === 'at-rest') return { stop: 'close', plan: [] };
  const way = random.below(8);
  if (way === 0) return { stop: 'leave', plan: [] };
  if (way === 1 && isProcess) {
    const afterMs = random.below(killDelayMsMax);
    const how = isContainer && !asksNothing(scenario) ? pick(random, endings) : {};
    return { stop: { afterMs, ...how }, plan: [] };
  }
  // Also after a clean end the power may go.
  if (way === 2 && damage !== undefined) return { stop: 'close', plan: [] };
  return { stop: 'close', plan: [drawKill(random, { uses, share })] };
}
