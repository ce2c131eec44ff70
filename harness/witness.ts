import type { Finding } from '../reports/verdict.ts';
import { crashStates } from '../src/faults/model/crash-states.ts';
import { describeTrace } from '../src/faults/model/describe.ts';
import { takeApart } from '../src/faults/model/effects.ts';
import { profileFor } from '../src/faults/model/profile.ts';
import type { PlanRule } from '../src/faults/plan.ts';
import { collapse, tellingEntries } from './collapse.ts';
import type { Violation } from './exploration.ts';
import { rulesOf } from './permitted.ts';
import { Timeline } from './timeline.ts';
import { tellLife } from './torture/story.ts';

export type Witness = Pick<Finding, 'crash' | 'timeline' | 'permittedBy'>;

/** The story of a violation: what was asked, what it became on the volume, what was lost, and why that is legal. */
export function tellWitness(violation: Violation): Witness {
  const { run, state, fault } = violation;
  const trace = takeApart(run.recording);
  const profile = profileFor(run.recording, violation.profile);
  const crash = fault === 'torn-write' ? 'torn-write' : 'power-loss';
  const { order } = crashStates(trace, profile, crash, { seed: 0, limit: 1 });
  const last = [...describeTrace(run.recording)].filter(([entry]) => entry < state.point).at(-1);
  return {
    crash: describeCrash(violation, last?.[1]),
    timeline: collapse(new Timeline(violation, trace, order).rows(), tellingEntries(violation)),
    permittedBy: rulesOf(violation, order),
  };
}

function describeCrash({ run, fault, origin, state }: Violation, last: string | undefined): string {
  const file = run.recording.disks === true ? 'disk' : 'file';
  const when = last === undefined ? 'before the first operation' : `after ${last}`;
  const before = {
    workload: describePlan(origin),
    reopen: run.recording.disks === true ? describeReset : describeReopened,
    nested: 'The power had gone once before, and the subject was recovering from that. ',
    'written-back': 'The program had ended, and the kernel wrote back what it held. ',
    mutant: describeLeftOut(origin),
    torture: origin.kind === 'torture' ? tellLife(origin.life, describeRule) : '',
  }[origin.kind];
  if (fault === 'process-kill') return `${before}The process was killed ${when}; nothing else was lost.`;
  if (state.rotten !== undefined) {
    return `After a clean end, bit ${state.rotten.bit} of byte ${state.rotten.offset} of one ${file} flipped at rest.`;
  }
  if (state.unreadable !== undefined) {
    return `After a clean end, the sector at byte ${state.unreadable.offset} of one ${file} went bad.`;
  }
  if (state.stale !== undefined)
    return 'After a clean end, the first read of one file answered what an earlier barrier had made durable.';
  if (state.stalled !== undefined) return 'After a clean end, the first read of one file was answered late.';
  const count = state.lost.length;
  const lost =
    count === 0 ? 'nothing was lost' : `${count} ${count === 1 ? 'effect was' : 'effects were'} lost`;
  return `${before}The power went ${when}; ${lost}.`;
}

function describePlan(origin: Violation['origin']): string {
  const plan = origin.kind === 'workload' ? origin.plan : [];
  return plan.map((rule) => `The disk had a fault: ${describeRule(rule)}. `).join('');
}

function describeLeftOut(origin: Violation['origin']): string {
  if (origin.kind !== 'mutant') return '';
  const killed = origin.killPoint === undefined ? '' : describeReopened;
  return `Left out: ${origin.barrier}. ${killed}`;
}

const describeReopened = 'The process was killed, started again on what the page cache held, and went on. ';
const describeReset =
  'The machine was reset: the disk kept what was in its cache, the kernel kept nothing. It was started again, and went on. ';

function describeRule({ fault, operation, volume, nth, every, chance, from }: PlanRule): string {
  const on = operation === 'any' ? 'operation' : operation;
  const where = volume === undefined ? '' : ` on ${volume}`;
  if (nth !== undefined) return `${fault} at ${on} ${nth}${where}`;
  if (every !== undefined) return `${fault} at every ${every}th ${on}${where}`;
  if (chance !== undefined) return `${fault} at a chance of ${chance.toFixed(2)} at each ${on}${where}`;
  return `${fault} from ${on} ${from ?? 1}${where} on`;
}
