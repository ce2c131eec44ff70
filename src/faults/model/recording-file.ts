import { z } from 'zod';
import { type Content, pageBytes } from './content.ts';
import type { Operation } from './operation.ts';
import type { Recording, TraceEntry } from './recording.ts';
import { decodeBytes, type EncodedBytes, encodeBytes } from './recording-bytes.ts';
import { type RecordingJson, recordingSchema } from './recording-schema.ts';
import { createInode, epoch, type Inode, type InodeMeta, type Timestamp, type Tree } from './tree.ts';

export type { RecordingJson } from './recording-schema.ts';

/**
 * A recording as text: JSON in one line. docs/recording-format.md describes it. Throws where the text would be longer than
 * a string can be: some 380 MiB of bytes that are not zeros.
 */
export function encodeRecording(recording: Recording): string {
  try {
    return JSON.stringify(recordingToJson(recording));
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new Error(
      'the recording is too large for a file (some 380 MiB of bytes): let the subject do less',
      { cause },
    );
  }
}

/** Throws an Error that says where the text is not a recording, and what was expected there. */
export function decodeRecording(text: string): Recording {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`not a recording: ${cause instanceof Error ? cause.message : 'not JSON'}`, { cause });
  }
  return recordingFromJson(json);
}

/** The same as plain data, for files that embed a recording. */
export function recordingToJson({ device, disks, base, trace }: Recording): RecordingJson {
  return {
    format: 'powercut-recording',
    version: 1,
    ...(device === undefined ? {} : { device }),
    ...(disks === undefined ? {} : { disks }),
    volumes: [...base.roots],
    inodes: [...base.inodes.values()].map(encodeInode),
    trace: trace.map(encodeEntry),
  };
}

/** The result has bytes of its own. Throws as {@link decodeRecording} does. */
export function recordingFromJson(json: unknown): Recording {
  const { success, data, error } = recordingSchema.safeParse(json);
  if (!success) throw new Error(`not a recording of format version 1:\n${z.prettifyError(error)}`);
  const base = decodeTree(data);
  return {
    ...(data.device === undefined ? {} : { device: data.device }),
    ...(data.disks === undefined ? {} : { disks: data.disks }),
    base,
    trace: data.trace.map((entry, index) => decodeEntry(entry, base, index)),
  };
}

type InodeJson = RecordingJson['inodes'][number];
type EntryJson = RecordingJson['trace'][number];

function encodeInode(inode: Inode): InodeJson {
  const common = {
    number: inode.number,
    mode: inode.mode,
    ...(inode.uid === 0 ? {} : { uid: inode.uid }),
    ...(inode.gid === 0 ? {} : { gid: inode.gid }),
    ...encodeTimes(inode),
    ...(inode.xattrs.size === 0 ? {} : { xattrs: [...inode.xattrs].map(encodeXattr) }),
  };
  switch (inode.kind) {
    case 'file':
      return { kind: 'file', ...common, size: inode.content.size, extents: encodeExtents(inode.content) };
    case 'directory':
      return { kind: 'directory', ...common, entries: [...inode.entries] };
    case 'symlink':
      return { kind: 'symlink', ...common, target: inode.target };
    default:
      return { kind: inode.kind, ...common, device: inode.device };
  }
}

function encodeXattr([name, value]: readonly [string, Uint8Array]): [string, EncodedBytes] {
  return [name, encodeBytes(value)];
}

function encodeTimes(inode: InodeMeta): { times?: [number, number][] } {
  const times = [inode.atime, inode.mtime, inode.ctime];
  if (times.every((time) => time.seconds === 0 && time.nanoseconds === 0)) return {};
  return { times: times.map(({ seconds, nanoseconds }): [number, number] => [seconds, nanoseconds]) };
}

/** Neighbouring pages together, in order of offset. */
function encodeExtents({ pages }: Content): [number, EncodedBytes][] {
  const extents: { first: number; pages: Uint8Array[] }[] = [];
  for (const [index, page] of [...pages].sort(([a], [b]) => a - b)) {
    const last = extents.at(-1);
    if (last !== undefined && last.first + last.pages.length === index) last.pages.push(page);
    else extents.push({ first: index, pages: [page] });
  }
  return extents.map((extent) => [extent.first * pageBytes, encodeBytes(Buffer.concat(extent.pages))]);
}

function encodeEntry(entry: TraceEntry): EntryJson {
  if (entry.kind !== 'operation') return entry;
  const { volume, operation } = entry;
  return { kind: 'operation', volume, operation: encodeOperation(operation) };
}

function encodeOperation(operation: Operation): Extract<EntryJson, { kind: 'operation' }>['operation'] {
  if (operation.kind === 'write' || operation.kind === 'medium')
    return { ...operation, data: encodeBytes(operation.data) };
  if (operation.kind !== 'set-xattr') return operation;
  return { ...operation, value: operation.value === null ? null : encodeBytes(operation.value) };
}

function decodeTree({ volumes, inodes: encoded }: RecordingJson): Tree {
  const inodes = new Map(encoded.map((inode) => [inode.number, decodeInode(inode)] as const));
  if (inodes.size !== encoded.length) throw damaged('two inodes have one number');
  const roots = new Map(volumes);
  if (roots.size !== volumes.length) throw damaged('two volumes have one name');
  for (const [volume, root] of roots) {
    if (inodes.get(root)?.kind !== 'directory')
      throw damaged(`volume ${volume} has no root directory ${root}`);
  }
  for (const inode of inodes.values()) {
    if (inode.kind !== 'directory') continue;
    for (const [name, child] of inode.entries) {
      if (!inodes.has(child)) {
        throw damaged(`${name} in directory ${inode.number} names inode ${child}, which is not there`);
      }
    }
  }
  return { inodes, roots };
}

function decodeInode(json: InodeJson): Inode {
  const { number, kind, mode, uid = 0, gid = 0, xattrs = [], times } = json;
  const inode = createInode({
    number,
    kind,
    mode,
    uid,
    gid,
    ...(json.kind === 'symlink' ? { target: json.target } : {}),
    ...('device' in json ? { device: json.device } : {}),
  });
  const [atime = epoch, mtime = epoch, ctime = epoch] = (times ?? []).map(decodeTime);
  Object.assign(inode, { atime, mtime, ctime });
  for (const [name, value] of xattrs)
    inode.xattrs.set(name, bytesAt(value, `attribute ${name} of inode ${number}`));
  if (inode.kind === 'file' && json.kind === 'file') decodeExtents(inode.content, json);
  if (inode.kind === 'directory' && json.kind === 'directory') {
    for (const [name, child] of json.entries) {
      if (inode.entries.has(name)) throw damaged(`directory ${number} has two entries ${name}`);
      inode.entries.set(name, child);
    }
  }
  return inode;
}

function decodeTime([seconds, nanoseconds]: readonly [number, number]): Timestamp {
  return { seconds, nanoseconds };
}

function decodeExtents(content: Content, file: Extract<InodeJson, { kind: 'file' }>): void {
  content.size = file.size;
  for (const [offset, encoded] of file.extents) {
    const bytes = bytesAt(encoded, `the extent at ${offset} of inode ${file.number}`);
    if (bytes.length % pageBytes !== 0) {
      throw damaged(
        `the extent at ${offset} of inode ${file.number} is not whole pages: ${bytes.length} bytes`,
      );
    }
    for (let at = 0; at < bytes.length; at += pageBytes) {
      content.pages.set((offset + at) / pageBytes, bytes.subarray(at, at + pageBytes));
    }
  }
}

function decodeEntry(json: EntryJson, base: Tree, index: number): TraceEntry {
  if (json.kind !== 'operation') return json;
  const { volume, operation } = json;
  if (!base.roots.has(volume))
    throw damaged(`trace entry ${index} is on volume ${volume}, which is not there`);
  return { kind: 'operation', volume, operation: decodeOperation(operation, index) };
}

function decodeOperation(
  operation: Extract<EntryJson, { kind: 'operation' }>['operation'],
  index: number,
): Operation {
  if (operation.kind === 'write' || operation.kind === 'medium')
    return { ...operation, data: bytesAt(operation.data, `trace entry ${index}`) };
  if (operation.kind !== 'set-xattr') return operation;
  const value = operation.value === null ? null : bytesAt(operation.value, `trace entry ${index}`);
  return { ...operation, value };
}

function bytesAt(encoded: EncodedBytes, where: string): Uint8Array {
  try {
    return decodeBytes(encoded);
  } catch (cause) {
    throw damaged(`${where}: ${cause instanceof Error ? cause.message : cause}`);
  }
}

function damaged(what: string): Error {
  return new Error(`the recording is damaged: ${what}`);
}
