import type { Judgement } from './evidence.ts';

/** One way in which the answer deviates from the promise. The two lines stand side by side in a report. */
export interface Deviation {
  /** One sentence. */
  readonly summary: string;
  readonly expected: string;
  readonly recovered: string;
}

const deviationsMax = 8;

export const held: Judgement = { status: 'held' };

export function unknown(why: string): Judgement {
  return { status: 'unknown', why };
}

/** Held where nothing deviates. `context` is added to what was recovered: it helps to read the rest. */
export function judge(deviations: readonly Deviation[], context: readonly string[] = []): Judgement {
  const [first, ...others] = deviations;
  if (first === undefined) return held;
  const listed = deviations.slice(0, deviationsMax);
  const unlisted = deviations.length - listed.length;
  const more = unlisted > 0 ? [`… and ${unlisted} more`] : [];
  return {
    status: 'violated',
    summary: others.length === 0 ? first.summary : `${first.summary} (and ${others.length} more like it)`,
    expected: [...listed.map((deviation) => deviation.expected), ...more],
    recovered: [...listed.map((deviation) => deviation.recovered), ...more, ...context],
  };
}
