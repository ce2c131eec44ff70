import type { TimelineRow } from '../reports/verdict.ts';
import type { Judgement } from './oracle/evidence.ts';
import type { ReplayPlan } from './replay-token.ts';
import type { Witness } from './witness.ts';

/** What a replay shows: the crash, the story up to it, and what the subject made of it. */
export function renderReplay(plan: ReplayPlan, judgement: Judgement, witness: Witness): string {
  return [
    `${plan.claim} under ${plan.fault} on ${plan.profile}`,
    '',
    witness.crash,
    '',
    ...witness.timeline.map((row) => `  ${renderRow(row)}`),
    '',
    ...witness.permittedBy.map(({ rule, source }) => `  legal: ${rule} (${source})`),
    '',
    ...renderJudgement(judgement),
  ].join('\n');
}

function renderRow(row: TimelineRow): string {
  switch (row.kind) {
    case 'request':
      return `ask       ${row.text}`;
    case 'acknowledgement':
      return `promise   ${row.text}`;
    case 'process-crash':
      return 'kill      the process was killed';
    case 'power-cut':
      return 'power     the power went';
    case 'omitted':
      return `...       ${row.text}`;
    case 'operation':
      return `${(row.fate === 'none' ? '' : row.fate).padEnd(9)} ${row.text}${row.detail === undefined ? '' : ` (${row.detail})`}`;
  }
}

function renderJudgement(judgement: Judgement): string[] {
  switch (judgement.status) {
    case 'held':
      return ['Held: the claim does not break on this image any more.'];
    case 'unknown':
      return [`Unknown: ${judgement.why}`];
    case 'violated':
      return [
        `Violated: ${judgement.summary}`,
        '  expected',
        ...judgement.expected.map((line) => `    ${line}`),
        '  recovered',
        ...judgement.recovered.map((line) => `    ${line}`),
      ];
  }
}
