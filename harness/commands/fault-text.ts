import type { CutResult, PendingResult, Results, Statistics } from '../../src/faults/control/requests.ts';
import type { Firing } from '../../src/faults/plan.ts';
import { wordsOf } from './rule-words.ts';

/** What `powercut mount` and `powercut fault` print. */

export function firingText({ id, rule, operation, path, volume, entry }: Firing): string {
  const name = path === undefined ? '' : ` of ${path === '' ? '/' : path}`;
  return `rule ${id} fired: ${rule.fault} on ${operation}${name} (${volume}, operation ${entry})`;
}

export function listText(rules: Results['list']): string {
  if (rules.length === 0) return 'there is no such rule: the disk does what it is asked';
  return rules
    .map(({ id, rule, matched, fired, why }) => {
      const done = `${counted(matched, 'operation')} counted, fired ${counted(fired, 'time')}`;
      return `rule ${id}: ${wordsOf(rule)}\n  ${done}${why === undefined ? '' : `; ${why}`}`;
    })
    .join('\n');
}

export function cutText({ pending, lost, profile, seed }: CutResult): string {
  const head = `The power went (${profile}, seed ${seed}). Lost, in whole or in part: ${lost.length} of ${counted(pending, 'operation')} that no barrier had covered.`;
  return [head, ...lost.map(operationText), stale].join('\n');
}

const stale =
  'Files and directories that were open, working directories too, are of the tree before the cut and answer EIO: open them, or cd, again.';

export function pendingText({ count, operations, profile }: PendingResult): string {
  const head = `${counted(count, 'operation')} would be in doubt if the power went now (${profile})`;
  const left = count - operations.length;
  return [head, ...(left > 0 ? [`  … ${left} older ones`] : []), ...operations.map(operationText)].join('\n');
}

export function statisticsText({
  entries,
  operations,
  firings,
  files,
  storedBytes,
  historyBytes,
}: Statistics): string {
  const kinds = Object.entries(operations).map(([kind, count]) => `${count} ${kind}`);
  return [
    `${counted(entries, 'entry', 'entries')} in the history, ${historyBytes} bytes written: ${kinds.join(', ') || 'nothing yet'}`,
    `${counted(files, 'file')} with ${storedBytes} bytes; faults fired ${counted(firings, 'time')}`,
  ].join('\n');
}

/** Where there are several volumes, the text names the operation's. */
function operationText({ text }: CutResult['lost'][number]): string {
  return `  ${text}`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
