import { $ } from 'zx';
import { probeDocker } from '../harness/container/engine.ts';

/**
 * Brings a Docker engine for the tests, where none answers and this is root on Debian or Ubuntu. Answers what ends it; one
 * that was there is left alone. Never fails: tests that need one are skipped then, and run-tests.ts tells which.
 */
export async function startEngine(say: (text: string) => void): Promise<() => Promise<void>> {
  if ((await probeDocker()).available || process.getuid?.() !== 0) return async () => {};
  const script = $({ quiet: true, nothrow: true, timeout: '5m' });
  const started = await script`sh docker/setup.sh start`;
  say(started.text().trim());
  return async () => {
    const stopped = await script`sh docker/setup.sh stop`;
    say(stopped.text().trim());
  };
}
