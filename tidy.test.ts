import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** The repository's own lint: what biome and tsc do not see. Each problem says where it is and what to do. */

const root = fileURLToPath(new URL('.', import.meta.url));
const folders = ['src', 'harness', 'reports', 'scenarios', 'bench', 'docker', 'docs', '.ci'];

interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

function listFiles(extension: RegExp): readonly SourceFile[] {
  const inFolders = folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
        join(folder, path),
      ),
    );
  return [...readdirSync(root), ...inFolders]
    .filter((path) => extension.test(path) && !path.startsWith(join('reports', 'runs')))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

const typescript = listFiles(/\.ts$/);
const shipped = typescript.filter(({ path }) => !/\.test\.ts$|\/fixtures\/|^[^/]*\.ts$/.test(path));

/** Lines with their number, without those that are only a comment. */
function codeLines({ text }: SourceFile): readonly (readonly [number: number, line: string])[] {
  return text
    .split('\n')
    .map((line, index) => [index + 1, line] as const)
    .filter(([, line]) => !/^\s*(\/\/|\/?\*)/.test(line));
}

function expectNone(problems: readonly string[]): void {
  expect(problems.join('\n')).toBe('');
}

function importsOf({ text }: SourceFile): readonly string[] {
  const found = text.matchAll(
    /^(?:import|export)\b[^;']*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
  );
  const names = [...found].flatMap(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? []);
  // Code that is put together as text names its imports only when it runs.
  return names.filter((name) => !name.includes('${'));
}

/**
 * Who may import what. The first row that matches a file holds for it; a target is a prefix of a path from the root.
 * `packages`: the only ones it may use beside Node's own modules, where they are limited.
 */
interface Arrow {
  readonly from: RegExp;
  readonly to: readonly string[];
  readonly packages?: readonly string[];
  readonly node?: readonly string[];
}

const arrows: readonly Arrow[] = [
  { from: /^src\/wal\/codec\//, to: ['src/wal/'], packages: ['lz4-napi', 'snappy', '@noble/hashes'] },
  { from: /^src\/wal\/storage\//, to: ['src/wal/'], packages: ['koffi'] },
  { from: /^src\/wal\/metrics\//, to: ['src/wal/'], packages: ['prom-client'] },
  { from: /^src\/wal\//, to: ['src/wal/'], packages: ['@node-rs/crc32'] },
  {
    from: /^src\/faults\/model\//,
    to: ['src/faults/model/'],
    packages: ['pure-rand', 'zod'],
    node: ['node:crypto'],
  },
  { from: /^src\/faults\/sim\/campaign\//, to: ['src/faults/', 'src/wal/'] },
  { from: /^src\/faults\//, to: ['src/faults/', 'src/wal/storage.ts', 'src/program.ts'] },
  { from: /^src\/program\.ts$/, to: [] },
  { from: /^src\//, to: ['src/', 'harness/', 'reports/'] },
  { from: /^harness\/commands\/wal/, to: ['harness/commands/', 'src/wal/'] },
  { from: /^harness\//, to: ['harness/', 'src/faults/', 'src/wal/storage.ts', 'src/program.ts', 'reports/'] },
  { from: /^reports\//, to: ['reports/'], packages: ['zod', 'xmlbuilder2'] },
  {
    from: /^scenarios\//,
    to: [
      'scenarios/',
      'src/wal/',
      'src/faults/layer.ts',
      'src/faults/model/random.ts',
      'harness/subject/subject.ts',
    ],
  },
];

describe('imports', () => {
  it('follow the arrows of the house', () => {
    expectNone(
      shipped.flatMap((file) => {
        const arrow = arrows.find(({ from }) => from.test(file.path));
        if (arrow === undefined) return [];
        return importsOf(file)
          .map((name) => (name.startsWith('.') ? join(dirname(file.path), name) : name))
          .filter((target) => !isAllowed(arrow, target))
          .map(
            (target) =>
              `${file.path} imports ${target}. It may import only ${describeArrow(arrow)}: move the code, or pass it in.`,
          );
      }),
    );
  });

  it('end in .ts and exist', () => {
    expectNone(
      typescript.flatMap((file) =>
        importsOf(file)
          .filter((name) => name.startsWith('.'))
          .filter((name) => !name.endsWith('.ts') || !existsSync(join(root, dirname(file.path), name)))
          .map((name) => `${file.path} imports ${name}: write the path of an existing .ts file.`),
      ),
    );
  });

  it('need only packages that an installed powercut has', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expectNone(
      shipped
        .filter(({ path }) => /^(src|harness|reports|scenarios)\//.test(path))
        .flatMap((file) =>
          importsOf(file)
            .filter((name) => !name.startsWith('.') && !isNodeModule(name))
            .filter((name) => !(packageOf(name) in dependencies))
            .map(
              (name) =>
                `${file.path} imports ${name}: move the package to "dependencies" of package.json, or do without.`,
            ),
        ),
    );
  });
});

function isAllowed(arrow: Arrow, target: string): boolean {
  if (isNodeModule(target)) return arrow.node?.includes(target) ?? true;
  if (/^(src|harness|reports|scenarios|bench|docker)\//.test(target)) {
    return arrow.to.some((prefix) => target.startsWith(prefix));
  }
  return arrow.packages?.includes(packageOf(target)) ?? true;
}

function isNodeModule(name: string): boolean {
  return name.startsWith('node:') || builtinModules.includes(name);
}

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

function describeArrow({ to, packages, node }: Arrow): string {
  return [...to, ...(node ?? ['node:*']), ...(packages ?? ['packages'])].join(', ');
}

/** Where the world comes in: the only files that may ask it for the time or for chance. */
const edges = [
  'src/wal/options.ts',
  'src/faults/fuse/session.ts',
  'harness/cli.ts',
  'harness/commands/',
  'bench/',
  'docker/',
];

describe('code', () => {
  it('takes time and chance as parameters', () => {
    const world = /\bMath\.random\b|\bDate\.now\b|\bnew Date\(\)/;
    expectNone(
      shipped
        .filter(({ path }) => !edges.some((edge) => path.startsWith(edge)))
        .flatMap((file) =>
          codeLines(file)
            .filter(([, line]) => world.test(line))
            .map(
              ([number]) =>
                `${file.path}:${number} asks the world for time or chance: take a clock or a Random as a parameter.`,
            ),
        ),
    );
  });

  it('has no default exports and no any', () => {
    const rules = [
      { pattern: /^export default\b/, advice: 'export it by name' },
      {
        pattern: /[:<|,(]\s*any\b(?!\s*[:'"])|\bas any\b|\bany\[\]/,
        advice: 'say what it is, or use unknown',
      },
    ];
    expectNone(
      typescript
        .filter(({ path }) => path !== 'vitest.config.ts' && path !== 'tidy.test.ts')
        .flatMap((file) =>
          codeLines(file).flatMap(([number, line]) =>
            rules
              .filter(({ pattern }) => pattern.test(withoutStrings(line)))
              .map(({ advice }) => `${file.path}:${number} ${line.trim()}: ${advice}.`),
          ),
        ),
    );
  });

  it('leaves nothing for later', () => {
    const later = /\b(TODO|FIXME|XXX|HACK)\b/;
    expectNone(
      listFiles(/\.(ts|mjs|js|py|sh|md|ya?ml|c)$|^\.ci\//)
        .filter(({ path }) => path !== 'tidy.test.ts')
        .flatMap(({ path, text }) =>
          text
            .split('\n')
            .flatMap((line, index) =>
              later.test(line)
                ? [`${path}:${index + 1} ${line.trim()}: do it now, or leave the note out.`]
                : [],
            ),
        ),
    );
  });

  it('comes in files of one idea', () => {
    const linesMax = 400;
    expectNone(
      typescript
        .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
        .filter(({ lines }) => lines > linesMax)
        .map(
          ({ path, lines }) =>
            `${path} has ${lines} lines, at most ${linesMax} are allowed: split it by idea.`,
        ),
    );
  });
});

function withoutStrings(line: string): string {
  return line.replaceAll(/'[^']*'|"[^"]*"|`[^`]*`/g, "''").replace(/\/\/.*$/, '');
}

describe('documents', () => {
  const documents = listFiles(/\.md$/);

  it('link to files and headings that exist', () => {
    expectNone(
      documents.flatMap((file) =>
        linksOf(file)
          .filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(file, link))
          .map(
            (link) => `${file.path} links to ${link}, which is not there: correct the path or the heading.`,
          ),
      ),
    );
  });

  it('name files that exist', () => {
    expectNone(
      documents.flatMap((file) =>
        [
          ...withoutFences(file.text).matchAll(
            /`((?:src|harness|reports|scenarios|bench|docker|docs)\/[\w./-]+)`/g,
          ),
        ]
          .flatMap(([, path]) => path ?? [])
          .filter((path) => !path.startsWith('reports/runs') && !existsSync(join(root, path)))
          .map((path) => `${file.path} names ${path}, which is not there: correct the path.`),
      ),
    );
  });
});

function withoutFences(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '');
}

function linksOf({ text }: SourceFile): readonly string[] {
  return [...withoutFences(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => link ?? []);
}

function leadsSomewhere(file: SourceFile, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const target = path === '' ? file.path : relative(root, resolve(root, dirname(file.path), path));
  if (target.startsWith('..') || !existsSync(join(root, target))) return false;
  return heading === undefined || headingsOf(readFileSync(join(root, target), 'utf8')).includes(heading);
}

/** The anchors that a renderer makes of the headings. */
function headingsOf(text: string): readonly string[] {
  return [...withoutFences(text).matchAll(/^#+ +(.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
