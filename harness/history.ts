import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeTrace } from '../src/faults/model/describe.ts';
import type { RecordedRun } from './recorded-run.ts';
import { renderMutation } from './workload/render.ts';

/**
 * Adds a scenario's recorded run to the run's `history.ndjson`: what was asked, then what happened on the volumes, one
 * JSON object a line, in order.
 */
export function writeHistory(outputDirectory: string, scenario: string, run: RecordedRun): void {
  const texts = describeTrace(run.recording);
  const { conversation, recording } = run;
  const steps = conversation.kind === 'requests' ? conversation.steps : [];
  const lines = [
    ...steps.map(({ index, mutation }) => ({ scenario, step: index, request: renderMutation(mutation) })),
    ...recording.trace.map((entry, index) => {
      const base = { scenario, entry: index };
      if (entry.kind === 'acknowledgement') return { ...base, acknowledgement: entry.text };
      if (entry.kind === 'process-crash') return { ...base, event: entry.kind };
      return { ...base, volume: entry.volume, operation: texts.get(index) };
    }),
  ];
  appendFileSync(
    join(outputDirectory, 'history.ndjson'),
    lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  );
}
