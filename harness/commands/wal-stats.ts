import { Command } from 'commander';
import { columnsOf, count, countOf, type Line, line, size } from '../../src/wal/tool/lines.ts';
import { type Distribution, gatherStatistics, type LogStatistics } from '../../src/wal/tool/stats.ts';
import { survey } from '../../src/wal/tool/survey.ts';
import type { CommandContext } from './context.ts';
import { logAt, onLog, writeJson, writeLine } from './wal-context.ts';

export function walStatsCommand(context: CommandContext): Command {
  return new Command('stats')
    .summary('how much a log holds: records, batches, fill, compression, age, cursors')
    .description('Counts what the segments in use hold. Reads everything, writes nothing.')
    .argument('<dir>', "a log's directory")
    .option('--json', 'for programs')
    .action(async (directory: string, { json = false }: { readonly json?: boolean }) => {
      const found = await onLog([directory], async () => gatherStatistics(await survey(logAt(directory))));
      if (json) writeJson(context.output, found);
      else
        for (const each of renderStatistics(found, context.now().getTime())) writeLine(context.output, each);
    });
}

export function renderStatistics(found: LogStatistics, nowMs: number): Line[] {
  const { segments, firstLsn, nextLsn, fileBytes, usedBytes, rawBytes, storedBytes, records, batches } =
    found;
  const range = nextLsn > firstLsn ? `LSN ${firstLsn} to ${nextLsn - 1}` : 'none';
  const facts: [string, string][] = [
    ['records', `${count(records.count)} (${range}), ${size(records.total)} of payload`],
    ['batches', `${count(batches.count)}, ${ratio(records.count, batches.count)} records each`],
    ['segments', `${count(segments)}, ${size(fileBytes)}, ${percent(usedBytes, fileBytes)} filled`],
    [
      'compression',
      storedBytes === rawBytes
        ? 'none'
        : `${size(rawBytes)} in ${size(storedBytes)} (${ratio(rawBytes, storedBytes)} to 1)`,
    ],
    ['written', ageOf(found, nowMs)],
    [
      'record types',
      Object.entries(found.recordsByType)
        .map(([type, times]) => `${typeName(Number(type))} ${count(times)}`)
        .join(', ') || 'none',
    ],
  ];
  const lines = columnsOf(facts, '').map((text) => line(text));
  if (found.damagedPlaces > 0)
    lines.push(
      line(
        `${countOf(found.damagedPlaces, 'damaged place')}, not counted above: \`powercut wal verify\` tells more`,
        'bad',
      ),
    );
  lines.push(...distribution('record sizes', records), ...distribution('batch sizes', batches));
  if (found.cursors.length > 0) lines.push(line(''), line('cursors', 'title'));
  const cursors = found.cursors.map(({ name, lsn, behind }) => [
    name,
    `done up to LSN ${lsn}`,
    `${count(behind)} behind`,
  ]);
  return [...lines, ...columnsOf(cursors, '  ').map((text) => line(text))];
}

const barColumns = 40;

function distribution(title: string, { count: total, min, max, byPowerOfTwo }: Distribution): Line[] {
  if (total === 0) return [];
  const most = Math.max(...byPowerOfTwo);
  const rows = byPowerOfTwo.flatMap((times, power) =>
    times === 0
      ? []
      : [[rangeOf(power), count(times), '#'.repeat(Math.max(1, Math.round((times / most) * barColumns)))]],
  );
  return [
    line(''),
    line(`${title}: ${size(min)} to ${size(max)}`, 'title'),
    ...columnsOf(rows, '  ').map((text) => line(text)),
  ];
}

function rangeOf(power: number): string {
  return power === 0 ? 'empty' : `${size(2 ** (power - 1))} to ${size(2 ** power - 1)}`;
}

function typeName(type: number): string {
  return ['', 'bytes', 'put', 'delete', 'json'][type] ?? `type ${type}`;
}

function ageOf({ oldestMs, newestMs }: LogStatistics, nowMs: number): string {
  if (oldestMs === undefined || newestMs === undefined) return 'never';
  return `first ${ago(nowMs - oldestMs)}, last ${ago(nowMs - newestMs)}`;
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${countOf(seconds, 'second')} ago`;
  if (seconds < 7200) return `${countOf(Math.round(seconds / 60), 'minute')} ago`;
  if (seconds < 172_800) return `${countOf(Math.round(seconds / 3600), 'hour')} ago`;
  return `${countOf(Math.round(seconds / 86_400), 'day')} ago`;
}

function ratio(part: number, whole: number): string {
  return whole === 0 ? '0' : (part / whole).toFixed(1);
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '0 %' : `${((100 * part) / whole).toFixed(0)} %`;
}
