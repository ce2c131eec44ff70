import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import { medianOf, printTable } from '../table.ts';
import { isInstalled, type Mounted, type Server, serversHere } from './servers.ts';
import { measure, workloads } from './workloads.ts';

/**
 * fio on the fuse layer, with nothing recorded, and on passthroughs written in C, over the same memory file system:
 * `node dist/bench/fio/index.js [ROUNDS]`. On Debian: `apt-get install fio bindfs libfuse3-dev gcc pkg-config`. Everyone
 * takes turns in each round; shown are thousands of operations a second, the median of the rounds, and in brackets what
 * powercut does against it.
 */
interface Contestant {
  readonly server: Server;
  readonly mounted: Mounted;
  /** The core that server and fio share; undefined where both go where the kernel puts them. */
  readonly cpu: number | undefined;
}

const rounds = Number(argv[2] ?? 5);
const placements = [
  { name: 'one core', cpu: 0 },
  { name: 'free', cpu: undefined },
];

async function main(): Promise<void> {
  if (!isInstalled('fio'))
    throw new Error('fio is not installed: apt-get install fio bindfs libfuse3-dev gcc pkg-config');
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'powercut-fio-'));
  const contestants: Contestant[] = [];
  try {
    const servers = serversHere(directory);
    for (const { cpu } of placements) {
      for (const server of servers) {
        const scratch = join(directory, `mount-${contestants.length}`);
        mkdirSync(scratch);
        contestants.push({ server, cpu, mounted: await server.mount(scratch, cpu) });
      }
    }
    print(servers, takeTurns(contestants));
  } finally {
    for (const { mounted } of contestants) await mounted.end();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What each contestant did in each round, by workload. */
type Figures = ReadonlyMap<string, ReadonlyMap<Contestant, readonly number[]>>;

function takeTurns(contestants: readonly Contestant[]): Figures {
  const figures = new Map(workloads.map(({ name }) => [name, new Map<Contestant, number[]>()]));
  for (let round = 0; round < rounds; round++) {
    for (const workload of workloads) {
      for (const contestant of contestants) {
        const { mounted, cpu } = contestant;
        const figure = measure(workload, mounted.directory, cpu);
        const known = figures.get(workload.name);
        known?.set(contestant, [...(known.get(contestant) ?? []), figure]);
      }
    }
  }
  return figures;
}

function print(servers: readonly Server[], figures: Figures): void {
  const rows = [...figures].flatMap(([workload, byContestant]) =>
    placements.map(({ name, cpu }) => {
      const medians = servers.map((server) => {
        const found = [...byContestant].find(([one]) => one.server === server && one.cpu === cpu);
        return medianOf(found?.[1] ?? []);
      });
      const [own = 0, ...others] = medians;
      const cells = others.map((other) => `${other.toFixed(1)} (${(own / other).toFixed(2)} x)`);
      return [`${workload}, ${name}`, own.toFixed(1), ...cells];
    }),
  );
  const load = loadavg()
    .map((each) => each.toFixed(1))
    .join(', ');
  console.log(`${rounds} rounds on ${cpus().length} cores; load average at the end: ${load}`);
  printTable(['thousands a second', ...servers.map(({ name }) => name)], rows);
}

await main();
