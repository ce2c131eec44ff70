import { describe, expect, it } from 'vitest';
import type { Check } from '../harness/doctor.ts';
import { parseTestReport, summarise } from './test-summary.ts';

const check = (name: string, ready: boolean): Check => ({
  kind: name === 'fuse' ? 'layer' : 'tool',
  name,
  ready,
  detail: ready ? 'here' : 'not here',
  use: 'a test',
});

const report = parseTestReport(
  JSON.stringify({
    numPassedTests: 40,
    numFailedTests: 1,
    testResults: [
      {
        name: '/repo/src/faults/fuse/layer.system.test.ts',
        assertionResults: [
          { fullName: 'mounts', status: 'skipped' },
          { fullName: 'unmounts', status: 'pending' },
        ],
      },
      {
        name: '/repo/harness/subject/sqlite.test.ts',
        assertionResults: [
          { fullName: 'stores', status: 'skipped' },
          { fullName: 'loads', status: 'passed' },
        ],
      },
    ],
  }),
);

describe('the end of a test run', () => {
  it('lists what was skipped for want of something', () => {
    const { ok, text } = summarise(report, [check('fuse', false), check('sqlite3', false)], '/repo');
    expect(ok).toBe(true);
    expect(text).toMatchInlineSnapshot(`
      "
      Fault layers that were not tested:
        fuse: not here

      Skipped, for want of what this machine does not have:
        src/faults/fuse/layer.system.test.ts (fuse): 2 tests
        harness/subject/sqlite.test.ts (sqlite3): 1 test

      40 passed, 1 failed, 3 skipped"
    `);
  });

  it('fails where a test was skipped that the machine could have run', () => {
    const { ok, text } = summarise(report, [check('fuse', true), check('sqlite3', false)], '/repo');
    expect(ok).toBe(false);
    expect(text).toContain('although this machine has what they need');
    expect(text).toContain('src/faults/fuse/layer.system.test.ts: unmounts');
    expect(text).not.toContain('sqlite.test.ts: stores');
  });

  it('fails where a test was skipped for no reason that its name tells', () => {
    const lonely = parseTestReport(
      JSON.stringify({
        numPassedTests: 0,
        numFailedTests: 0,
        testResults: [
          { name: '/repo/src/wal/wal.test.ts', assertionResults: [{ fullName: 'later', status: 'todo' }] },
        ],
      }),
    );
    expect(summarise(lonely, [check('fuse', false)], '/repo').ok).toBe(false);
  });
});
