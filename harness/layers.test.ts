import { describe, expect, it } from 'vitest';
import { chooseLayer, type LayersHere } from './layers.ts';
import { scenarioSchema } from './scenario.ts';

const withFuse: LayersHere = { fuse: undefined, block: undefined, dm: undefined, described: {} };
const none = 'There is no /dev/fuse.';
const withoutFuse: LayersHere = { fuse: none, block: none, dm: none, described: {} };

function scenarioOf(subject: object, layer = 'auto') {
  return scenarioSchema.parse({ name: 'a', subject, claims: { durability: ['power-loss'] }, layer });
}

const driver = { driver: ['node', 'a.js'] };
const both = { ...driver, module: './a.js' };

describe('chooseLayer', () => {
  it.each([
    ['a driver, fuse here', scenarioOf(driver), withFuse, { kind: 'use', layer: 'fuse' }],
    ['a driver, no fuse', scenarioOf(driver), withoutFuse, { kind: 'missing', layer: 'fuse' }],
    ['a driver with a module, no fuse', scenarioOf(both), withoutFuse, { kind: 'use', layer: 'sim' }],
    ['a driver with a module, fuse here', scenarioOf(both), withFuse, { kind: 'use', layer: 'fuse' }],
    ['a module, fuse here', scenarioOf({ module: './a.js' }), withFuse, { kind: 'use', layer: 'sim' }],
    ['sim by name', scenarioOf(both, 'sim'), withFuse, { kind: 'use', layer: 'sim' }],
    ['block by name', scenarioOf(both, 'block'), withFuse, { kind: 'use', layer: 'block' }],
    ['no block', scenarioOf(both, 'block'), withoutFuse, { kind: 'missing', layer: 'block' }],
  ] as const)('%s', (_, scenario, here, expected) => {
    expect(chooseLayer(scenario, undefined, here)).toMatchObject(expected);
  });

  it('the command line overrules the scenario', () => {
    expect(chooseLayer(scenarioOf(both, 'fuse'), 'sim', withFuse)).toMatchObject({
      kind: 'use',
      layer: 'sim',
    });
    expect(chooseLayer(scenarioOf(driver), 'sim', withFuse)).toMatchObject({ kind: 'missing', layer: 'sim' });
  });

  it('says why it falls back', () => {
    const choice = chooseLayer(scenarioOf(both), undefined, withoutFuse);
    expect(choice).toMatchObject({ note: expect.stringContaining('There is no /dev/fuse.') });
    expect(chooseLayer(scenarioOf(both), undefined, withFuse)).not.toHaveProperty('note');
  });

  it('says why a layer is missing', () => {
    expect(chooseLayer(scenarioOf(driver), undefined, withoutFuse)).toMatchObject({
      why: 'There is no /dev/fuse.',
    });
  });
});
