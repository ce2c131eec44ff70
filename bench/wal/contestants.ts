import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Job, Work } from './job.ts';
import { buildPeer, type Peer } from './peers.ts';

/** Who takes part in what, and what its answer promises there: only equal promises may be compared. */
export interface Contestant {
  readonly name: string;
  readonly promises: Partial<Record<Work, string>>;
  /** Program and arguments that stand before the job's. */
  readonly command: (directory: string) => readonly [string, ...string[]];
  readonly takes: (job: Job) => boolean;
}

/** The log with the options that it has by itself: what the targets speak of, unless they name another. */
export const usual = 'powercut';
export const mirrored = 'powercut, mirror';
export const readBack = 'powercut, readBack all';
export const metered = 'powercut, metrics';
export const direct = 'powercut, direct';
export const rawDirect = 'C, O_DIRECT|O_DSYNC';
export const rawBuffered = 'C, fdatasync';
export const tidwall = 'tidwall/wal';
export const hungpdn = 'hungpdn/wal';
export const peerNames = [tidwall, hungpdn, 'wal-db', 'okaywal'] as const;

const everything = () => true;
const small = ({ payloadBytes }: Job) => payloadBytes === 256;
const one = ({ work, writers }: Job) => work === 'durable' && writers === 1;

function powercut(
  name: string,
  options: (directory: string) => object,
  takes: (job: Job) => boolean,
  durable = 'durable; shared by all who wait',
): Contestant {
  const program = fileURLToPath(new URL('powercut.js', import.meta.url));
  return {
    name,
    promises: {
      durable,
      batch: `${durable}, atomic`,
      unsynced: "in the process's buffer, at most 1 MiB",
      scan: 'CRC of every batch',
      roll: durable,
    },
    command: (directory) => [process.execPath, program, JSON.stringify(options(directory))],
    takes,
  };
}

/** powercut's own rows: as it is by itself, each backend, and what can be added. */
export const ours: readonly Contestant[] = [
  powercut(usual, () => ({}), everything),
  ...['buffered', 'direct', 'uring'].map((backend) =>
    powercut(
      `powercut, ${backend}`,
      () => ({ backend }),
      (job) => job.work !== 'scan' && small(job),
    ),
  ),
  powercut(
    mirrored,
    (directory) => ({ mirror: join(directory, 'mirror') }),
    (job) => job.work === 'durable' && small(job) && job.writers <= 64,
    'durable on two copies, on one device here',
  ),
  powercut(
    readBack,
    () => ({ readBack: 'all' }),
    (job) => job.work === 'durable' && small(job) && job.writers <= 64,
    'durable, read back and compared',
  ),
  powercut(
    metered,
    () => ({ metrics: true }),
    (job) => small(job) && (job.work === 'unsynced' || (job.work === 'durable' && job.writers === 64)),
  ),
];

interface PeerEntry extends Peer, Pick<Contestant, 'promises'> {
  /** Contestants that the program can be: name, and arguments that stand before the job's. */
  readonly variants: readonly (readonly [name: string, ...args: string[]])[];
  readonly takes?: Contestant['takes'];
}

const peers: readonly PeerEntry[] = [
  {
    name: 'tidwall',
    package: 'github.com/tidwall/wal',
    version: 'v1.2.1',
    language: 'go',
    variants: [[tidwall]],
    promises: {
      durable: 'fsync for each append',
      batch: 'one fsync',
      unsynced: 'in the page cache (NoSync)',
      scan: 'no checksums: parsed only',
    },
  },
  {
    name: 'hungpdn',
    package: 'github.com/hungpdn/wal',
    version: 'v0.1.0',
    language: 'go',
    variants: [[hungpdn]],
    promises: {
      durable: 'fsync for each append (Always)',
      batch: 'one fsync (Always)',
      unsynced: 'in the page cache, fsync each second (OSCache)',
      scan: 'CRC of every record',
    },
  },
  {
    name: 'wal-db',
    package: 'wal-db',
    version: '1.1.0',
    language: 'rust',
    variants: [['wal-db']],
    promises: {
      durable: 'fdatasync, shared by all who wait',
      batch: 'one fdatasync, not atomic',
      unsynced: 'in the page cache',
      scan: 'CRC of every record, at open and again',
    },
  },
  {
    name: 'okaywal',
    package: 'okaywal',
    version: '0.3.1',
    language: 'rust',
    variants: [['okaywal']],
    promises: {
      durable: 'fdatasync, shared by all who wait',
      batch: 'fdatasync, atomic',
      scan: 'CRC of every record',
    },
  },
  {
    name: 'raw',
    package: 'main.c',
    version: '',
    language: 'c',
    variants: [
      [rawDirect, 'odsync'],
      [rawBuffered, 'fdatasync'],
    ],
    promises: { durable: 'blocks of 4 KiB in place, no log' },
    takes: one,
  },
];

export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

/** Builds what can be built here; the rest is left out, each with its reason. */
export function buildPeers(directory: string): {
  readonly built: readonly Contestant[];
  readonly leftOut: readonly LeftOut[];
} {
  const built: Contestant[] = [];
  const leftOut: LeftOut[] = [];
  for (const { variants, promises, takes = everything, ...peer } of peers) {
    try {
      const program = buildPeer(peer, join(directory, peer.name));
      for (const [name, ...args] of variants)
        built.push({
          name,
          promises,
          command: () => [program, ...args],
          takes: (job) => job.work in promises && takes(job),
        });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      leftOut.push(...variants.map(([name]) => ({ name, why })));
    }
  }
  return { built, leftOut };
}
