import { relative } from 'node:path';
import { worst } from '../reports/status.ts';
import type { Cell, Claim, Exploration, FaultKind, ScenarioVerdict } from '../reports/verdict.ts';
import type { Findings } from './findings.ts';
import { isLive } from './live-faults.ts';
import { type Explored, mergeTallies } from './merge.ts';
import { acknowledgedBefore, type NumberedStep, type RecordedRun } from './recorded-run.ts';
import { asksNothing, type LoadedScenario, type Scenario } from './scenario.ts';
import type { SubjectHello } from './subject/subject.ts';
import { remarksOn, whyUnstruck } from './unstruck.ts';
import { whyUntested } from './workload/workload.ts';

/** A scenario's workload, asked once without any fault. */
export interface Recorded {
  readonly loaded: LoadedScenario;
  readonly layer: string;
  readonly hello: SubjectHello;
  readonly run: RecordedRun;
  readonly steps: readonly NumberedStep[];
}

export interface ScenarioResult extends Recorded {
  readonly explored: readonly Explored[];
  readonly findings: Findings;
  /** What else a reader must know. */
  readonly notes: readonly string[];
  /** Why the run ended early. */
  readonly cut?: string;
  /** Of a run in parts, which one this is, from 1. */
  readonly part?: number;
}

export function assemble(result: ScenarioResult): ScenarioVerdict {
  const { loaded, explored, findings, notes, cut } = result;
  const cells = cellsOf(result);
  const canary = canaryOf(loaded.scenario, explored, cells);
  return {
    ...describeRun(result),
    status: worst(cells.map((cell) => cell.status)),
    ...(canary === undefined ? {} : { canary }),
    cells,
    explorations: explored.map((one) => explorationOf(one, loaded.scenario)),
    findings: findings.findings,
    // What each profile has to say may be the same.
    notes: [...new Set([...notes, ...explored.flatMap(notesOn), ...(cut === undefined ? [] : [cut])])],
  };
}

function notesOn({ fault, result }: Explored): string[] {
  return [...result.notes, ...remarksOn(fault, result.unstruck)];
}

/** What was put to the test, and how much work it had. */
export function describeRun({ loaded, layer, hello, run, steps }: Recorded) {
  const operations = run.recording.trace.flatMap((entry) =>
    entry.kind === 'operation' ? [entry.operation] : [],
  );
  const acknowledged = acknowledgedBefore(run.recording, run.recording.trace.length).length;
  return {
    ...headOf(loaded, layer),
    subject: { name: hello.name, version: hello.version, how: how(loaded.scenario, layer) },
    workload: {
      operations: steps.length === 0 ? acknowledged : steps.length,
      acknowledged,
      volumeOperations: operations.length,
      barriers: operations.filter(({ kind }) => kind === 'sync').length,
    },
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
    ...(canary === undefined ? {} : { canary: { ...plantedIn(canary), found: false, states: 0 } }),
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
  if (subject.workload !== undefined || (subject.program !== undefined && layer !== 'sim')) return 'command';
  return layer === 'sim' || subject.driver === undefined ? 'in-process' : 'driver';
}

export function stated(claims: Scenario['claims']): [Claim, FaultKind][] {
  return (Object.keys(claims) as Claim[]).flatMap((claim) =>
    (claims[claim] ?? []).map((fault): [Claim, FaultKind] => [claim, fault]),
  );
}

/** Why this workload cannot break the claim, if it cannot. */
export function untestable(claim: Claim, { loaded, steps }: Recorded): string | undefined {
  if (asksNothing(loaded.scenario)) return undefined;
  const mutations = steps.map(({ mutation }) => mutation);
  return whyUntested(claim, mutations);
}

/** One a claim, fault and profile. */
function cellsOf(result: ScenarioResult): Cell[] {
  const { loaded, explored, cut } = result;
  return stated(loaded.scenario.claims).flatMap(([claim, fault]): Cell[] => {
    const untested = untestable(claim, result);
    if (untested !== undefined)
      return [{ claim, fault, profile: '-', status: 'not-tested', states: 0, why: untested }];
    const mine = explored.filter((one) => one.fault === fault);
    if (mine.length === 0) {
      const why = cut ?? `This version of powercut does not inject ${fault} yet.`;
      return [{ claim, fault, profile: '-', status: 'not-tested', states: 0, why }];
    }
    return mine.map((one) => cellOf(one, claim, result));
  });
}

function cellOf(
  explored: Explored,
  claim: Claim,
  { findings: { findings, unconfirmed }, cut, part = 1 }: ScenarioResult,
): Cell {
  const { fault, profile, result, tortured } = explored;
  const tally = mergeTallies([result.tallies, ...(tortured === undefined ? [] : [tortured])]).get(claim);
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
  const unstruck = whyUnstruck(fault, result.unstruck);
  if (unstruck !== undefined) return { ...base, status: 'unknown', why: unstruck };
  if (base.states > 0) return { ...base, status: 'held' };
  const [remark] = remarksOn(fault, result.unstruck);
  if (remark !== undefined) return { ...base, status: 'unknown', why: remark };
  if (fault === 'torn-write')
    return {
      ...base,
      status: 'not-tested',
      why: `No write can tear: each is one atomic unit, or ${profile} writes none in part.`,
    };
  // What there is of a run, its first part has; and which images are whose, chance decides.
  const isElsewhere = part > 1 || result.coverage.states > 0;
  if (cut === undefined && isElsewhere)
    return { ...base, status: 'not-tested', why: 'Nothing of it fell to this part of the run (--shard).' };
  return { ...base, status: 'unknown', why: cut ?? whyNothing(fault) };
}

function whyNothing(fault: FaultKind): string {
  return isLive(fault)
    ? `The subject asked for nothing that ${fault} can befall.`
    : 'There was no crash state to judge: the subject wrote nothing.';
}

export const notConfirmed =
  'A violation was seen, and did not show again with a subject started for that image alone: the subject is not deterministic, or keeps something between opens (feature "reopen").';

function explorationOf({ fault, profile, result }: Explored, { outcomes: asked }: Scenario): Exploration {
  const { coverage, legalStates } = result;
  const allowed = asked?.filter((outcome) => outcome.allowed.some((name) => name === profile));
  return {
    fault,
    profile,
    ...coverage,
    exhaustive: legalStates !== undefined,
    ...(legalStates === undefined ? {} : { legalStates }),
    ...(allowed && {
      outcomes: {
        allowed: allowed.map(({ outcome }) => outcome),
        found: [...result.outcomes].sort(),
      },
    }),
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
  return { ...plantedIn(canary), found, states: found ? Math.min(...places) + 1 : 0 };
}

/** The known bug, without what is for the kernel's own file systems. */
export function plantedIn({ breaks, under }: NonNullable<Scenario['canary']>) {
  return { breaks, under };
}
