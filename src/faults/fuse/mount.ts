import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** The FUSE device; POWERCUT_FUSE_DEVICE names another one, for instance a node that an ordinary user may open. */
export function fuseDevice(): string {
  return process.env.POWERCUT_FUSE_DEVICE || '/dev/fuse';
}

/**
 * The keeper: a shell that mounts, starts the daemon, and cleans up when either end goes: the daemon dies, or the owner
 * does and its end of the pipe on stdin closes with it, whatever killed it. It holds the device only until the daemon
 * does: when the daemon dies, the kernel ends the connection at once and nobody hangs on the mount. Being the daemon's
 * parent it never signals a pid that is someone else's by now. SIGPIPE is ignored: with the owner, stderr goes too. The
 * reader cleans up as well, in case the keeper itself was killed.
 */
const keeperScript = `
device=$1 point=$2 scratch=$3
shift 3
trap '' PIPE
[ -c "$device" ] || { echo "$device is no character device" >&2; exit 69; }
exec 4<&0 3<>"$device" || exit 69
mount -i -t fuse -o "fd=3,rootmode=40000,user_id=$(id -u),group_id=$(id -g),allow_other,default_permissions" \
  powercut "$point" || exit 69
clean() {
  umount -l "$point"
  if [ -n "$scratch" ]; then rm -r "$scratch"; else rmdir "$point"; fi
} 2>/dev/null
daemon=
trap 'kill -9 $daemon' HUP INT TERM
"$@" 4<&- </dev/null &
daemon=$!
exec 3<&-
{ read -r _; kill -9 $daemon; clean; } <&4 >/dev/null 2>&1 &
reader=$!
wait $daemon
status=$?
kill -9 $reader
clean
exit $status
`;

/** Exit status of the keeper when it could not mount (EX_UNAVAILABLE of sysexits.h). */
const notMounted = 69;
const stderrCharactersMax = 8192;

/** A mount that its keeper watches over. */
export interface KeptMount {
  /** Settles when the mount is gone: how that came about, in words, with what was written to stderr. */
  readonly gone: Promise<string>;
  /** Settles when the daemon has written a line to stdout, or with false when the mount was gone before. */
  readonly ready: Promise<boolean>;
  /** What the daemon writes to stdout after its first line. */
  readonly output: Readable;
  /** Ends the daemon, unmounts and removes the mount point. Settles when that is done. */
  end(): Promise<void>;
}

/**
 * Mounts on the empty directory `point`, with `daemon` as the process that serves it: it finds the device as descriptor
 * 3. The mount ends with this process at the latest, and removes `point`; or, where it is given, `scratch` in its place.
 */
export function keepMount(point: string, daemon: readonly string[], scratch = ''): KeptMount {
  // A session of its own: Ctrl-C in the terminal is for the owner, which decides what to do with its mounts.
  const keeper = spawn(
    '/bin/sh',
    ['-c', keeperScript, 'powercut-keeper', fuseDevice(), point, scratch, ...daemon],
    { detached: true, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let stderr = '';
  keeper.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-stderrCharactersMax);
  });
  const gone = once(keeper, 'close').then(
    ([status, signal]) => describeEnd(status, signal, stderr.trim()),
    (error: unknown) => `the keeper of the mount could not be started: ${error}`,
  );
  const ready = Promise.race([once(keeper.stdout, 'data').then(() => true), gone.then(() => false)]);
  // From now on nothing here keeps the owner's event loop alive: an owner that forgets the mount still ends, and the mount with it.
  void ready.then(() => keepAlive(keeper, false));
  keeper.stdin.on('error', () => {
    // The keeper is gone already; `gone` says so.
  });
  return {
    gone,
    ready,
    output: keeper.stdout,
    async end() {
      keepAlive(keeper, true);
      keeper.stdin.end();
      await gone;
    },
  };
}

/** Does the owner's event loop go on for the keeper's sake? */
function keepAlive(keeper: ChildProcess, alive: boolean): void {
  const sockets = keeper.stdio.filter((stream) => stream instanceof Socket);
  for (const handle of [keeper, ...sockets]) {
    if (alive) handle.ref();
    else handle.unref();
  }
}

function describeEnd(status: number | null, signal: string | null, stderr: string): string {
  const tail = stderr === '' ? '' : `: ${stderr}`;
  if (status === notMounted) return `could not mount${tail}`;
  return `the daemon ended with ${signal ?? `status ${status}`}${tail}`;
}
