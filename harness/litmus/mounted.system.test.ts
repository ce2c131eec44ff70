import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fuseMissing, type Mounted, mount } from '../../src/faults/fuse/fixtures/mounted.ts';
import { litmus } from '../../src/faults/model/fixtures/litmus.ts';
import type { Recording } from '../../src/faults/model/recording.ts';
import { recordingToJson } from '../../src/faults/model/recording-file.ts';
import { Workplace } from '../fixtures/cli.ts';
import { onDevice } from '../lane/device-layer.ts';
import { packageRoot } from '../package.ts';
import type { LoadedScenario, ScenarioInput } from '../scenario.ts';
import { perform } from './perform.ts';
import { type ProgramHost, ProgramRecorder } from './recorder.ts';
import { systemCalls } from './system-calls.ts';

describe.skipIf(fuseMissing !== undefined)('a program on a mount', () => {
  it('is recorded as on the simulated disk, each of the suite', async () => {
    await using mounted = await mount({ volumes: ['data'] });
    for (const { name, loaded, recording } of litmus) {
      const run = await new ProgramRecorder(loaded, hostOn(mounted, loaded)).workload([], []);
      expect({ name, trace: traceOf(run.recording) }).toEqual({ name, trace: traceOf(recording) });
    }
  });

  it('that gets another answer than it says is unknown, and nothing is judged', async () => {
    using work = new Workplace();
    const program = createAndSync('full');
    const file = work.write('full', {
      ...program,
      subject: { program: [{ op: 'create', file: 'f', answers: 'ENOSPC' }] },
    });
    const { code } = await work.powercut('run', file);
    expect(code).toBe(2);
    expect(work.scenario().notes.join()).toContain('step 1, create f, answered ok, ENOSPC was expected');
    expect(work.leftovers()).toEqual([]);
  });
});

/** The calls of this process: to start one for each program takes much longer. */
function hostOn({ layer, volume }: Mounted, { scenario }: LoadedScenario): ProgramHost {
  const limited = onDevice(layer, scenario.device);
  return {
    async run(program, start, plan) {
      await limited.begin(start, plan);
      perform(program, systemCalls(volume()));
      const ended = await limited.end();
      return { ...ended, callsEnd: ended.recording.trace.length };
    },
    abort: async () => {},
    close: async () => {},
  };
}

const traceOf = (recording: Recording) => recordingToJson(recording).trace;

/** Wrong on purpose: posix lets the name be lost, and xfs does not. */
function createAndSync(name: string): ScenarioInput {
  return {
    name,
    subject: {
      program: [
        { op: 'create', file: 'f' },
        { op: 'write', file: 'f', fill: 'a' },
        { op: 'fsync', file: 'f' },
      ],
    },
    claims: { legality: ['power-loss'] },
    profiles: ['posix', 'xfs'],
    outcomes: [{ outcome: 'f is missing', shown: '^\\(empty\\)$', allowed: ['xfs'] }],
  };
}

describe('a litmus program on the simulated disk', () => {
  it('is violated by what it forbids, with a witness, and says what it allows and never finds', async () => {
    using work = new Workplace();
    const { code } = await work.powercut(
      'run',
      work.write('wrong', createAndSync('wrong')),
      '--layer',
      'sim',
    );
    expect(code).toBe(1);
    const { cells, findings, notes } = work.scenario();
    expect(cells.map(({ profile, status }) => [profile, status])).toEqual([
      ['posix', 'violated'],
      ['xfs', 'held'],
    ]);
    expect(notes).toEqual([
      'xfs allows “f is missing” under power-loss; it was not found in any of its 1 legal state.',
    ]);
    const [finding] = findings;
    expect(finding?.permittedBy.map(({ rule }) => rule)).toContain('a name belongs to its directory');
    const again = await work.powercut('replay', finding?.replay.token ?? '');
    expect(again).toMatchObject({ code: 1, stdout: expect.stringContaining('Violated: f is missing') });
    expect(work.leftovers()).toEqual([]);
  });

  it('is asked of every profile, also where nothing tears', async () => {
    using work = new Workplace();
    const file = join(packageRoot, 'scenarios', 'litmus', 'overwrite-two-sectors.yaml');
    const { code } = await work.powercut('run', file, '--layer', 'sim', '--fail-on-untested');
    expect(code).toBe(0);
    const { cells, notes } = work.scenario();
    expect(cells.find(({ profile }) => profile === 'btrfs')).toMatchObject({ status: 'held', states: 2 });
    expect(notes).toEqual([]);
  });
});
