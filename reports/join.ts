import { overallStatus, worst } from './status.ts';
import type { Cell, Exploration, Finding, ScenarioVerdict, Verdict } from './verdict.ts';

/** The verdicts are not all the parts of one run; the message says why. */
export class PartsError extends Error {
  override readonly name = 'PartsError';
}

/** A finding of the joined verdict, and whose files it has: `findings/<from>` of that part. */
export interface JoinedFinding {
  readonly part: Verdict;
  readonly from: string;
  readonly to: string;
}

export interface Joined {
  readonly verdict: Verdict;
  readonly findings: readonly JoinedFinding[];
}

/**
 * One verdict from those of the parts of a run (`--shard`), in any order. `place`: the directory of the joined run, as
 * replay commands are to name it. Throws a {@link PartsError}.
 */
export function joinParts(verdicts: readonly Verdict[], place: string): Joined {
  const parts = inOrder(verdicts);
  const [first] = parts;
  const names = [...new Set(parts.flatMap(({ scenarios }) => scenarios.map(({ name }) => name)))];
  const findings: JoinedFinding[] = [];
  const scenarios = names.map((name) => {
    const own = parts.flatMap((part) =>
      part.scenarios.filter((scenario) => scenario.name === name).map((scenario) => ({ part, scenario })),
    );
    const found = ownFindings(own);
    const numbered = found.map(({ part, finding, occurrences }) => {
      const id = String(findings.push({ part, from: finding.id, to: String(findings.length + 1) }));
      return { ...renamed(finding, id, place), occurrences };
    });
    return joinScenario(
      own.map(({ scenario }) => scenario),
      numbered,
    );
  });
  const interrupted = parts.find((part) => part.interrupted !== undefined)?.interrupted;
  const { part: _, ...head } = first;
  const verdict: Verdict = {
    ...head,
    status: overallStatus(scenarios),
    scenarios,
    ...(interrupted === undefined ? {} : { interrupted }),
    timing: {
      seconds: Math.max(...parts.map(({ timing }) => timing.seconds)),
      imagesPerSecond: sum(parts, ({ timing }) => timing.imagesPerSecond),
      scenarios: Object.fromEntries(
        names.map((name) => [name, Math.max(...parts.map(({ timing }) => timing.scenarios[name] ?? 0))]),
      ),
    },
  };
  return { verdict, findings };
}

function inOrder(verdicts: readonly Verdict[]): readonly [Verdict, ...Verdict[]] {
  const [first, ...others] = [...verdicts].sort((a, b) => (a.part?.index ?? 0) - (b.part?.index ?? 0));
  if (first?.part === undefined)
    throw new PartsError('a run without --shard is whole, and cannot be joined with others');
  const { seed, version, part } = first;
  if (others.some((other) => other.seed !== seed || other.version !== version))
    throw new PartsError('these are parts of different runs: their seeds, or versions of powercut, differ');
  const there = [first, ...others].map((one) => `${one.part?.index}/${one.part?.count}`);
  const wanted = Array.from({ length: part.count }, (_, index) => `${index + 1}/${part.count}`);
  if (there.join() !== wanted.join())
    throw new PartsError(
      `a run in ${part.count} parts has ${wanted.join(', ')}; these are ${there.join(', ')}`,
    );
  return [first, ...others];
}

interface Found {
  readonly part: Verdict;
  readonly finding: Finding;
  /** Over all parts. */
  readonly occurrences: number;
}

/** Of each claim, fault and profile that broke, the first part's finding. */
function ownFindings(
  own: readonly { readonly part: Verdict; readonly scenario: ScenarioVerdict }[],
): Found[] {
  const all = own.flatMap(({ part, scenario }) => scenario.findings.map((finding) => ({ part, finding })));
  return grouped(all, ({ finding }) => keyOf(finding)).map((same) => ({
    ...same[0],
    occurrences: sum(same, ({ finding }) => finding.occurrences),
  }));
}

function renamed(finding: Finding, id: string, place: string): Finding {
  const { command, token } = finding.replay;
  const file = finding.replay.file.replace(/^findings\/[^/]+/, `findings/${id}`);
  const again = command.endsWith(token) ? command : `npx powercut replay ${place}/${file}`;
  return { ...finding, id, replay: { command: again, token, file } };
}

function joinScenario(own: readonly ScenarioVerdict[], findings: readonly Finding[]): ScenarioVerdict {
  const [first] = own;
  if (first === undefined) throw new Error('a scenario is in one part at least');
  const special = own.find(({ mutation, torture }) => mutation !== undefined || torture !== undefined);
  if (special !== undefined)
    throw new PartsError(`${special.name}: only what \`powercut run\` found can be joined`);
  const cells = joinEach(
    own.flatMap((scenario) => scenario.cells),
    (same) => joinCells(same, findings),
  );
  return {
    ...first,
    status: worst(own.map(({ status }) => status)),
    ...(first.canary === undefined ? {} : { canary: joinCanaries(first.canary, own) }),
    cells,
    explorations: joinEach(
      own.flatMap((scenario) => scenario.explorations),
      joinExplorations,
    ),
    findings,
    notes: [...new Set(own.flatMap(({ notes }) => notes))],
  };
}

function joinEach<T extends Pick<Cell, 'fault' | 'profile'> & Partial<Pick<Cell, 'claim'>>>(
  all: readonly T[],
  join: (same: readonly [T, ...T[]]) => T,
): T[] {
  return grouped(all, keyOf).map(join);
}

function keyOf({
  claim,
  fault,
  profile,
}: Pick<Cell, 'fault' | 'profile'> & Partial<Pick<Cell, 'claim'>>): string {
  return `${claim} ${fault} ${profile}`;
}

/** What one part could not judge, another may have. */
function joinCells(same: readonly [Cell, ...Cell[]], findings: readonly Finding[]): Cell {
  const status = worst(same.map((cell) => cell.status));
  const [{ claim, fault, profile }] = same;
  const states = sum(same, (cell) => cell.states);
  const why = same.find((cell) => cell.status === status)?.why;
  const finding = findings.find((one) => keyOf(one) === keyOf(same[0]))?.id;
  return {
    claim,
    fault,
    profile,
    status,
    states,
    ...(why === undefined ? {} : { why }),
    ...(finding === undefined ? {} : { finding }),
  };
}

/** Each part goes through all states of the workload, and judges its own share of their images. */
function joinExplorations(same: readonly [Exploration, ...Exploration[]]): Exploration {
  const [{ legalStates: _, outcomes, ...first }] = same;
  const exhaustive = same.every((one) => one.exhaustive);
  const legalStates = same.find((one) => one.legalStates !== undefined)?.legalStates;
  const found = new Set(same.flatMap((one) => one.outcomes?.found ?? []));
  return {
    ...first,
    crashPoints: Math.max(...same.map((one) => one.crashPoints)),
    states: Math.max(...same.map((one) => one.states)),
    images: sum(same, ({ images }) => images),
    exhaustive,
    ...(exhaustive && legalStates !== undefined ? { legalStates } : {}),
    ...(outcomes === undefined ? {} : { outcomes: { ...outcomes, found: [...found].sort() } }),
  };
}

type Canary = NonNullable<ScenarioVerdict['canary']>;

/** Found by one of the parts. */
function joinCanaries(first: Canary, own: readonly ScenarioVerdict[]): Canary {
  const all = own.flatMap(({ canary }) => canary ?? []);
  const found = all.filter((canary) => canary.found);
  const places = all.flatMap(({ fileSystems = [] }) => fileSystems);
  const best = (name: string) =>
    (['found', 'missed', 'forgiven', 'not-tested'] as const).find((outcome) =>
      places.some((place) => place.name === name && place.outcome === outcome),
    ) ?? 'not-tested';
  return {
    ...first,
    found: found.length > 0,
    states: found.length > 0 ? Math.min(...found.map(({ states }) => states)) : 0,
    ...(first.fileSystems === undefined
      ? {}
      : { fileSystems: first.fileSystems.map(({ name }) => ({ name, outcome: best(name) })) }),
  };
}

/** In the order of the first of each. */
function grouped<T>(items: readonly T[], key: (item: T) => string): (readonly [T, ...T[]])[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function sum<T>(items: readonly T[], read: (item: T) => number): number {
  return items.reduce((total, item) => total + read(item), 0);
}
