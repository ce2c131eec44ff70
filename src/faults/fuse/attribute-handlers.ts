import type { Timestamp } from '../model/tree.ts';
import { errno, nameBytesMax } from '../volume.ts';
import type { Reply, Request } from './message.ts';
import { type Handlers, type Session, wallClock } from './session.ts';
import { opcode, setattrValid, xattrFlag } from './wire.ts';

/** Requests that work on attributes. Positions are those of linux/fuse.h's structures. */
export const attributeHandlers: Handlers = {
  [opcode.getattr]: (session, request, reply) => session.replyAttributes(reply, request.node),
  [opcode.setattr]: setAttributes,

  [opcode.statfs]: (session, _request, reply) =>
    reply.statistics(session.disk.tree.inodes.size, nameBytesMax),

  [opcode.setxattr]: (session, request) => {
    const flags = request.u32(4);
    const nameEnd = request.textEnd(8);
    const name = request.text(8, nameEnd);
    const value = request.bytes(nameEnd, request.u32(0));
    const mode = flags === xattrFlag.create ? 'create' : flags === xattrFlag.replace ? 'replace' : undefined;
    session.disk.attributes.setXattr(request.node, name, value, mode);
    return 0;
  },

  [opcode.getxattr]: (session, request, reply) => {
    const name = request.text(8);
    // The kernel asks for this one often, and it is rarely there: not worth an exception.
    if (!session.disk.attributes.inode(request.node).xattrs.has(name) && name.startsWith('security.')) {
      return -errno.ENODATA;
    }
    return replySized(request, reply, session.disk.attributes.xattr(request.node, name));
  },

  [opcode.listxattr]: (session, request, reply) => {
    const names = session.disk.attributes.xattrNames(request.node);
    return replySized(request, reply, Buffer.from(names.map((name) => `${name}\0`).join('')));
  },

  [opcode.removexattr]: (session, request) => {
    session.disk.attributes.removeXattr(request.node, request.text(0));
    return 0;
  },
};

/** struct fuse_setattr_in: several changes may come at once. */
function setAttributes(session: Session, request: Request, reply: Reply): number {
  const { attributes, files } = session.disk;
  const { node } = request;
  const valid = request.u32(0);
  const has = (bit: number) => (valid & bit) !== 0;
  if (has(setattrValid.fileHandle)) session.handle(request, 8);
  if (has(setattrValid.killSetId)) attributes.dropPrivileges(node);
  if (has(setattrValid.size)) files.truncate(node, request.u64(16));
  if (has(setattrValid.mode | setattrValid.uid | setattrValid.gid)) {
    attributes.change(node, {
      ...(has(setattrValid.mode) ? { mode: request.u32(68) & 0o7777 } : {}),
      ...(has(setattrValid.uid) ? { uid: request.u32(76) } : {}),
      ...(has(setattrValid.gid) ? { gid: request.u32(80) } : {}),
    });
  }
  if (has(setattrValid.atime | setattrValid.mtime)) {
    attributes.setTimes(node, {
      ...(has(setattrValid.atime)
        ? { atime: has(setattrValid.atimeNow) ? wallClock() : timeAt(request, 32, 56) }
        : {}),
      ...(has(setattrValid.mtime)
        ? { mtime: has(setattrValid.mtimeNow) ? wallClock() : timeAt(request, 40, 60) }
        : {}),
    });
  }
  return session.replyAttributes(reply, node);
}

function timeAt(request: Request, secondsAt: number, nanosecondsAt: number): Timestamp {
  return { seconds: request.i64(secondsAt), nanoseconds: request.u32(nanosecondsAt) };
}

/** The answer of getxattr and listxattr: the bytes, or only their length if there is no room asked for. */
function replySized(request: Request, reply: Reply, bytes: Uint8Array): number {
  const room = request.u32(0);
  if (room === 0) {
    reply.u32(0, bytes.length);
    reply.u32(4, 0);
    return 8;
  }
  if (bytes.length > room) return -errno.ERANGE;
  reply.bytes(0, bytes);
  return bytes.length;
}
