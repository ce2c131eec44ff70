import { existsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { renderGithub } from '../../reports/github.ts';
import { renderHtml } from '../../reports/html.ts';
import { renderJunit } from '../../reports/junit.ts';
import { renderMarkdown } from '../../reports/markdown.ts';
import { renderTerminal, type TerminalOptions } from '../../reports/terminal.ts';
import type { Verdict } from '../../reports/verdict.ts';
import { renderJson } from '../../reports/write.ts';
import { suggest } from '../suggest.ts';

export const reporterNames = ['terminal', 'markdown', 'junit', 'html', 'github', 'json'] as const;
export type ReporterName = (typeof reporterNames)[number];

/** A report that the user asked for: into a file, or on stdout. */
export interface Reporter {
  readonly name: ReporterName;
  readonly file?: string;
}

/**
 * `NAME` or `NAME=FILE`, one more on top of those `before`. At most one can have stdout. A file is for a directory that is
 * there: one that was mistyped is told of now, and not when the run is over.
 */
export function parseReporter(text: string, before: readonly Reporter[] = []): readonly Reporter[] {
  const cut = text.indexOf('=');
  const [found, file] = cut < 0 ? [text] : [text.slice(0, cut), text.slice(cut + 1)];
  const name = reporterNames.find((known) => known === found);
  if (name === undefined) {
    const near = suggest(found, reporterNames);
    throw new InvalidArgumentError(
      `Expected one of ${reporterNames.join(', ')}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
    );
  }
  if (file === '') throw new InvalidArgumentError(`Expected a file after ${name}=.`);
  const problem = file === undefined ? undefined : problemOfFile(file);
  if (problem !== undefined) throw new InvalidArgumentError(problem);
  const taken = before.find((one) => one.file === undefined);
  if (file === undefined && taken !== undefined) {
    throw new InvalidArgumentError(
      `Standard output goes to ${taken.name} already; write ${name}=FILE for one of the two.`,
    );
  }
  return [...before, file === undefined ? { name } : { name, file }];
}

function problemOfFile(file: string): string | undefined {
  // Nothing but a directory has an entry `.`.
  const isDirectory = (path: string) => existsSync(`${path}/.`);
  if (isDirectory(file)) return `${file} is a directory: name a file in it.`;
  const directory = dirname(file);
  return isDirectory(directory) ? undefined : `There is no directory ${directory}: make it first.`;
}

/** Prints or writes each report; `terminal` on stdout where none of them has it. */
export function emitReports(
  verdict: Verdict,
  reporters: readonly Reporter[],
  look: TerminalOptions,
  print: (text: string) => void,
): void {
  const printed = reporters.some(({ file }) => file === undefined);
  for (const { name, file } of printed ? reporters : [...reporters, { name: 'terminal' as const }]) {
    if (file === undefined) {
      print(render(verdict, name, look));
    } else {
      writeFileSync(file, render(verdict, name, { ...look, width: 100, colour: false }));
    }
  }
}

function render(verdict: Verdict, name: ReporterName, look: TerminalOptions): string {
  switch (name) {
    case 'terminal':
      return renderTerminal(verdict, look);
    case 'markdown':
      return renderMarkdown(verdict);
    case 'junit':
      return renderJunit(verdict);
    case 'html':
      return renderHtml(verdict);
    case 'github':
      return renderGithub(verdict);
    case 'json':
      return renderJson(verdict);
  }
}
