import { connect, messageOf, probeDocker } from './engine.ts';
import { ensureImage, hasImage } from './image.ts';
import { removeOrphans } from './owner.ts';
import { recipes } from './recipes.ts';
import type { ContainerSettings } from './settings.ts';

/** The container that a subject is to run in. */
export interface Housing {
  /** The engine has it, or it is the user's to bring. */
  readonly image: string;
  readonly settings: ContainerSettings;
  /** Where the logs of containers go that failed; nowhere where absent. */
  readonly logDirectory?: string;
}

export type Housed =
  | { readonly kind: 'host' }
  | { readonly kind: 'container'; readonly housing: Housing }
  | { readonly kind: 'missing'; readonly why: string };

/**
 * Whether a subject runs in its container, and in which image, which is made if it is powercut's own: docs/containers.md.
 * `wanted`: what `--container` or `--no-container` say. `missing`: it is to run in one and cannot.
 */
export async function house(
  settings: ContainerSettings | undefined,
  wanted: boolean | undefined,
  logDirectory?: string,
): Promise<Housed> {
  const missing = (why: string) => ({ kind: 'missing', why }) as const;
  // What has an image of its own is nowhere else.
  if (!(wanted ?? settings?.image !== undefined)) return { kind: 'host' };
  if (settings === undefined)
    return missing(
      'The scenario does not say in which container: add `subject.container` (docs/containers.md).',
    );
  const docker = await probeDocker();
  if (!docker.available)
    return missing(`No container can be had: ${docker.why}. To get one: ${docker.remedy}`);
  const engine = connect();
  const { image, build } = settings;
  try {
    await removeOrphans(engine);
    if (build === undefined && !(await hasImage(engine, image ?? '')))
      return missing(`The Docker engine has no image ${image}: pull it (docker pull ${image}) or build it.`);
    const made = build === undefined ? (image ?? '') : await ensureImage(engine, build, recipes[build]);
    return { kind: 'container', housing: { image: made, settings, ...(logDirectory && { logDirectory }) } };
  } catch (error) {
    return missing(`No container of ${build ?? image} can be had: ${messageOf(error)}`);
  }
}
