import { argv, hrtime, stdout } from 'node:process';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import type { WalOptions } from '../../../wal/index.ts';
import { programs } from './commands.ts';
import { LogModel } from './log-model.ts';
import { Machine, type OpenWal } from './machine.ts';

/**
 * Random programs over the whole API of the log, on a simulated disk that loses its power in any legal way, against a plain model.
 *
 *     node dist/src/faults/sim/campaign/model.js --runs 10000 --seed 1
 */
const options: fc.Arbitrary<WalOptions> = fc.record({
  blockBytes: fc.constantFrom(4096, 8192),
  segmentBytes: fc.constantFrom(32_768, 65_536),
  batchBytesMax: fc.constant(16_384),
  bufferBytes: fc.constantFrom(4096, 16_384),
  prepareAhead: fc.boolean(),
  codec: fc.constantFrom('none', 'none', 'lz4', 'zlib'),
  contentHash: fc.constantFrom(false, false, false, true),
  sync: fc.constantFrom('group', 'group', 'always', 'none'),
  policy: fc.constantFrom('strict', 'strict', 'point-in-time', 'salvage'),
});

export interface ModelCampaign {
  readonly runs: number;
  readonly seed: number;
  /** Of a failure, as it was reported. */
  readonly path?: string;
  readonly openWal?: OpenWal;
}

/** Undefined if every run held; else the smallest program that does not, and how to repeat it. */
export async function runModelCampaign({
  runs,
  seed,
  path,
  openWal,
}: ModelCampaign): Promise<string | undefined> {
  const property = fc.asyncProperty(
    fc.array(options, { minLength: 1, maxLength: 3 }),
    programs,
    async (given, program) => {
      const machine = await Machine.start(given, openWal);
      try {
        const model = new LogModel();
        await fc.asyncModelRun(() => ({ model, real: machine }), program);
        // Whatever happened, what is there must open and be what the model says.
        await machine.kill();
        await machine.log(model);
      } finally {
        await machine.end();
      }
    },
  );
  const found = await fc.check(property, { numRuns: runs, seed, ...(path !== undefined && { path }) });
  if (!found.failed) return undefined;
  const { counterexample, counterexamplePath, errorInstance, numShrinks } = found;
  const [given, program] = counterexample ?? [];
  return [
    `${errorInstance instanceof Error ? errorInstance.message : String(errorInstance)}`,
    `program: ${String(program)}`,
    `options: ${JSON.stringify(given)}`,
    `shrunk ${numShrinks} times; again: node dist/src/faults/sim/campaign/model.js --seed ${seed} --path ${counterexamplePath ?? ''}`,
  ].join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      path: { type: 'string' },
    },
  });
  const start = hrtime.bigint();
  const { runs, seed, path } = values;
  const failure = await runModelCampaign({
    runs: Number(runs),
    seed: Number(seed),
    ...(path !== undefined && { path }),
  });
  const seconds = Number(hrtime.bigint() - start) / 1e9;
  if (failure === undefined) {
    stdout.write(`${runs} runs held, ${(Number(runs) / seconds).toFixed(0)} a second, seed ${seed}\n`);
    return;
  }
  stdout.write(`${failure}\n`);
  process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) await main();
