import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ProcessEnd, type ProcessOptions, renderEnd } from '../subject/process.ts';
import type { ContainerHost } from './create.ts';

/** Of one run; a subject that fails on every image fails in the same way. */
const logsMax = 40;

/** Keeps what a container wrote to stderr, where it failed and nobody had ended it. A log that cannot be kept changes no verdict. */
export function keepLog(
  { logDirectory, image }: ContainerHost,
  { command }: ProcessOptions,
  end: { readonly id: string; readonly how: ProcessEnd; readonly isAsked: boolean; readonly text: string },
): void {
  const { id, how, isAsked, text } = end;
  const isFine = how.kind === 'exited' && how.code === 0;
  if (logDirectory === undefined || isAsked || isFine) return;
  const head = `${command.join(' ')}\nin a container of ${image}: ${renderEnd(how)}\n\n`;
  try {
    mkdirSync(logDirectory, { recursive: true });
    if (readdirSync(logDirectory).length >= logsMax) return;
    writeFileSync(join(logDirectory, `${id.slice(0, 12)}.txt`), head + text);
  } catch {
    // The disk is full, or not to be written to.
  }
}
