import { lostPromises } from './durability.ts';
import type { Oracle } from './evidence.ts';
import { wrongItems } from './integrity.ts';
import { held, judge, unknown } from './judgement.ts';
import { readingOf } from './reading.ts';
import { reportsDamage } from './recovery.ts';

/** If something promised is missing, or something shown is wrong, recovery says so. */
export const candour: Oracle = (history, observation) => {
  const reading = readingOf(history, observation);
  switch (reading.kind) {
    case 'log':
    case 'kv': {
      if (reportsDamage(observation)) return held;
      const hidden = [...lostPromises(reading), ...wrongItems(reading)];
      return judge(
        hidden.map((deviation) => ({
          ...deviation,
          summary: `recovery reported no damage, but ${deviation.summary}`,
        })),
      );
    }
    case 'failed':
      return held;
    case 'unclear':
      return unknown(reading.why);
  }
};
