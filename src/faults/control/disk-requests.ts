import { pageBytes } from '../model/content.ts';
import { type Tree, walkVolume } from '../model/tree.ts';
import { type Plan, problemOf } from '../plan.ts';
import { namePattern, pathPattern } from '../volume/wildcards.ts';
import type { LiveDisk } from '../volume.ts';
import { pendingOperations } from './pending.ts';
import { cutPower } from './power-cut.ts';
import { ControlError, type RequestOf, type Results, type Statistics } from './requests.ts';

/** What the disk itself is asked. A power cut and `pending` name the profile, and a cut its seed. */
export type DiskRequest =
  | RequestOf<'list' | 'add' | 'clear' | 'event' | 'drop-cache' | 'stats'>
  | (RequestOf<'power-cut'> & { readonly profile: string; readonly seed: number })
  | (RequestOf<'pending'> & { readonly profile: string });

export type DiskResult<Op extends DiskRequest['op']> = Results[Op];

/** A layer whose disk can be asked while it is used. */
export interface ControlledDisk {
  readonly disk: LiveDisk;
  /** The disk goes on with this image, and whatever was open fails. */
  cutPower(image: Tree): void;
}

const operationsMax = 1000;

/** Carries out one request, between two operations. Throws a {@link ControlError} where it cannot. */
export function carryOut(layer: ControlledDisk, request: DiskRequest): DiskResult<DiskRequest['op']> {
  const { disk } = layer;
  switch (request.op) {
    case 'list':
      return listRules(disk, request.pattern);
    case 'add':
      return addRules(disk, request.rules);
    case 'clear':
      return disk.clearRules(request.pattern);
    case 'event':
      return disk.event(request.name);
    case 'power-cut':
      return cut(layer, request);
    case 'pending': {
      const operations = pendingOperations(disk.recording, request.profile);
      return {
        profile: request.profile,
        count: operations.length,
        operations: operations.slice(-operationsMax),
      };
    }
    case 'drop-cache':
      return { files: dropCaches(disk, request) };
    case 'stats':
      return statistics(disk);
  }
}

function listRules(disk: LiveDisk, pattern: string): Results['list'] {
  const wanted = disk.rules.filter(({ id }) => namePattern(pattern).test(id));
  return wanted.map(({ wasDue: _, ...state }) => state);
}

function addRules(disk: LiveDisk, rules: Plan): readonly string[] {
  for (const rule of rules) {
    const problem = problemOf(rule);
    if (problem !== undefined) throw new ControlError('invalid', `the rule cannot be: ${problem}`);
    const { volume } = rule;
    if (volume !== undefined && !disk.tree.roots.has(volume)) {
      const volumes = [...disk.tree.roots.keys()].join(', ');
      throw new ControlError('invalid', `there is no volume ${volume}; mounted are ${volumes}`);
    }
  }
  try {
    return disk.addRules(rules);
  } catch (error) {
    throw new ControlError('invalid', error instanceof Error ? error.message : String(error));
  }
}

function cut(
  layer: ControlledDisk,
  request: Extract<DiskRequest, { op: 'power-cut' }>,
): Results['power-cut'] {
  const { profile, seed } = request;
  const { recording } = layer.disk;
  const after = cutPower(recording, request);
  if (after === undefined)
    throw new ControlError('no-state', `under ${profile} no write can be there in part now`);
  const pending = pendingOperations(recording, profile).length;
  layer.cutPower(after.image);
  return { profile, seed, pending, lost: after.lost.slice(-operationsMax) };
}

function dropCaches(disk: LiveDisk, { path, volume }: RequestOf<'drop-cache'>): number {
  const pattern = pathPattern(path);
  let files = 0;
  for (const name of disk.tree.roots.keys()) {
    if (volume !== undefined && volume !== name) continue;
    for (const entry of [...walkVolume(disk.tree, name)]) {
      if (entry.inode.kind !== 'file' || !pattern.test(entry.path.slice(1))) continue;
      if (disk.dropCache(entry.inode.number)) files++;
    }
  }
  return files;
}

function statistics(disk: LiveDisk): Statistics {
  const operations: Record<string, number> = {};
  let historyBytes = 0;
  for (const entry of disk.trace) {
    if (entry.kind !== 'operation') continue;
    const { operation } = entry;
    operations[operation.kind] = (operations[operation.kind] ?? 0) + 1;
    if (operation.kind === 'write') historyBytes += operation.data.length;
  }
  const files = [...disk.tree.inodes.values()].filter((inode) => inode.kind === 'file');
  const pages = files.reduce((sum, { content }) => sum + content.pages.size, 0);
  return {
    entries: disk.entryCount,
    operations,
    firings: disk.firings.length,
    files: files.length,
    storedBytes: pages * pageBytes,
    historyBytes,
  };
}
