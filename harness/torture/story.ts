import { countOf } from '../../reports/text.ts';
import type { PlanRule } from '../../src/faults/plan.ts';
import type { Cycle, Life } from './cycle.ts';

/** Older ones of a longer life are counted. */
const cyclesToldMax = 4;

/** What a life came to before its last crash, in sentences; '' where there is nothing to tell. */
export function tellLife(life: Life, describeRule: (rule: PlanRule) => string): string {
  const earlier = life.slice(0, -1);
  const told = earlier.slice(-cyclesToldMax);
  const untold = earlier.length - told.length;
  const last = life.at(-1);
  return [
    ...(untold > 0 ? [`${countOf(untold, 'cycle')} came before.`] : []),
    ...told.map((cycle) => `${tellFaults(cycle, describeRule)}${tellEnd(cycle)}`),
    ...(last === undefined ? [] : [tellFaults(last, describeRule)]),
  ]
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '')
    .map((sentence) => `${sentence} `)
    .join('');
}

function tellFaults({ plan }: Cycle, describeRule: (rule: PlanRule) => string): string {
  const faults = plan.filter(({ fault }) => fault !== 'process-kill').map(describeRule);
  if (faults.length === 0) return '';
  return `The disk had ${faults.length === 1 ? 'a fault' : 'faults'}: ${faults.join('; ')}. `;
}

/** As it was drawn: a rule that never had its occasion did nothing. */
function tellEnd({ plan, stop, damage, workload }: Cycle): string {
  const steps = countOf(workload.picks.length, 'step');
  const isKilled = stop !== 'close' || plan.some(({ fault }) => fault === 'process-kill');
  if (damage?.kind === 'at-rest')
    return `After ${steps} it closed, and ${damage.fault} befell what was at rest.`;
  if (damage !== undefined) return `After ${steps} at most the power went, and the subject started again.`;
  return isKilled
    ? `After ${steps} at most it was killed, and started again.`
    : `After ${steps} it closed, and started again.`;
}
