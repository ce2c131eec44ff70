import { resolve } from 'node:path';
import type { Place } from '../../src/faults/layer.ts';

/** Makes the elements of a scenario's command that begin with `./` or `../` absolute, from the scenario's directory. */
export function resolveCommand(command: readonly string[], directory: string): string[] {
  return command.map((element) => (/^\.\.?\//.test(element) ? resolve(directory, element) : element));
}

export type Environment = Readonly<Record<string, string>>;

/** The variables that tell a subject where its volumes are. The first volume is also POWERCUT_DIR. */
export function volumeVariables(directories: ReadonlyMap<string, string>): Environment {
  const variables: Record<string, string> = {};
  for (const [volume, directory] of directories) {
    variables.POWERCUT_DIR ??= directory;
    variables[`POWERCUT_DIR_${volume.toUpperCase().replaceAll('-', '_')}`] = directory;
  }
  return variables;
}

/** The directories of a place that a process can use. */
export function placeDirectories(place: Place): ReadonlyMap<string, string> {
  if (place.kind === 'directories') return place.directories;
  throw new Error(
    'this subject is a process, and the sim layer has no directories for it: use the layer fuse, or give the subject a module',
  );
}

export function firstDirectory(directories: ReadonlyMap<string, string>): string {
  for (const directory of directories.values()) return directory;
  throw new Error('a subject needs at least one volume');
}
