import { join } from 'node:path';
import type { Claim } from '../../reports/verdict.ts';
import { MountFailure } from '../../src/faults/layer.ts';
import type { Tree } from '../../src/faults/model/tree.ts';
import type { Judgement } from '../oracle/evidence.ts';
import { linesAt, type RecordedRun } from '../recorded-run.ts';
import type { LoadedScenario } from '../scenario.ts';
import { resolveCommand } from '../subject/command.ts';
import { type CheckerOutcome, runChecker } from '../subject/command-pair.ts';
import type { StartProcess } from '../subject/process.ts';
import type { Judge, Judged } from './judge.ts';
import type { Shelf } from './shelf.ts';

/** Lets a command pair's checker judge. It runs twice where `stability` is asked: the second answer must be the first. */
export class CheckerJudge implements Judge {
  private readonly loaded: LoadedScenario;
  private readonly directories: ReadonlyMap<string, string>;
  private readonly shelf: Shelf;
  private readonly scratch: string;
  private readonly start: StartProcess | undefined;
  private running: AbortController | undefined;

  /** The shelf's images are to be seen in `directories`. */
  constructor(
    loaded: LoadedScenario,
    directories: ReadonlyMap<string, string>,
    shelf: Shelf,
    scratch: string,
    start?: StartProcess,
  ) {
    this.loaded = loaded;
    this.directories = directories;
    this.shelf = shelf;
    this.scratch = scratch;
    this.start = start;
  }

  async judge(image: Tree, run: RecordedRun, point: number, claims: readonly Claim[]): Promise<Judged> {
    try {
      await this.shelf.put(image, run);
    } catch (error) {
      if (!(error instanceof MountFailure)) throw error;
      return unmountable(error.message, claims);
    }
    const lines = linesAt(run, point);
    const first = await this.check(lines);
    const second = claims.includes('stability') ? await this.check(lines) : undefined;
    const judgements = new Map(claims.map((claim) => [claim, judgeClaim(claim, first, second)] as const));
    return { judgements, recovered: true, stderr: first.stderr };
  }

  remains(): Promise<Tree> {
    return this.shelf.look();
  }

  async abort(): Promise<void> {
    this.running?.abort();
  }

  close(): Promise<void> {
    return this.shelf.close();
  }

  private check(lines: readonly string[]): Promise<CheckerOutcome> {
    const { subject, explore } = this.loaded.scenario;
    this.running = new AbortController();
    return runChecker({
      command: resolveCommand(subject.checker ?? [], this.loaded.directory),
      directories: this.directories,
      environment: subject.environment,
      timeoutMs: explore.timeoutSeconds * 1000,
      signal: this.running.signal,
      ...(this.start && { start: this.start }),
      ackedLines: lines,
      ackedFile: join(this.scratch, 'acked'),
    });
  }
}

/** Where there is no volume, there is nothing of what was promised. */
function unmountable(message: string, claims: readonly Claim[]): Judged {
  const outcome: CheckerOutcome = {
    verdict: 'violated',
    explanation: message,
    stderr: '',
    claims: [
      { claim: 'durability', explanation: message },
      { claim: 'availability', explanation: message },
    ],
  };
  const judgements = new Map(claims.map((claim) => [claim, judgeClaim(claim, outcome, undefined)] as const));
  return { judgements, recovered: true, stderr: '' };
}

/** A checker that does not say which claim is broken speaks of all that the scenario states. */
function judgeClaim(claim: Claim, first: CheckerOutcome, second: CheckerOutcome | undefined): Judgement {
  if (claim === 'stability' && second !== undefined && second.verdict !== first.verdict) {
    return {
      status: 'violated',
      summary: 'the checker gave another answer when it ran a second time on the same volume',
      expected: [`${first.verdict}: ${first.explanation}`],
      recovered: [`${second.verdict}: ${second.explanation}`],
    };
  }
  if (first.verdict === 'unknown') return { status: 'unknown', why: first.explanation };
  if (first.verdict === 'fine') return { status: 'held' };
  const named = first.claims?.find((violation) => violation.claim === claim);
  if (first.claims !== undefined && named === undefined) return { status: 'held' };
  const explanation = named?.explanation ?? first.explanation;
  return {
    status: 'violated',
    summary: explanation,
    expected: ['the checker ends with exit 0'],
    recovered: ['the checker ended with exit 1', ...explanation.split('\n')],
  };
}
