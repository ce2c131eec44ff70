import { exitCodes } from './exit.ts';

const patienceMs = 15_000;

/**
 * Runs `work` with a signal that the first Ctrl-C or SIGTERM aborts; its reason is the signal's name. A second one, or
 * `work` that has not stopped in time, ends the process at once: layers clean up behind a process that is gone.
 */
export async function withInterruption<T>(
  announce: (text: string) => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let patience: NodeJS.Timeout | undefined;
  const interrupt = (name: 'SIGINT' | 'SIGTERM') => {
    if (controller.signal.aborted) process.exit(exitCodes[name]);
    announce(`${name}: stopping; once more to stop at once, without a report.\n`);
    patience = setTimeout(() => {
      announce(`It did not stop within ${patienceMs / 1000} s: there is no report.\n`);
      process.exit(exitCodes[name]);
    }, patienceMs);
    controller.abort(name);
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(patience);
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
