import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  findScenarioFiles,
  loadScenario,
  loadScenarios,
  parseScenario,
  ScenarioError,
} from './load-scenario.ts';

function problemsOf(text: string): string {
  try {
    parseScenario(text, 'scenario.yaml');
  } catch (error) {
    if (error instanceof ScenarioError) return `\n${error.message}\n`;
    throw error;
  }
  return 'no problem';
}

const smallest = `
name: small
subject: { driver: [node, ./driver.js] }
claims: { durability: [power-loss] }
`;

describe('a scenario file', () => {
  it('is complete with a name, a subject and a claim', () => {
    const { scenario, file } = parseScenario(smallest, 'scenario.yaml');
    expect(file).toBe('scenario.yaml');
    expect(scenario).toMatchObject({
      name: 'small',
      volumes: ['data'],
      layer: 'auto',
      workload: { operations: 12, keys: 4 },
      explore: { nested: true },
    });
  });

  it('may be JSON', () => {
    const text =
      '{\n\t"name": "small",\n\t"subject": {"module": "./m.js"}, "claims": {"order": ["bit-rot"]}\n}';
    expect(parseScenario(text, 'scenario.json').scenario.subject.module).toBe('./m.js');
  });

  it('shows all its problems at once, each with its place and what was expected', () => {
    const text = `nam: my-program
subject:
  drivr: [node, driver.js]
volumes: [data, data, Bad]
workload:
  operations: 0
  batch: "three"
claims:
  durability: [power-los, power-loss]
  durabilty: [power-loss]
  integrity: []
layer: fusee
profiles: [ext4]
explore: { states: 1.5, nested: maybe, timeoutSeconds: 0 }
`;
    expect(problemsOf(text)).toMatchSnapshot();
  });

  it.each([
    ['empty', ''],
    ['a list', '- a\n'],
    ['not YAML', 'name: [x\nsubject: 3\n'],
    ['with a key twice', 'name: a\nname: b\n'],
    ['two documents', `${smallest}---\n${smallest}`],
    ['without a claim', 'name: a\nsubject: { driver: [a] }\nclaims: {}\n'],
    [
      'with a command that is text',
      'name: a\nsubject:\n  driver: node driver.js\nclaims: { order: [bit-rot] }\n',
    ],
  ])('says what is wrong with a file that is %s', (_, text) => {
    expect(problemsOf(text)).toMatchSnapshot();
  });
});

describe('keys that go together', () => {
  const withSubject = (subject: string, rest = '') =>
    problemsOf(`name: a\nsubject: ${subject}\nclaims: { order: [power-loss] }\n${rest}`);

  it.each([
    ['nothing', '{ environment: { A: b } }', 'a subject needs `driver`'],
    ['a workload alone', '{ workload: [a] }', '`workload` needs a `checker`'],
    ['a checker alone', '{ driver: [a], checker: [b] }', '`checker` needs a `workload`'],
    ['prepare alone', '{ driver: [a], prepare: [b] }', '`prepare` needs a `workload`'],
    ['two ways in', '{ driver: [a], workload: [b], checker: [c] }', '`workload` or `driver`, not both'],
    [
      'options of a workload',
      '{ workload: [b], checker: [c], options: { a: 1 } }',
      '`options` reach a driver',
    ],
  ])('a subject with %s is refused', (_, subject, message) => {
    expect(withSubject(subject)).toContain(message);
  });

  it.each([
    ['sim', '{ driver: [a] }', 'it needs `subject.module`'],
    ['fuse', '{ module: ./a.js }', 'it needs a `driver` or a `workload`'],
  ])('the %s layer needs a subject that it can run', (layer, subject, message) => {
    expect(withSubject(subject, `layer: ${layer}\n`)).toContain(message);
  });

  it.each([
    ['claim', 'breaks: candour, under: power-loss', 'does not state `candour`'],
    ['fault', 'breaks: order, under: bit-rot', '`order` is not stated under `bit-rot`'],
  ])('a canary breaks a %s that is stated', (_, canary, message) => {
    expect(withSubject('{ driver: [a] }', `canary: { ${canary} }\n`)).toContain(message);
  });

  it('accepts a driver and a module of the same subject', () => {
    expect(withSubject('{ driver: [a], module: ./a.js }')).toBe('no problem');
  });
});

describe('files', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'powercut-load-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const write = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };

  it('are found with regressions first and canaries last, and without other folders', () => {
    for (const folder of ['canaries', 'regressions', 'subjects']) mkdirSync(join(directory, folder));
    for (const name of ['b.yml', 'a.yaml', 'c.json', 'notes.md', 'canaries/x.yaml', 'regressions/y.json']) {
      write(name, smallest);
    }
    write('subjects/not-a-scenario.json', '{}');
    const found = findScenarioFiles(directory).map((file) => file.slice(directory.length + 1));
    expect(found).toEqual(['regressions/y.json', 'a.yaml', 'b.yml', 'c.json', 'canaries/x.yaml']);
  });

  it('may be a module that exports `scenario`', async () => {
    const text =
      'export const scenario = { name: "m", subject: { driver: ["x"] }, claims: { order: ["bit-rot"] } };';
    const { scenario, directory: from } = await loadScenario(write('m.mjs', text));
    expect(scenario.name).toBe('m');
    expect(from).toBe(directory);
  });

  it.each([
    [
      'wrong.mjs',
      'export const scenaro = {};',
      'the module exports scenaro: expected `export const scenario',
    ],
    ['throws.mjs', 'throw new Error("on purpose");', 'the module does not load: on purpose'],
    [
      'bad.mjs',
      'export const scenario = { name: "m", claims: {} };',
      '`subject` is missing: expected keys and values',
    ],
    ['scenario.txt', '', 'a scenario file ends in one of .yaml'],
  ])('%s is refused', async (name, text, message) => {
    await expect(loadScenario(write(name, text))).rejects.toThrow(message);
  });

  it('that are not there are named', async () => {
    await expect(loadScenario(join(directory, 'no.yaml'))).rejects.toThrow('no.yaml: there is no such file');
  });

  it('of one run must have different names, and all problems of all files are shown', async () => {
    const files = [write('a.yaml', smallest), write('b.yaml', smallest), write('c.yaml', 'name: Bad\n')];
    const error = await loadScenarios(files).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ScenarioError);
    const { problems } = error as ScenarioError;
    expect(problems.map(({ file }) => file.slice(-6))).toEqual(['c.yaml', 'c.yaml', 'c.yaml', 'b.yaml']);
    expect(problems.at(-1)?.message).toContain('the scenario is called `small`');
  });
});
