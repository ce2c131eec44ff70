/**
 * The two scripts that run in the machine. Whenever one of them fails, process 1 ends, the kernel panics, and the machine
 * is gone at once (`panic=-1` and QEMU's -no-reboot): it cannot hang half-way.
 */

/** The tags of the two 9p shares: the host's files, and the directory of its runs. */
export const rootTag = 'powercut-root';
export const runsTag = 'powercut-runs';

/**
 * Serial ports between the host and the machine, in the order in which QEMU has them. The host sends the second script
 * through `job`, and names of signals for the job through `signal`; the machine answers the job's exit code through `exit`.
 */
export const ports = ['job', 'stdout', 'stderr', 'signal', 'exit'] as const;
export type Port = (typeof ports)[number];

function portFile(port: Port): string {
  return `/dev/vport0p${ports.indexOf(port) + 1}`;
}

const transport = 'trans=virtio,version=9p2000.L,msize=1048576';

/**
 * /init of the initramfs, by busybox: loads the modules in the order of /modules/order, and lays a memory file system over
 * the host's files, so that all of them are there and none of them changes. Kept for as long as the machine lives: what the
 * host's files say (`cache=loose`), since nothing in the machine can see the host change them.
 */
export const initScript = `#!/bin/busybox sh
set -e
bb=/bin/busybox
$bb mount -t proc proc /proc
$bb mount -t sysfs sysfs /sys
$bb mount -t devtmpfs devtmpfs /dev
for module in $($bb cat /modules/order); do $bb insmod /modules/$module; done
$bb mount -t 9p -o ro,cache=loose,${transport} ${rootTag} /host
$bb mount -t tmpfs tmpfs /over
$bb mkdir /over/upper /over/work
$bb mount -t overlay -o lowerdir=/host,upperdir=/over/upper,workdir=/over/work overlay /root
for directory in proc sys dev; do $bb mount --move /$directory /root/$directory; done
exec $bb switch_root /root /bin/sh ${portFile('job')}
`;

export interface Job {
  /** The program and its parameters. */
  readonly command: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The one directory of the host that the job writes to. */
  readonly runs: string;
}

/**
 * The rest of process 1, by the host's shell: mounts what a Linux system has mounted, runs the job between the ports, and
 * ends the machine. The last line holds the shell until the machine is gone: it must not look for more of the script.
 */
export function jobScript({ command, directory, environment, runs }: Job): string {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  // A home of its own: what the user's shells read when they start is not meant for here.
  const job = heedingSignals(['env', '-i', `HOME=${home}`, ...variables, ...command], portFile('signal'));
  return `set -e
mount -t tmpfs tmpfs /run
mkdir -p ${home} /dev/shm /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t devpts devpts /dev/pts
ln -s /proc/self/fd /dev/fd
mkdir -p ${quoted(runs)}
mount -i -t 9p -o ${transport} ${runsTag} ${quoted(runs)}
cd ${quoted(directory)}
set +e
${job} </dev/null >${portFile('stdout')} 2>${portFile('stderr')}
echo $? >${portFile('exit')}
sync
echo b >/proc/sysrq-trigger
sleep 60
`;
}

/**
 * A line of shell that runs the command, and sends it the signals whose names are in the lines of a file. A shell that becomes
 * the command does so, and not one that has it in the background: there it would start deaf to SIGINT (POSIX, 2.11).
 */
export function heedingSignals(command: readonly string[], file: string): string {
  const reader = `while read -r signal; do kill -s "$signal" $$; done <${quoted(file)} &`;
  return `sh -c ${quoted(`${reader} exec ${command.map(quoted).join(' ')}`)}`;
}

const home = '/run/home';

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
