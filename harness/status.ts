import { countOf, formatCount, formatSeconds, wrap } from '../reports/text.ts';
import { type Output, painter } from './commands/output.ts';
import type { Progress } from './options.ts';
import { describeFaults, describeTorture, quietMeter } from './torture/status.ts';

/** Live progress of a run: a block that is repainted on a terminal, a line every few seconds elsewhere. */
export interface Status {
  update(progress: Progress): void;
  /** Writes a remark, above the block where there is one. */
  say(text: string): void;
  /** Removes the block; nothing is painted from here on. */
  stop(): void;
}

/** All that one painting shows. */
export interface StatusView {
  readonly progress: Progress;
  readonly elapsedSeconds: number;
  readonly statesPerSecond: number;
  /** Until the time limit, where there is one. */
  readonly leftSeconds?: number;
  /** Of torture: since it last saw something new. */
  readonly quietSeconds?: number;
}

const repaintEveryMs = 250;
const lineEveryMs = 5_000;
const rateOverMs = 5_000;

export function startStatus(
  output: Output,
  options: { readonly clock: () => number; readonly timeLimitSeconds?: number | undefined },
): Status {
  const { clock, timeLimitSeconds } = options;
  const startedAt = clock();
  const everyMs = output.repaints ? repaintEveryMs : lineEveryMs;
  const rate = rateMeter(startedAt);
  const quiet = quietMeter();
  let latest: Progress | undefined;
  let paintedAt = startedAt;
  let paintedLines = 0;

  const paint = () => {
    const now = clock();
    const quietSeconds = quiet(now, latest?.torture);
    // A timer may be a little early: that is no reason to skip a painting.
    if (latest === undefined || now - paintedAt < everyMs * 0.9) return;
    paintedAt = now;
    const elapsedSeconds = (now - startedAt) / 1000;
    const view: StatusView = {
      progress: latest,
      elapsedSeconds,
      statesPerSecond: rate(now, latest.statesJudged),
      quietSeconds,
      ...(timeLimitSeconds !== undefined && { leftSeconds: Math.max(0, timeLimitSeconds - elapsedSeconds) }),
    };
    if (!output.repaints) {
      output.write(`${renderStatusLine(view)}\n`);
      return;
    }
    const lines = renderStatusBlock(view, output);
    say(`${lines.join('\n')}\n`);
    paintedLines = lines.length;
  };
  const say = (text: string) => {
    output.write(`${eraseLines(paintedLines)}${text}`);
    paintedLines = 0;
  };
  // Both drive the painting: the timer when the run says nothing, an update when the run keeps the event loop busy.
  const timer = setInterval(paint, everyMs);
  return {
    update(progress) {
      latest = progress;
      paint();
    },
    say,
    stop() {
      clearInterval(timer);
      latest = undefined;
      say('');
    },
  };
}

/** Cursor up and erase to the end of the screen (ECMA-48). */
function eraseLines(count: number): string {
  return count === 0 ? '' : `\u001b[${count}A\u001b[0J`;
}

/** States a second over the last few seconds. */
function rateMeter(startedAt: number): (now: number, states: number) => number {
  const samples = [{ at: startedAt, states: 0 }];
  return (now, states) => {
    samples.push({ at: now, states });
    while (samples.length > 2 && now - (samples[0]?.at ?? now) > rateOverMs) samples.shift();
    const [first] = samples;
    if (first === undefined || now === first.at) return 0;
    return ((states - first.states) * 1000) / (now - first.at);
  };
}

/** A few lines, none wider than the terminal: where the run is, what it did, how long it has. */
export function renderStatusBlock(
  view: StatusView,
  { width, colour }: { readonly width: number; readonly colour: boolean },
): string[] {
  const { scenario, phase, scenariosDone, scenariosAll, findings } = view.progress;
  const paint = painter(colour);
  const place = `scenario ${Math.min(scenariosDone + 1, scenariosAll)} of ${scenariosAll}`;
  const cutToWidth = (text: string) =>
    text.length >= width ? `${text.slice(0, Math.max(0, width - 2))}…` : text;
  return [
    paint('bold', cutToWidth(`${scenario}: ${phase}`)),
    ...counts(view).map((parts) => cutToWidth(parts.join(' · '))),
    ...faults(view).flatMap((parts) => wrap(parts.join(' · '), width - 1)),
    paint('dim', cutToWidth([place, ...times(view)].join(' · '))),
  ].map((line, index) => (index === 1 && findings > 0 ? paint('yellow', line) : line));
}

export function renderStatusLine(view: StatusView): string {
  const { scenario, phase, scenariosDone, scenariosAll } = view.progress;
  const place = `${Math.min(scenariosDone + 1, scenariosAll)}/${scenariosAll}`;
  return [`[${place}] ${scenario}: ${phase}`, ...counts(view).flat(), ...times(view)].join(', ');
}

/** One list a line. */
function counts({ progress, statesPerSecond, quietSeconds = 0 }: StatusView): readonly string[][] {
  const { torture, findings } = progress;
  if (torture !== undefined) {
    const cycles = progress.newImages;
    return describeTorture({ torture, cycles, cyclesPerSecond: statesPerSecond, quietSeconds, findings });
  }
  return [
    [
      `${countOf(progress.statesJudged, 'state')} judged`,
      `${formatCount(statesPerSecond)} a second`,
      countOf(progress.newImages, 'new image'),
      countOf(findings, 'finding'),
    ],
  ];
}

function faults({ progress: { torture } }: StatusView): readonly string[][] {
  return torture === undefined ? [] : [describeFaults(torture)];
}

function times({ elapsedSeconds, leftSeconds }: StatusView): string[] {
  return [
    `${formatSeconds(elapsedSeconds)} gone`,
    ...(leftSeconds === undefined ? [] : [`${formatSeconds(leftSeconds)} left`]),
  ];
}
