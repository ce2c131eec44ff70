import { describe, expect, it } from 'vitest';
import { scenarioSchema } from '../scenario.ts';

const problemsOf = (subject: unknown) => {
  const { error } = scenarioSchema.safeParse({ name: 'a', subject, claims: { durability: ['power-loss'] } });
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
};

describe('the container of a scenario', () => {
  it('is an image, or one that powercut makes', () => {
    expect(problemsOf({ driver: ['my-driver'], container: { image: 'my-db:1.2', cpus: 1.5 } })).toEqual([]);
    expect(problemsOf({ driver: ['node'], container: { build: 'sqlite' } })).toEqual([]);
    const neither = ['subject.container: a container has either an `image` or a `build`'];
    expect(problemsOf({ driver: ['node'], container: {} })).toEqual(neither);
    expect(problemsOf({ driver: ['node'], container: { image: 'a', build: 'sqlite' } })).toEqual(neither);
  });

  it('holds a process', () => {
    expect(problemsOf({ module: './subject.js', container: { build: 'canary' } })).toEqual([
      'subject.container: a container runs a process: it needs a `driver` or a `workload` beside it',
    ]);
  });

  it('is without a network, and cannot write to its own root, unless it is asked for', () => {
    const { subject } = scenarioSchema.parse({
      name: 'a',
      subject: { driver: ['my-driver'], container: { image: 'my-db:1.2' } },
      claims: { durability: ['power-loss'] },
    });
    expect(subject.container).toEqual({
      image: 'my-db:1.2',
      network: false,
      memoryMiB: 512,
      writableRoot: false,
      stopSeconds: 1,
    });
  });
});
