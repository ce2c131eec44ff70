import { relative } from 'node:path';
import type { Cell, Claim, Exploration, FaultKind, ScenarioVerdict, Status } from '../reports/verdict.ts';
import type { Findings } from './findings.ts';
import { type Explored, mergeTallies } from './merge.ts';
import { acknowledgedBefore, type NumberedStep, type RecordedRun } from './recorded-run.ts';
import type { LoadedScenario, Scenario } from './scenario.ts';
import type { SubjectHello } from './subject/subject.ts';
import { whyUntested } from './workload/workload.ts';

export interface ScenarioResult {
  readonly loaded: LoadedScenario;
  readonly layer: string;
  readonly hello: SubjectHello;
  readonly run: RecordedRun;
  readonly steps: readonly NumberedStep[];
  readonly explored: readonly Explored[];
  readonly findings: Findings;
  /** Why the run ended early. */
  readonly cut?: string;
}

export function assemble(result: ScenarioResult): ScenarioVerdict {
  const { loaded, layer, hello, run, steps, explored, findings, cut } = result;
  const cells = cellsOf(result);
  const canary = canaryOf(loaded.scenario, explored, cells);
  const operations = run.recording.trace.flatMap((entry) =>
    entry.kind === 'operation' ? [entry.operation] : [],
  );
  const acknowledged = acknowledgedBefore(run.recording, run.recording.trace.length).length;
  return {
    ...headOf(loaded, layer),
    status: worst(cells.map((cell) => cell.status)),
    subject: { name: hello.name, version: hello.version, how: how(loaded.scenario, layer) },
    workload: {
      operations: steps.length === 0 ? acknowledged : steps.length,
      acknowledged,
      volumeOperations: operations.length,
      barriers: operations.filter(({ kind }) => kind === 'sync').length,
    },
    ...(canary === undefined ? {} : { canary }),
    cells,
    explorations: explored.map(explorationOf),
    findings: findings.findings,
    notes: [...explored.flatMap(({ result: { notes } }) => notes), ...(cut === undefined ? [] : [cut])],
  };
}

/** Nothing of the scenario could be put to the test here. */
export function notTested(loaded: LoadedScenario, layer: string, why: string): ScenarioVerdict {
  return empty(loaded, layer, 'not-tested', why);
}

export function unknownScenario(loaded: LoadedScenario, layer: string, why: string): ScenarioVerdict {
  return empty(loaded, layer, 'unknown', why);
}

function empty(
  loaded: LoadedScenario,
  layer: string,
  status: 'unknown' | 'not-tested',
  why: string,
): ScenarioVerdict {
  const { claims, canary } = loaded.scenario;
  const cells = stated(claims).map(
    ([claim, fault]): Cell => ({ claim, fault, profile: '-', status, states: 0, why }),
  );
  return {
    ...headOf(loaded, layer),
    status,
    subject: { name: loaded.scenario.name, version: '', how: how(loaded.scenario, layer) },
    workload: { operations: 0, acknowledged: 0, volumeOperations: 0, barriers: 0 },
    ...(canary === undefined ? {} : { canary: { ...canary, found: false, states: 0 } }),
    cells,
    explorations: [],
    findings: [],
    notes: [why],
  };
}

function headOf({ scenario, file }: LoadedScenario, layer: string) {
  const { name, volumes, profiles } = scenario;
  return { name, file: relative('', file), layer, volumes, profiles };
}

function how({ subject }: Scenario, layer: string): ScenarioVerdict['subject']['how'] {
  if (subject.workload !== undefined) return 'command';
  return layer === 'sim' || subject.driver === undefined ? 'in-process' : 'driver';
}

function stated(claims: Scenario['claims']): [Claim, FaultKind][] {
  return (Object.keys(claims) as Claim[]).flatMap((claim) =>
    (claims[claim] ?? []).map((fault): [Claim, FaultKind] => [claim, fault]),
  );
}

/** One a claim, fault and profile. */
function cellsOf({ loaded, explored, findings, steps, cut }: ScenarioResult): Cell[] {
  const isCommand = loaded.scenario.subject.workload !== undefined;
  return stated(loaded.scenario.claims).flatMap(([claim, fault]): Cell[] => {
    const untested = isCommand
      ? undefined
      : whyUntested(
          claim,
          steps.map(({ mutation }) => mutation),
        );
    if (untested !== undefined)
      return [{ claim, fault, profile: '-', status: 'not-tested', states: 0, why: untested }];
    const mine = explored.filter((one) => one.fault === fault);
    if (mine.length === 0) {
      const why = cut ?? `This version of powercut does not inject ${fault} yet.`;
      return [{ claim, fault, profile: '-', status: 'not-tested', states: 0, why }];
    }
    return mine.map((one) => cellOf(one, claim, findings));
  });
}

function cellOf(explored: Explored, claim: Claim, { findings, unconfirmed }: Findings): Cell {
  const { fault, profile, result, tortured } = explored;
  const tally = mergeTallies([result.tallies, ...(tortured === undefined ? [] : [tortured.tallies])]).get(
    claim,
  );
  const base = {
    claim,
    fault,
    profile,
    states: tally === undefined ? 0 : tally.held + tally.violated + tally.unknown,
  };
  const isMine = (one: { claim: Claim; fault: FaultKind; profile: string }) =>
    one.claim === claim && one.fault === fault && one.profile === profile;
  const finding = findings.find(isMine);
  if (finding !== undefined) return { ...base, status: 'violated', finding: finding.id };
  if (unconfirmed.some(isMine)) return { ...base, status: 'unknown', why: notConfirmed };
  if (tally !== undefined && tally.violated > 0) {
    return {
      ...base,
      status: 'unknown',
      why: 'Violated, but the run ended before the violation was confirmed.',
    };
  }
  if (tally !== undefined && tally.unknown > 0) {
    return { ...base, status: 'unknown', why: tally.why ?? 'The subject could not be judged.' };
  }
  if (base.states > 0) return { ...base, status: 'held' };
  if (fault === 'torn-write')
    return {
      ...base,
      status: 'not-tested',
      why: `No write can tear: each is one atomic unit, or ${profile} writes none in part.`,
    };
  return { ...base, status: 'unknown', why: 'There was no crash state to judge: the subject wrote nothing.' };
}

const notConfirmed =
  'A violation was seen, and did not show again with a subject started for that image alone: the subject is not deterministic, or keeps something between opens (feature "reopen").';

function explorationOf({ fault, profile, result }: Explored): Exploration {
  const { coverage, legalStates } = result;
  return {
    fault,
    profile,
    ...coverage,
    exhaustive: legalStates !== undefined,
    ...(legalStates === undefined ? {} : { legalStates }),
  };
}

function canaryOf(
  { canary }: Scenario,
  explored: readonly Explored[],
  cells: readonly Cell[],
): ScenarioVerdict['canary'] {
  if (canary === undefined) return undefined;
  const found = cells.some(
    ({ claim, fault, status }) => claim === canary.breaks && fault === canary.under && status === 'violated',
  );
  const places = explored
    .filter(({ fault }) => fault === canary.under)
    .flatMap(({ result }) => result.tallies.get(canary.breaks)?.first?.place.at(-1) ?? []);
  return { ...canary, found, states: found ? Math.min(...places) + 1 : 0 };
}

function worst(statuses: readonly Status[]): Status {
  for (const status of ['violated', 'unknown', 'held'] as const) if (statuses.includes(status)) return status;
  return 'not-tested';
}
