import { readFileSync, readSync, writeSync } from 'node:fs';
import { FileSystem } from './file-system.ts';
import { Reply, Request } from './message.ts';
import { negotiate, opcode, writeInitReply } from './wire.ts';

/**
 * The daemon: a process of its own that answers the kernel, one request after the other, until the mount is gone. Its
 * arguments are a {@link DaemonOptions} as JSON; descriptor 3 is the FUSE device of the mount. It writes `ready` to
 * stdout once the kernel and it have agreed. It waits in read(2) and never in an event loop: nothing wakes another core.
 */
export interface DaemonOptions {
  readonly volumes: readonly string[];
  readonly record: boolean;
  /** A planned kill must not hit the process group of the one who planned it. */
  readonly ownerPid: number;
}

const device = 3;

function main(options: DaemonOptions): void {
  const fileSystem = new FileSystem({
    volumes: options.volumes,
    record: options.record,
    kill: (pid) => killGroup(pid, options.ownerPid),
    report: (message) => process.stderr.write(`${message}\n`),
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
        initialise(fileSystem, request, reply);
        break;
      case opcode.destroy:
        send(reply, reply.finish(request, 0, 0));
        return;
      default: {
        const length = fileSystem.serve(request, reply);
        send(reply, length < 0 ? reply.finish(request, 0, length) : reply.finish(request, length, 0));
      }
    }
  }
}

/** Waits for the next request. False when the mount is gone. */
function receive(request: Request): boolean {
  for (;;) {
    try {
      request.length = readSync(device, request.buffer);
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
  try {
    writeSync(device, reply.buffer, 0, length);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENOENT: who asked was killed meanwhile. ENODEV: the mount is gone; the next read says so.
    if (code !== 'ENOENT' && code !== 'ENODEV' && code !== 'ECONNABORTED') throw error;
  }
}

function initialise(fileSystem: FileSystem, request: Request, reply: Reply): void {
  const init = request.bodyView();
  const negotiated = negotiate(init);
  if (negotiated === undefined) {
    send(reply, reply.finish(request, 0, -71));
    throw new Error(
      `the kernel speaks FUSE ${init.getUint32(0, true)}.${init.getUint32(4, true)}; 7.31 (Linux 5.4) is needed`,
    );
  }
  fileSystem.directIo = negotiated.directIo;
  send(reply, reply.finish(request, writeInitReply(reply.view, 16, init.getUint32(12, true), negotiated), 0));
  writeSync(1, 'ready\n');
}

/** SIGKILL to the process group of `pid`; to that process alone where its group is also the owner's. */
function killGroup(pid: number, ownerPid: number): void {
  if (pid === 0 || pid === ownerPid) {
    throw new Error(
      'a process-kill was planned, but nobody knows which process asked: it is outside this pid namespace',
    );
  }
  const group = processGroup(pid);
  if (group === undefined) return;
  try {
    process.kill(group === processGroup(ownerPid) || group <= 1 ? pid : -group, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Undefined for a process that is gone. The name in /proc/PID/stat may hold blanks and brackets: count from its end. */
function processGroup(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
  } catch {
    return undefined;
  }
}

main(JSON.parse(process.argv[2] ?? '{}') as DaemonOptions);
