import { describe, expect, it } from 'vitest';
import { scenarioSchema } from '../scenario.ts';
import { inContainer } from './choice.ts';
import { house } from './housing.ts';
import { containerSchema } from './settings.ts';

const scenario = scenarioSchema.parse({
  name: 'a',
  subject: { driver: ['my-driver'], container: { image: 'my-db:1.2' } },
  claims: { durability: ['power-loss'] },
});
const loaded = { scenario, file: 'a.yaml', directory: '/' };
const settings = containerSchema.parse({ image: 'my-db:1.2' });
const onFuse = { kind: 'use', layer: 'fuse' } as const;

describe('where a subject runs', () => {
  it('is this machine, where nobody asks for a container', async () => {
    expect(await house(undefined, undefined)).toEqual({ kind: 'host' });
    expect(await house(containerSchema.parse({ build: 'sqlite' }), undefined)).toEqual({ kind: 'host' });
    expect(await house(settings, false)).toEqual({ kind: 'host' });
    expect(inContainer(onFuse, { loaded })).toEqual(onFuse);
  });

  it('is not known where a container is asked for and the scenario describes none', async () => {
    expect(await house(undefined, true)).toEqual({
      kind: 'missing',
      why: expect.stringContaining('add `subject.container`'),
    });
  });

  it('is a container, of which the verdict tells', () => {
    const housed = { ...loaded, container: { image: 'my-db:1.2', settings } };
    expect(inContainer(onFuse, { loaded: housed })).toEqual({
      ...onFuse,
      note: 'The subject ran in a container of my-db:1.2.',
    });
    expect(inContainer({ kind: 'use', layer: 'sim' }, { loaded: housed })).toMatchObject({ kind: 'missing' });
  });

  it('makes the scenario untested where there is no container', () => {
    const homeless = 'The Docker engine has no image my-db:1.2.';
    expect(inContainer(onFuse, { loaded, homeless })).toEqual({
      kind: 'missing',
      layer: 'fuse',
      why: homeless,
    });
    const missing = { kind: 'missing', layer: 'fuse', why: 'no /dev/fuse' } as const;
    expect(inContainer(missing, { loaded, homeless })).toEqual(missing);
  });
});
