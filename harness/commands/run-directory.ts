import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeNew, makeWithParents } from '../make-directory.ts';
import { CommandFailure, exitCodes } from './exit.ts';

export const defaultRunsDirectory = join('reports', 'runs');

/** Only folders that look like this are ever pruned: whatever else lies there is the user's. */
const idPattern = /^\d{8}-\d{6}-[a-z0-9-]+$/;
const keepMark = 'keep';

/**
 * Makes the directory of one run and answers its path. Its name says when and what: `20260314-150926-git`, with
 * `-and-3-more` after the first scenario of several, and `-2`, `-3` if another run took the name in that second.
 */
export function createRunDirectory(runs: string, startedAt: Date, scenarioNames: readonly string[]): string {
  const [day = '', time = ''] = startedAt.toISOString().replaceAll(/[-:]/g, '').split(/[T.]/);
  const more = scenarioNames.length - 1;
  const id = `${day}-${time}-${scenarioNames[0] ?? 'nothing'}${more > 0 ? `-and-${more}-more` : ''}`;
  try {
    makeWithParents(resolve(runs));
    for (let attempt = 1; ; attempt++) {
      const directory = resolve(runs, attempt === 1 ? id : `${id}-${attempt}`);
      if (makeNew(directory)) return directory;
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(
      exitCodes.usage,
      `no reports can be written: ${reason}\nName a directory that can be made with --output-dir.`,
    );
  }
}

/** Answers whether it was. */
export function removeIfEmpty(directory: string): boolean {
  const empty = readdirSync(directory).length === 0;
  if (empty) rmdirSync(directory);
  return empty;
}

/** Marks a run as one that no later run removes. */
export function keepRun(directory: string): void {
  writeFileSync(join(directory, keepMark), '');
}

/** Removes the runs, other than `newest`, in which every claim held and that nobody asked to keep. */
export function pruneRuns(runs: string, newest: string): void {
  for (const name of readdirSync(runs)) {
    const directory = resolve(runs, name);
    if (!idPattern.test(name) || directory === newest || existsSync(join(directory, keepMark))) continue;
    if (statusOf(directory) === 'held') rmSync(directory, { recursive: true, force: true });
  }
}

/** Undefined for a run that is under way, was cut off, or is damaged: none of these is ours to remove. */
function statusOf(directory: string): unknown {
  try {
    const verdict = JSON.parse(readFileSync(join(directory, 'verdict.json'), 'utf8'));
    return verdict.schema === 'powercut-verdict' && verdict.interrupted === undefined
      ? verdict.status
      : undefined;
  } catch {
    return undefined;
  }
}
