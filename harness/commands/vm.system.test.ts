import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { until, Workplace } from '../fixtures/cli.ts';
import { isInPath } from '../programs.ts';
import { pathWith } from '../vm/fixtures/distribution.ts';
import { pathTo } from '../vm/fixtures/programs.ts';
import { qemuProgram } from '../vm/qemu.ts';

/** The machine and the packages of its kernel are programs of the test's: what is asked is what powercut makes of their ends. */
const canRun = process.arch === 'x64' && isInPath('setpriv');

const parameters = ['vm', '--vm-directory', 'kernels', '--', 'list'] as const;

describe.skipIf(!canRun)('powercut vm that is interrupted', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'by %s while the kernel is fetched answers %i, and leaves nothing of it',
    async (name, code) => {
      using work = new Workplace();
      const bin = join(work.directory, 'bin');
      pathTo(bin, { [qemuProgram]: 'exit 1' });
      const started = join(work.directory, 'started');
      work.environment = { PATH: pathWith(bin, { download: `touch ${started}; sleep 1000` }) };
      const running = work.start(...parameters);
      await until(() => existsSync(started));
      running.child.kill(name);
      expect(await running.ended).toMatchObject({ code });
      expect(readdirSync(join(work.directory, 'kernels'))).toEqual([]);
      expect(await work.lastingLeftovers()).toEqual([]);
    },
  );

  it('answers 130 where the machine ends without an answer of its job', async () => {
    using work = new Workplace();
    const bin = join(work.directory, 'bin');
    const started = join(work.directory, 'started');
    // Descriptor 6 is the port that signals come through (machine.ts).
    const machine = `touch ${started}; read -r signal <&6; exit 1`;
    pathTo(bin, { [qemuProgram]: machine });
    work.environment = { PATH: pathWith(bin) };
    const running = work.start(...parameters);
    await until(() => existsSync(started));
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ code: 130 });
  });
});

it.skipIf(!canRun)('a machine that ends without an answer of its job is a failure of powercut', async () => {
  using work = new Workplace();
  const bin = join(work.directory, 'bin');
  pathTo(bin, { [qemuProgram]: 'echo the last words; exit 1' });
  work.environment = { PATH: pathWith(bin) };
  const ended = await work.powercut(...parameters);
  expect(ended).toMatchObject({ code: 70, stderr: expect.stringContaining('the last words') });
});
