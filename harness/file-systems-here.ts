import { fileSystemNamed } from '../src/faults/block/file-systems.ts';
import { whyNotInKernel } from '../src/faults/block/kernel.ts';
import { installText, isInPath } from './programs.ts';

/** Why this machine has no file system of this name, if it has none: it takes a program that formats, and a kernel. */
export function whyMissingHere(name: string): string | undefined {
  const { format, type } = fileSystemNamed(name);
  const [program] = format;
  return isInPath(program) ? whyNotInKernel(type) : `${program} is not there: ${installText(program)}`;
}
