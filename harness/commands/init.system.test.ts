import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadScenario } from '../load-scenario.ts';
import { isInPath } from '../programs.ts';
import { resolveCommand } from '../subject/command.ts';
import { runChecker, runWorkload } from '../subject/command-pair.ts';
import { startDriver } from '../subject/driver.ts';
import type { SubjectAnswer, SubjectRequest } from '../subject/subject.ts';
import { writeTemplate } from './init.ts';

let root = '';
let volume = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'powercut-init-'));
  volume = join(root, 'volume');
  mkdirSync(volume);
});
afterEach(() => rmSync(root, { recursive: true }));

const timeoutMs = 10_000;
const load = (template: 'sh' | 'node' | 'python') => loadScenario(writeTemplate(template, root, () => {}));
const text = (value: string) => new TextEncoder().encode(value);

it('nothing that is there is overwritten, and nothing else is written then', () => {
  mkdirSync(join(root, 'my-program'));
  writeFileSync(join(root, 'my-program', 'checker.sh'), 'mine');
  expect(() => writeTemplate('sh', root, () => {})).toThrow('there already');
  expect(readFileSync(join(root, 'my-program', 'checker.sh'), 'utf8')).toBe('mine');
  expect(() => readFileSync(join(root, 'my-program.yaml'))).toThrow('ENOENT');
});

it('a directory that cannot be made is wrong use', () => {
  expect(() => writeTemplate('sh', '/proc/powercut/scenarios', () => {})).toThrow(
    expect.objectContaining({ exitCode: 64, message: expect.stringContaining('ENOENT') }),
  );
});

it('the workload of sh makes promises, and its checker tells kept from broken ones', async () => {
  const { scenario, directory } = await load('sh');
  const { workload = [], checker = [] } = scenario.subject;
  const directories = new Map([['data', volume]]);
  const options = (command: readonly string[]) => ({
    command: resolveCommand(command, directory),
    directories,
    environment: {},
    timeoutMs,
  });
  const lines: string[] = [];
  const ran = await runWorkload({ ...options(workload), onLine: (line) => lines.push(line) });
  expect(ran.end).toMatchObject({ kind: 'exited', code: 0 });
  expect(lines).toHaveLength(6);
  const check = (ackedLines: readonly string[]) =>
    runChecker({ ...options(checker), ackedLines, ackedFile: join(root, 'acked') });
  expect(await check(lines)).toMatchObject({ verdict: 'fine' });
  const broken = await check([...lines, 'entry 7']);
  expect(broken).toMatchObject({ verdict: 'violated', claims: [{ claim: 'durability' }] });
  rmSync(join(volume, 'journal'));
  expect(await check([])).toMatchObject({ verdict: 'fine' });
});

describe.each([
  ['node' as const, true],
  ['python' as const, isInPath('python3')],
])('the driver of %s', (template, there) => {
  it.skipIf(!there)('keeps what it promised, and cuts off what a power cut tore', async () => {
    const { scenario, directory } = await load(template);
    const subject = await startDriver({
      command: resolveCommand(scenario.subject.driver ?? [], directory),
      cwd: volume,
      environment: {},
      place: { kind: 'directories', directories: new Map([['data', volume]]) },
      timeoutMs,
    });
    const ask = async (request: SubjectRequest): Promise<SubjectAnswer> => {
      const reply = await subject.request(request);
      if (!reply.ok) throw new Error(`${request.op}: ${reply.error.message}`);
      return reply;
    };
    const shown = async () => {
      await ask({ op: 'open', options: scenario.subject.options });
      const { items } = await ask({ op: 'scan' });
      return items?.map(({ data }) => new TextDecoder().decode(data));
    };
    try {
      expect((await ask({ op: 'hello', protocol: 1 })).hello).toMatchObject({ model: 'log' });
      expect(await shown()).toEqual([]);
      await ask({ op: 'appendDurable', data: text('one') });
      await ask({ op: 'append', data: text('two') });
      await ask({ op: 'sync' });
      await ask({ op: 'close' });
      appendFileSync(join(volume, 'log'), '0badc0de dGhyZWU=\nhalf a li');
      expect(await shown()).toEqual(['one', 'two']);
      await ask({ op: 'appendDurable', data: text('three') });
      await ask({ op: 'close' });
      expect(await shown()).toEqual(['one', 'two', 'three']);
      expect(await subject.request({ op: 'verify' })).toMatchObject({
        ok: false,
        error: { code: 'unsupported' },
      });
    } finally {
      await subject.kill();
    }
  });
});
