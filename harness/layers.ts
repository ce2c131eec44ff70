import type { LayerName } from '../src/faults/layer.ts';
import type { Scenario } from './scenario.ts';

/** What this machine has. */
export interface LayersHere {
  /** Why the fuse layer is missing, and how to get it; undefined where it is there. */
  readonly fuse: string | undefined;
  /** The same of the block layer. */
  readonly block: string | undefined;
  /** The same of the dm layer. */
  readonly dm: string | undefined;
  readonly described: Readonly<Record<string, string>>;
}

export type LayerChoice =
  /** `note`: why it is not the layer that a reader would expect. */
  | { readonly kind: 'use'; readonly layer: LayerName; readonly note?: string }
  | { readonly kind: 'missing'; readonly layer: LayerName; readonly why: string };

/** The layer that a scenario runs on: the one it names, else fuse where a process can be run on it, else sim. */
export function chooseLayer(
  { subject, layer, volumes }: Scenario,
  wanted: LayerName | undefined,
  here: LayersHere,
): LayerChoice {
  const named = wanted ?? layer;
  const isProgram = subject.program !== undefined;
  const isProcess = isProgram || subject.driver !== undefined || subject.workload !== undefined;
  const onDisks = 'The kernel runs a process on its file systems, and the scenario has only a module.';
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
    case 'block':
      if (!isProcess) return missing('block', onDisks);
      return here.block === undefined ? { kind: 'use', layer: 'block' } : missing('block', here.block);
    case 'dm':
      if (!isProcess) return missing('dm', onDisks);
      if (volumes.length > 1)
        return missing('dm', 'The dm layer has one volume, and the scenario has several: use block.');
      return here.dm === undefined ? { kind: 'use', layer: 'dm' } : missing('dm', here.dm);
  }
}
