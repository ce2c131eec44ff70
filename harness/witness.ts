import type { Finding, TimelineRow } from '../reports/verdict.ts';
import { crashStates } from '../src/faults/model/crash-states.ts';
import { describeTrace } from '../src/faults/model/describe.ts';
import { type Effect, type EffectTrace, takeApart } from '../src/faults/model/effects.ts';
import type { Operation } from '../src/faults/model/operation.ts';
import type { Order } from '../src/faults/model/order.ts';
import { profileFor } from '../src/faults/model/profile.ts';
import type { PlanRule } from '../src/faults/plan.ts';
import type { Violation } from './exploration.ts';
import { rulesOf } from './permitted.ts';
import { shownText } from './recorded-run.ts';
import { tellLife } from './torture/story.ts';
import { renderMutation } from './workload/render.ts';

export type Witness = Pick<Finding, 'crash' | 'timeline' | 'permittedBy'>;

/** The story of a violation: what was asked, what it became on the volume, what was lost, and why that is legal. */
export function tellWitness(violation: Violation): Witness {
  const { run, state, fault } = violation;
  const trace = takeApart(run.recording);
  const profile = profileFor(run.recording, violation.profile);
  const crash = fault === 'torn-write' ? 'torn-write' : 'power-loss';
  const { order } = crashStates(trace, profile, crash, { seed: 0, limit: 1 });
  const texts = describeTrace(run.recording);
  const rows = collapse(new Timeline(violation, trace, order, texts).rows());
  const last = [...texts].filter(([entry]) => entry < state.point).at(-1);
  return {
    crash: describeCrash(violation, last?.[1]),
    timeline: rows,
    permittedBy: rulesOf(violation, order),
  };
}

function describeCrash({ run, fault, origin, state }: Violation, last: string | undefined): string {
  const file = run.recording.disks === true ? 'disk' : 'file';
  const when = last === undefined ? 'before the first operation' : `after ${last}`;
  const before = {
    workload: describePlan(origin),
    reopen: run.recording.disks === true ? describeReset : describeReopened,
    nested: 'The power had gone once before, and the subject was recovering from that. ',
    'written-back': 'The program had ended, and the kernel wrote back what it held. ',
    mutant: describeLeftOut(origin),
    torture: origin.kind === 'torture' ? tellLife(origin.life, describeRule) : '',
  }[origin.kind];
  if (fault === 'process-kill') return `${before}The process was killed ${when}; nothing else was lost.`;
  if (state.rotten !== undefined) {
    return `After a clean end, bit ${state.rotten.bit} of byte ${state.rotten.offset} of one ${file} flipped at rest.`;
  }
  if (state.unreadable !== undefined) {
    return `After a clean end, the sector at byte ${state.unreadable.offset} of one ${file} went bad.`;
  }
  if (state.stale !== undefined)
    return 'After a clean end, the first read of one file answered what an earlier barrier had made durable.';
  if (state.stalled !== undefined) return 'After a clean end, the first read of one file was answered late.';
  const count = state.lost.length;
  const lost =
    count === 0 ? 'nothing was lost' : `${count} ${count === 1 ? 'effect was' : 'effects were'} lost`;
  return `${before}The power went ${when}; ${lost}.`;
}

function describePlan(origin: Violation['origin']): string {
  const plan = origin.kind === 'workload' ? origin.plan : [];
  return plan.map((rule) => `The disk had a fault: ${describeRule(rule)}. `).join('');
}

function describeLeftOut(origin: Violation['origin']): string {
  if (origin.kind !== 'mutant') return '';
  const killed = origin.killPoint === undefined ? '' : describeReopened;
  return `Left out: ${origin.barrier}. ${killed}`;
}

const describeReopened = 'The process was killed, started again on what the page cache held, and went on. ';
const describeReset =
  'The machine was reset: the disk kept what was in its cache, the kernel kept nothing. It was started again, and went on. ';

function describeRule({ fault, operation, volume, nth, every, chance, from }: PlanRule): string {
  const on = operation === 'any' ? 'operation' : operation;
  const where = volume === undefined ? '' : ` on ${volume}`;
  if (nth !== undefined) return `${fault} at ${on} ${nth}${where}`;
  if (every !== undefined) return `${fault} at every ${every}th ${on}${where}`;
  if (chance !== undefined) return `${fault} at a chance of ${chance.toFixed(2)} at each ${on}${where}`;
  return `${fault} from ${on} ${from ?? 1}${where} on`;
}

class Timeline {
  private readonly violation: Violation;
  private readonly trace: EffectTrace;
  private readonly order: Order;
  private readonly texts: ReadonlyMap<number, string>;
  private readonly lost: ReadonlySet<number>;

  constructor(violation: Violation, trace: EffectTrace, order: Order, texts: ReadonlyMap<number, string>) {
    this.violation = violation;
    this.trace = trace;
    this.order = order;
    this.texts = texts;
    this.lost = new Set(violation.state.lost);
  }

  rows(): TimelineRow[] {
    const { run, state } = this.violation;
    const rows: TimelineRow[] = [];
    const { conversation } = run;
    let steps = conversation.kind === 'requests' ? [...conversation.steps] : [];
    const afterCrash = (conversation.kind === 'requests' ? conversation.shown?.afterSteps : undefined) ?? 0;
    const ask = () => {
      const next = steps.shift();
      if (next !== undefined)
        rows.push({ kind: 'request', step: next.index, text: renderMutation(next.mutation) });
    };
    // A run that opens on what a crash left is asked for more once it has shown what it recovered.
    const recoversFirst = afterCrash > 0 && run.exploredUpTo < 0;
    if (!recoversFirst) ask();
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
        rows.push({
          kind: 'acknowledgement',
          entry,
          text: acknowledgementText(step.text, steps.length >= 0),
        });
        ask();
      }
    }
    return [...rows, lastRow(this.violation)];
  }

  private operationRow(entry: number, volume: string, operation: Operation): TimelineRow {
    const text = this.texts.get(entry) ?? operation.kind;
    const effects = this.trace.effects.slice(
      this.trace.effectsBefore[entry],
      this.trace.effectsBefore[entry + 1],
    );
    const base = { kind: 'operation', entry, volume, text } as const;
    if (operation.kind === 'sync') return { ...base, fate: operation.leftOut === true ? 'none' : 'barrier' };
    if (operation.kind === 'write' && operation.lost === true) return { ...base, fate: 'lost' };
    if (effects.length === 0) return { ...base, fate: 'none' };
    const gone = effects.filter((effect) => this.lost.has(effect.id));
    if (gone.length === 0) return { ...base, fate: this.isDurable(effects) ? 'durable' : 'kept' };
    const fate = gone.length === effects.length ? 'lost' : 'torn';
    return { ...base, fate, ...(fate === 'torn' ? { detail: describeLost(effects, gone) } : {}) };
  }

  private isDurable(effects: readonly Effect[]): boolean {
    const { point } = this.violation.state;
    return effects.every((effect) => (this.order.durableAt[this.order.atomOf[effect.id] ?? -1] ?? 0) < point);
  }
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

function describeLost(effects: readonly Effect[], gone: readonly Effect[]): string {
  const data = effects.filter((effect) => effect.kind === 'data');
  const goneData = gone.filter((effect) => effect.kind === 'data');
  const parts: string[] = [];
  if (goneData.length > 0 && goneData.length === data.length) parts.push('the data');
  else if (goneData.length > 0) {
    const places = goneData.map((effect) => data.indexOf(effect) + 1);
    parts.push(`${places.length === 1 ? 'sector' : 'sectors'} ${places.join(', ')} of ${data.length}`);
  }
  if (gone.some((effect) => effect.kind === 'size')) parts.push('the size');
  if (gone.some((effect) => effect.kind === 'link' || effect.kind === 'unlink')) parts.push('the name');
  if (gone.some((effect) => effect.kind === 'inode')) parts.push('the inode');
  return `lost: ${parts.join(' and ')}`;
}

/** Rows that a reader need not see one by one: stretches of operations that all reached the disk. */
function collapse(rows: readonly TimelineRow[]): TimelineRow[] {
  const result: TimelineRow[] = [];
  let quiet: TimelineRow[] = [];
  const flush = () => {
    if (quiet.length > quietRowsMax) {
      const shown = quiet.slice(-1);
      const left = quiet.length - shown.length;
      result.push({
        kind: 'omitted',
        operations: left,
        text: `${left} operations, all of which reached the disk`,
      });
      result.push(...shown);
    } else result.push(...quiet);
    quiet = [];
  };
  const lastBarrier = rows.findLastIndex((row) => row.kind === 'operation' && row.fate === 'barrier');
  rows.forEach((row, index) => {
    const isQuiet = row.kind === 'operation' && row.fate !== 'lost' && row.fate !== 'torn';
    if (isQuiet && index !== lastBarrier) quiet.push(row);
    else {
      flush();
      result.push(row);
    }
  });
  flush();
  return result;
}

/** A stretch longer than this is told in one row, with its last operation beside it. */
const quietRowsMax = 4;
