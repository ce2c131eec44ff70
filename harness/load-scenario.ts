import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { type LoadedScenario, type ScenarioInput, scenarioSchema } from './scenario.ts';
import {
  type Complaint,
  complaints,
  type Problem,
  ScenarioError,
  type ScenarioPath,
} from './scenario-problems.ts';

export { ScenarioError } from './scenario-problems.ts';

const textExtensions = ['.yaml', '.yml', '.json'];
const moduleExtensions = ['.js', '.mjs', '.ts', '.mts'];

/**
 * The scenario files of a directory, the minimised findings of earlier runs (`regressions/`) first and the planted
 * bugs (`canaries/`) last; each group in code unit order. Other folders and modules are not looked into.
 */
export function findScenarioFiles(directory: string): string[] {
  return ['regressions', '.', 'canaries'].flatMap((folder) => {
    const path = join(directory, folder);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
    return readdirSync(path)
      .filter((name) => textExtensions.includes(extname(name)))
      .sort()
      .map((name) => join(path, name));
  });
}

/** Loads all, in the order given. Rejects with one {@link ScenarioError} that holds the problems of all of them. */
export async function loadScenarios(files: readonly string[]): Promise<LoadedScenario[]> {
  const loaded: LoadedScenario[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    try {
      loaded.push(await loadScenario(file));
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error;
      problems.push(...error.problems);
    }
  }
  problems.push(...sameNames(loaded));
  if (problems.length > 0) throw new ScenarioError(problems);
  return loaded;
}

/** Loads a YAML or JSON file, or a module that exports `scenario`. Rejects with a {@link ScenarioError}. */
export async function loadScenario(path: string): Promise<LoadedScenario> {
  const file = displayPath(path);
  const extension = extname(path);
  if (textExtensions.includes(extension)) return parseScenario(readText(path, file), path);
  if (moduleExtensions.includes(extension)) {
    return finish(path, await importScenario(path, file), ({ message, path: keys }) => ({
      file,
      message: message.includes('`') ? message : `${message} (at ${keys.join('.')})`,
    }));
  }
  const expected = [...textExtensions, ...moduleExtensions].join(', ');
  throw new ScenarioError([{ file, message: `a scenario file ends in one of ${expected}` }]);
}

/** Validates the text of a YAML or JSON file; `path` is where it came from. Throws a {@link ScenarioError}. */
export function parseScenario(text: string, path: string): LoadedScenario {
  const file = displayPath(path);
  const lines = text.split('\n');
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const locate = (range: readonly [number, number], message: string): Problem => {
    const { line, col: column } = lineCounter.linePos(range[0]);
    const source = lines[line - 1]?.replace(/\r$/, '') ?? '';
    return { file, span: { line, column, length: range[1] - range[0] }, message, source };
  };
  if (document.errors.length > 0) {
    throw new ScenarioError(document.errors.map((error) => locate(error.pos, syntaxText(error))));
  }
  return finish(path, document.toJS(), (complaint) =>
    locate(rangeOf(document, complaint), complaint.message),
  );
}

function syntaxText(error: { readonly code: string; readonly message: string }): string {
  if (error.code === 'MULTIPLE_DOCS') return 'a second document starts here: a file holds one scenario';
  if (error.code === 'DUPLICATE_KEY') return 'this key is there already, above';
  return error.message;
}

function finish(path: string, input: unknown, locate: (complaint: Complaint) => Problem): LoadedScenario {
  const result = scenarioSchema.safeParse(input);
  if (!result.success) {
    const problems = complaints(result.error.issues, input).map(locate);
    throw new ScenarioError(problems.sort((a, b) => order(a) - order(b)));
  }
  return { scenario: result.data, file: displayPath(path), directory: dirname(resolve(path)) };
}

/** From the top of the file to its end; `sort` keeps the order where there are no places. */
function order({ span }: Problem): number {
  return span === undefined ? 0 : span.line * 1e6 + span.column;
}

/** Where the value at a path is written, or its key, or, where it is missing, the nearest thing around it. */
function rangeOf(document: Document, { path, atKey }: Complaint): [number, number] {
  for (let depth = path.length; depth > 0; depth--) {
    const upTo = path.slice(0, depth);
    const value = document.getIn(upTo, true);
    const key = keyNode(document, upTo);
    const missing = depth < path.length;
    const node =
      (atKey || missing || value === undefined || !isScalar(value)) && key !== undefined ? key : value;
    if (isNode(node) && node.range) return [node.range[0], node.range[1]];
  }
  return [document.contents?.range?.[0] ?? 0, (document.contents?.range?.[0] ?? 0) + 1];
}

function keyNode(document: Document, path: ScenarioPath): Node | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const last = path[path.length - 1];
  const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
  return isNode(pair?.key) ? pair.key : undefined;
}

async function importScenario(path: string, file: string): Promise<unknown> {
  let module: { readonly scenario?: ScenarioInput };
  try {
    module = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    throw new ScenarioError([{ file, message: importText(error) }]);
  }
  if (module.scenario === undefined) {
    const names = Object.keys(module).join(', ') || 'nothing';
    const message = `the module exports ${names}: expected \`export const scenario = defineScenario({ … })\``;
    throw new ScenarioError([{ file, message }]);
  }
  return module.scenario;
}

function importText(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return `Node.js ${process.versions.node} does not run TypeScript: use 22.18 or later, or compile it to .js`;
  }
  return `the module does not load: ${message}`;
}

function readText(path: string, file: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const texts: Readonly<Record<string, string>> = {
      ENOENT: 'there is no such file',
      EISDIR: 'this is a directory: expected a scenario file',
      EACCES: 'no permission to read this file',
    };
    throw new ScenarioError([{ file, message: texts[code ?? ''] ?? message }]);
  }
}

function sameNames(loaded: readonly LoadedScenario[]): Problem[] {
  const first = new Map<string, string>();
  return loaded.flatMap(({ scenario: { name }, file }) => {
    const other = first.get(name);
    if (other === undefined) {
      first.set(name, file);
      return [];
    }
    return [
      { file, message: `the scenario is called \`${name}\`, as ${other} is: a run tells them apart by name` },
    ];
  });
}

/** Relative where that is shorter to read: not for files outside of the working directory. */
function displayPath(path: string): string {
  const fromHere = relative(process.cwd(), resolve(path));
  return fromHere.startsWith(`..${sep}`) ? resolve(path) : fromHere;
}
