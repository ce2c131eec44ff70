import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Processes that outlive the one that powercut started. They are found by its process group, and by the environment
 * variable that every descendant inherits, so that a daemon that left the group is found too. All of this reads
 * Linux's /proc; on other systems only the process group is killed.
 */
export const markVariable = 'POWERCUT_PROCESS';

/** A SIGKILL takes effect at once, except in a process that waits for a disk: it gets this long. */
const goneWithinMs = 10_000;

/** A process that has ended: its pid was `leader`, its descendants carry `mark`. */
export interface EndedProcess {
  readonly leader: number;
  readonly mark: string;
  readonly livedMs: number;
}

/** Kills what is left of it, waits until that is gone, and answers how many processes it was. */
export async function killStragglers({ leader, mark, livedMs }: EndedProcess): Promise<number> {
  // Looked at before anything is killed: what is gone by the time it is counted would not be counted.
  const groupIsEmpty = !signal(-leader, 0);
  if (groupIsEmpty && newestProcess() === leader) return 0;
  const candidates = livedMs < wrapMsMin ? () => processesSince(leader) : allProcesses;
  const seen = new Set<number>();
  for (let waitMs = 1, waitedMs = 0; ; waitedMs += waitMs, waitMs = Math.min(waitMs * 2, 100)) {
    const alive = candidates().filter((pid) => belongsTo(pid, leader, mark));
    if (!groupIsEmpty) signalGroup(leader);
    if (alive.length === 0) return seen.size;
    if (waitedMs > goneWithinMs)
      throw new Error(
        `processes ${alive.join(', ')} do not end after SIGKILL: they wait in the kernel, most likely for a disk that does not answer`,
      );
    for (const pid of alive) {
      seen.add(pid);
      signal(pid, 'SIGKILL');
    }
    await sleep(waitMs);
  }
}

/** Sends SIGKILL to a process group; false where there is none. */
export function signalGroup(leader: number): boolean {
  return signal(-leader, 'SIGKILL');
}

/** False where there is nobody to get it. 0 only asks. */
function signal(target: number, what: 'SIGKILL' | 0): boolean {
  try {
    process.kill(target, what);
    return true;
  } catch {
    return false;
  }
}

/** The pid that was given last: if it is the leader's own, the leader had no children. */
function newestProcess(): number {
  return Number(read('/proc/loadavg')?.split(' ').at(-1));
}

/**
 * Pids count upwards and start again from below at their maximum (32,768 at least). No machine gets all the way round in
 * this time, so the descendants of a process that lived shorter have pids after its own: few to look at.
 */
const wrapMsMin = 1000;

function processesSince(leader: number): number[] {
  const newest = newestProcess();
  const isSince =
    newest >= leader ? (pid: number) => pid > leader : (pid: number) => pid > leader || pid <= newest;
  return allProcesses().filter(isSince);
}

function allProcesses(): number[] {
  return list('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
}

function belongsTo(pid: number, leader: number, mark: string): boolean {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return false;
  // pid (name) state parent group ...: the name may hold anything, a parenthesis too.
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return false;
  return Number(group) === leader || hasMark(pid, mark);
}

function hasMark(pid: number, mark: string): boolean {
  const environment = read(`/proc/${pid}/environ`);
  return environment !== undefined && `\0${environment}`.includes(`\0${markVariable}=${mark}\0`);
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Undefined where the process is gone, or not ours. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
