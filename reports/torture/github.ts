import { effortText, neverFiredText, noveltyText, type TorturedScenario } from './table.ts';

/** The coverage as the lines of a notice. */
export function coverageRemark(scenario: TorturedScenario): {
  readonly title: string;
  readonly lines: readonly string[];
} {
  const never = neverFiredText(scenario);
  const lines = [effortText(scenario), noveltyText(scenario), ...(never === undefined ? [] : [never])];
  return { title: 'what torture has tried', lines };
}
