import { errno, PosixError } from '../volume.ts';
import type { Reply, Request } from './message.ts';
import type { Handlers, Session } from './session.ts';
import { fileType, fileTypeMask, opcode, openFlag, renameFlag } from './wire.ts';

/** Requests that work on names. Positions are those of linux/fuse.h's structures. */
export const nameHandlers: Handlers = {
  [opcode.lookup]: (session, request, reply) => {
    const inode = session.disk.names.find(request.node, request.text(0));
    return inode === undefined ? -errno.ENOENT : session.replyEntry(reply, 0, inode);
  },

  [opcode.create]: create,

  [opcode.tmpfile]: (session, request, reply) => {
    const flags = request.u32(0);
    const linkable = (flags & openFlag.exclusive) === 0;
    const inode = session.disk.names.createUnnamed(request.node, request.u32(4) & 0o7777, linkable);
    const length = session.replyEntry(reply, 0, inode);
    return (
      length + session.replyOpen(reply, length, session.disk.files.open(inode.number, { writable: true }))
    );
  },

  [opcode.mknod]: (session, request, reply) => {
    const mode = request.u32(0);
    const kind = kindOf(mode);
    const inode = session.disk.names.create(request.node, request.text(16), {
      kind,
      mode: mode & 0o7777,
      ...(kind === 'character-device' || kind === 'block-device' ? { device: request.u32(4) } : {}),
    });
    return session.replyEntry(reply, 0, inode);
  },

  [opcode.mkdir]: (session, request, reply) => {
    const mode = request.u32(0) & 0o7777;
    const inode = session.disk.names.create(request.node, request.text(8), { kind: 'directory', mode });
    return session.replyEntry(reply, 0, inode);
  },

  [opcode.symlink]: (session, request, reply) => {
    const targetAt = request.textEnd(0);
    const name = request.text(0, targetAt);
    const target = request.text(targetAt);
    const inode = session.disk.names.create(request.node, name, { kind: 'symlink', mode: 0o777, target });
    return session.replyEntry(reply, 0, inode);
  },

  [opcode.readlink]: (session, request, reply) => {
    const inode = session.disk.attributes.inode(request.node);
    return inode.kind === 'symlink' ? reply.text(0, inode.target) : -errno.EINVAL;
  },

  [opcode.link]: (session, request, reply) => {
    const inode = session.disk.names.link(session.nodeAt(request, 0), request.node, request.text(8));
    return session.replyEntry(reply, 0, inode);
  },

  [opcode.unlink]: (session, request) => {
    session.disk.names.unlink(request.node, request.text(0));
    return 0;
  },

  [opcode.rmdir]: (session, request) => {
    session.disk.names.removeDirectory(request.node, request.text(0));
    return 0;
  },

  [opcode.rename]: (session, request) => rename(session, request, 0, 8),
  [opcode.rename2]: (session, request) => rename(session, request, request.u32(8), 16),
};

function create(session: Session, request: Request, reply: Reply): number {
  const { names, files } = session.disk;
  const flags = request.u32(0);
  const mode = request.u32(4) & 0o7777;
  const name = request.text(16);
  const found = names.find(request.node, name);
  if (found !== undefined && (flags & openFlag.exclusive) !== 0) return -errno.EEXIST;
  const inode = found ?? names.create(request.node, name, { kind: 'file', mode });
  const descriptor = files.open(inode.number, {
    writable: (flags & openFlag.accessMode) !== 0,
    truncate: found !== undefined && (flags & openFlag.truncate) !== 0,
    direct: (flags & openFlag.direct) !== 0,
  });
  const length = session.replyEntry(reply, 0, inode);
  return length + session.replyOpen(reply, length, descriptor);
}

function rename(session: Session, request: Request, flags: number, namesAt: number): number {
  if ((flags & ~(renameFlag.noReplace | renameFlag.exchange)) !== 0) {
    throw new PosixError('EINVAL', `rename flags ${flags} are not known`);
  }
  const toNameAt = request.textEnd(namesAt);
  const fromName = request.text(namesAt, toNameAt);
  session.disk.names.rename(request.node, fromName, session.nodeAt(request, 0), request.text(toNameAt), {
    noReplace: (flags & renameFlag.noReplace) !== 0,
    exchange: (flags & renameFlag.exchange) !== 0,
  });
  return 0;
}

function kindOf(mode: number): keyof typeof fileType {
  const type = mode & fileTypeMask;
  if (type === 0) return 'file';
  for (const kind of Object.keys(fileType) as (keyof typeof fileType)[]) {
    if (fileType[kind] === type) return kind;
  }
  throw new PosixError('EINVAL', `mode 0o${mode.toString(8)} is of no known file type`);
}
