/**
 * A cpio archive in the `newc` format, as the kernel unpacks an initramfs (Documentation/driver-api/early-userspace/
 * buffer-format.rst): each entry is a header of eight-digit hexadecimal fields, the name and the bytes, the latter two
 * padded with zeros to a multiple of four.
 */
export interface ArchiveEntry {
  /** Relative, without a leading `/`; its directories come before it. */
  readonly path: string;
  /** Absent: a directory. */
  readonly data?: Uint8Array;
  readonly executable?: boolean;
}

const directoryMode = 0o040755;
const fileMode = 0o100644;
const executableMode = 0o100755;

export function cpioArchive(entries: readonly ArchiveEntry[]): Buffer {
  const parts = entries.map((entry, index) => member(entry, index + 1));
  return Buffer.concat([...parts, member({ path: 'TRAILER!!!', data: Buffer.alloc(0) }, 0)]);
}

function member({ path, data, executable = false }: ArchiveEntry, inode: number): Buffer {
  const mode = data === undefined ? directoryMode : executable ? executableMode : fileMode;
  const bytes = data ?? new Uint8Array();
  const name = Buffer.from(`${path}\0`);
  const links = data === undefined ? 2 : 1;
  // inode, mode, uid, gid, links, mtime, size, four device numbers, name length, checksum (unused)
  const fields = [inode, mode, 0, 0, links, 0, bytes.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(bytes)]);
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes], Math.ceil(bytes.length / 4) * 4);
}
