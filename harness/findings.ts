import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Finding } from '../reports/verdict.ts';
import type { Tree } from '../src/faults/model/tree.ts';
import type { Violation } from './exploration.ts';
import { hexDiff } from './hex-diff.ts';
import { layOut } from './lane/lay-out.ts';
import type { LaneProcess } from './lane/process.ts';
import { type Explored, mergeTallies } from './merge.ts';
import { encodeReplayFile } from './replay-file.ts';
import { encodeToken, type ReplayPlan } from './replay-token.ts';
import type { Shrunk } from './shrink.ts';
import { tellWitness } from './witness.ts';

export interface FindingContext {
  readonly scenarioFile: string;
  readonly layer: 'fuse' | 'sim';
  readonly seed: number;
  readonly outputDirectory: string;
  readonly findingsBefore: number;
  /** No more than this many findings over the whole run. */
  readonly most?: number;
  readonly whyStopped: () => string | undefined;
}

export interface Findings {
  readonly findings: readonly Finding[];
  /** Violations that did not show again: no findings. */
  readonly unconfirmed: readonly Pick<Violation, 'claim' | 'fault' | 'profile'>[];
}

interface Candidate {
  readonly explored: Explored;
  readonly violation: Violation;
  readonly occurrences: number;
}

/** Confirms, shrinks and tells the first violation of each claim under each fault and profile; each lane takes the next. */
export async function buildFindings(
  explored: readonly Explored[],
  lanes: readonly LaneProcess[],
  context: FindingContext,
): Promise<Findings> {
  const left = (context.most ?? Number.POSITIVE_INFINITY) - context.findingsBefore;
  const candidates = explored.flatMap(candidatesOf).slice(0, Math.max(1, left));
  const shrunk: (Shrunk | undefined)[] = [];
  const queue = [...candidates.entries()];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [index, { explored: from, violation }] = next;
        shrunk[index] = await lane.call('shrink', { violation, task: from.task });
      }
    }),
  );
  const findings: Finding[] = [];
  const unconfirmed: Candidate['violation'][] = [];
  for (const [index, candidate] of candidates.entries()) {
    const witness = shrunk[index];
    if (witness === undefined)
      unconfirmed.push({ ...candidate.violation, profile: candidate.explored.profile });
    else findings.push(toFinding(candidate, witness, context, context.findingsBefore + findings.length + 1));
  }
  return { findings, unconfirmed };
}

function candidatesOf(explored: Explored): Candidate[] {
  const { result, tortured } = explored;
  const tallies = mergeTallies([result.tallies, ...(tortured === undefined ? [] : [tortured.tallies])]);
  return [...tallies.values()].flatMap(({ first, violated }) =>
    first === undefined ? [] : [{ explored, violation: first, occurrences: violated }],
  );
}

function toFinding(
  { explored, occurrences }: Candidate,
  shrunk: Shrunk,
  context: FindingContext,
  number: number,
): Finding {
  const { violation, stderr } = shrunk;
  const { claim, fault, judgement, run } = violation;
  const plan: ReplayPlan = {
    scenario: context.scenarioFile,
    seed: context.seed,
    layer: context.layer,
    claim,
    fault,
    profile: violation.profile,
    steps: violation.steps.map(({ index }) => index),
    origin: violation.origin as ReplayPlan['origin'],
    state: { ...violation.state, lost: [...violation.state.lost] },
  };
  const id = String(number);
  const file = writeFiles(context.outputDirectory, id, encodeReplayFile({ plan, run }), shrunk);
  const token = encodeToken(plan);
  const { operationsBefore, operationsAfter, lostBefore, lostAfter, attempts } = shrunk;
  return {
    id,
    claim,
    fault,
    profile: explored.profile,
    summary: judgement.summary,
    ...tellWitness(violation),
    expected: judgement.expected,
    recovered: judgement.recovered,
    shrink: { operationsBefore, operationsAfter, lostBefore, lostAfter, attempts },
    occurrences,
    replay: { command: replayCommand(plan, token, join(context.outputDirectory, file)), token, file },
    ...(stderr.trim() === '' ? {} : { stderr }),
  };
}

/** A run that was ended by real kills is in its file, and nowhere else. */
function replayCommand({ origin }: ReplayPlan, token: string, file: string): string {
  return `npx powercut replay ${origin.kind === 'torture' ? relative('', file) : token}`;
}

/** Everything about a finding as files of its own. Answers the replay file's path, from the run's directory. */
function writeFiles(outputDirectory: string, id: string, replay: string, shrunk: Shrunk): string {
  const { image, recovered, stderr } = shrunk;
  const directory = join(outputDirectory, 'findings', id);
  const file = join(directory, 'replay.json');
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, replay);
  layOut(image, foldersFor(image, join(directory, 'image')));
  layOut(recovered, foldersFor(recovered, join(directory, 'recovered')));
  writeFileSync(join(directory, 'recovery.diff'), hexDiff(image, recovered));
  if (stderr.trim() !== '') writeFileSync(join(directory, 'stderr.txt'), stderr);
  return relative(outputDirectory, file);
}

function foldersFor(tree: Tree, directory: string): Map<string, string> {
  const folders = [...tree.roots.keys()].map((volume) => [volume, join(directory, volume)] as const);
  for (const [, folder] of folders) mkdirSync(folder, { recursive: true });
  return new Map(folders);
}
