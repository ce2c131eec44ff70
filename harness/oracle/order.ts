import type { Oracle } from './evidence.ts';
import { held, judge, unknown } from './judgement.ts';
import { wrongOrder } from './kv-order.ts';
import { holesAndInversions } from './log-order.ts';
import { readingOf } from './reading.ts';

/** What recovery shows is what was issued up to some moment, in that order, without holes. */
export const order: Oracle = (history, observation) => {
  const reading = readingOf(history, observation);
  switch (reading.kind) {
    case 'log':
      return judge(holesAndInversions(reading.log));
    case 'kv':
      return judge(wrongOrder(reading.kv));
    case 'failed':
      return held;
    case 'unclear':
      return unknown(reading.why);
  }
};
