import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { claims, faultKinds } from '../reports/verdict.ts';
import { profileNames, scenarioSchema } from './scenario.ts';

const schema = z.toJSONSchema(scenarioSchema, { io: 'input' });

it('docs/scenario.schema.json is current (vitest -u writes it)', async () => {
  const text = `${JSON.stringify({ title: 'A powercut scenario', ...schema }, null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../docs/scenario.schema.json');
});

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

function keysOf(node: SchemaNode): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => [key, ...keysOf(child)]);
}

it('docs/scenarios.md names every key, claim, fault and profile', () => {
  const text = readFileSync(new URL('../docs/scenarios.md', import.meta.url), 'utf8');
  const words = [...keysOf(schema as SchemaNode), ...claims, ...faultKinds, ...profileNames];
  expect(words.filter((word) => !new RegExp(`[\`{ ]${word.replace('$', '\\$')}[\`:]`).test(text))).toEqual(
    [],
  );
});
