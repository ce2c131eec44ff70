import { statSync } from 'node:fs';
import { basename, extname, relative } from 'node:path';
import { findScenarioFiles, loadScenarios } from '../load-scenario.ts';
import type { LoadedScenario } from '../scenario.ts';
import { suggest } from '../suggest.ts';
import { CommandFailure, exitCodes } from './exit.ts';

const defaultDirectory = 'scenarios';

/**
 * The scenarios that a command line names: files, directories, or names of files in `scenarios/` without their
 * ending; all of `scenarios/` where it names none.
 */
export async function scenariosFrom(names: readonly string[]): Promise<LoadedScenario[]> {
  const files = names.length === 0 ? defaultFiles() : names.flatMap(filesOf);
  return loadScenarios([...new Set(files.map((file) => relative('', file)))]);
}

function defaultFiles(): string[] {
  const files = findScenarioFiles(defaultDirectory);
  if (files.length > 0) return files;
  throw usage(
    `there are no scenarios in ./${defaultDirectory}: name a scenario file, or make one with \`powercut init\``,
  );
}

function filesOf(name: string): string[] {
  const stats = statSync(name, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) {
    const files = findScenarioFiles(name);
    if (files.length > 0) return files;
    throw usage(`there are no scenario files (.yaml, .yml, .json) in ${name}`);
  }
  if (stats !== undefined) return [name];
  const known = new Map(findScenarioFiles(defaultDirectory).map((file) => [bareName(file), file]));
  const file = known.get(name);
  if (file !== undefined) return [file];
  const near = suggest(bareName(name), [...known.keys()]);
  const meant = near === undefined ? '' : `; did you mean ${known.get(near)}?`;
  throw usage(`there is no scenario ${name}${meant}`);
}

function bareName(file: string): string {
  return basename(file, extname(file));
}

function usage(message: string): CommandFailure {
  return new CommandFailure(exitCodes.usage, message);
}
