import type { LayerChoice } from '../layers.ts';
import type { RunOptions } from '../options.ts';
import type { LoadedScenario } from '../scenario.ts';
import { house } from './housing.ts';

/** A scenario, with the container that its subject runs in, if it does; `homeless`: it is to run in one, and why it cannot. */
export interface HousedScenario {
  readonly loaded: LoadedScenario;
  readonly homeless?: string;
}

export async function houseScenario(
  loaded: LoadedScenario,
  { container, outputDirectory }: Pick<RunOptions, 'container' | 'outputDirectory'>,
): Promise<HousedScenario> {
  const housed = await house(loaded.scenario.subject.container, container, `${outputDirectory}/logs`);
  switch (housed.kind) {
    case 'host':
      return { loaded };
    case 'container':
      return { loaded: { ...loaded, container: housed.housing } };
    case 'missing':
      return { loaded, homeless: housed.why };
  }
}

/** What becomes of the choice of a layer where the subject is to run in a container. */
export function inContainer(choice: LayerChoice, { loaded, homeless }: HousedScenario): LayerChoice {
  if (choice.kind === 'missing') return choice;
  const missing = (why: string) => ({ kind: 'missing', layer: choice.layer, why }) as const;
  if (homeless !== undefined) return missing(homeless);
  if (loaded.container === undefined) return choice;
  if (choice.layer === 'sim')
    return missing('On the sim layer the subject is a module in this process, which no container can hold.');
  return { ...choice, note: `The subject ran in a container of ${loaded.container.image}.` };
}
