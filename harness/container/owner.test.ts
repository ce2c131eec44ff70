import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { connect } from './engine.ts';
import { FakeEngine, neverRemoves } from './fixtures/fake-engine.ts';
import { isGone, ownerId, removeContainersOf } from './owner.ts';

describe('an owner', () => {
  const [namespace, pid, start] = ownerId().split('.');

  it('is there while its process is', () => {
    expect(isGone(ownerId())).toBe(false);
  });

  it('is gone with its process, also where another one has its pid', () => {
    const { pid: ended } = spawnSync('true');
    expect(isGone(`${namespace}.${ended}.1`)).toBe(true);
    expect(isGone(`${namespace}.${pid}.${Number(start) - 1}`)).toBe(true);
  });

  it('of another pid namespace is left alone', () => {
    expect(isGone(`1.${pid}.1`)).toBe(false);
  });
});

describe('the containers of an owner', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('that the engine says it is removing, and is not, are given up', async () => {
    using engine = await FakeEngine.start(neverRemoves);
    vi.stubEnv('DOCKER_HOST', engine.host);
    await expect(removeContainersOf(connect(), 'me', 500)).rejects.toThrow(
      'the Docker engine did not remove its containers with the label powercut.owner=me within 0.5 s',
    );
    // A look and a removal each time, with a pause in between.
    expect(engine.questions.length).toBeLessThanOrEqual(20);
  });

  it('are removed, also those that the engine was still making', async () => {
    const looks = [[], [{ Id: 'late' }], [], []];
    using engine = await FakeEngine.start((question) =>
      question.startsWith('GET') ? [200, looks.shift() ?? []] : [204, ''],
    );
    vi.stubEnv('DOCKER_HOST', engine.host);
    await removeContainersOf(connect(), 'me', 60_000);
    expect(engine.questions.filter((question) => question.startsWith('DELETE'))).toEqual([
      'DELETE /containers/late',
    ]);
    expect(looks).toEqual([]);
  });
});
