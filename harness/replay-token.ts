import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { claims, faultKinds } from '../reports/verdict.ts';
import { planRuleSchema } from '../src/faults/plan.ts';
import { writeBacks } from './exploration.ts';
import { cycleSchema } from './torture/cycle.ts';

const wholeNumber = z.int().min(0);

const state = z.strictObject({
  point: wholeNumber,
  lost: z.array(wholeNumber),
  filler: z.enum(['old', 'garbage', 'garbage-overwrites']),
  rotten: z
    .strictObject({ inode: wholeNumber, offset: wholeNumber, bit: wholeNumber.max(7) })
    .exactOptional(),
  unreadable: z.strictObject({ inode: wholeNumber, offset: wholeNumber }).exactOptional(),
  stale: z.strictObject({ inode: wholeNumber, back: wholeNumber }).exactOptional(),
  stalled: z.strictObject({ inode: wholeNumber }).exactOptional(),
});

const origin = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('workload'),
    plan: z.array(planRuleSchema),
  }),
  z.strictObject({ kind: z.literal('reopen'), killPoint: wholeNumber }),
  z.strictObject({ kind: z.literal('nested'), state }),
  z.strictObject({ kind: z.literal('written-back'), order: z.enum(writeBacks) }),
  z.strictObject({
    kind: z.literal('mutant'),
    barrier: z.string(),
    leftOut: z.array(wholeNumber),
    killPoint: wholeNumber.exactOptional(),
  }),
  z.strictObject({ kind: z.literal('torture'), life: z.array(cycleSchema) }),
]);

/** Enough to record a finding's run again and to lay out its image. */
export const replayPlanSchema = z.strictObject({
  /** The scenario's file, from the directory in which the run was started. */
  scenario: z.string(),
  seed: wholeNumber,
  layer: z.enum(['fuse', 'sim', 'block', 'dm']),
  /** The subject ran in its container. */
  container: z.literal(true).exactOptional(),
  claim: z.enum(claims),
  fault: z.enum(faultKinds),
  profile: z.string(),
  /** Which steps of the seeded workload are asked. */
  steps: z.array(wholeNumber),
  origin,
  state,
  /** Of the run up to the crash (`shapeOf`): only in such a one does the state mean the same. */
  shape: z.string().exactOptional(),
});

export type ReplayPlan = z.output<typeof replayPlanSchema>;

const prefix = 'pc1-';

/** The plan as one word for a command line. */
export function encodeToken(plan: ReplayPlan): string {
  return prefix + deflateRawSync(JSON.stringify(plan)).toString('base64url');
}

export class ReplayError extends Error {
  override readonly name = 'ReplayError';
}

export function isToken(text: string): boolean {
  return text.startsWith(prefix);
}

/** Throws a {@link ReplayError} where the text is no token, or one that was cut or changed on its way. */
export function decodeToken(text: string): ReplayPlan {
  try {
    const json = inflateRawSync(Buffer.from(text.slice(prefix.length), 'base64url')).toString();
    return replayPlanSchema.parse(JSON.parse(json));
  } catch (cause) {
    throw new ReplayError(
      'this replay token cannot be read: it was cut, or changed on its way. Copy the whole line of the replay command from the report.',
      { cause },
    );
  }
}
