import type { LayerName } from '../src/faults/layer.ts';
import type { Scenario } from './scenario.ts';

/** What this machine has. */
export interface LayersHere {
  /** Why the fuse layer is missing, and how to get it; undefined where it is there. */
  readonly fuse: string | undefined;
  readonly described: Readonly<Record<string, string>>;
}

export type LayerChoice =
  /** `note`: why it is not the layer that a reader would expect. */
  | { readonly kind: 'use'; readonly layer: 'fuse' | 'sim'; readonly note?: string }
  | { readonly kind: 'missing'; readonly layer: LayerName; readonly why: string };

/** The layer that a scenario runs on: the one it names, else fuse where a process can be run on it, else sim. */
export function chooseLayer(
  { subject, layer }: Scenario,
  wanted: LayerName | undefined,
  here: LayersHere,
): LayerChoice {
  const named = wanted ?? layer;
  const isProgram = subject.program !== undefined;
  const isProcess = isProgram || subject.driver !== undefined || subject.workload !== undefined;
  const isModule = isProgram || subject.module !== undefined;
  const missing = (missed: LayerName, why: string) => ({ kind: 'missing', layer: missed, why }) as const;
  switch (named) {
    case 'sim':
      return !isModule
        ? missing(
            'sim',
            'The sim layer runs a module in this process, and the scenario names none (`subject.module`).',
          )
        : { kind: 'use', layer: 'sim' };
    case 'fuse':
      if (!isProcess)
        return missing('fuse', 'The fuse layer runs a process, and the scenario has only a module.');
      return here.fuse === undefined ? { kind: 'use', layer: 'fuse' } : missing('fuse', here.fuse);
    case 'auto':
      if (isProcess && here.fuse === undefined) return { kind: 'use', layer: 'fuse' };
      if (isModule) {
        const note = `Judged on the sim layer, in this process, since the fuse layer is missing: ${here.fuse}`;
        return { kind: 'use', layer: 'sim', ...(isProcess ? { note } : {}) };
      }
      return missing('fuse', here.fuse ?? '');
    default:
      return missing(named, `This version of powercut has no ${named} layer yet: use fuse or sim.`);
  }
}
