import { relative } from 'node:path';
import { z } from 'zod';
import type { Check } from '../harness/doctor.ts';
import { countOf } from '../reports/text.ts';

/** What vitest's JSON reporter writes, as far as it is read here. */
const reportSchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  testResults: z.array(
    z.object({
      name: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});
export type TestReport = z.output<typeof reportSchema>;

export function parseTestReport(text: string): TestReport {
  return reportSchema.parse(JSON.parse(text));
}

/** By these words a test's file and title tell what it cannot do without. */
const needs: Readonly<Record<string, RegExp>> = {
  fuse: /\bfuse\b|^(harness|scenarios)\/.*\.system\.test\.ts/i,
  block: /\bblock\b/i,
  mkfs: /\b(block|dm)\b/i,
  dm: /\bdm\b/i,
  'virtual machine': /\bvm\b/i,
  'user namespaces': /user namespace|rootless|without root/i,
  taskset: /\btaskset\b/i,
  sqlite3: /sqlite/i,
  git: /\bgit\b/i,
  python3: /python/i,
  docker: /docker|container/i,
};

interface Skipped {
  readonly file: string;
  readonly title: string;
  /** What the test may lack here; empty where the machine has all that it names. */
  readonly lacks: readonly string[];
}

export interface Summary {
  /** No test was skipped that this machine could have run. */
  readonly ok: boolean;
  /** Ends in `N passed, N failed, N skipped`. */
  readonly text: string;
}

/** Sets the skipped tests against what the machine has. `root` is the directory that files are shown relative to. */
export function summarise(report: TestReport, checks: readonly Check[], root: string): Summary {
  const missing = new Set(checks.filter(({ ready }) => !ready).map(({ name }) => name));
  const skipped = skippedTests(report, missing, root);
  const excused = skipped.filter(({ lacks }) => lacks.length > 0);
  const unexcused = skipped.filter(({ lacks }) => lacks.length === 0);
  const layers = checks.filter(({ kind, ready }) => kind === 'layer' && !ready);
  return {
    ok: unexcused.length === 0,
    text: [
      '',
      ...section(
        'Fault layers that were not tested:',
        layers.map(({ name, detail }) => `${name}: ${detail}`),
      ),
      ...section('Skipped, for want of what this machine does not have:', grouped(excused)),
      ...section(
        'Skipped, although this machine has what they need (this is a failure):',
        unexcused.map(({ file, title }) => `${file}: ${title}`),
      ),
      `${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped.length} skipped`,
    ].join('\n'),
  };
}

function skippedTests(report: TestReport, missing: ReadonlySet<string>, root: string): Skipped[] {
  return report.testResults.flatMap(({ name, assertionResults }) => {
    const file = relative(root, name);
    return assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName: title }) => ({
        file,
        title,
        lacks: Object.entries(needs)
          .filter(([need, words]) => missing.has(need) && (words.test(file) || words.test(title)))
          .map(([need]) => need),
      }));
  });
}

function grouped(skipped: readonly Skipped[]): string[] {
  const groups = new Map<string, number>();
  for (const { file, lacks } of skipped) {
    const key = `${file} (${lacks.join(', ')})`;
    groups.set(key, (groups.get(key) ?? 0) + 1);
  }
  return [...groups].map(([key, count]) => `${key}: ${countOf(count, 'test')}`);
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), ''];
}
