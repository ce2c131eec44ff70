import { Command, Option } from 'commander';
import { padEnd, visible, wrap } from '../../reports/text.ts';
import type { Check } from '../doctor.ts';
import type { CommandContext } from './context.ts';
import { exitCodes } from './exit.ts';
import { painter } from './output.ts';

export function doctorCommand(context: CommandContext): Command {
  return new Command('doctor')
    .summary('what this machine can test, and how to get what is missing')
    .description(
      'Tries every fault layer and every program that powercut can use, and says how to get what is missing.\n' +
        'Answers 0, unless no layer works at all (69).',
    )
    .addOption(formatOption())
    .action(async ({ format }: { readonly format: 'text' | 'json' }) => {
      const { examine } = await import('../doctor.ts');
      const checks = await examine();
      const text =
        format === 'json' ? `${JSON.stringify(checks, null, 2)}\n` : renderDoctor(checks, context.output);
      context.output.write(text);
      context.exit(canTest(checks) ? exitCodes.held : exitCodes.unavailable);
    });
}

export function formatOption(): Option {
  return new Option('--format <format>', 'how to print').choices(['text', 'json']).default('text');
}

/** True where at least one layer works: some scenario can then be run. */
function canTest(checks: readonly Check[]): boolean {
  return checks.some(({ kind, ready }) => kind === 'layer' && ready);
}

export function renderDoctor(
  checks: readonly Check[],
  { width, colour }: { readonly width: number; readonly colour: boolean },
): string {
  const paint = painter(colour);
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  const indent = ' '.repeat(nameWidth + 12);
  const render = ({ name, ready, detail, use, remedy }: Check): string[] => {
    const state = paint(ready ? 'green' : 'yellow', ready ? 'ready  ' : 'missing');
    const more = remedy === undefined ? [] : [`for ${use}`, `to get it: ${visible(remedy)}`];
    const lines = [visible(detail), ...more].flatMap((text) => wrap(text, width - indent.length));
    return lines.map((line, index) =>
      index === 0 ? `  ${padEnd(name, nameWidth)} ${state}  ${line}` : `${indent}${line}`,
    );
  };
  const section = (title: string, kind: Check['kind']) => [
    paint('bold', title),
    ...checks.filter((one) => one.kind === kind).flatMap(render),
    '',
  ];
  return [
    ...section('Fault layers', 'layer'),
    ...section('Programs and services', 'tool'),
    conclusion(checks),
    '',
  ].join('\n');
}

function conclusion(checks: readonly Check[]): string {
  const missing = checks.filter(({ kind, ready }) => kind === 'layer' && !ready).map(({ name }) => name);
  if (!canTest(checks)) return 'Nothing can be tested here.';
  if (missing.length === 0) return 'Everything can be tested here.';
  return `Scenarios that need ${missing.join(' or ')} are reported as not tested here; all others run.`;
}
