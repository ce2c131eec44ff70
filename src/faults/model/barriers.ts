import { applyOperation } from './apply.ts';
import { Names } from './describe.ts';
import type { Operation } from './operation.ts';
import type { Recording, TraceEntry } from './recording.ts';
import { cloneTree, type InodeNumber } from './tree.ts';

/**
 * The barriers of a trace, by names that stay the same when one place in a program issues them again, on another file of
 * the same kind, in another run: `fdatasync wal/*.wal before acknowledgement`. docs/mutation.md says how a name is made.
 * Trace entry to name, in the order of the trace.
 */
export function barrierNames(recording: Recording): ReadonlyMap<number, string> {
  const paths = pathsOf(recording);
  const result = new Map<number, string>();
  const recovery = recoveryOf(recording.trace);
  recording.trace.forEach((step, entry) => {
    if (step.kind !== 'operation' || step.operation.kind !== 'sync') return;
    const where = recovery.has(entry) ? ' in recovery' : '';
    const next = nextOf(recording.trace, entry);
    result.set(entry, `${wordsOf(entry)} ${next === undefined ? 'at the end' : `before ${next}`}${where}`);
  });
  return result;

  function wordsOf(entry: number): string {
    const step = recording.trace[entry];
    if (step?.kind !== 'operation') return step?.kind ?? '';
    return `${verbOf(step.operation)} ${paths.get(entry) ?? ''}`;
  }

  /** What the program does next on the same volume, or says; closing a file is no step of its own. */
  function nextOf(trace: readonly TraceEntry[], barrier: number): string | undefined {
    const own = trace[barrier];
    for (let entry = barrier + 1; entry < trace.length; entry++) {
      const step = trace[entry];
      if (step === undefined || step.kind === 'process-crash') return undefined;
      if (step.kind === 'acknowledgement') return 'acknowledgement';
      if (own?.kind === 'operation' && step.volume !== own.volume) continue;
      if (step.operation.kind !== 'close' && step.operation.kind !== 'medium') return wordsOf(entry);
    }
    return undefined;
  }
}

/** Entries between a kill and the first acknowledgement after it: nothing was asked there but to recover. */
function recoveryOf(trace: readonly TraceEntry[]): ReadonlySet<number> {
  const entries = new Set<number>();
  let recovers = false;
  trace.forEach((step, entry) => {
    if (step.kind !== 'operation') recovers = step.kind === 'process-crash';
    else if (recovers) entries.add(entry);
  });
  return entries;
}

/** Each operation's pattern of a path, from the root of its volume. */
function pathsOf(recording: Recording): ReadonlyMap<number, string> {
  const tree = cloneTree(recording.base);
  const names = new Names(tree);
  const paths = new Map<number, string>();
  recording.trace.forEach((step, entry) => {
    if (step.kind !== 'operation') return;
    const { operation } = step;
    const named = nameOf(operation);
    const path = named === undefined ? names.of(operation.inode) : names.below(named.parent, named.name);
    const inVolume = tree.roots.size > 1 ? path.replace(/^[^/]*\/?/, '') : path;
    const isDirectory = operation.kind === 'sync' && operation.cause === 'fsyncdir';
    paths.set(entry, patternOf(inVolume) + (isDirectory && !inVolume.endsWith('/') ? '/' : ''));
    applyOperation(tree, operation);
    names.learn(operation);
  });
  return paths;
}

/** The name that the operation makes, takes away or changes. */
function nameOf(operation: Operation): { readonly parent: InodeNumber; readonly name: string } | undefined {
  switch (operation.kind) {
    case 'create':
      return operation.link;
    case 'link':
    case 'unlink':
      return operation;
    case 'rename':
      return { parent: operation.fromParent, name: operation.fromName };
    default:
      return undefined;
  }
}

function verbOf(operation: Operation): string {
  if (operation.kind !== 'sync') return operation.kind;
  return operation.cause === 'fsyncdir' ? 'fsync' : operation.cause;
}

/** Numbers, hashes and random parts of names differ from file to file: each such part is a `*`. */
export function patternOf(path: string): string {
  return path
    .replaceAll(/[^/._-]+/g, (part) => (hasDigit.test(part) || isRandom.test(part) ? '*' : part))
    .replaceAll(/\*([_-]\*)+/g, '*');
}

const hasDigit = /\d/;
/** What mkstemp(3) puts in place of `XXXXXX`, where it has no digit: six letters of both cases, and no capitalised word. */
const isRandom = /^(?=.*[a-z])(?=.+[A-Z])[A-Za-z]{6}$/;
