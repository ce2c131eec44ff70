import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { takeApart } from '../../src/faults/model/effects.ts';
import { buildImage } from '../../src/faults/model/image.ts';
import { withoutBarriers } from '../../src/faults/model/mutant.ts';
import type { Workspace } from '../container/workspace.ts';
import type { RunOrigin } from '../exploration.ts';
import { explore } from '../explore.ts';
import { tryMutant } from '../mutate/mutant.ts';
import type { NumberedStep, RecordedRun } from '../recorded-run.ts';
import type { LoadedScenario } from '../scenario.ts';
import { shrink } from '../shrink.ts';
import type { StartProcess } from '../subject/process.ts';
import { type Performed, performLife } from '../torture/perform.ts';
import { shrinkLife } from '../torture/shrink-life.ts';
import { stretch } from '../torture/stretch.ts';
import { type Lane, openLane } from './lane.ts';
import type { FromLane, LaneCall, LaneCalls, ToLane } from './protocol.ts';

/**
 * The process of one lane. It lives in namespaces of its own (see process.ts): when it ends, by whatever cause, the
 * kernel ends all its descendants and its mounts. It ends when the main process is gone.
 */
let lane: Lane | undefined;
let stopped = false;
let judged = 0;
let reportedAt = 0;

const shouldStop = () => stopped;
const reportEveryMs = 100;

function onJudged(): void {
  judged += 1;
  if (performance.now() - reportedAt >= reportEveryMs) reportJudged();
}

function reportJudged(): void {
  reportedAt = performance.now();
  send({ kind: 'judged', count: judged });
  judged = 0;
}

const handlers: { [Call in LaneCall]: (ask: LaneCalls[Call]['ask']) => Promise<LaneCalls[Call]['answer']> } =
  {
    async open(settings) {
      await lane?.close();
      lane = undefined;
      stopped = false;
      const { directory } = await workspace;
      lane = await openLane({ ...settings, directory, ...(await startIn(settings.loaded, directory)) });
      return undefined;
    },
    hello: () => current().recorder.hello(),
    record: (steps) => current().recorder.workload(steps, []),
    explore: (task) => explore(current(), task, { onJudged, shouldStop }),
    shrink: ({ violation, task }) => shrink(current(), violation, { task, shouldStop }),
    shrinkLife: (violation) => shrinkLife(current(), violation, shouldStop),
    torture: (task) => stretch(current(), task, { onJudged, shouldStop }),
    reopen: ({ run, killPoint }) => current().recorder.reopen(run, killPoint),
    derive: ({ steps, origin }) => derive(current(), steps, origin),
    mutate: (task) => tryMutant(current(), task, { onJudged, shouldStop }),
    async judge({ run, state, profile, claims }) {
      const image = buildImage(takeApart(run.recording), state);
      const judge = await current().judgeOf(state, image);
      return judge.judge(image, run, state.point, claims, { afresh: true, profile });
    },
    async close() {
      await lane?.close();
      lane = undefined;
      return undefined;
    },
  };

const workspace = openOwnWorkspace();
// Whoever opens a lane is told why there is none.
workspace.catch(() => {});

process.on('message', (message: ToLane) => {
  if (message.kind === 'stop') stop();
  else void answer(message.id, message.call, message.ask);
});
/** Sooner than a main process that still waits for its end kills it. The keeper of a workspace goes on without it. */
const leaveWithinMs = 4_000;
process.on('disconnect', async () => {
  setTimeout(() => process.exit(), leaveWithinMs);
  try {
    await (await workspace).close();
  } finally {
    process.exit();
  }
});
// A terminal sends its signals to the whole group: the main process decides what they mean.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

/** What is under way notices between two images; a subject that does not answer gets no longer than this. */
const patienceMs = 1_000;
let underWay = 0;

function stop(): void {
  stopped = true;
  setTimeout(() => {
    if (underWay > 0) void lane?.abort();
  }, patienceMs);
}

async function answer(id: number, call: LaneCall, ask: unknown): Promise<void> {
  underWay += 1;
  try {
    const result = await (handlers[call] as (ask: unknown) => Promise<unknown>)(ask);
    send({ kind: 'answer', id, answer: result });
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    send({ kind: 'failed', id, error: { name, message, ...(stack === undefined ? {} : { stack }) } });
  } finally {
    underWay -= 1;
    if (judged > 0) reportJudged();
  }
}

async function derive(lane: Lane, steps: readonly NumberedStep[], origin: RunOrigin): Promise<RecordedRun> {
  if (origin.kind === 'workload') return lane.recorder.workload(steps, origin.plan);
  if (origin.kind === 'torture') return lastRun(await performLife(lane, origin.life));
  const { recorder } = lane;
  const run = await recorder.workload(steps, []);
  switch (origin.kind) {
    case 'reopen':
      return recorder.reopen(run, origin.killPoint);
    case 'nested':
      return recorder.nested(run, origin.state);
    case 'written-back':
      return (await recorder.writtenBack?.(origin.order)) ?? run;
    case 'mutant': {
      const { killPoint, leftOut } = origin;
      const whole = killPoint === undefined ? run : await recorder.reopen(run, killPoint);
      return { ...whole, recording: withoutBarriers(whole.recording, new Set(leftOut)) };
    }
  }
}

function lastRun(life: readonly Performed[]): RecordedRun {
  const last = life.at(-1);
  if (last === undefined) throw new RangeError('a life has at least one cycle');
  return last.run;
}

function current(): Lane {
  if (lane === undefined) throw new Error('this lane has no scenario open');
  return lane;
}

function send(message: FromLane): void {
  process.send?.(message);
}

/**
 * In namespaces of its own: a memory file system that only this lane sees, over /dev/shm. It is gone with the lane, so
 * that nothing can be left behind. In shared ones: one that a keeper removes. Else none: the sim layer needs no files.
 */
async function openOwnWorkspace(): Promise<Workspace> {
  const none = { directory: '', close: async () => {} };
  switch (process.env.POWERCUT_LANE_NAMESPACES) {
    case 'shared': {
      const { openWorkspace } = await import('../container/workspace.ts');
      return openWorkspace();
    }
    case 'private':
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=0755', 'powercut', '/dev/shm']);
      mkdirSync('/dev/shm/powercut');
      return { ...none, directory: '/dev/shm/powercut' };
    default:
      return none;
  }
}

/** What starts a subject's processes, where they run in containers. */
async function startIn(
  { container, directory: scenarioDirectory }: LoadedScenario,
  workspace: string,
): Promise<{ readonly start?: StartProcess }> {
  if (container === undefined) return {};
  const { startInContainer } = await import('../container/start.ts');
  const { connect } = await import('../container/engine.ts');
  const { ownerId } = await import('../container/owner.ts');
  const cpu = Number(process.env.POWERCUT_LANE_CPU);
  const host = { ...container, docker: connect(), owner: ownerId(), workspace, scenarioDirectory, cpu };
  return { start: (options) => startInContainer(host, options) };
}
