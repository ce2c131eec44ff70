/** The kernel's own file systems, as the block and dm layers make and mount them. docs/block.md, "File systems". */
export interface FileSystem {
  /** What a verdict calls it. */
  readonly name: string;
  /** The type that mount(2) is told. */
  readonly type: 'ext4' | 'xfs' | 'btrfs';
  /** The program that formats, and its arguments before the file's name. The same bytes each time, as far as it can be told. */
  readonly format: readonly [program: string, ...parameters: readonly string[]];
  /** About the smallest that the program accepts and a workload fits in. */
  readonly sizeBytes: number;
  /** In place of the kernel's defaults. */
  readonly mountOptions: readonly string[];
}

const mebibyte = 1024 * 1024;
const uuid = '70637574-0000-4000-8000-000000000001';

/** No background thread is to write what the format left for later; a journal as small as it may be keeps images small. */
const ext4 = {
  type: 'ext4',
  format: [
    'mkfs.ext4',
    '-q',
    '-F',
    '-b',
    '4096',
    '-J',
    'size=4',
    '-U',
    uuid,
    '-E',
    `hash_seed=${uuid},lazy_itable_init=0,lazy_journal_init=0,nodiscard,root_owner=0:0`,
  ],
  sizeBytes: 64 * mebibyte,
} as const;

export const fileSystems: readonly FileSystem[] = [
  { ...ext4, name: 'ext4-ordered', mountOptions: ['data=ordered'] },
  { ...ext4, name: 'ext4-data-journal', mountOptions: ['data=journal'] },
  { ...ext4, name: 'ext4-writeback', mountOptions: ['data=writeback'] },
  { ...ext4, name: 'ext4-no-barrier', mountOptions: ['data=ordered', 'barrier=0'] },
  {
    name: 'xfs',
    type: 'xfs',
    format: ['mkfs.xfs', '-q', '-f', '-K', '-m', `uuid=${uuid}`],
    sizeBytes: 300 * mebibyte,
    // Two volumes, or two lanes, have the same one.
    mountOptions: ['nouuid'],
  },
  {
    name: 'btrfs',
    type: 'btrfs',
    format: ['mkfs.btrfs', '-q', '-f', '-K', '-U', uuid, '-m', 'single', '-d', 'single'],
    sizeBytes: 128 * mebibyte,
    // Where there is discard, it would do so by itself.
    mountOptions: ['nodiscard'],
  },
];

export const fileSystemNames: readonly string[] = fileSystems.map(({ name }) => name);

export function fileSystemNamed(name: string): FileSystem {
  const found = fileSystems.find((fileSystem) => fileSystem.name === name);
  if (found === undefined)
    throw new RangeError(`there is no file system "${name}"; known are ${fileSystemNames.join(', ')}`);
  return found;
}
