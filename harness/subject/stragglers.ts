import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Processes that outlive the one that powercut started. They are found by its process group; by the environment
 * variable that descendants inherit, so that a daemon that left the group is found too; and, in a lane's own pid
 * namespace, by having lost their parent, so that one that also cleaned its environment is. All of this reads Linux's
 * /proc; on other systems only the process group is killed.
 */
export const markVariable = 'POWERCUT_PROCESS';

/**
 * In such a namespace the lane is a child of the first process, and all other children of that one are orphans. Elsewhere
 * they may be anybody's.
 */
const orphansAreSubjects = process.env.POWERCUT_LANE_NAMESPACES === 'private' && process.ppid === 1;

/** A SIGKILL takes effect at once, except in a process that waits for a disk: it gets this long. */
const goneWithinMs = 10_000;

/** A process that has ended: its pid was `leader`, its descendants carry `mark`. */
export interface EndedProcess {
  readonly leader: number;
  readonly mark: string;
  /** Of {@link startTimeOf}. */
  readonly startTime: number;
  readonly livedMs: number;
}

/** Kills what is left of it, waits until that is gone, and answers how many processes it was. */
export async function killStragglers(ended: EndedProcess): Promise<number> {
  const { leader, livedMs } = ended;
  // Looked at before anything is killed: what is gone by the time it is counted would not be counted.
  const groupIsEmpty = !signal(-leader, 0);
  if (groupIsEmpty && newestProcess() === leader) return 0;
  const candidates = livedMs < wrapMsMin ? () => processesSince(leader) : allProcesses;
  const seen = new Set<number>();
  for (let waitMs = 1, waitedMs = 0; ; waitedMs += waitMs, waitMs = Math.min(waitMs * 2, 100)) {
    const alive = candidates().filter((pid) => belongsTo(pid, ended));
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

/** In clock ticks since the machine was booted. */
export function startTimeOf(pid: number): number {
  return statOf(pid)?.startTime ?? 0;
}

function belongsTo(pid: number, { leader, mark, startTime }: EndedProcess): boolean {
  const stat = statOf(pid);
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return false;
  if (stat.group === leader) return true;
  const found = markOf(pid);
  return found === mark || (found === undefined && isOrphan(pid, stat) && stat.startTime >= startTime);
}

function isOrphan(pid: number, { parent }: Stat): boolean {
  return orphansAreSubjects && parent === 1 && pid !== process.pid;
}

interface Stat {
  readonly state: string | undefined;
  readonly parent: number;
  readonly group: number;
  readonly startTime: number;
}

function statOf(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // pid (name) state parent group ...: the name may hold anything, a parenthesis too.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0],
    parent: Number(fields[1]),
    group: Number(fields[2]),
    startTime: Number(fields[19]),
  };
}

function markOf(pid: number): string | undefined {
  const start = `${markVariable}=`;
  const environment = read(`/proc/${pid}/environ`)?.split('\0');
  return environment?.find((variable) => variable.startsWith(start))?.slice(start.length);
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
