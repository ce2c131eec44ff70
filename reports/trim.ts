import { focusLines } from './diff.ts';
import { cutTimeline } from './story.ts';
import { countOf, cutText } from './text.ts';
import type { Finding, Mutation, ScenarioVerdict, Verdict } from './verdict.ts';

/** How much of a verdict a report of bounded size takes. */
export interface TrimLimits {
  readonly findings: number;
  readonly timelineRows: number;
  /** Lines of expected, recovered and stderr, each; also notes a scenario. */
  readonly lines: number;
  /** Of any one text. */
  readonly characters: number;
}

/** The verdict with what goes beyond the limits cut away, and each cut counted in its place. */
export function trimVerdict(verdict: Verdict, limits: TrimLimits): Verdict {
  let findingsLeft = limits.findings;
  const scenarios = verdict.scenarios.map((scenario) => {
    const kept = Math.min(scenario.findings.length, findingsLeft);
    findingsLeft -= kept;
    return trimScenario(scenario, kept, limits);
  });
  return { ...verdict, scenarios };
}

function trimScenario(scenario: ScenarioVerdict, findingsKept: number, limits: TrimLimits): ScenarioVerdict {
  const hidden = scenario.findings.length - findingsKept;
  const notes =
    hidden > 0 ? [`${countOf(hidden, 'finding')} left out here; verdict.json has all of them.`] : [];
  return {
    ...scenario,
    name: cutText(scenario.name, limits.characters),
    cells: scenario.cells.map((cell) =>
      cell.why === undefined ? cell : { ...cell, why: cutText(cell.why, limits.characters) },
    ),
    ...(scenario.mutation && { mutation: trimMutation(scenario.mutation, limits) }),
    findings: scenario.findings.slice(0, findingsKept).map((finding) => trimFinding(finding, limits)),
    notes: [...trimNotes(scenario.notes, limits), ...notes],
  };
}

function trimMutation(mutation: Mutation, limits: TrimLimits): Mutation {
  const cut = (text: string) => cutText(text, limits.characters);
  const barriers = mutation.barriers.map(({ accepted, why, ...barrier }) => ({
    ...barrier,
    name: cut(barrier.name),
    coveredBy: barrier.coveredBy.map(cut),
    ...(accepted === undefined ? {} : { accepted: cut(accepted) }),
    ...(why === undefined ? {} : { why: cut(why) }),
  }));
  return { ...mutation, barriers };
}

function trimFinding(finding: Finding, limits: TrimLimits): Finding {
  const { stderr, replay } = finding;
  const cut = (text: string) => cutText(text, limits.characters);
  const { expected, recovered } = focusLines(finding.expected, finding.recovered, limits.lines);
  return {
    ...finding,
    summary: cut(finding.summary),
    crash: cut(finding.crash),
    timeline: cutTimeline(finding.timeline, limits.timelineRows).map((row) => {
      if (row.kind === 'process-crash' || row.kind === 'power-cut') return row;
      if (row.kind !== 'operation' || row.detail === undefined) return { ...row, text: cut(row.text) };
      return { ...row, text: cut(row.text), detail: cut(row.detail) };
    }),
    permittedBy: finding.permittedBy.map(({ rule, text, source }) => ({
      rule: cut(rule),
      text: cut(text),
      source: cut(source),
    })),
    expected: expected.map(cut),
    recovered: recovered.map(cut),
    // A command that is cut cannot be pasted: whoever writes it keeps it short.
    replay,
    ...(stderr === undefined ? {} : { stderr: trimTail(stderr, limits) }),
  };
}

function trimNotes(notes: readonly string[], limits: TrimLimits): readonly string[] {
  const more = notes.length - limits.lines;
  const kept = notes.slice(0, limits.lines).map((note) => cutText(note, limits.characters));
  return more > 0 ? [...kept, `${countOf(more, 'more note')} in verdict.json`] : kept;
}

/** The last lines: what a program said last is what matters. */
function trimTail(text: string, limits: TrimLimits): string {
  const lines = text.split('\n');
  const more = lines.length - limits.lines;
  const kept = lines.slice(-limits.lines).map((line) => cutText(line, limits.characters));
  return (more > 0 ? [`… ${countOf(more, 'earlier line')} in verdict.json`, ...kept] : kept).join('\n');
}
