import type { Oracle } from './evidence.ts';
import { held, judge, unknown } from './judgement.ts';
import { firstRecovery } from './recovery.ts';

/** Recovery opens, and what it recovered can be read. */
export const availability: Oracle = (_history, observation) => {
  const recovery = firstRecovery(observation);
  switch (recovery.kind) {
    case 'shown':
      return held;
    case 'failed':
      return judge([
        {
          summary: `recovery did not succeed: ${recovery.report}`,
          expected: 'open and scan are answered ok',
          recovered: recovery.report,
        },
      ]);
    case 'unclear':
      return unknown(recovery.why);
  }
};
