import { accessSync, constants, readFileSync } from 'node:fs';
import { installText, isInPath } from '../programs.ts';

export const qemuProgram = 'qemu-system-x86_64';

/** What is missing for a machine, and what to do. */
export interface Lack {
  readonly why: string;
  readonly remedy: string;
}

/** Why no machine can be started here; undefined where one can. */
export function whyNoQemu(): Lack | undefined {
  const missing = [qemuProgram, 'setpriv'].filter((program) => !isInPath(program));
  if (missing.length === 0) return undefined;
  return { why: `${missing.join(' and ')} not installed`, remedy: installText(...missing) };
}

/**
 * KVM where this user may use it on a processor that can virtualise; else QEMU's own translation (`tcg`), some ten times
 * slower. Some hosts offer a /dev/kvm without such a processor: a machine never gets going on it.
 */
export function accelerator(): 'kvm' | 'tcg' {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return /^flags\b.*\b(vmx|svm)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8')) ? 'kvm' : 'tcg';
  } catch {
    return 'tcg';
  }
}
