import { Command } from 'commander';
import { padEnd, visible, wrap } from '../../reports/text.ts';
import type { LoadedScenario } from '../scenario.ts';
import type { CommandContext } from './context.ts';
import { formatOption } from './doctor.ts';
import { type Output, painter } from './output.ts';
import { scenariosFrom } from './scenario-arguments.ts';

export function listCommand(context: CommandContext): Command {
  return new Command('list')
    .summary('the scenarios that a run would take')
    .description('Lists scenarios: what each puts to the test, and what it states.')
    .argument('[scenario...]', 'files, directories, or names in ./scenarios (default: all of ./scenarios)')
    .addOption(formatOption())
    .action(async (names: string[], { format }: { readonly format: 'text' | 'json' }) => {
      const loaded = await scenariosFrom(names);
      const text =
        format === 'json' ? `${JSON.stringify(loaded, null, 2)}\n` : renderList(loaded, context.output);
      context.output.write(text);
    });
}

function renderList(
  loaded: readonly LoadedScenario[],
  { width, colour }: Pick<Output, 'width' | 'colour'>,
): string {
  const paint = painter(colour);
  const nameWidth = Math.max(...loaded.map(({ scenario }) => scenario.name.length));
  const blocks = loaded.map(({ scenario, file }) => {
    const stated = Object.entries(scenario.claims).map(
      ([claim, faults]) => `${claim} under ${(faults ?? []).join(', ')}`,
    );
    const canary = scenario.canary;
    const purpose = canary === undefined ? [] : [`canary: ${canary.breaks} must break under ${canary.under}`];
    const first = `${paint('bold', padEnd(scenario.name, nameWidth))}  ${visible(file)}`;
    const rest = [scenario.description?.trim().split('\n')[0], ...purpose, ...stated].filter(
      (line) => line !== undefined,
    );
    const wrapped = rest.flatMap((line) => wrap(visible(line), width - 2));
    return [first, ...wrapped.map((line) => `  ${paint('dim', line)}`)];
  });
  return `${blocks.flat().join('\n')}\n`;
}
