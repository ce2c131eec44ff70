import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ScenarioVerdict } from '../reports/verdict.ts';
import { probeFuse } from '../src/faults/fuse/layer.ts';
import { Workplace } from './fixtures/cli.ts';
import type { ScenarioInput } from './scenario.ts';

const fuse = await probeFuse();
const badDriver = fileURLToPath(new URL('../dist/harness/subject/fixtures/driver.js', import.meta.url));

const base = {
  name: 'bad',
  claims: { durability: ['power-loss'], availability: ['power-loss'] },
  profiles: ['posix'],
  explore: { states: 8, nested: false, timeoutSeconds: 2 },
} satisfies Omit<ScenarioInput, 'subject'>;

interface Outcome {
  readonly code: number | null;
  readonly scenario: ScenarioVerdict;
  /** All that the verdict says why, and the findings' summaries. */
  readonly said: string;
  readonly stdout: string;
}

/** Runs a scenario by the command line, and checks what holds for every subject: it ends, and leaves nothing. */
async function run(subject: ScenarioInput['subject'], more: Partial<ScenarioInput> = {}): Promise<Outcome> {
  using work = new Workplace();
  const { code, stdout } = await work.powercut('run', work.write('bad', { ...base, subject, ...more }));
  expect(work.leftovers()).toEqual([]);
  const scenario = work.scenario();
  const { notes, cells, findings } = scenario;
  const said = [
    ...notes,
    ...cells.flatMap(({ why }) => why ?? []),
    ...findings.flatMap(({ summary, recovered, stderr }) => [summary, ...recovered, stderr ?? '']),
  ].join('\n');
  return { code, scenario, said, stdout };
}

const driver = (misbehaviour: string) => ({ driver: ['node', badDriver, misbehaviour] });
const pair = (workload: string, checker: string) => ({
  workload: ['sh', '-c', workload],
  checker: ['sh', '-c', checker],
});

const careful = 'for i in 1 2 3; do echo $i > f$i && sync f$i . && echo $i; done';
const honest = 'while read -r i; do grep -qx $i f$i || exit 1; done < "$POWERCUT_ACKED"';

/** Nothing can be said of what it claims: exit 2, and why. */
describe.skipIf(!fuse.available)('a subject that does not get through its workload is unknown', () => {
  it.each<[string, ScenarioInput['subject'], readonly RegExp[]]>([
    [
      'a driver that is not there',
      { driver: ['./no-such-driver'] },
      [/cannot start .*no-such-driver/, /check its path/],
    ],
    ['a driver that ends at once', driver('ends-at-once'), [/it ended \(exit 1\)/, /no configuration found/]],
    ['a driver that dies', driver('dies'), [/it ended \(exit 3\) with put/, /about to fall over/]],
    ['a driver that aborts', driver('aborts'), [/killed by SIGABRT/]],
    ['a driver that hangs', driver('hangs'), [/no reply to put .* within 2 s/]],
    ['a driver that floods stdout', driver('floods'), [/a line of more than \d+ bytes/]],
    ['a driver that babbles', driver('babbles'), [/expected one JSON object; got "all is well"/]],
    ['a driver that answers a stranger', driver('answers-a-stranger'), [/got .*never-asked/]],
    ['a driver that answers twice', driver('answers-twice'), [/it was answered already/]],
    [
      'a workload that is not there',
      { workload: ['./nothing'], checker: ['true'] },
      [/cannot start .*nothing/, /check its path/],
    ],
    [
      'a workload that fails',
      pair('echo 1 > f; echo no space >&2; exit 5', 'true'),
      [/ended with exit 5, exit 0 was expected; it said: no space/],
    ],
    ['a workload that dies', pair('echo 1 > f; kill -SEGV $$', 'true'), [/killed by SIGSEGV/]],
    [
      'a workload that hangs',
      pair('echo 1 > f; sleep 600', 'true'),
      [/did not end within explore\.timeoutSeconds/],
    ],
    [
      'a workload that floods',
      pair('yes', 'true'),
      [/printed more than 100000 lines or \d+ bytes; each line is an acknowledgement/],
    ],
    [
      'a prepare that fails',
      { ...pair(careful, honest), prepare: ['false'] },
      [/prepare: .* ended with exit 1/],
    ],
  ])('%s', async (_, subject, expected) => {
    const { code, scenario, said } = await run(subject);
    for (const pattern of expected) expect(said).toMatch(pattern);
    expect(scenario.status).toBe('unknown');
    expect(code).toBe(2);
  });
});

describe.skipIf(!fuse.available)('a checker that judges nothing is unknown', () => {
  it.each<[string, string, RegExp]>([
    ['that is killed', 'kill -9 $$', /the checker was killed by SIGKILL/],
    ['that exits oddly', 'echo cannot tell; exit 7', /exit 7, which is neither 0 .* nor 1 .*: cannot tell/],
    ['that names no claim', 'echo violated: everything; exit 1', /a claim was expected after the colon/],
    ['that leaves processes behind', 'sleep 600 & exit 0', /with 1 of its processes still running/],
    ['that floods stdout', 'yes', /the checker printed more than/],
  ])('%s', async (_, checker, expected) => {
    const { code, said } = await run(pair(careful, checker));
    expect(said).toMatch(expected);
    expect(code).toBe(2);
  });

  it('that hangs', async () => {
    const more = { explore: { states: 2, nested: false, timeoutSeconds: 0.3 } };
    const { code, said } = await run(pair(careful, 'sleep 600'), more);
    expect(said).toContain('the checker did not end within 0.3 s');
    expect(code).toBe(2);
  });

  it('that is not there', async () => {
    const { code, said } = await run({ ...pair(careful, ''), checker: ['./nothing'] });
    expect(said).toMatch(/cannot start .*nothing.*check its path/);
    expect(code).toBe(2);
  });
});

describe.skipIf(!fuse.available)('a subject that does not recover breaks its claims', () => {
  /** A driver around a file; what it does with one that is there already is the argument's. */
  const recovering = `
    import { appendFileSync, existsSync, fsyncSync, openSync, readFileSync } from 'node:fs';
    import { createInterface } from 'node:readline';
    const file = process.env.POWERCUT_DIR + '/log';
    const lines = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\\n').slice(0, -1) : []);
    let descriptor, count = 0;
    const open = () => {
      if (existsSync(file)) {
        if (process.argv[2] === 'dies') { console.error('bad magic number'); process.exit(9); }
        if (process.argv[2] === 'hangs') return new Promise(() => {});
        if (process.argv[2] === 'refuses') return { ok: false, error: { code: 'corrupt', message: 'bad magic number' } };
        if (process.argv[2] === 'babbles') { console.log('replaying...'); return { ok: true }; }
      }
      count = lines().length;
      descriptor = openSync(file, 'a');
      fsyncSync(openSync(process.env.POWERCUT_DIR, 'r'));
      return { ok: true };
    };
    const append = (data) => { appendFileSync(descriptor, data + '\\n'); return String(count++); };
    const answer = {
      hello: () => ({ ok: true, model: 'log', name: 'file', version: '1', features: [] }),
      open,
      append: ({ data }) => ({ ok: true, position: append(data) }),
      appendDurable: ({ data }) => { const position = append(data); fsyncSync(descriptor); return { ok: true, position }; },
      sync: () => { fsyncSync(descriptor); return { ok: true }; },
      close: () => ({ ok: true }),
    };
    for await (const line of createInterface({ input: process.stdin })) {
      const { id, op, ...fields } = JSON.parse(line);
      if (op === 'scan') for (const [position, data] of lines().entries()) console.log(JSON.stringify({ id, item: { position: String(position), data } }));
      const reply = op === 'scan' ? { ok: true, count: lines().length } : await answer[op](fields);
      console.log(JSON.stringify({ id, ...reply }));
    }`;

  it.each<[string, RegExp]>([
    ['dies', /it ended \(exit 9\) with open[\s\S]*bad magic number/],
    ['hangs', /no reply to open .* within 0\.5 s/],
    ['refuses', /corrupt: bad magic number/],
    ['babbles', /expected one JSON object; got "replaying\.\.\."/],
  ])('one that %s', async (way, expected) => {
    const directory = mkdtempSync(join(tmpdir(), 'powercut-recovering-'));
    const file = join(directory, 'driver.mjs');
    writeFileSync(file, recovering);
    try {
      const explore = { states: 4, nested: false, timeoutSeconds: 0.5 };
      const workload = { operations: 3, batch: 0 };
      const { code, scenario, said } = await run({ driver: ['node', file, way] }, { explore, workload });
      expect(said).toMatch(expected);
      expect(scenario.findings.map(({ claim }) => claim)).toContain('availability');
      expect(code).toBe(1);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('one that leaves daemons behind is cleaned up after, and judged', async () => {
    const { scenario } = await run(driver('leaves-daemons'));
    // It keeps everything in memory: what it promised is gone.
    expect(scenario.status).not.toBe('held');
  });
});

describe.skipIf(!fuse.available)('a subject that is not deterministic', () => {
  it('is no finding where the violation does not show again', async () => {
    // The first check of an image fails, and none after it: as a flaky test does.
    const flaky = 'if [ ! -e "$FLAG" ]; then : > "$FLAG"; exit 1; fi; exit 0';
    const directory = mkdtempSync(join(tmpdir(), 'powercut-flaky-'));
    try {
      const subject = { ...pair(careful, flaky), environment: { FLAG: join(directory, 'flag') } };
      const { code, scenario, said } = await run(subject);
      expect(scenario.findings).toEqual([]);
      expect(said).toContain('did not show again');
      expect(code).toBe(2);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  const changing =
    'head -c 4 /dev/urandom > random; for i in $(seq $(od -An -N1 -tu1 /dev/urandom)); do echo $i >> f; done';

  it('takes nothing away from what was found, where --double-check tells it', async () => {
    using work = new Workplace();
    work.write('bad', {
      ...base,
      subject: pair(`${changing}; echo 1 > g; echo 1`, '[ -e g ] || [ ! -s "$POWERCUT_ACKED" ]'),
    });
    const { code } = await work.powercut('run', 'bad.json', '--double-check');
    expect(work.scenario().status).toBe('violated');
    expect(work.scenario().findings.map(({ claim }) => claim)).toContain('durability');
    expect(work.scenario().notes.join()).toContain('POWERCUT_ACK');
    expect(code).toBe(1);
  });

  it('is told by --double-check', async () => {
    using work = new Workplace();
    work.write('bad', { ...base, subject: pair(changing, 'exit 0') });
    const { code } = await work.powercut('run', 'bad.json', '--double-check');
    expect(work.scenario().notes.join()).toContain('the subject does not do the same each time');
    expect(code).toBe(2);
  });
});

it('a wrong scenario is told with file, line, column and what was expected', async () => {
  using work = new Workplace();
  writeFileSync(
    join(work.directory, 'wrong.yaml'),
    'name: wrong\nsubject: { workload: [sh], checker: [sh] }\nclaims: { durability: [power-los] }\n',
  );
  const { code, stderr } = await work.powercut('run', 'wrong.yaml');
  expect(stderr).toContain(
    'wrong.yaml:3:24: `claims.durability[0]` is "power-los"; did you mean `power-loss`?',
  );
  expect(code).toBe(64);
  expect(work.hasReport()).toBe(false);
});
