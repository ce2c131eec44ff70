import { z } from 'zod';
import { recordingFromJson, recordingToJson } from '../src/faults/model/recording-file.ts';
import type { RecordedRun } from './recorded-run.ts';
import { ReplayError, type ReplayPlan, replayPlanSchema } from './replay-token.ts';

/**
 * A finding as a file: the plan, and the recording itself, so that it shows again whatever the workload generator or the
 * subject's timing has become. docs/replay-format.md describes it.
 */
export interface ReplayFile {
  readonly plan: ReplayPlan;
  readonly run: RecordedRun;
}

const fileSchema = z.looseObject({
  format: z.literal('powercut-replay'),
  version: z.literal(1),
  plan: replayPlanSchema,
  recording: z.unknown(),
  conversation: z.unknown(),
  exploredUpTo: z.int(),
});

export function encodeReplayFile({ plan, run }: ReplayFile): string {
  const content = {
    format: 'powercut-replay',
    version: 1,
    plan,
    conversation: run.conversation,
    exploredUpTo: run.exploredUpTo,
    recording: recordingToJson(run.recording),
  };
  return `${JSON.stringify(content, taggedBytes, 1)}\n`;
}

/** Throws a {@link ReplayError} that says what is wrong with the file. */
export function decodeReplayFile(text: string, path: string): ReplayFile {
  try {
    const content = fileSchema.parse(JSON.parse(text, untaggedBytes));
    const conversation = content.conversation as RecordedRun['conversation'];
    const recording = recordingFromJson(content.recording);
    return {
      plan: content.plan,
      run: { recording, conversation, firings: [], exploredUpTo: content.exploredUpTo },
    };
  } catch (cause) {
    const why =
      cause instanceof z.ZodError
        ? z.prettifyError(cause)
        : cause instanceof Error
          ? cause.message
          : String(cause);
    throw new ReplayError(`${path} is not a replay file of this version of powercut: ${why}`, { cause });
  }
}

/** Bytes become `{ "base64": ... }`. */
function taggedBytes(this: unknown, key: string, value: unknown): unknown {
  const raw = (this as Record<string, unknown>)[key];
  return raw instanceof Uint8Array ? { base64: Buffer.from(raw).toString('base64') } : value;
}

function untaggedBytes(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('base64' in value)) return value;
  const keys = Object.keys(value);
  return keys.length === 1 && typeof value.base64 === 'string'
    ? new Uint8Array(Buffer.from(value.base64, 'base64'))
    : value;
}
