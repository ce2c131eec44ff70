import { describe, expect, it } from 'vitest';
import { convert } from 'xmlbuilder2';
import { fixtures } from './fixtures/index.ts';
import { allHeld, canaryFound, canaryMissed, notTested, violated, zeroStates } from './fixtures/verdicts.ts';
import { renderJunit } from './junit.ts';
import type { Verdict } from './verdict.ts';

const totals = (verdict: Verdict) =>
  /<testsuites [^>]*tests="(\d+)" failures="(\d+)" errors="(\d+)" skipped="(\d+)"/
    .exec(renderJunit(verdict))
    ?.slice(1)
    .map(Number);

describe.each(Object.entries(fixtures))('%s', (_name, verdict) => {
  const xml = renderJunit(verdict);

  it('is XML without a control character', () => {
    expect(convert(xml, { format: 'object' })).toHaveProperty('testsuites');
    expect(xml).not.toMatch(/[^\P{Cc}\n]|\p{Cs}|\p{Noncharacter_Code_Point}/u);
  });

  it('counts what it holds', () => {
    const count = (element: string) => xml.match(new RegExp(`<${element}[ >]`, 'g'))?.length ?? 0;
    expect(totals(verdict)).toEqual(['testcase', 'failure', 'error', 'skipped'].map(count));
  });

  it('has names that differ within a suite', () => {
    for (const suite of xml.split('<testsuite ').slice(1)) {
      const names = [...suite.matchAll(/<testcase name="([^"]*)"/g)].map(([, name]) => name);
      expect(new Set(names).size).toBe(names.length);
    }
  });
});

it('violated is a failure, unknown an error, not tested skipped', () => {
  expect(totals(allHeld)).toEqual([12, 0, 0, 0]);
  expect(totals(violated)).toEqual([27, 2, 1, 2]);
  expect(totals(notTested)).toEqual([12, 0, 0, 12]);
});

it('what was judged in no state is an error, not a pass', () => {
  expect(totals(zeroStates)).toEqual([12, 0, 12, 0]);
});

it('a canary passes when it is found, and is an error when it is not', () => {
  expect(totals(canaryFound)).toEqual([1, 0, 0, 0]);
  expect(renderJunit(canaryFound)).toContain('canary found: the known bug broke durability');
  expect(totals(canaryMissed)).toEqual([13, 0, 1, 0]);
});

it('a failure’s text holds the whole story', () => {
  const xml = renderJunit(violated);
  expect(xml).toMatch(
    /<failure [^>]*>[^<]*create wal\/000001.seg +part +lost: the name[^<]*npx powercut replay[^<]*<\/failure>/,
  );
});
