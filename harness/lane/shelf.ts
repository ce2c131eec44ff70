import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultLayer } from '../../src/faults/layer.ts';
import { liveTree } from '../../src/faults/model/recording.ts';
import type { Tree } from '../../src/faults/model/tree.ts';
import type { Plan } from '../../src/faults/plan.ts';
import type { RecordedRun } from '../recorded-run.ts';
import { layOut } from './lay-out.ts';
import { readBack } from './read-back.ts';

/** Where crash images are put for subjects to recover on. */
export interface Shelf {
  /** `run`: what left the image. Rejects with a MountFailure. */
  put(image: Tree, run: RecordedRun): Promise<void>;
  /** What is there now. */
  look(): Promise<Tree>;
  close(): Promise<void>;
}

/** A shelf of which a process finds the volumes in these directories. */
export interface PlacedShelf extends Shelf {
  readonly directories: ReadonlyMap<string, string>;
}

/** Plain files: recovery needs no fault layer where no live fault is planned. */
export function directoryShelf(volumes: readonly string[], directory: string): PlacedShelf {
  const directories = directoriesIn(directory, volumes);
  return {
    directories,
    put: async (image) => layOut(image, directories),
    look: async () => readBack(directories),
    close: async () => {},
  };
}

/** `plan`: what the disk under the next image does. */
export function layerShelf(layer: FaultLayer, plan: () => Plan): Shelf {
  return {
    put(image, { recording }) {
      const rules = plan();
      // What a stale read answers is in the recording: the disk goes on from it.
      const goesOn = rules.some(({ fault }) => fault === 'stale-read');
      return layer.begin(goesOn ? recording : { base: image, trace: [] }, rules);
    },
    look: async () => liveTree((await layer.end({ writtenBack: true })).recording),
    close: () => layer.close(),
  };
}

/** One in `directory` for each name. */
export function directoriesIn(directory: string, names: readonly string[]): Map<string, string> {
  const directories = new Map(names.map((name) => [name, join(directory, name)] as const));
  for (const path of directories.values()) mkdirSync(path, { recursive: true });
  return directories;
}
