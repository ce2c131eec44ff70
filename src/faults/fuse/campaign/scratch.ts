import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { liveTree } from '../../model/recording.ts';
import { emptyTree, type Tree } from '../../model/tree.ts';
import { openFuseLayer } from '../layer.ts';

/** A volume for a campaign to work on, mounted in a temporary directory of its own. */
export interface Scratch extends AsyncDisposable {
  /** How the kernel serves its files, in words. */
  readonly how: string;
  readonly volume: string;
  /** Empties the volume. */
  begin(): Promise<void>;
  /** What the recording since then replays to. */
  end(): Promise<Tree>;
}

export const volumeName = 'data';

export async function openScratch(directIo: boolean): Promise<Scratch> {
  const directory = mkdtempSync(join(tmpdir(), 'powercut-campaign-'));
  const layer = await openFuseLayer({ volumes: [volumeName], directory, directIo });
  return {
    how: directIo ? 'with direct I/O' : 'with the page cache of older kernels',
    volume: join(directory, 'mount', volumeName),
    begin: () => layer.begin({ base: emptyTree([volumeName]), trace: [] }, []),
    end: async () => liveTree((await layer.end()).recording),
    async [Symbol.asyncDispose]() {
      await layer.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Opens one for each way in which the kernel can serve a file of the layer, and ends them behind `use`. */
export async function withScratches<Answer>(
  use: (scratches: readonly Scratch[]) => Promise<Answer>,
): Promise<Answer> {
  await using direct = await openScratch(true);
  await using cached = await openScratch(false);
  return await use([direct, cached]);
}
