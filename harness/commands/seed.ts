import { execFileSync } from 'node:child_process';
import { InvalidArgumentError } from 'commander';

/** What all that is random follows from. */
export interface Seed {
  readonly value: number;
  /** The commit that it was taken from, whole, and how the user named it. */
  readonly commit?: string;
  readonly name?: string;
}

/** Finds a commit's whole hash; undefined where git or the commit is not there. */
export type ResolveCommit = (name: string) => string | undefined;

/** Digits are a number. Anything else is a git commit, whose first 32 bits are the seed: `HEAD`, a branch, a hash. */
export function parseSeed(text: string, resolve: ResolveCommit = resolveCommit): Seed {
  if (/^\d{1,15}$/.test(text)) return { value: Number(text) };
  // A whole hash is a seed wherever it is given: the repository need not be here.
  const commit = /^[0-9a-f]{40,64}$/.test(text) ? text : resolve(text);
  if (commit === undefined) {
    throw new InvalidArgumentError(
      `Expected a whole number, a commit that git knows here (HEAD, a branch, a hash), or a whole hash.`,
    );
  }
  return { value: Number.parseInt(commit.slice(0, 8), 16), commit, name: text };
}

/** `seed 3735928559, from commit deadbeef... (HEAD)`; undefined of a plain number, which says it all. */
export function describeSeed({ value, commit, name }: Seed): string | undefined {
  if (commit === undefined) return undefined;
  return `seed ${value}, the first 32 bits of commit ${commit}${name === commit ? '' : ` (${name})`}`;
}

function resolveCommit(name: string): string | undefined {
  if (name.startsWith('-')) return undefined;
  try {
    const answer = execFileSync('git', ['rev-parse', '--verify', '--quiet', `${name}^{commit}`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return answer.toString().trim();
  } catch {
    return undefined;
  }
}
