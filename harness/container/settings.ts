import { z } from 'zod';
import { buildNames } from './recipes.ts';

/** `subject.container` of a scenario: docs/containers.md. */
export const containerSchema = z
  .strictObject({
    image: z
      .string()
      .min(1)
      .optional()
      .describe('An image that the engine has: the subject always runs in it'),
    build: z
      .enum(buildNames)
      .optional()
      .describe("An image that powercut makes of this machine's programs, for `--container`"),
    network: z
      .boolean()
      .default(false)
      .describe('The network that the engine gives by default; none without'),
    memoryMiB: z.int().min(6).default(512).describe('Memory, swap included; what needs more is killed'),
    cpus: z
      .number()
      .positive()
      .optional()
      .describe("So many of all cores' time, such as 1.5; one core, the lane's own, where absent"),
    writableRoot: z.boolean().default(false).describe('Else it can write to its volumes and to TMPDIR only'),
    user: z.string().min(1).optional().describe("In place of the image's own, such as `root` or `1000:1000`"),
    stopSeconds: z
      .int()
      .min(0)
      .max(600)
      .default(1)
      .describe('How long it may take to end by itself when torture stops it'),
  })
  .superRefine(({ image, build }, context) => {
    if ((image === undefined) === (build === undefined)) {
      context.addIssue({ code: 'custom', message: 'a container has either an `image` or a `build`' });
    }
  });

export type ContainerSettings = Readonly<z.output<typeof containerSchema>>;
