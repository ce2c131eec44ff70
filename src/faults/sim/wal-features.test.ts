import { describe, expect, test } from 'vitest';
import type { WalOptions } from '../../wal/index.ts';
import { exploreProgram, type Judge, type Program, recordProgram, showAll } from './fixtures/program-run.ts';
import { exploreRun, recordRun, smallOptions, type WalStep } from './fixtures/wal-run.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const profiles = ['posix', 'hostile', 'ext4-ordered'];
const faults = ['power-loss', 'torn-write'] as const;

async function expectNothingFound(program: Program, options: WalOptions, judge: Judge, profile: string) {
  const recording = await recordProgram(program, options);
  for (const fault of faults) {
    const { images, findings } = await exploreProgram(recording, options, judge, {
      profile,
      fault,
      limit: 300,
    });
    expect(findings).toEqual([]);
    expect(images).toBeGreaterThan(15);
  }
}

describe('streams on the simulated disk', () => {
  const options = { ...smallOptions, batchBytesMax: 4096 };
  const whole = 'stream '.repeat(2000);
  const shownInTheEnd = ['a', 'b', whole, 'c'];
  const program: Program = async (wal, say) => {
    await wal.appendDurable(encode('a'));
    await say('1');
    const chunks = async function* () {
      yield encode(whole.slice(0, 5000));
      await wal.appendDurable(encode('b'));
      await say('2');
      yield encode(whole.slice(5000));
    };
    await wal.appendStream(chunks());
    await wal.sync();
    await say('3');
    await wal.appendDurable(encode('c'));
    await say('4');
  };
  const judge: Judge = (shown, said) => {
    const isPrefix = shown.every((text, index) => text === shownInTheEnd[index]);
    if (!isPrefix) return 'it is not what was appended';
    return shown.length < Number(said.at(-1) ?? 0) ? `${said.at(-1)} records were promised` : undefined;
  };

  test.for(profiles)('are shown whole or not at all, with all that was promised: %s', async (profile) => {
    await expectNothingFound(program, options, judge, profile);
  });

  test('would be found out if they were shown in part', async () => {
    const strict: Judge = (shown) => (shown.includes(whole) ? 'the stream is there' : undefined);
    const recording = await recordProgram(program, options);
    const { findings } = await exploreProgram(recording, options, strict, {
      profile: 'posix',
      fault: 'power-loss',
      limit: 1000,
    });
    expect(findings).toMatchObject([{ problem: expect.stringContaining('the stream is there') }]);
  });
});

describe('truncateAfter on the simulated disk', () => {
  const before = ['1', '2', '3', '4', '5', '6', '7', '8'];
  const cutTo = (lsn: number): Program => {
    return async (wal, say) => {
      for (const text of before.slice(0, 3)) await wal.appendDurable(encode(text));
      await wal.appendBatch(before.slice(3, 6).map(encode));
      await wal.sync();
      for (const text of before.slice(6)) await wal.appendDurable(encode(text));
      await say('cutting');
      await wal.truncateAfter(lsn);
      await say('cut');
      await wal.appendDurable(encode('new'));
      await say('new');
    };
  };
  const judgeCut = (lsn: number): Judge => {
    const left = before.slice(0, lsn).join();
    return (shown, said) => {
      const text = shown.join();
      const isWhole = text === before.join();
      const isCut = text === left;
      const hasNew = text === [...before.slice(0, lsn), 'new'].join();
      if (said.includes('new')) return hasNew ? undefined : 'a record behind the cut is lost';
      if (said.includes('cut')) return isCut || hasNew ? undefined : 'the cut is lost';
      if (said.includes('cutting'))
        return isCut || isWhole ? undefined : 'neither the old log nor the cut one';
      return before.join().startsWith(text) ? undefined : 'it is not what was appended';
    };
  };

  test.for(profiles.flatMap((profile) => [0, 3, 5, 7].map((lsn) => [profile, lsn] as const)))(
    'leaves the log as it was or cut, at every point: %s, behind record %i',
    async ([profile, lsn]) => {
      await expectNothingFound(cutTo(lsn), smallOptions, judgeCut(lsn), profile);
    },
  );

  test.for(['posix', 'hostile'])(
    'is done or not once the log was opened again, whatever the page cache held: %s',
    async (profile) => {
      const options = { ...smallOptions, prepareAhead: false };
      for (const lsn of [3, 5]) {
        const { base, trace } = await recordProgram(cutTo(lsn), options);
        const cutting = trace.findIndex(
          (entry) => entry.kind === 'acknowledgement' && entry.text === 'cutting',
        );
        const cut = trace.findIndex((entry) => entry.kind === 'acknowledgement' && entry.text === 'cut');
        for (let point = cutting + 1; point <= cut; point++) {
          if (trace[point - 1]?.kind !== 'operation') continue;
          const start = { base, trace: [...trace.slice(0, point), { kind: 'process-crash' as const }] };
          let shownThen = '';
          const reopen: Program = async (wal, say) => {
            shownThen = (await showAll(wal)).join();
            await say('opened');
          };
          const recording = await recordProgram(reopen, options, start);
          const judge: Judge = (shown, said) => {
            if (!said.includes('opened')) return judgeCut(lsn)(shown, said);
            return shown.join() === shownThen ? undefined : `it was ${shownThen}`;
          };
          const limits = { profile, fault: 'power-loss', limit: 20, from: start.trace.length } as const;
          const { findings } = await exploreProgram(recording, options, judge, limits);
          expect({ lsn, point, findings }).toEqual({ lsn, point, findings: [] });
        }
      }
    },
  );

  test('needs its barriers: each is missed when it is deleted, but for the ones that no crash needs', async () => {
    const options = { ...smallOptions, prepareAhead: false };
    const recording = await recordProgram(cutTo(5), options);
    const says = (text: string) =>
      recording.trace.findIndex((entry) => entry.kind === 'acknowledgement' && entry.text === text);
    const detected: boolean[] = [];
    for (const [index, entry] of recording.trace.entries()) {
      const isBarrier = entry.kind === 'operation' && entry.operation.kind === 'sync';
      if (!isBarrier || index < says('cutting') || index > says('cut')) continue;
      // The entry stays, so that all others keep their numbers.
      const trace = recording.trace.with(index, { kind: 'process-crash' });
      let isDetected = false;
      for (const profile of ['posix', 'hostile']) {
        const limits = { profile, fault: 'torn-write', limit: 800 } as const;
        const { findings } = await exploreProgram({ ...recording, trace }, options, judgeCut(5), limits);
        isDetected ||= findings.length > 0;
        if (isDetected) break;
      }
      detected.push(isDetected);
    }
    // The segment's zeros (one write, B3), name (B4) and manifest (B6); what is moved (B8), the header (B9); then the manifest that
    // spares a move (B11), and the directory without the segments behind the cut (B13).
    expect(detected).toEqual([false, true, true, true, true, false, false]);
  });
});

describe('a codec that changes, on the simulated disk', () => {
  const long = 'compressible '.repeat(900);
  const work: readonly WalStep[] = [
    { payloads: [`a${long}`], durable: true },
    { payloads: [`b${long}`, 'c'], durable: false },
    { payloads: [`d${long}`], durable: true },
  ];
  const more: readonly WalStep[] = [{ payloads: [`e${long}`, 'f'], durable: true }];

  test.for(profiles)('loses nothing, moved batches neither: %s', async (profile) => {
    const first = await recordRun(work, { options: { ...smallOptions, codec: 'lz4' } });
    expect(first.failure).toBeUndefined();
    const alone = await exploreRun(first, profile, 'torn-write', { limit: 300 });
    expect(alone.findings).toEqual([]);
    expect(alone.states).toBeGreaterThan(20);
    const { base, trace } = first.recording;
    const start = { base, trace: [...trace, { kind: 'process-crash' as const }] };
    for (const codec of ['none', 'zlib'] as const) {
      const options = { ...smallOptions, codec };
      const run = await recordRun(more, { start, before: first, options, seed: 2, close: true });
      expect(run.failure).toBeUndefined();
      const from = trace.length;
      const { findings, states } = await exploreRun(run, profile, 'power-loss', { limit: 300, from });
      expect(findings).toEqual([]);
      expect(states).toBeGreaterThan(10);
    }
  });
});
