import type { Judged } from '../lane/judge.ts';
import type { Observation, Outcome } from '../oracle/evidence.ts';
import type { RecordedRun } from '../recorded-run.ts';

/**
 * What a cycle showed of its subject, made so coarse that what is the same in kind is the same: numbers are 0, 1 or n,
 * digits in texts are `#`. A campaign that sees nothing new any more is spent.
 */
export function behavioursOf(run: RecordedRun, judged: Judged | undefined): string[] {
  const { refusals = [], endedEarly } = run;
  return [
    ...refusals.map((refusal) => `refuses ${refusal}`),
    ...(endedEarly === undefined ? [] : [`ended early: ${coarse(endedEarly)}`]),
    ...(judged?.observation === undefined ? [] : describeObservation(judged.observation)),
    ...[...(judged?.judgements ?? [])].map(([claim, { status }]) => `${claim} ${status}`),
  ];
}

function describeObservation({ open, scan, probe, again }: Observation): string[] {
  return [
    describeOutcome('open', open),
    describeOutcome('scan', scan, (items) => (items.length === 0 ? 'nothing' : 'items')),
    describeOutcome('probe', probe?.outcome),
    describeOutcome('second open', again?.open),
    describeOutcome('second scan', again?.scan, () => 'items'),
  ];
}

function describeOutcome<T>(
  request: string,
  outcome: Outcome<T> | undefined,
  show: (value: T) => string = shapeOf,
): string {
  switch (outcome?.kind) {
    case undefined:
      return `${request}: not asked`;
    case 'ok':
      return `${request}: ${show(outcome.value)}`;
    case 'refused':
      return `${request}: ${outcome.error.code}`;
    case 'failure':
      return `${request}: ${outcome.reason}`;
  }
}

/** `{damage: "segment # is gone", records: n, tail: "torn"}`. */
export function shapeOf(value: unknown): string {
  if (typeof value === 'number') return value === 0 || value === 1 ? String(value) : 'n';
  if (typeof value === 'string') return JSON.stringify(coarse(value));
  if (Array.isArray(value)) return `[${[...new Set(value.map(shapeOf))].sort().join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = Object.entries(value).map(([name, field]) => `${name}: ${shapeOf(field)}`);
  return `{${fields.sort().join(', ')}}`;
}

function coarse(text: string): string {
  return text.replaceAll(/\d+/g, '#').slice(0, textMax);
}

const textMax = 120;
