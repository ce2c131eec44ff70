import { probeBlock } from '../src/faults/block/probe.ts';
import { probeDm } from '../src/faults/dm/probe.ts';
import { probeFuse } from '../src/faults/fuse/layer.ts';
import type { LayerName } from '../src/faults/layer.ts';
import { isOnDisks } from './disks.ts';
import { whyMissingHere } from './file-systems-here.ts';
import type { ReplayPlan } from './replay-token.ts';

/** The finding cannot be shown here, for want of something; the message says of what, and what to do. */
export class ReplayUnavailable extends Error {
  override readonly name = 'ReplayUnavailable';
}

type Need = 'FUSE' | 'loop devices' | 'device-mapper';
type Probe = { readonly available: true } | { readonly available: false; readonly why: string };

const probes: Readonly<Record<Need, () => Promise<Probe>>> = {
  FUSE: probeFuse,
  'loop devices': probeBlock,
  'device-mapper': probeDm,
};

/** What a layer takes to lay out an image and look at it; and to make the recording first, where there is none. */
export function needsOf(layer: LayerName, isRecorded: boolean): readonly Need[] {
  switch (layer) {
    case 'sim':
      return [];
    case 'fuse':
      return ['FUSE'];
    case 'block':
      return ['FUSE', 'loop devices'];
    case 'dm':
      // The image is a plain file: device-mapper has a part in the recording alone.
      return isRecorded ? ['loop devices'] : ['loop devices', 'device-mapper'];
  }
}

export interface Replayed {
  /** The token or the file, as it was named. */
  readonly name: string;
  /** The recording is there: a file has it. */
  readonly isRecorded: boolean;
}

/** Rejects with a {@link ReplayUnavailable} where this machine cannot show the finding. */
export async function checkNeeds(plan: ReplayPlan, { name, isRecorded }: Replayed): Promise<void> {
  const { layer, profile } = plan;
  const inMachine = `a virtual machine has it: npx powercut vm -- replay ${name}`;
  for (const need of needsOf(layer, isRecorded)) {
    const probe = await probes[need]();
    if (!probe.available)
      throw new ReplayUnavailable(
        `the finding was made on the ${layer} layer, and it takes ${need} to show it, which cannot be had here: ${probe.why}. \`powercut doctor\` tells how to get it, or ${inMachine}`,
      );
  }
  const without = isOnDisks(layer) ? whyMissingHere(profile) : undefined;
  if (without !== undefined) throw new ReplayUnavailable(`the finding was made on ${profile}. ${without}`);
}
