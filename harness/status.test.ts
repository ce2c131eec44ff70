import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Output } from './commands/output.ts';
import type { Progress } from './options.ts';
import { renderStatusBlock, renderStatusLine, type StatusView, startStatus } from './status.ts';

const progress: Progress = {
  scenario: 'reference-wal',
  phase: 'power-loss on ext4-ordered',
  scenariosDone: 1,
  scenariosAll: 4,
  statesJudged: 12_340,
  newImages: 1,
  findings: 0,
};
const view: StatusView = { progress, elapsedSeconds: 75, statesPerSecond: 411.6, leftSeconds: 225 };

describe('what is shown', () => {
  it('is three lines on a terminal', () => {
    expect(renderStatusBlock(view, { width: 100, colour: false })).toEqual([
      'reference-wal: power-loss on ext4-ordered',
      '12,340 states judged · 412 a second · 1 new image · 0 findings',
      'scenario 2 of 4 · 1 min 15 s gone · 3 min 45 s left',
    ]);
  });

  it('is never wider than the terminal, since a wrapped line cannot be repainted', () => {
    for (const line of renderStatusBlock(view, { width: 20, colour: false })) {
      expect(line.length).toBeLessThan(20);
    }
  });

  it('is one line elsewhere', () => {
    expect(renderStatusLine(view)).toBe(
      '[2/4] reference-wal: power-loss on ext4-ordered, 12,340 states judged, 412 a second, 1 new image, ' +
        '0 findings, 1 min 15 s gone, 3 min 45 s left',
    );
  });

  it('has what torture has seen, and where it goes on seeing nothing', () => {
    const torture = {
      cyclesAll: 1000,
      faults: [
        { fault: 'io-error', pairs: 6, fired: 5 },
        { fault: 'power-loss', pairs: 8, fired: 8 },
      ],
      behaviours: 97,
      lastNewCycle: 310,
    } as const;
    const tortured = {
      progress: { ...progress, phase: 'torture', newImages: 430, torture },
      elapsedSeconds: 4,
      statesPerSecond: 107,
      quietSeconds: 1.25,
    };
    expect(renderStatusBlock(tortured, { width: 100, colour: false })).toEqual([
      'reference-wal: torture',
      '430 of 1,000 cycles · 107 a second · 0 violations',
      '13 of 14 pairs fired · 97 behaviours · nothing new for 120 cycles, 1.3 s',
      'io-error 5/6 · power-loss 8/8',
      'scenario 2 of 4 · 4.0 s gone',
    ]);
    expect(renderStatusLine(tortured)).toBe(
      '[2/4] reference-wal: torture, 430 of 1,000 cycles, 107 a second, 0 violations, 13 of 14 pairs fired, ' +
        '97 behaviours, nothing new for 120 cycles, 1.3 s, 4.0 s gone',
    );
  });

  it('does not count past the last scenario', () => {
    const done = { ...view, progress: { ...progress, scenariosDone: 4 } };
    expect(renderStatusLine(done)).toContain('[4/4]');
  });
});

describe('when it is shown', () => {
  let now = 0;
  let written = '';
  const output = (repaints: boolean): Output => ({
    write: (text) => {
      written += text;
    },
    repaints,
    colour: false,
    width: 100,
  });
  beforeEach(() => {
    vi.useFakeTimers();
    now = 0;
    written = '';
  });
  afterEach(() => vi.useRealTimers());
  const pass = (ms: number) => {
    now += ms;
    vi.advanceTimersByTime(ms);
  };

  it('a pipe gets a line every five seconds, also while the run says nothing', () => {
    const status = startStatus(output(false), { clock: () => now });
    status.update(progress);
    pass(1_000);
    status.update({ ...progress, statesJudged: 20_000 });
    expect(written).toBe('');
    pass(4_000);
    pass(5_000);
    expect(written.split('\n')).toHaveLength(3);
    status.stop();
    pass(60_000);
    expect(written.split('\n')).toHaveLength(3);
  });

  it('a run that keeps the event loop busy is shown by its updates', () => {
    const status = startStatus(output(false), { clock: () => now });
    now = 5_000;
    status.update(progress);
    expect(written).toContain('12,340 states judged');
    status.stop();
  });

  it('the rate is that of the last seconds', () => {
    const status = startStatus(output(false), { clock: () => now });
    for (let second = 1; second <= 20; second++) {
      status.update({ ...progress, statesJudged: second * 100 });
      pass(1_000);
    }
    status.stop();
    expect(written.trimEnd().split('\n').at(-1)).toContain('100 a second');
  });

  it('a terminal is repainted, remarks stay above, and nothing is left behind', () => {
    const status = startStatus(output(true), { clock: () => now, timeLimitSeconds: 60 });
    status.update(progress);
    pass(250);
    pass(250);
    status.say('a remark\n');
    pass(250);
    status.stop();
    expect(screen(written)).toEqual(['a remark', '']);
  });
});

/** What a terminal shows after it got this text: only cursor-up and erase-below are known. */
function screen(text: string): string[] {
  let lines = [''];
  for (const part of text.replaceAll('\u001b[', '«').split(/(«\d+[AJ]|\n)/)) {
    const up = /^«(\d+)A$/.exec(part);
    if (up !== null) lines = [...lines.slice(0, lines.length - 1 - Number(up[1])), ''];
    else if (part === '\n') lines.push('');
    else if (!part.startsWith('«')) lines.push((lines.pop() ?? '') + part);
  }
  return lines;
}
