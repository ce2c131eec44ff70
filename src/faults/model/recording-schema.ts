import { z } from 'zod';
import { pageBytes } from './content.ts';
import { deviceSchema, sectorBytes } from './device.ts';

/** The shape of a recording file, format version 1. docs/recording-format.md describes it. */

const count = z.int().min(0);
const inodeNumber = z.int().min(1);
const name = z
  .string()
  .min(1)
  .refine((text) => !/[/\0]/.test(text) && text !== '.' && text !== '..', 'not a name for a directory entry');
const volumeName = z.string().min(1);
const bytes = z.union([z.string(), z.array(z.union([z.string(), count])).readonly()]);
const owner = { mode: z.int().min(0).max(0o7777), uid: count.optional(), gid: count.optional() };
const specialKinds = ['fifo', 'socket', 'character-device', 'block-device'] as const;

const inodeFields = {
  number: inodeNumber,
  ...owner,
  /** atime, mtime, ctime: seconds and nanoseconds since 1970. */
  times: z
    .array(z.tuple([z.int(), count.max(999_999_999)]))
    .length(3)
    .optional(),
  xattrs: z.array(z.tuple([z.string().min(1), bytes])).optional(),
};

const inode = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('file'),
    ...inodeFields,
    size: count,
    extents: z.array(z.tuple([count.multipleOf(pageBytes), bytes])),
  }),
  z.strictObject({
    kind: z.literal('directory'),
    ...inodeFields,
    entries: z.array(z.tuple([name, inodeNumber])),
  }),
  z.strictObject({ kind: z.literal('symlink'), ...inodeFields, target: z.string() }),
  z.strictObject({ kind: z.enum(specialKinds), ...inodeFields, device: count }),
]);

const operation = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('create'),
    inode: inodeNumber,
    inodeKind: z.enum(['file', 'directory', 'symlink', ...specialKinds]),
    link: z.strictObject({ parent: inodeNumber, name }).exactOptional(),
    mode: owner.mode,
    uid: count,
    gid: count,
    target: z.string().exactOptional(),
    device: count.exactOptional(),
  }),
  z.strictObject({ kind: z.literal('link'), parent: inodeNumber, name, inode: inodeNumber }),
  z.strictObject({ kind: z.literal('unlink'), parent: inodeNumber, name, inode: inodeNumber }),
  z.strictObject({
    kind: z.literal('rename'),
    fromParent: inodeNumber,
    fromName: name,
    toParent: inodeNumber,
    toName: name,
    inode: inodeNumber,
    replaced: inodeNumber.exactOptional(),
    exchange: z.boolean(),
  }),
  z.strictObject({
    kind: z.literal('write'),
    inode: inodeNumber,
    offset: count,
    data: bytes,
    lost: z.boolean().exactOptional(),
  }),
  z.strictObject({ kind: z.literal('truncate'), inode: inodeNumber, size: count }),
  z.strictObject({
    kind: z.literal('allocate'),
    inode: inodeNumber,
    mode: z.enum(['reserve', 'zero', 'punch']),
    offset: count,
    length: count,
    keepSize: z.boolean(),
  }),
  z.strictObject({
    kind: z.literal('set-meta'),
    inode: inodeNumber,
    mode: owner.mode.exactOptional(),
    uid: count.exactOptional(),
    gid: count.exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('set-xattr'),
    inode: inodeNumber,
    name: z.string().min(1),
    value: bytes.nullable(),
  }),
  z.strictObject({
    kind: z.literal('sync'),
    inode: inodeNumber,
    cause: z.enum(['fsync', 'fdatasync', 'fsyncdir', 'O_SYNC', 'O_DSYNC']),
    failed: z.boolean().exactOptional(),
    lost: z.boolean().exactOptional(),
    leftOut: z.boolean().exactOptional(),
  }),
  z.strictObject({ kind: z.literal('close'), inode: inodeNumber }),
  z.strictObject({
    kind: z.literal('medium'),
    inode: inodeNumber,
    offset: count.multipleOf(sectorBytes),
    data: bytes,
    size: count.exactOptional(),
    shown: z.boolean(),
  }),
]);

const entry = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('operation'), volume: volumeName, operation }),
  z.strictObject({ kind: z.literal('acknowledgement'), text: z.string() }),
  z.strictObject({ kind: z.literal('process-crash') }),
]);

export const recordingSchema = z.strictObject({
  format: z.literal('powercut-recording'),
  version: z.literal(1),
  device: deviceSchema.exactOptional(),
  /** The volumes are disks: each holds one file, which a file system above it reads and writes. */
  disks: z.literal(true).exactOptional(),
  /** Volume name and the inode number of its root directory. */
  volumes: z.array(z.tuple([volumeName, inodeNumber])),
  inodes: z.array(inode),
  trace: z.array(entry),
});

export type RecordingJson = z.output<typeof recordingSchema>;
