import { hrtime, stdout } from 'node:process';
import { parseArgs } from 'node:util';
import fc from 'fast-check';

/** Random programs of one kind, to be carried out. */
export interface Trial {
  check(round: Round): Promise<RoundOutcome>;
}

export interface Round {
  readonly seed: number;
  readonly programs: number;
  /** Reports the first failure as it is, and looks for no smaller one. */
  readonly endOnFailure?: boolean;
}

export interface RoundOutcome {
  readonly operations: number;
  readonly programs: number;
  /** Undefined if all programs held; else the smallest that does not, and how to repeat it. */
  readonly failure: string | undefined;
}

/** `run` carries out one program: it rejects where the layer does what it should not. */
export function trial<Action>(
  name: string,
  anyProgram: fc.Arbitrary<readonly Action[]>,
  run: (program: readonly Action[]) => Promise<void>,
): Trial {
  return {
    async check({ seed, programs: numRuns, endOnFailure = false }) {
      let [operations, programs] = [0, 0];
      const property = fc.asyncProperty(anyProgram, async (program) => {
        await run(program);
        operations += program.length;
        programs++;
      });
      const found = await fc.check(property, { seed, numRuns, endOnFailure });
      if (!found.failed) return { operations, programs, failure: undefined };
      const { errorInstance, counterexample, numShrinks } = found;
      const failure = [
        `${name}: ${errorInstance instanceof Error ? errorInstance.message : String(errorInstance)}`,
        ...(counterexample?.[0] ?? []).map((action) => `  ${JSON.stringify(action)}`),
        `shrunk ${numShrinks} times; again with --seed ${seed}`,
      ].join('\n');
      return { operations, programs, failure };
    },
  };
}

export interface Budget {
  /** It ends when this many operations were carried out, or the time is over. */
  readonly operations?: number;
  readonly seconds?: number;
}

export interface CampaignOutcome extends RoundOutcome {
  readonly seconds: number;
}

const programsPerRound = 20;

/** Rounds of programs, of each trial in turn, until the budget is spent or one fails. */
export async function runRounds(
  trials: readonly Trial[],
  {
    operations: operationsMax = Number.POSITIVE_INFINITY,
    seconds: secondsMax = Number.POSITIVE_INFINITY,
  }: Budget,
  seed: number,
): Promise<CampaignOutcome> {
  const start = hrtime.bigint();
  let [operations, programs] = [0, 0];
  for (let round = seed; ; round++) {
    for (const { check } of trials) {
      const found = await check({ seed: round, programs: programsPerRound });
      operations += found.operations;
      programs += found.programs;
      const seconds = Number(hrtime.bigint() - start) / 1e9;
      if (found.failure !== undefined || operations >= operationsMax || seconds >= secondsMax)
        return { operations, programs, seconds, failure: found.failure };
    }
  }
}

/** The command line of a campaign: `--operations N`, `--seconds N`, `--seed N`. Prints the outcome. */
export async function campaignCommand(
  campaign: (budget: Budget, seed: number) => Promise<CampaignOutcome>,
): Promise<void> {
  const { values } = parseArgs({
    options: {
      operations: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string', default: '1' },
    },
  });
  const budget =
    values.operations === undefined && values.seconds === undefined
      ? { operations: 10_000 }
      : {
          ...(values.operations !== undefined && { operations: Number(values.operations) }),
          ...(values.seconds !== undefined && { seconds: Number(values.seconds) }),
        };
  const { operations, programs, seconds, failure } = await campaign(budget, Number(values.seed));
  const differences = failure === undefined ? 'no difference' : 'a difference';
  stdout.write(
    `${operations} operations in ${programs} programs, ${seconds.toFixed(0)} s, seed ${values.seed}: ${differences}\n`,
  );
  if (failure === undefined) return;
  stdout.write(`${failure}\n`);
  process.exitCode = 1;
}
