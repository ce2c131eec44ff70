/** What goes into an image that powercut makes: programs of this machine, and parts of powercut. */
export interface Recipe {
  /** Names in PATH, or absolute paths. `node` is the one that runs powercut. */
  readonly programs: readonly string[];
  /** Packages of powercut's, with those that they need in turn. */
  readonly packages: readonly string[];
  /** Files and directories of powercut's own. */
  readonly files: readonly string[];
}

export const buildNames = ['reference-wal', 'sqlite', 'canary'] as const;
export type BuildName = (typeof buildNames)[number];

const drivers = ['package.json', 'dist/scenarios', 'dist/src'];

export const recipes: Readonly<Record<BuildName, Recipe>> = {
  'reference-wal': {
    programs: ['node'],
    packages: ['@noble/hashes', '@node-rs/crc32', 'koffi', 'lz4-napi', 'pure-rand', 'snappy'],
    files: drivers,
  },
  sqlite: { programs: ['node', 'sh', 'sqlite3'], packages: [], files: drivers },
  canary: { programs: ['node'], packages: ['@node-rs/crc32', 'pure-rand'], files: drivers },
};
