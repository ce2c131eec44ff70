import { VmUnavailable } from './unavailable.ts';

/** The kernel modules that the machine loads, before anything asks for them: nothing in it loads one later. */

/** What it takes to reach the host's files, and to talk to the host. */
const machineModules = ['virtio_pci', '9pnet_virtio', '9p', 'overlay', 'virtio_console'];

/**
 * Checksums that the file systems look up by name. Which of them are modules changes from kernel to kernel: one without such a
 * module has the checksum elsewhere, or its file systems do without.
 */
const checksumModules = ['crc32c_generic', 'xxhash_generic', 'sha256_generic', 'blake2b_generic'];

/** What the fault layers use. */
const layerModules = ['fuse', 'loop', 'dm-mod', 'dm-flakey', 'dm-log-writes', 'ext4', 'xfs', 'btrfs'];

export const wantedModules: readonly string[] = [...machineModules, ...checksumModules, ...layerModules];

/**
 * The files of these modules and of what they need, each after what it needs itself. `dependencies` is the text of
 * modules.dep (depmod(8)): lines `file: file file`. Passed over: what is built into the kernel, a line of `builtin`
 * (modules.builtin), and checksums that are not there. Throws a {@link VmUnavailable} where another module is not there.
 */
export function modulesInOrder(names: readonly string[], dependencies: string, builtin: string): string[] {
  const needs = new Map(
    dependencies
      .split('\n')
      .map((line) => line.split(': '))
      .map(
        ([file = '', others = '']) => [file.replace(/:$/, ''), others.split(' ').filter(Boolean)] as const,
      ),
  );
  const files = new Map([...needs.keys()].map((file) => [moduleName(file), file] as const));
  const builtIn = new Set(builtin.split('\n').map(moduleName));
  const ordered = new Set<string>();
  const add = (file: string): void => {
    if (ordered.has(file)) return;
    for (const needed of needs.get(file) ?? []) add(needed);
    ordered.add(file);
  };
  for (const name of names) {
    const file = files.get(moduleName(name));
    if (file !== undefined) add(file);
    else if (!builtIn.has(moduleName(name)) && !checksumModules.includes(name))
      throw new VmUnavailable(`the kernel has no module ${name}: ${remedy}`);
  }
  return [...ordered];
}

const remedy = 'run powercut on Debian 12, whose kernel has all that the machine needs';

/** The kernel takes `-` and `_` for the same. */
function moduleName(file: string): string {
  return file
    .replace(/^.*\//, '')
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');
}
