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

  it('knows what the tests on disks need', () => {
    const onDisks = (names: readonly string[]) =>
      parseTestReport(
        JSON.stringify({
          numPassedTests: 0,
          numFailedTests: 0,
          testResults: names.map((name) => ({
            name: `/repo/${name}`,
            assertionResults: [{ fullName: 'mounts', status: 'skipped' }],
          })),
        }),
      );
    const files = ['src/faults/block/mount.system.test.ts', 'harness/block-leaks.system.test.ts'];
    for (const missing of ['block', 'mkfs']) {
      const checks = ['block', 'mkfs', 'fuse'].map((name) => check(name, name !== missing));
      expect(summarise(onDisks(files), checks, '/repo').ok).toBe(true);
      expect(summarise(onDisks(['src/faults/model/image.test.ts']), checks, '/repo').ok).toBe(false);
    }
    const all = ['block', 'mkfs', 'fuse'].map((name) => check(name, true));
    expect(summarise(onDisks(files), all, '/repo').ok).toBe(false);
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
