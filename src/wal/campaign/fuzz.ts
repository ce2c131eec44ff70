import { argv, hrtime, stderr, stdout } from 'node:process';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { nextTurn } from '../write/turn.ts';
import { makeCorpus } from './corpus.ts';
import { makeInput, type Subject, theLog, tryInput } from './fuzz-input.ts';

/**
 * Damages small logs in every way that a disk, a person or an enemy might, and reads them in every way. Deterministic:
 *
 *     node dist/src/wal/campaign/fuzz.js --inputs 1000000 --seed 1
 */
export interface CampaignOptions {
  readonly inputs: number;
  readonly seed: number;
  /** The first input's index; default 0. */
  readonly from?: number;
  /** How many failures end the campaign; default 1. */
  readonly failuresMax?: number;
  /** Called now and then, with how many inputs are done. */
  readonly onProgress?: (done: number) => void;
  readonly subject?: Subject;
}

export interface CampaignResult {
  readonly inputs: number;
  /** How many of the damaged logs opened. */
  readonly opened: number;
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly index: number;
  readonly problem: string;
  /** The specimen, and what was done to it. */
  readonly story: readonly string[];
  /** Repeats it. */
  readonly command: string;
}

const progressEvery = 1000;

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { inputs, seed, from = 0, failuresMax = 1, onProgress, subject = theLog } = options;
  const corpus = await makeCorpus();
  const known = new Set(corpus.flatMap(({ issued }) => [...issued.values()]));
  const failures: Failure[] = [];
  let opened = 0;
  let index = from;
  for (; index < from + inputs && failures.length < failuresMax; index++) {
    const input = await makeInput(corpus, seed, index);
    const outcome = await tryInput(input, known, subject);
    if (outcome.opened) opened++;
    if (outcome.problem !== undefined)
      failures.push({
        index,
        problem: outcome.problem,
        story: [`specimen ${input.specimen.name}, policy ${input.policy}`, ...input.done],
        command: `node dist/src/wal/campaign/fuzz.js --seed ${seed} --from ${index} --inputs 1`,
      });
    if ((index - from + 1) % progressEvery !== 0) continue;
    onProgress?.(index - from + 1);
    // All else runs in microtasks, and zlib lets go of a stream that failed between turns only.
    await nextTurn();
  }
  return { inputs: index - from, opened, failures };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      from: { type: 'string', default: '0' },
      failures: { type: 'string', default: '1' },
    },
  });
  const start = hrtime.bigint();
  const seconds = () => Number(hrtime.bigint() - start) / 1e9;
  let told = 0;
  const { inputs, opened, failures } = await runCampaign({
    inputs: Number(values.inputs),
    seed: Number(values.seed),
    from: Number(values.from),
    failuresMax: Number(values.failures),
    onProgress(done) {
      if (seconds() - told < 5) return;
      told = seconds();
      stderr.write(`${done} inputs, ${Math.round(done / told)} a second\n`);
    },
  });
  for (const { index, problem, story, command } of failures)
    stdout.write(`input ${index}: ${problem}\n  ${story.join('\n  ')}\n  again: ${command}\n`);
  const rate = Math.round(inputs / seconds());
  stdout.write(
    `${inputs} inputs (${opened} opened), ${failures.length} failures, ${rate} a second, seed ${values.seed}\n`,
  );
  if (failures.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) await main();
