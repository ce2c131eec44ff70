import { isSettled } from './mutation/table.ts';
import { statusOfCell, whyOfCell } from './summary.ts';
import { joinLines } from './text.ts';
import {
  type Cell,
  type Claim,
  claims,
  type FaultKind,
  faultKinds,
  type ScenarioVerdict,
} from './verdict.ts';

/** One row a claim, one column a fault and profile; what the scenario does not state is absent. */
export interface Matrix {
  /** Columns of one fault stand together. */
  readonly columns: readonly MatrixColumn[];
  readonly rows: readonly MatrixRow[];
}

export interface MatrixColumn {
  readonly fault: FaultKind;
  /** Absent where nothing was tried under any profile. */
  readonly profile?: string;
}

export interface MatrixRow {
  readonly claim: Claim;
  /** One a column. */
  readonly cells: readonly (Cell | undefined)[];
}

/** What a cell has for a profile when its fault was not tried under any. */
const noProfile = '-';

/** Claims and faults in their own order, profiles in the scenario's. */
export function matrixOf(scenario: ScenarioVerdict): Matrix {
  const { cells } = scenario;
  const columns = faultKinds.flatMap((fault) => columnsOf(fault, scenario));
  const rows = claims
    .filter((claim) => cells.some((cell) => cell.claim === claim))
    .map((claim) => ({
      claim,
      cells: columns.map(({ fault, profile }) => {
        const mine = cells.filter((cell) => cell.claim === claim && cell.fault === fault);
        return (
          mine.find((cell) => cell.profile === profile) ?? mine.find((cell) => cell.profile === noProfile)
        );
      }),
    }));
  return { columns, rows };
}

function columnsOf(fault: FaultKind, scenario: ScenarioVerdict): readonly MatrixColumn[] {
  const stated = scenario.cells.filter((cell) => cell.fault === fault).map(({ profile }) => profile);
  const profiles = [...new Set([...scenario.profiles, ...stated])].filter(
    (profile) => profile !== noProfile && stated.includes(profile),
  );
  if (profiles.length > 0) return profiles.map((profile) => ({ fault, profile }));
  return stated.length > 0 ? [{ fault }] : [];
}

/** Groups of columns with the same fault, with how many each has. */
export function faultGroups(
  columns: readonly MatrixColumn[],
): readonly { readonly fault: FaultKind; readonly span: number }[] {
  return [...new Set(columns.map(({ fault }) => fault))].map((fault) => ({
    fault,
    span: columns.filter((column) => column.fault === fault).length,
  }));
}

/** In blocks for below each other: each has at least one column and, beyond that, as many as fit. */
export function splitColumns<Column extends { readonly width: number }>(
  columns: readonly Column[],
  widthMax: number,
): readonly (readonly Column[])[] {
  const blocks: Column[][] = [];
  let left = 0;
  for (const column of columns) {
    const block = blocks.at(-1);
    if (block === undefined || column.width > left) {
      blocks.push([column]);
      left = widthMax - column.width;
    } else {
      block.push(column);
      left -= column.width;
    }
  }
  return blocks;
}

/** Why cells are unknown or were not tested; cells with the same reason are one. */
export interface Reason {
  readonly status: 'unknown' | 'not-tested';
  readonly why: string;
  /** `candour under disk-full`, each once. */
  readonly which: readonly string[];
}

export function reasonsOf(scenario: ScenarioVerdict): readonly Reason[] {
  const reasons = new Map<string, Reason>();
  for (const cell of scenario.cells) {
    const status = statusOfCell(cell);
    if (status !== 'unknown' && status !== 'not-tested') continue;
    const why = whyOfCell(cell);
    const key = `${status} ${why}`;
    const which = new Set(reasons.get(key)?.which).add(`${cell.claim} under ${cell.fault}`);
    reasons.set(key, { status, why, which: [...which] });
  }
  const asAWhole: Reason = {
    status: 'unknown',
    why: 'its notes say why',
    which: ['the scenario as a whole'],
  };
  return isDoubtfulAsAWhole(scenario) ? [asAWhole, ...reasons.values()] : [...reasons.values()];
}

/** Its cells say that all is well, or bad, and yet it is unknown: two runs of it differed, for instance. */
export function isDoubtfulAsAWhole(scenario: ScenarioVerdict): boolean {
  const { status, canary, cells, mutation } = scenario;
  const isTold =
    cells.some((cell) => statusOfCell(cell) === 'unknown') ||
    mutation?.barriers.some((barrier) => !isSettled(barrier)) === true;
  return status === 'unknown' && canary === undefined && !isTold;
}

/** Notes that do not only repeat a reason. */
export function notesOf(scenario: ScenarioVerdict): readonly string[] {
  const said = new Set(reasonsOf(scenario).map(({ why }) => why));
  return scenario.notes.map(joinLines).filter((note) => !said.has(note));
}
