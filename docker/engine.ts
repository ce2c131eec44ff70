import { $ } from 'zx';
import { connect, probeDocker } from '../harness/container/engine.ts';
import { ownImages, removeImage } from '../harness/container/image.ts';

/**
 * Brings a Docker engine for the tests, where none answers and this is root on Debian or Ubuntu. Answers what removes the
 * images that the tests made, and ends the engine; one that was there is left alone. Never fails: tests that need one are
 * skipped then, and run-tests.ts tells which.
 */
export async function startEngine(say: (text: string) => void): Promise<() => Promise<void>> {
  const script = $({ quiet: true, nothrow: true, timeout: '5m' });
  const mustStart = !(await probeDocker()).available && process.getuid?.() === 0;
  if (mustStart) say((await script`sh docker/setup.sh start`).text().trim());
  if (!(await probeDocker()).available) return async () => {};
  const docker = connect();
  const before = new Set(await ownImages(docker));
  return async () => {
    try {
      const made = (await ownImages(docker)).filter((image) => !before.has(image));
      for (const image of made) await removeImage(docker, image);
    } finally {
      if (mustStart) say((await script`sh docker/setup.sh stop`).text().trim());
    }
  };
}
