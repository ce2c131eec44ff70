import { createInode, type Inode } from '../model/tree.ts';
import { errno, nameBytesMax } from '../volume.ts';
import { ackName, controlName } from './control.ts';
import { Listing } from './listing.ts';
import type { Reply, Request } from './message.ts';
import type { Session } from './session.ts';
import { opcode, openDirectIo, rootNode } from './wire.ts';

/** Inode numbers far from those of the volumes: one mount is one device, and walkers look for loops. */
const inodeBase = 2 ** 48;
const ackNode = 2;
const controlNode = 3;

/** What the layer's own files do; they have no content but this. */
export interface LayerFiles {
  /** Bytes written to the acknowledgement file, in order. */
  acknowledge(bytes: Uint8Array): void;
  /** A whole command in one write. */
  control(text: string): void;
  /** The answer to the last command. */
  answer(): Uint8Array;
}

/**
 * The nodes above the volumes: the root of the mount, the acknowledgement file and the control file. They are of
 * generation 0 and outlive every session.
 */
export class LayerNodes {
  readonly #files: LayerFiles;
  readonly #nodes: ReadonlyMap<number, Inode>;

  constructor(files: LayerFiles) {
    this.#files = files;
    this.#nodes = new Map([
      [rootNode, layerInode(rootNode, 'directory', 0o755)],
      [ackNode, layerInode(ackNode, 'file', 0o666)],
      [controlNode, layerInode(controlNode, 'file', 0o600)],
    ]);
  }

  /** Serves a request on a node of generation 0: the length of the reply's body, or a negative errno. */
  serve(session: Session, request: Request, reply: Reply): number {
    const inode = this.#nodes.get(request.node);
    if (inode === undefined) return -errno.ESTALE;
    switch (request.opcode) {
      case opcode.getattr:
      case opcode.setattr:
        // Truncating or touching the acknowledgement file, as a shell does before it appends, changes nothing.
        if (request.opcode === opcode.setattr && request.node !== ackNode) return -errno.EPERM;
        return reply.attributesReply(inode, linkCount(inode, session));
      case opcode.open:
        return reply.open(0, 0, 0, openDirectIo);
      case opcode.opendir:
        return reply.open(0, 0, 0, 0);
      case opcode.release:
      case opcode.releasedir:
      case opcode.fsync:
      case opcode.fsyncdir:
        return 0;
      case opcode.lookup:
        return this.#lookup(session, request, reply);
      case opcode.readdir:
      case opcode.readdirplus:
        return this.#list(session, request, reply);
      case opcode.write:
        return this.#write(request, reply);
      case opcode.read:
        return this.#read(request, reply);
      case opcode.statfs:
        return reply.statistics(session.disk.tree.inodes.size, nameBytesMax);
      case opcode.getxattr:
        return -errno.ENODATA;
      case opcode.listxattr:
        return 0;
      case opcode.rename:
      case opcode.rename2:
      case opcode.link:
        return -errno.EXDEV;
      default:
        return -errno.EPERM;
    }
  }

  #lookup(session: Session, request: Request, reply: Reply): number {
    if (request.node !== rootNode) return -errno.ENOTDIR;
    const name = request.text(0);
    const root = session.disk.tree.roots.get(name);
    // The next session has another root under this name: the kernel must ask again.
    if (root !== undefined) return session.replyEntry(reply, 0, session.disk.attributes.inode(root), false);
    const node = name === ackName ? ackNode : name === controlName ? controlNode : undefined;
    const inode = node === undefined ? undefined : this.#nodes.get(node);
    if (node === undefined || inode === undefined) return -errno.ENOENT;
    return reply.entry(0, { node, generation: 0, remember: true }, inode, 1);
  }

  #list(session: Session, request: Request, reply: Reply): number {
    const root = this.#nodes.get(rootNode);
    const ack = this.#nodes.get(ackNode);
    if (root === undefined || ack === undefined || request.node !== rootNode) return -errno.ENOTDIR;
    const { roots } = session.disk.tree;
    const volumes = [...roots].map(
      ([volume, number]) => [volume, session.disk.attributes.inode(number)] as const,
    );
    const entries = [['.', root] as const, ['..', root] as const, ...volumes, [ackName, ack] as const];
    // Without entry structures, which READDIRPLUS allows: the kernel looks names up when it needs them.
    const list = new Listing(reply, request.u32(16), request.opcode === opcode.readdirplus);
    for (const [index, [name, inode]] of entries.entries()) {
      if (index >= request.u64(8) && !list.add(name, index + 1, inode)) break;
    }
    return list.length;
  }

  #write(request: Request, reply: Reply): number {
    const length = request.u32(16);
    const bytes = request.bytes(40, length);
    if (request.node === ackNode) this.#files.acknowledge(bytes);
    else if (request.node === controlNode) this.#files.control(Buffer.from(bytes).toString());
    else return -errno.EISDIR;
    reply.u32(0, length);
    reply.u32(4, 0);
    return 8;
  }

  #read(request: Request, reply: Reply): number {
    if (request.node !== controlNode) return 0;
    const offset = request.u64(8);
    const part = this.#files.answer().subarray(offset, offset + request.u32(16));
    reply.bytes(0, part);
    return part.length;
  }
}

function layerInode(node: number, kind: 'directory' | 'file', mode: number): Inode {
  return createInode({ number: inodeBase + node, kind, mode, uid: 0, gid: 0 });
}

function linkCount(inode: Inode, session: Session): number {
  return inode.kind === 'directory' ? 2 + session.disk.tree.roots.size : 1;
}
