import type { AllocateOperation } from '../model/operation.ts';
import { errno, PosixError } from '../volume.ts';
import type { Reply, Request } from './message.ts';
import type { Handlers, Session } from './session.ts';
import {
  fallocateMode,
  fsyncDataOnly,
  opcode,
  openFlag,
  openKillSetId,
  seekWhence,
  writeBytesMax,
  writeKillSetId,
} from './wire.ts';

/** Requests that work on open files. Positions are those of linux/fuse.h's structures. */
export const fileHandlers: Handlers = {
  [opcode.open]: (session, request, reply) => {
    const flags = request.u32(0);
    const truncate = (flags & openFlag.truncate) !== 0;
    if (truncate && (request.u32(4) & openKillSetId) !== 0)
      session.disk.attributes.dropPrivileges(request.node);
    const writable = (flags & openFlag.accessMode) !== 0;
    const direct = (flags & openFlag.direct) !== 0;
    return session.replyOpen(reply, 0, session.disk.files.open(request.node, { writable, truncate, direct }));
  },

  [opcode.release]: release,

  [opcode.read]: (session, request, reply) => {
    const { descriptor } = session.handle(request);
    const length = Math.min(request.u32(16), writeBytesMax);
    return session.disk.files.read(descriptor, request.u64(8), reply.room(length));
  },

  [opcode.write]: write,

  [opcode.fsync]: (session, request) => {
    const dataOnly = (request.u32(8) & fsyncDataOnly) !== 0;
    session.disk.files.sync(session.handle(request).descriptor, dataOnly ? 'fdatasync' : 'fsync');
    return 0;
  },

  [opcode.fallocate]: (session, request) => {
    const mode = request.u32(24);
    session.disk.files.allocate(session.handle(request).descriptor, {
      mode: allocateMode(mode & ~fallocateMode.keepSize),
      offset: request.u64(8),
      length: request.u64(16),
      keepSize: (mode & fallocateMode.keepSize) !== 0,
    });
    return 0;
  },

  [opcode.lseek]: (session, request, reply) => {
    const whence = request.u32(16);
    if (whence !== seekWhence.data && whence !== seekWhence.hole) return -errno.EINVAL;
    const { descriptor } = session.handle(request);
    const kind = whence === seekWhence.data ? 'data' : 'hole';
    reply.u64(0, session.disk.files.seek(descriptor, request.u64(8), kind));
    return 8;
  },

  [opcode.copyFileRange]: (session, request, reply) => {
    if (request.u32(20) !== session.generation) return -errno.EXDEV;
    const from = session.handle(request, 0).descriptor;
    const to = session.handle(request, 24).descriptor;
    const length = Math.min(request.u64(40), writeBytesMax);
    return writeReply(reply, session.disk.files.copy(from, request.u64(8), to, request.u64(32), length));
  },
};

export function release(session: Session, request: Request): number {
  session.release(request);
  return 0;
}

function write(session: Session, request: Request, reply: Reply): number {
  const { descriptor } = session.handle(request);
  if ((request.u32(20) & writeKillSetId) !== 0) session.disk.attributes.dropPrivileges(descriptor.inode);
  const data = request.bytes(40, request.u32(16));
  return writeReply(
    reply,
    session.disk.files.write(descriptor, request.u64(8), data, syncOfWrite(request.u32(32))),
  );
}

/** struct fuse_write_out */
function writeReply(reply: Reply, count: number): number {
  reply.u32(0, count);
  reply.u32(4, 0);
  return 8;
}

/** The flags of the file, or of this one write (RWF_SYNC, RWF_DSYNC). */
function syncOfWrite(flags: number): 'O_SYNC' | 'O_DSYNC' | undefined {
  if ((flags & openFlag.dataSync) === 0) return undefined;
  return (flags & openFlag.sync) === openFlag.sync ? 'O_SYNC' : 'O_DSYNC';
}

function allocateMode(mode: number): AllocateOperation['mode'] {
  switch (mode) {
    case 0:
      return 'reserve';
    case fallocateMode.punchHole:
      return 'punch';
    case fallocateMode.zeroRange:
      return 'zero';
    default:
      throw new PosixError('EOPNOTSUPP', `fallocate mode ${mode} is not supported`);
  }
}
