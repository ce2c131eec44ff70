import { perform } from './perform.ts';
import type { Program } from './program.ts';
import { systemCalls } from './system-calls.ts';

/** A litmus program as a process: its steps as JSON in the first argument, in the directory that it is started in. */
const [json = '[]'] = process.argv.slice(2);
try {
  perform(JSON.parse(json) as Program, systemCalls('.'));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
