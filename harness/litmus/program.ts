import { z } from 'zod';

/** The system calls of a litmus program, as a scenario file holds them. docs/litmus.md is the reference. */

const path = z
  .string()
  .regex(/^[\w-]+(\/[\w-]+)*$/, 'a name from the root of the volume, such as f or d/f')
  .describe('From the root of the volume');

const whole = z.int().min(0);
const range = {
  at: whole.default(0).describe('Offset in bytes'),
  bytes: z.int().min(1).max(1_048_576).default(512),
};
const fill = z
  .string()
  .length(1)
  .regex(/[\x20-\x7e]/, 'one printable character')
  .describe('What all bytes are');

const everyCall = {
  answers: z
    .union([z.string().regex(/^E[A-Z0-9]+$/), whole], {
      error: '`answers` is the name of an error, such as ENOSPC, or a number of bytes',
    })
    .optional()
    .describe('What it answers, where that is not success'),
};
const onFile = { file: path.describe('An open file, by the name under which it was opened'), ...everyCall };
const onPath = { path, ...everyCall };
const barrier = {
  ...onFile,
  fails: z.boolean().default(false).describe('The disk fails it: it answers EIO'),
};

const calls = [
  z.strictObject({ op: z.literal('create'), ...onFile }),
  z.strictObject({ op: z.literal('tmpfile'), ...onFile }),
  z.strictObject({
    op: z.literal('write'),
    ...onFile,
    fill,
    ...range,
    sync: z.enum(['O_SYNC', 'O_DSYNC']).optional(),
  }),
  z.strictObject({ op: z.literal('store'), ...onFile, fill, ...range }),
  z.strictObject({ op: z.literal('truncate'), ...onFile, size: whole }),
  z.strictObject({
    op: z.literal('allocate'),
    ...onFile,
    mode: z.enum(['reserve', 'zero', 'punch']),
    ...range,
    keepSize: z.boolean().default(false),
  }),
  z.strictObject({ op: z.literal('fsync'), ...barrier }),
  z.strictObject({ op: z.literal('fdatasync'), ...barrier }),
  z.strictObject({ op: z.literal('fsyncdir'), path: path.default(''), ...everyCall }),
  z.strictObject({ op: z.literal('mkdir'), ...onPath }),
  z.strictObject({ op: z.literal('rmdir'), ...onPath }),
  z.strictObject({ op: z.literal('unlink'), ...onPath }),
  z.strictObject({ op: z.literal('link'), ...onFile, to: path }),
  z.strictObject({
    op: z.literal('rename'),
    from: path,
    to: path,
    exchange: z.boolean().default(false),
    ...everyCall,
  }),
  z.strictObject({ op: z.literal('close'), ...onFile }),
] as const;

const names = calls.map(({ shape }) => shape.op.value);
const stepSchema = z.discriminatedUnion('op', calls, { error: `\`op\` is one of ${names.join(', ')}` });

export const programSchema = z.array(stepSchema).min(1).meta({ id: 'program' });

export type Step = Readonly<z.output<typeof stepSchema>>;
export type Program = readonly Step[];
