import type { EndedRecording, FaultLayer } from '../../src/faults/layer.ts';
import type { Device } from '../../src/faults/model/device.ts';
import type { Plan, PlanRule } from '../../src/faults/plan.ts';

/** What kind of disk a scenario's volumes are: their capacity is a rule of each plan, all else is said by the recording. */
export function withDevice(device: Device | undefined): {
  readonly planned: (plan: Plan) => Plan;
  readonly recorded: (ended: EndedRecording) => EndedRecording;
} {
  const capacity: PlanRule[] =
    device?.capacityBytes === undefined
      ? []
      : [{ operation: 'any', fault: 'disk-full', capacityBytes: device.capacityBytes }];
  const own = capacity.map((rule) => JSON.stringify(rule));
  // That the disk has an end is no fault that anybody planned.
  const wasPlanned = ({ rule }: { readonly rule: PlanRule }) => !own.includes(JSON.stringify(rule));
  return {
    planned: (plan) => [...plan, ...capacity],
    recorded: ({ recording, firings, rules }) => ({
      recording: device === undefined ? recording : { ...recording, device },
      firings: firings.filter(wasPlanned),
      rules: rules.filter(wasPlanned),
    }),
  };
}

/** The layer, with volumes of this kind. */
export function onDevice(layer: FaultLayer, device: Device | undefined): FaultLayer {
  const { planned, recorded } = withDevice(device);
  return {
    name: layer.name,
    place: layer.place,
    begin: (start, plan) => layer.begin(start, planned(plan)),
    acknowledge: (text) => layer.acknowledge(text),
    entryCount: () => layer.entryCount(),
    end: async (options) => recorded(await layer.end(options)),
    close: () => layer.close(),
  };
}
