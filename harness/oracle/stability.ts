import { changedItems } from './changed-items.ts';
import type { History, Observation, Oracle } from './evidence.ts';
import { type Deviation, held, judge, unknown } from './judgement.ts';
import { lostShown } from './lost-shown.ts';
import { readingOf } from './reading.ts';
import { secondRecovery } from './recovery.ts';
import { returned } from './returned.ts';

/** Recovering again gives the same answer, and what a reader was shown stays. */
export const stability: Oracle = (history, observation) => {
  const reading = readingOf(history, observation);
  if (reading.kind === 'failed') return held;
  if (reading.kind === 'unclear') return unknown(reading.why);
  const changed = [...lostShown(reading), ...returned(reading)];
  if (changed.length > 0) return judge(changed);
  const probe = observation.probe?.outcome;
  if (probe?.kind === 'failure') return unknown(`the second recovery was not seen: ${probe.message}`);
  return judgeSecond(history, observation);
};

function judgeSecond(history: History, observation: Observation) {
  const second = secondRecovery(observation);
  switch (second.kind) {
    case 'unclear':
      return unknown(second.why);
    case 'failed': {
      const summary = `the first recovery succeeded, the second did not: ${second.report}`;
      const deviation: Deviation = { summary, expected: 'the same answer', recovered: second.report };
      return judge([deviation]);
    }
    case 'shown': {
      const first = observation.scan?.kind === 'ok' ? observation.scan.value : [];
      const mutations = observation.probe?.mutations ?? [];
      return judge(changedItems(history.model, first, second.items, mutations));
    }
  }
}
