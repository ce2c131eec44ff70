import { readFileSync, readSync, writeSync } from 'node:fs';
import { errno } from '../volume.ts';
import { FileSystem } from './file-system.ts';
import { Reply, Request } from './message.ts';
import { negotiate, notificationBytes, opcode, writeInitReply, writeNotification } from './wire.ts';

/**
 * The daemon: a process of its own that answers the kernel, one request after the other, until the mount is gone. Its
 * arguments are a {@link DaemonOptions} as JSON; descriptor 3 is the FUSE device of the mount. It writes `ready` to
 * stdout once the kernel and it have agreed. It waits in read(2) and never in an event loop: nothing wakes another core.
 */
export interface DaemonOptions {
  readonly volumes: readonly string[];
  readonly record: boolean;
  /** Bypass the kernel's page cache where the kernel can. */
  readonly directIo: boolean;
  /** A planned kill must not hit the process group of the one who planned it. */
  readonly ownerPid: number;
  /** Each firing is written to stdout, as a line of JSON. */
  readonly announce: boolean;
}

const device = 3;
const notification = new Uint8Array(notificationBytes);
const notificationView = new DataView(notification.buffer);

function main(options: DaemonOptions): void {
  const fileSystem = new FileSystem({
    volumes: options.volumes,
    record: options.record,
    kill: (pid) => killGroup(pid, options.ownerPid),
    report: (message) => process.stderr.write(`${message}\n`),
    onFiring: (firing) => {
      if (options.announce) writeSync(1, `${JSON.stringify(firing)}\n`);
    },
    onOutdated: (node, generation) => {
      writeNotification(notificationView, node, generation);
      write(notification, notificationBytes);
    },
  });
  const request = new Request();
  const reply = new Reply();
  while (receive(request)) {
    switch (request.opcode) {
      case opcode.forget:
      case opcode.batchForget:
        fileSystem.forget(request);
        break;
      case opcode.interrupt:
        // The request that it is about has been answered: there is never more than one at a time.
        break;
      case opcode.init:
        initialise(fileSystem, request, reply, options.directIo);
        break;
      case opcode.destroy:
        send(reply, reply.finish(request, 0, 0));
        return;
      default: {
        const length = fileSystem.serve(request, reply);
        sleep(fileSystem.takeDelayMs());
        send(reply, length < 0 ? reply.finish(request, 0, length) : reply.finish(request, length, 0));
      }
    }
  }
}

/** A slow disk holds up all who wait for it: there is one queue, and nothing to do meanwhile. */
function sleep(delayMs: number): void {
  if (delayMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs);
}

/** Waits for the next request. False when the mount is gone. */
function receive(request: Request): boolean {
  for (;;) {
    try {
      request.length = readSync(device, request.buffer, 0, request.buffer.length, null);
      return request.length > 0;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENODEV' || code === 'ECONNABORTED') return false;
      // ENOENT: the request was taken back before it was read.
      if (code !== 'ENOENT' && code !== 'EINTR' && code !== 'EAGAIN') throw error;
    }
  }
}

function send(reply: Reply, length: number): void {
  write(reply.buffer, length);
}

function write(message: Uint8Array, length: number): void {
  try {
    writeSync(device, message, 0, length);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENOENT: who asked was killed meanwhile, or the kernel has forgotten the node. ENODEV: the mount is gone; the next read says so.
    if (code !== 'ENOENT' && code !== 'ENODEV' && code !== 'ECONNABORTED') throw error;
  }
}

function initialise(fileSystem: FileSystem, request: Request, reply: Reply, directIo: boolean): void {
  const init = request.bodyView();
  const negotiated = negotiate(init, directIo);
  if (negotiated === undefined) {
    send(reply, reply.finish(request, 0, -errno.EPROTO));
    throw new Error(
      `the kernel speaks FUSE ${init.getUint32(0, true)}.${init.getUint32(4, true)}; 7.31 (Linux 5.4) is needed`,
    );
  }
  fileSystem.directIo = negotiated.directIo;
  send(reply, reply.finish(request, writeInitReply(reply.view, 16, init.getUint32(12, true), negotiated), 0));
  writeSync(1, 'ready\n');
}

/**
 * SIGKILL to the process group of thread `pid`, as the kernel names who asks; to its process alone where the owner is in
 * the same group.
 */
function killGroup(pid: number, ownerPid: number): void {
  const asker = pid === 0 ? undefined : Number(procField(`${pid}/status`, /^Tgid:\s+(\d+)$/m));
  if (pid === 0 || asker === ownerPid) {
    throw new Error(
      'a process-kill was planned, but who asked is powercut itself, or a process outside of its pid namespace',
    );
  }
  const group = processGroup(pid);
  if (group === undefined) return;
  const ownGroup = group <= 1 || group === processGroup(ownerPid);
  try {
    process.kill(ownGroup ? pid : -group, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Undefined for a process that is gone. The name in /proc/PID/stat may hold anything: count from its last bracket. */
function processGroup(pid: number): number | undefined {
  const group = procField(`${pid}/stat`, /^.*\) \S+ \S+ (\d+)/s);
  return group === undefined ? undefined : Number(group);
}

function procField(file: string, pattern: RegExp): string | undefined {
  try {
    return pattern.exec(readFileSync(`/proc/${file}`, 'latin1'))?.[1];
  } catch {
    return undefined;
  }
}

main(JSON.parse(process.argv[2] ?? '{}') as DaemonOptions);
