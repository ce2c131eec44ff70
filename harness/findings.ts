import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Finding } from '../reports/verdict.ts';
import type { LayerName } from '../src/faults/layer.ts';
import type { Tree } from '../src/faults/model/tree.ts';
import { isOnDisks } from './disks.ts';
import type { ExploreTask, Violation } from './exploration.ts';
import { hexDiff } from './hex-diff.ts';
import { layOut } from './lane/lay-out.ts';
import type { LaneProcess } from './lane/process.ts';
import { type Explored, mergeTallies } from './merge.ts';
import { encodeReplayFile } from './replay-file.ts';
import { encodeToken, type ReplayPlan } from './replay-token.ts';
import { shapeOf } from './run-shape.ts';
import type { Shrunk } from './shrink.ts';
import { tellWitness } from './witness.ts';

export interface FindingContext {
  readonly scenarioFile: string;
  readonly layer: LayerName;
  /** The subject ran in one. */
  readonly container: boolean;
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

/** A violation that may become a finding. */
export interface Candidate {
  readonly violation: Violation;
  /** That of its cell. */
  readonly profile: string;
  readonly occurrences: number;
  /** What it was found in; a life of torture has its own. */
  readonly task?: ExploreTask;
}

/** The findings among the first violations of each claim under each fault and profile. */
export function buildFindings(
  explored: readonly Explored[],
  lanes: readonly LaneProcess[],
  context: FindingContext,
): Promise<Findings> {
  return confirmAll(explored.flatMap(candidatesOf), lanes, context);
}

/** Confirms, shrinks and tells violations; each lane takes the next. */
export async function confirmAll(
  all: readonly Candidate[],
  lanes: readonly LaneProcess[],
  context: FindingContext,
): Promise<Findings> {
  const left = (context.most ?? Number.POSITIVE_INFINITY) - context.findingsBefore;
  const candidates = all.slice(0, Math.max(1, left));
  const shrunk: (Shrunk | undefined)[] = [];
  const queue = [...candidates.entries()];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [index, { violation, task }] = next;
        shrunk[index] =
          task === undefined
            ? await lane.call('shrinkLife', violation)
            : await lane.call('shrink', { violation, task });
      }
    }),
  );
  const findings: Finding[] = [];
  const unconfirmed: Candidate['violation'][] = [];
  for (const [index, candidate] of candidates.entries()) {
    const witness = shrunk[index];
    const { violation, profile } = candidate;
    if (witness === undefined) unconfirmed.push({ ...violation, profile });
    else findings.push(toFinding(candidate, witness, context, context.findingsBefore + findings.length + 1));
  }
  return { findings, unconfirmed };
}

function candidatesOf(explored: Explored): Candidate[] {
  const { result, tortured } = explored;
  const tallies = mergeTallies([result.tallies, ...(tortured === undefined ? [] : [tortured])]);
  return [...tallies.values()].flatMap(({ first, violated }) =>
    first === undefined
      ? []
      : [
          {
            violation: first,
            profile: explored.profile,
            occurrences: violated,
            ...(first.origin.kind === 'torture' ? {} : { task: explored.task }),
          },
        ],
  );
}

/** Tells the story, and writes its files into the run's directory. */
export function toFinding(
  { profile, occurrences }: Pick<Finding, 'profile' | 'occurrences'>,
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
    ...(context.container ? { container: true } : {}),
    claim,
    fault,
    profile: violation.profile,
    steps: violation.steps.map(({ index }) => index),
    origin: violation.origin as ReplayPlan['origin'],
    state: { ...violation.state, lost: [...violation.state.lost] },
    shape: shapeOf(run.recording, violation.state.point),
  };
  const id = String(number);
  const file = writeFiles(context.outputDirectory, id, encodeReplayFile({ plan, run }), shrunk);
  const token = encodeToken(plan);
  const { operationsBefore, operationsAfter, lostBefore, lostAfter, attempts } = shrunk;
  return {
    id,
    claim,
    fault,
    profile,
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

/** What is not done again in the same way is in its file: a subject that does otherwise, and the kernel's threads above a disk. */
function replayCommand({ origin, layer }: ReplayPlan, token: string, file: string): string {
  const isOnFile = isOnDisks(layer) || (origin.kind === 'torture' && origin.life.length === 0);
  return `npx powercut replay ${isOnFile ? relative('', file) : token}`;
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
