import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { describeDevice } from '../../src/faults/model/device.ts';
import { type Litmus, litmus } from '../../src/faults/model/fixtures/litmus.ts';
import { outcomes } from '../../src/faults/model/fixtures/outcomes.ts';
import { profileNames } from '../scenario.ts';

/** Each is made by some program. */
const kinds = ['create', 'rename', 'link', 'unlink', 'truncate', 'allocate', 'store', 'fsync', 'fsyncdir'];

describe.each(litmus)('$name', ({ recording, fault, outcomes: asked, loaded }) => {
  it.each(loaded.scenario.profiles)('%s', (profile) => {
    const shown = outcomes(recording, profile, fault);
    expect(
      asked.map(({ outcome, shown: pattern }) => [
        outcome,
        shown?.some((one) => new RegExp(pattern).test(one)),
      ]),
    ).toEqual(asked.map(({ outcome, allowed }) => [outcome, allowed.some((one) => one === profile)]));
  });

  it('everything may be lost on a disk that lies, and nothing has to be', () => {
    const lying = outcomes(recording, 'lying-disk', fault);
    const honest = outcomes(recording, 'posix', fault) ?? [];
    expect(honest.filter((one) => lying?.includes(one) !== true)).toEqual([]);
  });
});

describe('the suite', () => {
  it('asks each program of every profile', () => {
    for (const { name, loaded } of litmus) {
      expect({ name, profiles: [...loaded.scenario.profiles].sort() }).toEqual({
        name,
        profiles: [...profileNames].sort(),
      });
    }
  });

  it('makes every kind of call', () => {
    const made = litmus.flatMap(({ loaded }) => loaded.scenario.subject.program?.map(({ op }) => op) ?? []);
    expect(kinds.filter((op) => !made.some((one) => one === op))).toEqual([]);
  });

  it.each([
    ['tear-in-units-of-512', 'tear-in-units-of-4096'],
    ['tear-across-units-of-4096', 'tear-in-units-of-16384'],
    ['no-powersafe-overwrite', 'powersafe-overwrite'],
    ['garbage-beside-an-overwrite', 'garbage-in-its-own-sectors'],
    ['create-fsync-directory', 'no-volatile-cache'],
  ])('tells the devices of %s and %s apart by the same program', (...names) => {
    const [one, other] = names.map((name) => litmus.find((candidate) => candidate.name === name));
    expect(one?.loaded.scenario.subject).toEqual(other?.loaded.scenario.subject);
    const answersOf = (shown: string) =>
      [one, other].map((asked) => asked?.outcomes.find((outcome) => outcome.shown === shown)?.allowed);
    const differ = one?.outcomes.some(({ shown }) => {
      const [here, there] = answersOf(shown);
      return there !== undefined && String(here) !== String(there);
    });
    expect(differ).toBe(true);
  });
});

/** One row an outcome, a mark where the profile allows it. */
function renderTable(): string {
  const head = ['after', 'may be found', ...profileNames.map((profile) => `\`${profile}\``)];
  const rows = litmus.flatMap((one) =>
    one.outcomes.map(({ outcome, allowed }, index) => [
      index === 0 ? describeProgram(one) : '',
      outcome,
      ...profileNames.map((profile) => (allowed.includes(profile) ? 'yes' : '·')),
    ]),
  );
  const lines = [head, head.map((_, column) => (column < 2 ? '---' : ':-:')), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function describeProgram({ fault, loaded: { scenario } }: Litmus): string {
  const torn = fault === 'torn-write' ? ' (torn)' : '';
  const on = scenario.device === undefined ? '' : `, on ${describeDevice(scenario.device)}`;
  return `${scenario.description}${torn}${on}`;
}

/** A formatter pads the columns of a table. */
function unpadded(markdown: string): string {
  return markdown.replace(/ +/g, ' ').replace(/:?-{2,}:?|:-:/g, '-');
}

it('the table in docs/litmus.md is the one that the files make', () => {
  const page = readFileSync(fileURLToPath(new URL('../../docs/litmus.md', import.meta.url)), 'utf8');
  expect(unpadded(page)).toContain(unpadded(renderTable()));
});
