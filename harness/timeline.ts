import type { TimelineRow } from '../reports/verdict.ts';
import { describeTrace } from '../src/faults/model/describe.ts';
import type { EffectTrace } from '../src/faults/model/effects.ts';
import type { Operation } from '../src/faults/model/operation.ts';
import type { Order } from '../src/faults/model/order.ts';
import type { Violation } from './exploration.ts';
import { fateOf } from './fate.ts';
import { shownText } from './recorded-run.ts';
import { renderMutation } from './workload/render.ts';

/** What was asked, what it became on the volumes, and what was promised, in the order of time up to the crash. */
export class Timeline {
  private readonly violation: Violation;
  private readonly trace: EffectTrace;
  private readonly order: Order;
  private readonly texts: ReadonlyMap<number, string>;
  private readonly lost: ReadonlySet<number>;

  constructor(violation: Violation, trace: EffectTrace, order: Order) {
    this.violation = violation;
    this.trace = trace;
    this.order = order;
    this.texts = describeTrace(violation.run.recording);
    this.lost = new Set(violation.state.lost);
  }

  rows(): TimelineRow[] {
    const { run, state } = this.violation;
    const rows: TimelineRow[] = [];
    const { conversation } = run;
    const isStep = conversation.kind === 'requests';
    let steps = isStep ? [...conversation.steps] : [];
    const afterCrash = (isStep ? conversation.shown?.afterSteps : undefined) ?? 0;
    const asked = (): TimelineRow[] => {
      const next = steps.shift();
      if (next === undefined) return [];
      return [{ kind: 'request', step: next.index, text: renderMutation(next.mutation) }];
    };
    // A run that opens on what a crash left is asked for more once it has shown what it recovered.
    const recoversFirst = afterCrash > 0 && run.exploredUpTo < 0;
    if (!recoversFirst) rows.push(...asked());
    for (const [entry, step] of run.recording.trace.slice(0, state.point).entries()) {
      if (step.kind === 'process-crash') {
        rows.push({
          kind: 'process-crash',
          entry,
          ...(run.recording.disks === true && { ofMachine: true }),
        });
        // What was under way is never answered; the next that is asked comes after the recovery.
        steps = steps.filter(({ index }) => index >= afterCrash);
      } else if (step.kind === 'operation') rows.push(this.operationRow(entry, step.volume, step.operation));
      else {
        const row = { kind: 'acknowledgement', entry, text: acknowledgementText(step.text, isStep) } as const;
        rows.splice(step.text === shownText ? rows.length : whereGiven(rows), 0, row, ...asked());
      }
    }
    const last = lastRow(this.violation);
    // The kill that ends the story may be in the recording already.
    if (last.kind === 'process-crash' && rows.at(-1)?.kind === 'process-crash') rows.pop();
    return [...rows, last];
  }

  private operationRow(entry: number, volume: string, operation: Operation): TimelineRow {
    const { effects, effectsBefore } = this.trace;
    const mine = effects.slice(effectsBefore[entry], effectsBefore[entry + 1]);
    const { point } = this.violation.state;
    const fate = fateOf(operation, mine, {
      isLost: ({ id }) => this.lost.has(id),
      isDurable: ({ id }) => (this.order.durableAt[this.order.atomOf[id] ?? -1] ?? 0) < point,
    });
    return { kind: 'operation', entry, volume, text: this.texts.get(entry) ?? operation.kind, ...fate };
  }
}

/** A dead process promises nothing: what was read right after a kill had been said before it. */
function whereGiven(rows: readonly TimelineRow[]): number {
  return rows.at(-1)?.kind === 'process-crash' ? rows.length - 1 : rows.length;
}

function lastRow({ fault, state }: Violation): TimelineRow {
  if (state.rotten !== undefined) return { kind: 'omitted', operations: 0, text: 'a bit flips at rest' };
  if (state.unreadable !== undefined) return { kind: 'omitted', operations: 0, text: 'a sector goes bad' };
  if (state.stale !== undefined) return { kind: 'omitted', operations: 0, text: 'a read answers old bytes' };
  if (state.stalled !== undefined) return { kind: 'omitted', operations: 0, text: 'a read is answered late' };
  return { kind: fault === 'process-kill' ? 'process-crash' : 'power-cut', entry: state.point };
}

function acknowledgementText(text: string, isStep: boolean): string {
  if (text === shownText) return 'the recovered content was shown to a reader';
  return isStep && /^\d+$/.test(text) ? `step ${text} answered ok` : text;
}
