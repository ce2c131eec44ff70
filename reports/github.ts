import { barrierRemarks } from './mutation/github.ts';
import { isMutated } from './mutation/table.ts';
import {
  canaryOutcome,
  canarySentence,
  conditionText,
  isCanary,
  reportedFindings,
  statusOfCell,
  whyOfCell,
} from './summary.ts';
import { formatCount, joinLines, visible } from './text.ts';
import { coverageRemark } from './torture/github.ts';
import { isTortured } from './torture/table.ts';
import type { ScenarioVerdict, Verdict } from './verdict.ts';

/** GitHub shows at most ten annotations of a kind for a step. */
const annotationsMax = 10;

/** Workflow commands that annotate a run on GitHub: an error a violation, a warning a claim that is unknown, a notice what torture has tried. '' where there is nothing to say. */
export function renderGithub(verdict: Verdict): string {
  const errors = reportedFindings(verdict)
    .filter(({ role }) => role === 'violation')
    .map(({ finding, scenario }) =>
      annotation('error', scenario, `${finding.claim} violated under ${conditionText(finding)}`, [
        joinLines(finding.summary),
        finding.crash,
        `Replay: ${finding.replay.command}`,
      ]),
    );
  const warnings = verdict.scenarios.flatMap((scenario) => {
    if (isCanary(scenario)) {
      if (canaryOutcome(scenario) !== 'missed') return [];
      return [annotation('warning', scenario, 'canary not found', [canarySentence(scenario)])];
    }
    return scenario.cells
      .filter((cell) => statusOfCell(cell) === 'unknown')
      .map((cell) =>
        annotation('warning', scenario, `${cell.claim} unknown under ${conditionText(cell)}`, [
          whyOfCell(cell),
        ]),
      );
  });
  const remarks = verdict.scenarios
    .filter(isMutated)
    .flatMap((scenario) => barrierRemarks(scenario).map((remark) => ({ scenario, ...remark })));
  for (const { kind, scenario, title, text } of remarks) {
    (kind === 'error' ? errors : warnings).push(annotation(kind, scenario, title, [text]));
  }
  const notices = verdict.scenarios.filter(isTortured).map((scenario) => {
    const { title, lines } = coverageRemark(scenario);
    return annotation('notice', scenario, title, lines);
  });
  const all = [...atMost('error', errors), ...atMost('warning', warnings), ...atMost('notice', notices)];
  return all.map((line) => `${line}\n`).join('');
}

type Kind = 'error' | 'warning' | 'notice';

function atMost(kind: Kind, lines: readonly string[]): readonly string[] {
  if (lines.length <= annotationsMax) return lines;
  const hidden = lines.length - (annotationsMax - 1);
  return [
    ...lines.slice(0, annotationsMax - 1),
    `::${kind}::and ${formatCount(hidden)} more: see the report`,
  ];
}

function annotation(kind: Kind, scenario: ScenarioVerdict, title: string, lines: readonly string[]): string {
  const file = scenario.file === undefined ? '' : `file=${property(scenario.file)},`;
  const message = lines.map((line) => data(visible(line))).join('%0A');
  return `::${kind} ${file}title=${property(`${scenario.name}: ${title}`)}::${message}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(visible(text)).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
