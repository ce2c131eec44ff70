import type { Exploration, ScenarioVerdict, Status } from '../verdict.ts';

/** A litmus program under one profile, or on one file system. */
export interface LitmusCell {
  /** Sound where held: nothing was found that the profile forbids. */
  readonly status: Status;
  /** Of the outcomes that the profile allows, how many were found. */
  readonly found: number;
  readonly allowed: number;
  /** Different crash images that were looked at. */
  readonly images: number;
}

export interface LitmusRow {
  readonly name: string;
  /** By profile; absent where the program was not run there. */
  readonly cells: ReadonlyMap<string, LitmusCell>;
}

export interface LitmusTable {
  readonly profiles: readonly string[];
  readonly rows: readonly LitmusRow[];
  /** The sum over all programs. Its status is the worst one. */
  readonly all: ReadonlyMap<string, LitmusCell>;
}

/** Programs by profiles, where the run had litmus programs. */
export function litmusTable(scenarios: readonly ScenarioVerdict[]): LitmusTable | undefined {
  const rows = scenarios.filter(isLitmus).map(({ name, cells, explorations }) => ({
    name,
    cells: new Map(
      explorations.map((exploration) => [exploration.profile, cellOf(exploration, cells)] as const),
    ),
  }));
  if (rows.length === 0) return undefined;
  const profiles = [...new Set(rows.flatMap(({ cells }) => [...cells.keys()]))];
  return { profiles, rows, all: new Map(profiles.map((profile) => [profile, sumOf(profile, rows)])) };
}

function isLitmus({ explorations }: ScenarioVerdict): boolean {
  return explorations.some(({ outcomes }) => outcomes !== undefined);
}

function cellOf(
  { fault, profile, images, outcomes }: Exploration,
  cells: ScenarioVerdict['cells'],
): LitmusCell {
  const { allowed = [], found = [] } = outcomes ?? {};
  return {
    status: cells.find((cell) => cell.fault === fault && cell.profile === profile)?.status ?? 'unknown',
    found: allowed.filter((outcome) => found.includes(outcome)).length,
    allowed: allowed.length,
    images,
  };
}

function sumOf(profile: string, rows: readonly LitmusRow[]): LitmusCell {
  const cells = rows.flatMap((row) => row.cells.get(profile) ?? []);
  const sum = (read: (cell: LitmusCell) => number) => cells.reduce((total, cell) => total + read(cell), 0);
  const order: readonly Status[] = ['violated', 'unknown', 'not-tested', 'held'];
  return {
    status: order.find((status) => cells.some((cell) => cell.status === status)) ?? 'not-tested',
    found: sum(({ found }) => found),
    allowed: sum(({ allowed }) => allowed),
    images: sum(({ images }) => images),
  };
}
