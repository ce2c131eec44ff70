import { countOf } from '../../reports/text.ts';
import type { Explored } from '../merge.ts';
import type { Scenario } from '../scenario.ts';

/** The outcomes that a profile allows and that no state showed: there the model is stricter than what is written down. */
export function neverFound({ outcomes = [] }: Scenario, explored: readonly Explored[]): string[] {
  return explored.flatMap(({ fault, profile, result }) => {
    const allowed = outcomes.filter((outcome) => outcome.allowed.some((name) => name === profile));
    const { legalStates, coverage } = result;
    const where =
      legalStates === undefined
        ? `in the ${countOf(coverage.states, 'state')} that were looked at`
        : `in any of its ${countOf(legalStates, 'legal state')}`;
    return allowed
      .filter(({ outcome }) => !result.outcomes.has(outcome))
      .map(({ outcome }) => `${profile} allows “${outcome}” under ${fault}; it was not found ${where}.`);
  });
}
