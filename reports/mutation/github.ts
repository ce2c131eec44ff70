import { isSettled, type MutatedScenario, outcomeText } from './table.ts';

/** What of a table is worth an annotation: an error where nobody noticed, a warning where nobody has said why. */
export interface BarrierRemark {
  readonly kind: 'error' | 'warning';
  readonly title: string;
  readonly text: string;
}

export function barrierRemarks({ mutation }: MutatedScenario): readonly BarrierRemark[] {
  return mutation.barriers
    .filter((barrier) => !isSettled(barrier))
    .map((barrier) => ({
      kind: barrier.status === 'undetected' ? 'error' : 'warning',
      title: `${barrier.status}: ${barrier.name}`,
      text: `Without this barrier: ${outcomeText(barrier)}`,
    }));
}
