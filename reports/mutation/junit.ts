import { type MutatedScenario, outcomeText } from './table.ts';

/** How a barrier ends as a test case: nobody noticed (failure), not accounted for (error), or well. */
export interface BarrierCase {
  readonly name: string;
  readonly kind: 'passed' | 'failure' | 'error';
  readonly text: string;
  /** Its witness, where a claim broke without it. */
  readonly finding?: string;
}

/** A test case a barrier, in the order of the verdict. */
export function barrierCases({ mutation }: MutatedScenario): readonly BarrierCase[] {
  return mutation.barriers.map((barrier) => {
    const { name, status, accepted, finding } = barrier;
    const isOpen = status === 'unknown' || (status === 'redundant' && accepted === undefined);
    return {
      name: `without ${name}`,
      kind: status === 'undetected' ? 'failure' : isOpen ? 'error' : 'passed',
      text: `${status}: ${outcomeText(barrier)}`,
      ...(finding === undefined ? {} : { finding }),
    };
  });
}
