import { z } from 'zod';
import { planRuleSchema } from '../../src/faults/plan.ts';
import { restFaults } from '../at-rest.ts';

const wholeNumber = z.int().min(0);

/** Some steps of a seeded workload; docs/torture.md. */
const workloadSchema = z.strictObject({
  seed: wholeNumber,
  /** The workload's steps have the numbers `first` to `first + operations - 1`, which name its values. */
  first: wholeNumber,
  operations: wholeNumber,
  batch: wholeNumber,
  valueBytesMax: z.int().min(1),
  keys: z.int().min(1),
  /** The numbers of the steps that are asked, ascending. */
  picks: z.array(wholeNumber),
});

/**
 * How it ends, if no fault of the plan ends it: the subject closes; it is killed after its last answer; it is ended so
 * many milliseconds after the start. `way`: of a container, where it is not simply killed.
 */
const stopSchema = z.union([
  z.enum(['close', 'leave']),
  z.strictObject({ afterMs: wholeNumber, way: z.enum(['stop', 'pause']).exactOptional() }),
]);

/** What becomes of the volumes then; nothing where absent. `draw` seeds which state it is. */
const damageSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('cut'),
    fault: z.enum(['power-loss', 'torn-write']),
    profile: z.string(),
    /** Part of the live faults: without one that fired the power stays. */
    implied: z.literal(true).exactOptional(),
    draw: wholeNumber,
  }),
  z.strictObject({
    kind: z.literal('at-rest'),
    fault: z.enum(restFaults),
    /** The one volume that it may befall. */
    volume: z.string(),
    draw: wholeNumber,
  }),
]);

/** One cycle of torture, exactly: on the same ground it does the same again. */
export const cycleSchema = z.strictObject({
  /** On empty volumes; else on what the cycle before it left. */
  afresh: z.boolean(),
  workload: workloadSchema,
  plan: z.array(planRuleSchema),
  stop: stopSchema,
  damage: damageSchema.exactOptional(),
  /** Afterwards the kernel writes its page cache back. */
  writeBack: z.boolean(),
});

export type Cycle = Readonly<z.output<typeof cycleSchema>>;
export type Stop = Cycle['stop'];
export type Damage = NonNullable<Cycle['damage']>;

/** Cycles of which each goes on with what the one before it left; the first starts on empty volumes. */
export type Life = readonly Cycle[];

/** The power goes at the end of a life, if what befell its last cycle is so. */
export function cutsPower(life: Life): boolean {
  return life.at(-1)?.damage?.kind === 'cut';
}
