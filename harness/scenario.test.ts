import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { claims, faultKinds } from '../reports/verdict.ts';
import { packageRoot } from './package.ts';
import { profileNames, scenarioSchema } from './scenario.ts';

const schema = z.toJSONSchema(scenarioSchema, { io: 'input' });

it('docs/scenario.schema.json is current (vitest -u writes it)', async () => {
  const file = fileURLToPath(new URL('../docs/scenario.schema.json', import.meta.url));
  const text = JSON.stringify({ title: 'A powercut scenario', ...schema });
  // As the formatter has it, so that formatting the repository changes nothing.
  const formatted = execFileSync('node_modules/.bin/biome', ['format', `--stdin-file-path=${file}`], {
    cwd: packageRoot,
    input: text,
    encoding: 'utf8',
  });
  await expect(formatted).toMatchFileSnapshot(file);
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
