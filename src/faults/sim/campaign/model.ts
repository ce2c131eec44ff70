import { argv, hrtime, stdout } from 'node:process';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import type { WalOptions } from '../../../wal/index.ts';
import type { FaultName } from '../../plan.ts';
import { BadDiskModel } from './bad-disk-model.ts';
import { programsWith } from './commands.ts';
import { LogModel } from './log-model.ts';
import { Machine, type OpenWal } from './machine.ts';
import { type Opening, plansIn, plansWithReadBack, type World, worlds } from './worlds.ts';

/**
 * Random programs over the whole API of the log, on simulated disks that lose their power in any legal way and do whatever else disks
 * do, against a plain model. One world (worlds.ts), or all in turn:
 *
 *     node dist/src/faults/sim/campaign/model.js --runs 10000 --seed 1 --world two-copies
 */
const options = fc.record<WalOptions>({
  blockBytes: fc.constantFrom(512, 4096, 8192),
  segmentBytes: fc.constantFrom(32_768, 65_536),
  batchBytesMax: fc.constant(16_384),
  bufferBytes: fc.constantFrom(4096, 16_384),
  prepareAhead: fc.boolean(),
  codec: fc.constantFrom('none', 'none', 'lz4', 'zlib'),
  contentHash: fc.constantFrom(false, false, false, true),
  sync: fc.constantFrom('group', 'group', 'always', 'none'),
  policy: fc.constantFrom('strict', 'strict', 'point-in-time', 'salvage'),
  readBack: fc.constantFrom('off', 'off', 'sample', 'all'),
  failover: fc.boolean(),
});

const openings: fc.Arbitrary<readonly Opening[]> = fc.array(
  fc.record({
    options,
    copies: fc.constantFrom('both', 'both', 'turned round', 'the good one'),
  }),
  { minLength: 1, maxLength: 3 },
);

/** Of a run: how the log is opened in turn, and what is done. */
function runsIn(world: World) {
  const plain = fc.tuple(openings, programsWith(plansIn[world]));
  if (world !== 'one-copy') return plain;
  const readBack = openings.map((given) =>
    given.map((opening) => ({ ...opening, options: { ...opening.options, readBack: 'all' as const } })),
  );
  return fc.oneof(plain, fc.tuple(readBack, programsWith(plansWithReadBack)));
}

export interface ModelCampaign {
  readonly world: World;
  readonly runs: number;
  readonly seed: number;
  /** Of a failure, as it was reported. */
  readonly path?: string;
  readonly openWal?: OpenWal;
  /** A run that takes longer hangs. A run takes a few milliseconds. */
  readonly runMsMax?: number;
  /** Reports the first failure as it is, and looks for no smaller one. */
  readonly endOnFailure?: boolean;
}

export interface CampaignResult {
  /** Undefined if every run held; else the smallest program that does not, and how to repeat it. */
  readonly failure: string | undefined;
  /** How often each fault befell a disk. */
  readonly fired: ReadonlyMap<FaultName, number>;
}

export async function runModelCampaign({
  world,
  runs,
  seed,
  path,
  openWal,
  runMsMax = 20_000,
  endOnFailure = false,
}: ModelCampaign): Promise<CampaignResult> {
  const fired = new Map<FaultName, number>();
  const property = fc.asyncProperty(runsIn(world), async ([given, program]) => {
    const machine = await Machine.start(world, given, openWal);
    try {
      const isSalvaged = given.some((opening) => opening.options.policy === 'salvage');
      const model = world === 'bad-disk' ? new BadDiskModel(isSalvaged) : new LogModel();
      await fc.asyncModelRun(() => ({ model, real: machine }), program);
      await machine.lookAgain(model);
    } finally {
      for (const { rule } of await machine.firings()) fired.set(rule.fault, (fired.get(rule.fault) ?? 0) + 1);
      await machine.end();
    }
  });
  const found = await fc.check(property, {
    numRuns: runs,
    seed,
    timeout: runMsMax,
    endOnFailure,
    ...(path !== undefined && { path }),
  });
  if (!found.failed) return { failure: undefined, fired };
  const { counterexample, counterexamplePath, errorInstance, numShrinks } = found;
  const [[given, program]] = counterexample ?? [[]];
  const failure = [
    `${errorInstance instanceof Error ? errorInstance.message : String(errorInstance)}`,
    `program: ${String(program)}`,
    `opened: ${JSON.stringify(given)}`,
    // What the run was before it shrank: it shrinks to the same again.
    `shrunk ${numShrinks} times; again: node dist/src/faults/sim/campaign/model.js --world ${world} --seed ${seed} --path ${counterexamplePath?.split(':')[0]}`,
  ].join('\n');
  return { failure, fired };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      path: { type: 'string' },
      world: { type: 'string' },
    },
  });
  const { runs, seed, path } = values;
  for (const world of worlds.filter((each) => values.world === undefined || each === values.world)) {
    const start = hrtime.bigint();
    const { failure, fired } = await runModelCampaign({
      world,
      runs: Number(runs),
      seed: Number(seed),
      ...(path !== undefined && { path }),
    });
    const seconds = Number(hrtime.bigint() - start) / 1e9;
    const faults = [...fired].sort().map(([fault, count]) => `${fault} ${count}`);
    const held = `${runs} runs held, ${(Number(runs) / seconds).toFixed(0)} a second, seed ${seed}`;
    stdout.write(`${world}: ${failure ?? held}\n  fired: ${faults.join(', ')}\n`);
    if (failure !== undefined) process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) await main();
