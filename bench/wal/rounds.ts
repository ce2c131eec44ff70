import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { medianOf } from '../table.ts';
import type { Contestant, LeftOut } from './contestants.ts';
import { type Job, jobArguments, type Measured, titleOf, type Unavailable } from './job.ts';

/** Medians over the rounds of what one contestant did in one job; of `userUs` the lowest. */
export interface Result extends Measured {
  readonly contestant: string;
  readonly promise: string;
  readonly job: Job;
  readonly recordsPerSecond: number;
  readonly mebibytesPerSecond: number;
}

const processMsMax = 300_000;

/**
 * Every job, round by round: in each round every contestant once, one after the other, so that a disk or a machine that
 * becomes slower or faster does so for all alike.
 */
export function runRounds(
  contestants: readonly Contestant[],
  jobs: readonly Job[],
  { rounds, directory, say }: { rounds: number; directory: string; say: (text: string) => void },
): { readonly results: readonly Result[]; readonly leftOut: readonly LeftOut[] } {
  const results: Result[] = [];
  const leftOut = new Map<string, string>();
  for (const job of jobs) {
    say(titleOf(job));
    const measured = new Map<Contestant, Measured[]>();
    for (let round = 0; round < rounds; round++) {
      for (const contestant of contestants.filter(({ name, takes }) => takes(job) && !leftOut.has(name))) {
        const answer = runOnce(contestant, job, join(directory, 'contestant'));
        if ('unavailable' in answer) leftOut.set(contestant.name, answer.unavailable);
        // A round that was too short for one says nothing.
        else if (answer.records > 0) measured.set(contestant, [...(measured.get(contestant) ?? []), answer]);
      }
    }
    for (const [contestant, all] of measured) results.push(summarise(contestant, job, all));
  }
  return { results, leftOut: [...leftOut].map(([name, why]) => ({ name, why })) };
}

/** One process in a directory that is there for it alone, and then gone. */
function runOnce(contestant: Contestant, job: Job, directory: string): Measured | Unavailable {
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory);
  try {
    const [program, ...args] = contestant.command(directory);
    const { status, error, stdout, stderr } = spawnSync(program, [...args, ...jobArguments(job, directory)], {
      encoding: 'utf8',
      timeout: processMsMax,
    });
    if (status !== 0)
      return { unavailable: `${titleOf(job)}: ended with ${status}: ${error?.message ?? stderr}` };
    return JSON.parse(stdout) as Measured | Unavailable;
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

function summarise({ name, promises }: Contestant, job: Job, all: readonly Measured[]): Result {
  const median = (of: (measured: Measured) => number) => medianOf(all.map(of));
  const recordsPerSecond = median(({ records, seconds }) => records / seconds);
  return {
    contestant: name,
    promise: promises[job.work] ?? '',
    job,
    records: median(({ records }) => records),
    seconds: median(({ seconds }) => seconds),
    p50Us: median(({ p50Us }) => p50Us),
    p99Us: median(({ p99Us }) => p99Us),
    maxUs: median(({ maxUs }) => maxUs),
    // What else the machine does only ever adds to it.
    userUs: Math.min(...all.map(({ userUs = 0 }) => userUs)),
    recordsPerSecond,
    mebibytesPerSecond: (recordsPerSecond * job.payloadBytes) / 2 ** 20,
  };
}
