import { worst } from '../reports/status.ts';
import {
  type CanaryPlace,
  type Claim,
  type FaultKind,
  faultKinds,
  type ScenarioVerdict,
} from '../reports/verdict.ts';
import { fileSystemNames } from '../src/faults/block/file-systems.ts';
import type { LayerName } from '../src/faults/layer.ts';
import { type LoadedScenario, profileNames, type Scenario } from './scenario.ts';

/** The layers under the kernel's own file systems. What a run calls a profile is there the file system of that name. */
export function isOnDisks(layer: LayerName | 'auto'): boolean {
  return layer === 'block' || layer === 'dm';
}

/** What befalls no disk: the fuse layer has it. */
const fuseFaults: readonly FaultKind[] = ['process-kill', 'disk-full', 'stale-read', 'slow'];
const diskFaults = faultKinds.filter((fault) => !fuseFaults.includes(fault));

/** dm-flakey has these for all requests from a promise on; what is to befall one request, or one sector, is the block layer's. docs/dm.md, "Faults" */
const deviceMapperFaults: readonly FaultKind[] = [
  'lost-write',
  'io-error',
  'power-loss',
  'torn-write',
  'bit-rot',
];

function faultsOn(layer: LayerName): readonly FaultKind[] {
  return layer === 'dm' ? deviceMapperFaults : diskFaults;
}

/** The faults of a disk that does not keep what it was told to. */
const damages: readonly FaultKind[] = [
  'lost-fsync',
  'latent-sector-error',
  'bit-rot',
  'lost-write',
  'misdirected-write',
];

const askedOfDamaged: readonly Claim[] = ['order', 'integrity', 'atomicity', 'candour'];

/** Why these profiles cannot be had on this layer; undefined where they can. `wanted`: on the command line. */
export function problemOfProfiles(
  { profiles }: Scenario,
  layer: LayerName | 'auto',
  wanted: readonly string[] | undefined,
): string | undefined {
  const [asked, known, is] = isOnDisks(layer)
    ? [wanted, fileSystemNames, 'a profile of the model, and no file system of the kernel']
    : [
        wanted ?? profiles,
        profileNames,
        'a file system of the layers block and dm, and no profile of the model',
      ];
  const strange = asked?.find((name) => !(known as readonly string[]).includes(name));
  if (strange === undefined) return undefined;
  const where = layer === 'auto' ? '' : ` on the ${layer} layer`;
  return `${strange} is ${is}: name${where} one of ${known.join(', ')} (--profile)`;
}

const usualFileSystem = 'ext4-ordered';

/** Those that are asked for, or else those among the scenario's profiles that a kernel has. */
export function fileSystemsFor(
  { profiles }: Scenario,
  wanted: readonly string[] | undefined,
): readonly string[] {
  const known = (wanted ?? profiles).filter((name) => fileSystemNames.includes(name));
  return known.length > 0 ? known : [usualFileSystem];
}

/**
 * What disks of today write whole, though they speak of sectors of 512 bytes: ext4, xfs and btrfs rely on it for their superblocks
 * (docs/block.md, "Sectors").
 */
const physicalSector = { unitBytes: 4096 } as const;

/** The scenario with one file system, and the faults that befall disks. */
export function onFileSystem(
  { scenario, ...from }: LoadedScenario,
  fileSystem: string,
  layer: LayerName,
): LoadedScenario {
  const claims = Object.fromEntries(
    statedClaims(scenario).flatMap(([claim, faults]) => {
      const left = faults.filter((fault) => isAsked(layer, claim, fault));
      return left.length > 0 ? [[claim, left] as const] : [];
    }),
  );
  // Of room for files a disk knows nothing.
  const { capacityBytes: _, ...kind } = scenario.device ?? {};
  const device = { ...physicalSector, ...kind };
  const profiles = [fileSystem as Scenario['profiles'][number]];
  return { ...from, scenario: { ...scenario, claims, profiles, device } };
}

/** Why a scenario cannot be asked of the kernel's file system on this layer, if it cannot. */
export function whyNotOnFileSystem(
  scenario: Scenario,
  fileSystem: string,
  layer: LayerName,
): string | undefined {
  if (scenario.subject.program === undefined) return undefined;
  if (layer === 'dm')
    return 'The log of dm-log-writes has nothing that no flush covered, so that it does not tell where a litmus program had made its last call. The block layer asks it.';
  return whyUnanswered(scenario, fileSystem);
}

/** What of a litmus program no file system of the kernel can be asked. */
function whyUnanswered(
  { subject: { onDisk, program = [] }, device, profiles }: Scenario,
  fileSystem: string,
): string | undefined {
  if (!profiles.some((name) => name === fileSystem))
    return `No answer is written down for ${fileSystem}: the program has one for ${profiles.join(', ')}.`;
  if ([...(onDisk ?? []), ...program].some((step) => 'fails' in step && step.fails))
    return 'A barrier of the program is to fail: the fuse layer fails it, and a disk fails requests of its own.';
  if (device?.capacityBytes !== undefined)
    return 'The program is about room for files: the fuse layer limits it, and a disk has the size that its file system needs.';
  if (device?.unitBytes !== undefined && device.unitBytes > physicalSector.unitBytes)
    return `A file system with blocks of ${physicalSector.unitBytes} bytes does not begin its files at units of ${device.unitBytes} bytes: docs/fault-model.md, “Devices”.`;
  if (device?.powersafeOverwrite === false)
    return "The kernel's file systems rely on disks that overwrite a unit without harm to what lies beside the new bytes.";
  return undefined;
}

/** Which of the scenario's profiles no kernel has, where none was asked for. */
export function passedOverNote(
  scenario: Scenario,
  layer: LayerName,
  wanted: readonly string[] | undefined,
): string[] {
  const names = scenario.profiles.filter((name) => wanted === undefined && !fileSystemNames.includes(name));
  if (names.length === 0) return [];
  const tested = fileSystemsFor(scenario, wanted).join(', ');
  return [
    `Profiles of the model, and not for ${layer}: ${names.join(', ')}. File systems tested: ${tested}.`,
  ];
}

/** What the scenario claims that these layers do not put to the test. */
export function leftOutNotes(scenario: Scenario, layer: LayerName): string[] {
  const stated = statedClaims(scenario);
  const faults = [...new Set(stated.flatMap(([, under]) => under))];
  const left = faults.filter((fault) => !faultsOn(layer).includes(fault));
  const others =
    layer === 'dm'
      ? 'The fuse layer has them, and the block layer those of disks.'
      : 'The fuse layer has them.';
  const ruled = stated.flatMap(([claim, under]) =>
    under.some((fault) => faultsOn(layer).includes(fault) && !isAsked(layer, claim, fault)) ? [claim] : [],
  );
  const damaged = faults.filter((fault) => damages.includes(fault) && faultsOn(layer).includes(fault));
  return [
    ...(left.length === 0 ? [] : [`Not tested on ${layer}: ${left.join(', ')}. ${others}`]),
    ...(ruled.length === 0
      ? []
      : [
          `Not asked on ${layer} under ${damaged.join(', ')}: ${ruled.join(', ')}. What is damaged may be the file system's own, which no subject mends.`,
        ]),
  ];
}

function statedClaims({ claims }: Scenario): (readonly [Claim, readonly FaultKind[]])[] {
  return Object.entries(claims) as [Claim, FaultKind[]][];
}

/** A damage may make the volume useless, whatever copies the subject has on others: then it has to refuse, and to show nothing wrong. */
export function isAsked(layer: LayerName, claim: Claim, fault: FaultKind): boolean {
  return faultsOn(layer).includes(fault) && (!damages.includes(fault) || askedOfDamaged.includes(claim));
}

/**
 * What a second run of the same scenario has to find, too: all of it, but on disks only what was found out. No two runs of a kernel's file
 * system make quite the same requests.
 */
export function repeatable(verdict: ScenarioVerdict, layer: LayerName): unknown {
  if (!isOnDisks(layer)) return verdict;
  return verdict.cells.map(({ claim, fault, profile, status }) => ({ claim, fault, profile, status }));
}

/** One verdict on a scenario from those on each file system; at least one. `canary`: the scenario's, if it is one. */
export function joinVerdicts(
  verdicts: readonly ScenarioVerdict[],
  canary: Scenario['canary'],
  notes: readonly string[],
): ScenarioVerdict {
  const [first] = verdicts;
  if (first === undefined) throw new Error('a scenario has a verdict on at least one file system');
  return {
    ...first,
    status: worst(verdicts.map(({ status }) => status)),
    profiles: verdicts.flatMap(({ profiles }) => profiles),
    ...(canary === undefined ? {} : { canary: joinCanaries(canary, verdicts) }),
    cells: verdicts.flatMap(({ cells }) => cells),
    explorations: verdicts.flatMap(({ explorations }) => explorations),
    findings: verdicts.flatMap(({ findings }) => findings),
    notes: [...new Set([...notes, ...verdicts.flatMap((verdict) => verdict.notes)])],
  };
}

/** Found on one file system at least, and on each that was tested and does not forgive the bug. */
function joinCanaries(
  { breaks, under, forgiving }: NonNullable<Scenario['canary']>,
  verdicts: readonly ScenarioVerdict[],
): NonNullable<ScenarioVerdict['canary']> {
  const fileSystems = verdicts.flatMap((verdict) =>
    verdict.profiles.map((name): CanaryPlace => {
      const isForgiven = forgiving?.on.includes(name) === true;
      return { name, outcome: outcomeOf(verdict, isForgiven) };
    }),
  );
  const some = (wanted: CanaryPlace['outcome']) => fileSystems.some(({ outcome }) => outcome === wanted);
  return {
    breaks,
    under,
    found: some('found') && !some('missed'),
    states: verdicts.reduce((sum, { canary }) => sum + (canary?.states ?? 0), 0),
    fileSystems,
    ...(forgiving === undefined ? {} : { forgiving: forgiving.why }),
  };
}

function outcomeOf({ status, canary }: ScenarioVerdict, isForgiven: boolean): CanaryPlace['outcome'] {
  if (canary?.found === true) return 'found';
  if (status === 'not-tested') return 'not-tested';
  return isForgiven ? 'forgiven' : 'missed';
}
