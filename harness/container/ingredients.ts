import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../package.ts';
import { installText } from '../programs.ts';
import type { Recipe } from './recipes.ts';

/** The files of this machine that an image is made of. In the image each has the path that it has here. */
export interface Ingredients {
  /** Absolute, sorted. */
  readonly files: readonly string[];
  /** Where its programs are: the image's PATH. */
  readonly path: string;
}

const execute = promisify(execFile);

/** Rejects with what is missing, and how to get it. */
export async function gather(recipe: Recipe): Promise<Ingredients> {
  const programs = recipe.programs.map(findProgram);
  const own = recipe.files.flatMap((name) => filesBelow(join(packageRoot, name)));
  const packages = packageDirectories(recipe.packages).flatMap(filesBelow);
  const binaries = [...programs, ...packages.filter((file) => file.endsWith('.node'))];
  const libraries = await librariesOf(binaries);
  return {
    files: [...new Set([...programs, ...libraries, ...own, ...packages])].sort(),
    path: [...new Set(programs.map((program) => dirname(program)))].join(delimiter),
  };
}

function findProgram(name: string): string {
  if (name === 'node') return process.execPath;
  const places = isAbsolute(name)
    ? [name]
    : (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, name));
  const found = places.find((place) => existsSync(place));
  if (found === undefined)
    throw new Error(`${name} is not installed, and an image needs it: ${installText(basename(name))}`);
  return found;
}

/** Shared libraries, and the loader, as ldd(1) names them. */
async function librariesOf(binaries: readonly string[]): Promise<string[]> {
  const { stdout } = await execute('ldd', binaries);
  return [...stdout.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].flatMap(([, path]) => path ?? []);
}

/** Without what only people and compilers read. */
function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/\.(md|map|d\.[cm]?ts)$|\.test\.js$/.test(name))
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile());
}

/** Those of the packages that are installed, and of all that these depend on. */
function packageDirectories(names: readonly string[]): string[] {
  const found = new Set<string>();
  const add = (name: string, neededBy: string) => {
    const directory = installedAt(name, neededBy);
    // Optional ones, for other systems, are not there.
    if (directory === undefined || found.has(directory)) return;
    found.add(directory);
    const { dependencies, optionalDependencies } = manifestOf(directory);
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) add(next, directory);
  };
  for (const name of names) add(name, packageRoot);
  return [...found];
}

/** As Node looks for it: in the `node_modules` of each directory on the way up. */
function installedAt(name: string, from: string): string | undefined {
  for (let directory = from; ; directory = dirname(directory)) {
    const place = join(directory, 'node_modules', name);
    if (existsSync(place)) return place;
    if (directory === dirname(directory)) return undefined;
  }
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function manifestOf(directory: string): Manifest {
  return JSON.parse(readFileSync(join(realpathSync(directory), 'package.json'), 'utf8')) as Manifest;
}
