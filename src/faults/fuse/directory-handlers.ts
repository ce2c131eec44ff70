import { release } from './file-handlers.ts';
import { Listing } from './listing.ts';
import type { Reply, Request } from './message.ts';
import type { Handlers, Session } from './session.ts';
import { opcode } from './wire.ts';

/** Requests that work on open directories. Positions are those of linux/fuse.h's structures. */
export const directoryHandlers: Handlers = {
  [opcode.opendir]: (session, request, reply) => {
    session.disk.names.entries(request.node);
    return session.replyOpen(reply, 0, session.disk.files.open(request.node));
  },
  [opcode.releasedir]: release,
  [opcode.fsyncdir]: (session, request) => {
    session.disk.files.sync(session.handle(request).descriptor, 'fsyncdir');
    return 0;
  },
  [opcode.readdir]: (session, request, reply) => list(session, request, reply, false),
  [opcode.readdirplus]: (session, request, reply) => list(session, request, reply, true),
};

/**
 * The names as they were at the first read, those that went since left out. Offset n is behind the n-th: `.` and `..` are
 * the first two.
 */
function list(session: Session, request: Request, reply: Reply, plus: boolean): number {
  const handle = session.handle(request);
  const offset = request.u64(8);
  const { names } = session.disk;
  const entries = names.entries(request.node);
  if (offset === 0 || handle.listing === undefined) handle.listing = ['.', '..', ...entries.keys()];
  const { listing } = handle;
  const list = new Listing(reply, request.u32(16), plus);
  for (let index = offset; index < listing.length; index++) {
    const name = listing[index] ?? '';
    const number = index === 0 ? request.node : index === 1 ? names.parent(request.node) : entries.get(name);
    if (number === undefined) continue;
    const inode = session.disk.attributes.inode(number);
    if (
      !list.add(name, index + 1, inode, index < 2 ? undefined : (at) => session.replyEntry(reply, at, inode))
    ) {
      break;
    }
  }
  return list.length;
}
