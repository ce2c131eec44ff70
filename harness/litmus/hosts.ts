import type { FileSystem } from '../../src/faults/block/file-systems.ts';
import type { FaultLayer } from '../../src/faults/layer.ts';
import { epoch } from '../../src/faults/model/tree.ts';
import { LiveDisk } from '../../src/faults/volume.ts';
import { programPath } from '../../src/program.ts';
import { describeBadEnd } from '../lane/command-recorder.ts';
import { withDevice } from '../lane/device-layer.ts';
import type { LoadedScenario } from '../scenario.ts';
import { placeDirectories } from '../subject/command.ts';
import { runWorkload } from '../subject/command-pair.ts';
import { perform } from './perform.ts';
import type { ProgramHost } from './recorder.ts';
import { simulatedCalls } from './sim-calls.ts';

/** The program's calls on a simulated disk, in this process. */
export function simulatedHost({ scenario }: LoadedScenario): ProgramHost {
  const [volume = 'data'] = scenario.volumes;
  const device = withDevice(scenario.device);
  return {
    async run(program, start, plan) {
      const disk = new LiveDisk({ start, plan: device.planned(plan), now: () => epoch });
      const endedEarly = whyRefused(() => perform(program, simulatedCalls(disk, volume)));
      const recording = { base: start.base, trace: [...disk.trace] };
      return {
        ...device.recorded({ recording, firings: [...disk.firings], rules: disk.rules }),
        callsEnd: recording.trace.length,
        ...endedEarly,
      };
    },
    abort: async () => {},
    close: async () => {},
  };
}

function whyRefused(work: () => void): { readonly endedEarly?: string } {
  try {
    work();
    return {};
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { endedEarly: error.message };
  }
}

/**
 * The program as a process on a mount, which is made when the first one is run: most lanes only look at images. `fileSystem`: the kernel's
 * own, where the layer is under one.
 */
export function mountedHost(
  { scenario }: LoadedScenario,
  openLayer: () => Promise<FaultLayer>,
  fileSystem: FileSystem | undefined,
): ProgramHost {
  let opening: Promise<FaultLayer> | undefined;
  let running: AbortController | undefined;
  return {
    async run(program, start, plan, writeBack) {
      opening ??= openLayer();
      const layer = await opening;
      await layer.begin(start, plan);
      running = new AbortController();
      const directories = placeDirectories(layer.place);
      const { end, stderr } = await runWorkload({
        command: [process.execPath, programPath('harness/litmus/run-program'), JSON.stringify(program)],
        directories,
        environment: scenario.subject.environment,
        timeoutMs: scenario.explore.timeoutSeconds * 1000,
        signal: running.signal,
        onLine: () => {},
      });
      const callsEnd = await layer.entryCount();
      if (writeBack === 'metadata-first' && fileSystem !== undefined) {
        const { commitMetadata } = await import('../../src/faults/block/commit.ts');
        for (const directory of directories.values()) commitMetadata(directory, fileSystem);
      }
      const ended = await layer.end({ writtenBack: writeBack !== undefined });
      const endedEarly = describeBadEnd(end, stderr);
      return { ...ended, callsEnd, ...(endedEarly === undefined ? {} : { endedEarly }) };
    },
    async abort() {
      running?.abort();
    },
    async close() {
      await (await opening)?.close();
    },
  };
}
