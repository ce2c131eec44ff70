import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseVerdict } from '../reports/schema.ts';
import type { Verdict } from '../reports/verdict.ts';
import { probeFuse } from '../src/faults/fuse/layer.ts';
import { programPath } from '../src/program.ts';
import { userNamespace } from './namespace.ts';
import { tryProgram } from './programs.ts';

const fuse = await probeFuse();

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'powercut-cli-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

function start(parameters: readonly string[], prefix: readonly string[] = []): Running {
  const [program = '', ...rest] = [...prefix, process.execPath, programPath('harness/cli'), ...parameters];
  const child = spawn(program, rest, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: directory },
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...texts })));
  return { child, ended };
}

const powercut = (...parameters: string[]) => start(parameters).ended;

/** A command pair in shell: `workload` and `checker` are scripts. */
function writeScenario(name: string, workload: string, checker: string): void {
  const scenario = {
    name,
    subject: { workload: ['sh', '-c', workload], checker: ['sh', '-c', checker] },
    claims: { durability: ['power-loss'] },
    profiles: ['posix'],
  };
  writeFileSync(join(directory, `${name}.json`), JSON.stringify(scenario));
}

const careful = 'echo 1 > f && sync f && sync . && echo 1';
const careless = 'echo 1 > f && echo 1';
const honest = '! [ -s "$POWERCUT_ACKED" ] || grep -qx 1 f 2>/dev/null || exit 1';

/** A run that is recording a workload which does not end by itself. */
async function startSlowRun(prefix: readonly string[] = []): Promise<Running> {
  const started = join(directory, 'started');
  writeScenario('slow', `${careful} && : > ${started} && sleep 600`, honest);
  const running = start(['run', 'slow.json'], prefix);
  while (!existsSync(started)) await new Promise((resolve) => setTimeout(resolve, 20));
  return running;
}

function latestVerdict(): Verdict {
  const file = join(directory, 'reports', 'runs', 'latest', 'verdict.json');
  return parseVerdict(readFileSync(file, 'utf8'), file);
}

describe('wrong use answers 64 and says what was meant', () => {
  it.each<[string, string[], string]>([
    ['an unknown flag', ['run', '--sed', '5'], 'Did you mean --seed?'],
    ['an unknown command', ['rnu'], 'Did you mean run?'],
    ['no command', [], 'Usage: powercut'],
    ['a flag value that is none', ['run', '--time-limit', 'soon'], 'Expected a duration such as 90s'],
    ['a scenario that is not there', ['run', 'nothing'], 'there is no scenario nothing'],
    ['no scenarios at all', ['run'], 'powercut init'],
    ['a report that is not there', ['report'], 'there is no verdict to read'],
  ])('%s', async (_, parameters, message) => {
    const { code, stdout, stderr } = await powercut(...parameters);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(code).toBe(64);
  });

  it('an invalid scenario, with file, line and column', async () => {
    writeFileSync(
      join(directory, 'bad.yaml'),
      'name: bad\nsubject: { drivr: [a] }\nclaims: { order: [bit-rot] }\n',
    );
    const { code, stderr } = await powercut('run', 'bad.yaml');
    expect(stderr).toContain('bad.yaml:2:12: `drivr` is not a key of `subject`; did you mean `driver`?');
    expect(code).toBe(64);
    expect(existsSync(join(directory, 'reports'))).toBe(false);
  });

  it('a directory for reports that cannot be made', async () => {
    writeScenario('careful', careful, honest);
    const { code, stderr } = await powercut('run', 'careful.json', '--output-dir', '/dev/null/runs');
    expect(stderr).toContain('--output-dir');
    expect(code).toBe(64);
  });
});

describe('without a run', () => {
  it('help and version are results', async () => {
    const help = await powercut('run', '--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('--bail [n]');
    expect((await powercut('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('init writes a scenario that list shows', async () => {
    expect(await powercut('init')).toMatchObject({ code: 0 });
    const { code, stdout } = await powercut('list');
    expect(stdout).toContain('durability under process-kill, power-loss');
    expect(code).toBe(0);
    expect(await powercut('init')).toMatchObject({ code: 64 });
  });

  it('doctor tells every layer as data too', async () => {
    const { code, stdout } = await powercut('doctor', '--format', 'json');
    const checks = JSON.parse(stdout) as { name: string; kind: string; ready: boolean; remedy?: string }[];
    const layers = checks.filter(({ kind }) => kind === 'layer');
    expect(layers.map(({ name }) => name)).toEqual(['sim', 'fuse', 'block', 'dm']);
    for (const { ready, remedy } of checks) expect(ready).toBe(remedy === undefined);
    expect(code).toBe(0);
  });

  it('a reader of stdout that goes away is no failure', async () => {
    const { child, ended } = start(['run', '--help']);
    child.stdout?.destroy();
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });
});

describe.skipIf(!fuse.available)('a run', () => {
  it.each(['sh', 'node', 'python'])('of what init --template %s wrote holds, as it is', async (template) => {
    await powercut('init', '--template', template);
    const { code, stdout } = await powercut('run', '--time-limit', '2m');
    expect({ code, stdout }).toMatchObject({ code: 0 });
  });

  it('in which every claim held answers 0, and the next such run takes its place', async () => {
    writeScenario('careful', careful, honest);
    const { code, stdout } = await powercut('run', 'careful.json');
    expect(stdout).toMatch(/^HELD/);
    expect(code).toBe(0);
    expect(latestVerdict()).toMatchObject({
      status: 'held',
      scenarios: [{ name: 'careful', file: 'careful.json' }],
    });
    await powercut('run', 'careful.json', '--keep');
    await powercut('run', 'careful.json');
    const runs = readdirSync(join(directory, 'reports', 'runs')).filter((name) => name !== 'latest');
    expect(runs).toHaveLength(2);
  });

  it('with a violated claim answers 1 and prints the command that shows it again, which answers 1 too', async () => {
    writeScenario('careless', careless, honest);
    const { code, stdout } = await powercut('run', 'careless.json');
    expect(code).toBe(1);
    const [finding] = latestVerdict().scenarios[0]?.findings ?? [];
    expect(stdout).toContain(finding?.replay.command);
    const again = await powercut('replay', finding?.replay.token ?? '');
    expect(again.code).toBe(1);
  });

  it('of a program that breaks each promise shows the first one that is broken, and no later', async () => {
    const all = 'while read -r i; do grep -qx $i f 2>/dev/null || exit 1; done < "$POWERCUT_ACKED"';
    writeScenario(
      'many',
      ': > f; sync f .; for i in 1 2 3 4 5; do echo $i >> f; echo $i; sleep 0.05; done',
      all,
    );
    await powercut('run', 'many.json');
    const [finding] = latestVerdict().scenarios[0]?.findings ?? [];
    const promised = finding?.timeline.filter(({ kind }) => kind === 'acknowledgement');
    expect(promised).toHaveLength(1);
    expect(finding?.shrink.lostAfter).toBe(1);
  });

  it('in parts is joined into one, with its findings', async () => {
    writeScenario('careless', careless, honest);
    const runs: string[] = [];
    for (const shard of ['1/2', '2/2']) {
      await powercut('run', 'careless.json', '--shard', shard, '--keep');
      runs.push(realpathSync(join(directory, 'reports', 'runs', 'latest')));
    }
    const joined = await powercut('report', ...runs);
    expect(joined).toMatchObject({ code: 1, stdout: expect.stringContaining('VIOLATED') });
    const [finding] = latestVerdict().scenarios[0]?.findings ?? [];
    const file = join('reports', 'runs', 'latest', finding?.replay.file ?? '');
    expect(await powercut('replay', file)).toMatchObject({ code: 1 });
    const half = await powercut('report', ...runs.slice(0, 1), ...runs.slice(0, 1));
    expect(half).toMatchObject({ code: 64, stderr: expect.stringContaining('has 1/2, 2/2') });
  });

  it('of a program that has been changed since is judged as it is now by the token of an earlier finding', async () => {
    writeScenario('changing', careless, honest);
    await powercut('run', 'changing.json');
    const token = latestVerdict().scenarios[0]?.findings[0]?.replay.token ?? '';
    writeScenario('changing', careful, honest);
    const mended = await powercut('replay', token);
    expect(mended).toMatchObject({ code: 0, stdout: expect.stringContaining('does not do the same') });
    expect(mended.stdout).toContain('Held: durability under power-loss on posix broke in none of them.');
    writeScenario('changing', `echo 0 > e; ${careless}`, honest);
    const broken = await powercut('replay', token);
    expect(broken).toMatchObject({ code: 1, stdout: expect.stringContaining('does not do the same') });
    expect(broken.stdout).toContain('Violated: ');
  });

  it('in which nothing could be judged answers 2', async () => {
    writeScenario('mute', careful, 'exit 3');
    expect((await powercut('run', 'mute.json')).code).toBe(2);
    expect(latestVerdict().status).toBe('unknown');
  });

  it('with --format json prints the verdict and nothing else on stdout', async () => {
    writeScenario('careful', careful, honest);
    const { stdout } = await powercut('run', 'careful.json', '--format', 'json');
    expect(parseVerdict(stdout, 'stdout')).toEqual(latestVerdict());
  });

  it.each([
    ['SIGINT' as const, 130],
    ['SIGTERM' as const, 143],
  ])('that gets %s answers %d, with a report of what was done', async (signal, expected) => {
    const { child, ended } = await startSlowRun();
    child.kill(signal);
    const { code } = await ended;
    expect(code).toBe(expected);
    expect(latestVerdict().interrupted).toBe(signal);
  });
});

/** To itself the process is an ordinary user; it still reaches a checkout that only root can read. */
const asUser = ['unshare', '--user', '--map-user=1000', '--map-group=1000'] as const;
const [unshare, ...userFlags] = asUser;
const namespaces = await tryProgram(unshare, [...userFlags, ...userNamespace, 'true']);

it.skipIf(!fuse.available)('a second Ctrl-C ends a run at once, without a report', async () => {
  const { child, ended } = await startSlowRun();
  child.kill('SIGINT');
  child.stderr?.once('data', () => child.kill('SIGINT'));
  expect(await ended).toMatchObject({ code: 130, stdout: '' });
  expect(existsSync(join(directory, 'reports', 'runs', 'latest'))).toBe(false);
});

describe.skipIf(!fuse.available || !namespaces.ok)('a run without root', () => {
  it('goes on in a user namespace', async () => {
    writeScenario('careful', careful, honest);
    const { code, stderr } = await start(['run', 'careful.json'], asUser).ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(latestVerdict().environment.layers).toMatchObject({ fuse: 'in a user namespace' });
  });

  it('hands signals on', async () => {
    const { child, ended } = await startSlowRun(asUser);
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    expect(latestVerdict().interrupted).toBe('SIGINT');
  });
});

it.skipIf(existsSync('/dev/mapper/control'))(
  'a layer (dm) that is not there is told, and answers 69',
  async () => {
    writeScenario('careful', careful, honest);
    const { code } = await powercut('run', 'careful.json', '--layer', 'dm');
    expect(code).toBe(69);
  },
);
