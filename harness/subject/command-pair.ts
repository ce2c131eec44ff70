import { writeFileSync } from 'node:fs';
import { type Claim, subjectClaims } from '../../reports/verdict.ts';
import { type Environment, firstDirectory, volumeVariables } from './command.ts';
import { LineSplitter } from './lines.ts';
import {
  type ProcessEnd,
  ProcessStartError,
  type RunningProcess,
  type StartProcess,
  startProcess,
} from './process.ts';

/** A program as the subject: `workload` (and `prepare`) that work in the volumes, `checker` that judges an image. */
export interface CommandOptions {
  readonly command: readonly string[];
  /** Volume name to directory; it runs in the first. */
  readonly directories: ReadonlyMap<string, string>;
  readonly environment: Environment;
  readonly timeoutMs: number;
  readonly cpu?: number;
  /** Where it runs: a process of this machine where absent. */
  readonly start?: StartProcess;
  /** Aborting kills it and all its children. */
  readonly signal?: AbortSignal;
}

export type CommandEnd =
  | ProcessEnd
  | { readonly kind: 'did-not-start'; readonly message: string }
  | { readonly kind: 'hung' }
  | { readonly kind: 'flooded' }
  | { readonly kind: 'aborted' };

export interface WorkloadOutcome {
  readonly end: CommandEnd;
  /** How many lines were reported. */
  readonly lines: number;
  readonly stderr: string;
}

/** Bytes and lines. Each line of a workload is an acknowledgement in the trace: its number is what takes the time. */
interface OutputMax {
  readonly bytes: number;
  readonly lines: number;
}

export const workloadOutputMax: OutputMax = { bytes: 64 * 1024 * 1024, lines: 100_000 };
const checkerOutputMax: OutputMax = { bytes: 1024 * 1024, lines: Number.POSITIVE_INFINITY };

/**
 * Runs `workload` or `prepare` to its end. Each complete line of stdout is reported as it comes; text after the last one
 * is no acknowledgement.
 */
export async function runWorkload(
  options: CommandOptions & {
    readonly onLine: (line: string) => void;
    /** Called once with its process group, as soon as it runs. */
    readonly onStart?: (processGroup: number) => void;
  },
): Promise<WorkloadOutcome> {
  let lines = 0;
  const { end, stderr } = await runBounded(options, {}, workloadOutputMax, (line) => {
    lines++;
    options.onLine(line);
  });
  return { end, lines, stderr };
}

export interface CheckerOptions extends CommandOptions {
  readonly ackedLines: readonly string[];
  /** Where to put the file that POWERCUT_ACKED names: outside the volumes, one for each checker that runs at a time. */
  readonly ackedFile: string;
}

export interface CheckerOutcome {
  readonly verdict: 'fine' | 'violated' | 'unknown';
  /** One line: what the checker said, or why it judged nothing. */
  readonly explanation: string;
  /** What it named as broken. Absent where it named nothing. */
  readonly claims?: readonly { readonly claim: Claim; readonly explanation: string }[];
  readonly stderr: string;
}

/** Lets the checker judge an image. */
export async function runChecker(options: CheckerOptions): Promise<CheckerOutcome> {
  writeFileSync(options.ackedFile, options.ackedLines.map((line) => `${line}\n`).join(''));
  const output: string[] = [];
  const ran = await runBounded(options, { POWERCUT_ACKED: options.ackedFile }, checkerOutputMax, (line) =>
    output.push(line),
  );
  if (ran.rest !== '') output.push(ran.rest);
  return { ...judge(ran.end, output, ran.stderr, options.timeoutMs), stderr: ran.stderr };
}

function judge(
  end: CommandEnd,
  output: readonly string[],
  stderr: string,
  timeoutMs: number,
): Omit<CheckerOutcome, 'stderr'> {
  const unknown = (explanation: string) => ({ verdict: 'unknown', explanation }) as const;
  switch (end.kind) {
    case 'did-not-start':
      return unknown(end.message);
    case 'hung':
      return unknown(`the checker did not end within ${timeoutMs / 1000} s`);
    case 'flooded':
      return unknown(`the checker printed more than ${checkerOutputMax.bytes} bytes`);
    case 'aborted':
      return unknown('the run was ended before the checker was done');
    case 'killed':
      return unknown(`the checker was killed by ${end.signal}${lastLine([], stderr, ': ')}`);
    case 'exited':
      if (end.stragglers > 0)
        return unknown(
          `the checker ended with ${end.stragglers} of its processes still running: wait for them, so that what they find counts`,
        );
      return judgeExit(end.code, output, stderr);
  }
}

function judgeExit(code: number, output: readonly string[], stderr: string): Omit<CheckerOutcome, 'stderr'> {
  const named = output.filter((line) => line.startsWith('violated:')).map(parseViolation);
  const stranger = named.find((violation) => violation.claim === undefined);
  if (stranger !== undefined)
    return {
      verdict: 'unknown',
      explanation: `the checker says "violated: ${stranger.text}", and a claim was expected after the colon: ${subjectClaims.join(', ')}`,
    };
  const broken = named.flatMap(({ claim, explanation }) =>
    claim === undefined ? [] : [{ claim, explanation }],
  );
  const first = broken[0];
  if (code === 0)
    return first === undefined
      ? { verdict: 'fine', explanation: lastLine(output, stderr) }
      : {
          verdict: 'unknown',
          explanation: `the checker says "violated: ${first.claim}" and yet exits 0, which means fine: exit 1`,
        };
  if (code !== 1)
    return {
      verdict: 'unknown',
      explanation: `the checker ended with exit ${code}, which is neither 0 (fine) nor 1 (violated)${lastLine(output, stderr, ': ')}`,
    };
  return first === undefined
    ? { verdict: 'violated', explanation: lastLine(output, stderr) || 'the checker ended with exit 1' }
    : { verdict: 'violated', explanation: first.explanation, claims: broken };
}

function parseViolation(line: string): { claim: Claim | undefined; explanation: string; text: string } {
  const text = line.slice('violated:'.length).trim();
  const [word = '', ...rest] = text.split(' ');
  const claim = subjectClaims.find((name) => name === word.replace(/:$/, ''));
  return { claim, explanation: rest.join(' ') || `the checker found ${word} violated`, text };
}

/** The last line that says something, of stdout or else of stderr; with `before` in front where there is one. */
function lastLine(output: readonly string[], stderr: string, before = ''): string {
  const said = (line: string) => line.trim() !== '';
  const line = output.findLast(said) ?? stderr.split('\n').findLast(said);
  return line === undefined ? '' : before + line.trim();
}

interface Ran {
  readonly end: CommandEnd;
  /** What came after the last line's end. */
  readonly rest: string;
  readonly stderr: string;
}

async function runBounded(
  options: CommandOptions & { readonly onStart?: (processGroup: number) => void },
  environment: Environment,
  outputMax: OutputMax,
  onLine: (line: string) => void,
): Promise<Ran> {
  const lines = new LineSplitter(outputMax.bytes);
  let running: RunningProcess | undefined;
  let cut: CommandEnd | undefined;
  const stop = (end: CommandEnd) => {
    cut ??= end;
    void running?.kill();
  };
  const output = { bytes: 0, lines: 0 };
  const receive = (chunk: Buffer) => {
    output.bytes += chunk.length;
    const complete = output.bytes > outputMax.bytes ? undefined : lines.feed(chunk);
    output.lines += complete?.length ?? 0;
    if (complete === undefined || output.lines > outputMax.lines) stop({ kind: 'flooded' });
    else if (cut === undefined) complete.forEach(onLine);
  };
  if (options.signal?.aborted) return { end: { kind: 'aborted' }, rest: '', stderr: '' };
  try {
    const { start = startProcess } = options;
    running = await start({
      command: options.command,
      cwd: firstDirectory(options.directories),
      environment: { ...options.environment, ...volumeVariables(options.directories), ...environment },
      ...(options.cpu !== undefined && { cpu: options.cpu }),
      input: 'empty',
      onOutput: receive,
    });
  } catch (error) {
    if (!(error instanceof ProcessStartError)) throw error;
    return { end: { kind: 'did-not-start', message: error.message }, rest: '', stderr: '' };
  }
  const timer = setTimeout(() => stop({ kind: 'hung' }), options.timeoutMs);
  const abort = () => stop({ kind: 'aborted' });
  options.signal?.addEventListener('abort', abort, { once: true });
  // The signal may have come while the process was being started.
  if (options.signal?.aborted) abort();
  options.onStart?.(running.processGroup);
  try {
    const end = await running.ended;
    return { end: cut ?? end, rest: lines.rest(), stderr: running.stderr() };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
  }
}
