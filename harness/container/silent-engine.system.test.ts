import { describe, expect, it } from 'vitest';
import { probeFuse } from '../../src/faults/fuse/layer.ts';
import { until, Workplace } from '../fixtures/cli.ts';
import { FakeEngine } from './fixtures/fake-engine.ts';

const fuse = await probeFuse();
const isMissing = !fuse.available || process.getuid?.() !== 0;

/** It has every image, no container, and stops answering when it is to make one. */
function hangsAtCreate(): Promise<FakeEngine> {
  let isHanging = false;
  return FakeEngine.start((question) => {
    isHanging ||= question === 'POST /containers/create';
    if (isHanging) return undefined;
    return [200, question === 'GET /containers/json' ? [] : { Version: '1', Arch: 'amd64' }];
  });
}

describe.skipIf(isMissing)('a Docker engine that stops answering', { timeout: 180_000 }, () => {
  function startRun(work: Workplace, engine: FakeEngine) {
    work.environment = { DOCKER_HOST: engine.host };
    const file = work.write('db', {
      name: 'db',
      subject: { workload: ['true'], checker: ['true'], container: { image: 'db:1' } },
      claims: { durability: ['power-loss'] },
    });
    return work.start('run', file, '--layer', 'fuse', '--jobs', '1');
  }

  it('ends the run, which says so', async () => {
    using engine = await hangsAtCreate();
    using work = new Workplace();
    const { code, stderr } = await startRun(work, engine).ended;
    expect(stderr).toContain('the Docker engine did not answer POST /containers/create within 30 s');
    expect(code).toBe(70);
    await until(() => work.leftovers().length === 0);
  });

  it('keeps nothing alive when powercut is killed', async () => {
    using engine = await hangsAtCreate();
    using work = new Workplace();
    const running = startRun(work, engine);
    await until(() => engine.questions.includes('POST /containers/create'));
    running.child.kill('SIGKILL');
    await until(() => work.leftovers().length === 0);
  });
});
