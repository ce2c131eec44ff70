import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export interface Workload {
  readonly name: string;
  /** What to ask of fio, one job after the other; together they are the workload. */
  readonly jobs: readonly (readonly string[])[];
}

/** Long enough for a process of JavaScript to become as fast as it gets. */
const transfer = [
  '--ioengine=psync',
  '--bs=4k',
  '--size=32m',
  '--time_based',
  '--runtime=800ms',
  '--ramp_time=300ms',
];
const files = ['--nrfiles=2000', '--filesize=4k', '--openfiles=1', '--fallocate=none', '--create_on_open=1'];

export const workloads: readonly Workload[] = [
  { name: 'sequential write 4 KiB', jobs: [[...transfer, '--rw=write']] },
  { name: 'random read 4 KiB', jobs: [[...transfer, '--rw=randread']] },
  { name: 'write 4 KiB, fsync', jobs: [[...transfer, '--rw=write', '--fsync=1']] },
  {
    name: 'create, unlink',
    jobs: [
      [...files, '--ioengine=filecreate'],
      [...files, '--ioengine=filedelete'],
    ],
  },
];

interface Side {
  readonly total_ios: number;
  /** In ms. */
  readonly runtime: number;
  readonly iops: number;
}

/** Thousands of operations a second. `cpu`: the only one that fio may run on. */
export function measure(workload: Workload, directory: string, cpu: number | undefined): number {
  const own = mkdtempSync(join(directory, 'fio-'));
  try {
    // A pair of jobs counts as one operation: its parts take their time one after the other.
    const microseconds = workload.jobs.map((job) => 1e6 / iopsOf(job, own, cpu));
    return 1000 / microseconds.reduce((sum, each) => sum + each, 0);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

function iopsOf(job: readonly string[], directory: string, cpu: number | undefined): number {
  const pinned = cpu === undefined ? [] : ['taskset', '-c', String(cpu)];
  const own = [
    'fio',
    '--name=job',
    '--thread',
    '--eta=never',
    '--output-format=json',
    `--directory=${directory}`,
  ];
  const [program = '', ...words] = [...pinned, ...own, ...job];
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`fio ${job.join(' ')} ended with ${status}: ${stderr}${stdout}`);
  const { read, write } = JSON.parse(stdout).jobs[0] as { readonly read: Side; readonly write: Side };
  return read.total_ios > 0 ? read.iops : write.iops;
}
