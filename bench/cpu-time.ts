import { readdirSync, readFileSync } from 'node:fs';

/** Linux gives times in /proc in hundredths of a second, on every architecture that Node runs on. */
const ticksPerSecond = 100;

/** CPU seconds that this process's living descendants have used, with those of their own children that are gone. */
export function descendantsCpuSeconds(): number {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const processes = new Map(all.flatMap((pid) => statOf(Number(pid))));
  let ticks = 0;
  for (const [pid, stat] of processes) if (descends(pid, processes)) ticks += stat.ticks;
  return ticks / ticksPerSecond;
}

interface Stat {
  readonly parent: number;
  readonly ticks: number;
}

function statOf(pid: number): readonly [number, Stat][] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // pid (name) state parent ...: the name may hold anything, a parenthesis too.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return [[pid, { parent: Number(fields[1]), ticks }]];
  } catch {
    return [];
  }
}

function descends(pid: number, processes: ReadonlyMap<number, Stat>): boolean {
  for (let at = processes.get(pid)?.parent; at !== undefined; at = processes.get(at)?.parent) {
    if (at === process.pid) return true;
  }
  return false;
}
