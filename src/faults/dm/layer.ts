import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FileSystem } from '../block/file-systems.ts';
import { diskName, diskTree, formattedDisk, isUnformatted } from '../block/format.ts';
import type { EndedRecording, FaultLayer, Place } from '../layer.ts';
import type { Content } from '../model/content.ts';
import { liveTree, type Recording, type TraceEntry } from '../model/recording.ts';
import type { FileInode, Tree } from '../model/tree.ts';
import type { Firing, Plan, PlanRule, RuleState } from '../plan.ts';
import { DeviceMapper } from './device-mapper.ts';
import { DiskStack } from './disk-stack.ts';
import { featuresFor, flakeyRule } from './flakey.ts';
import { isAwaited } from './promises.ts';
import { traceOf } from './trace.ts';

export interface DmLayerOptions {
  /** One: of several disks the logs would not say what came first. */
  readonly volumes: readonly string[];
  /** An existing directory of the caller's, on a memory file system that allows device nodes. */
  readonly directory: string;
  readonly fileSystem: FileSystem;
}

/**
 * A layer of device-mapper under the kernel's own file system: dm-log-writes records what the block layer records, writes of
 * sectors and flushes, and dm-flakey has the faults. A recording that starts on an empty volume starts on a disk that was just
 * formatted. docs/dm.md
 */
export async function openDmLayer({ volumes, directory, fileSystem }: DmLayerOptions): Promise<FaultLayer> {
  const [volume, ...others] = volumes;
  if (volume === undefined || others.length > 0)
    throw new Error(`the dm layer has one volume, not ${volumes.join(', ')}: the block layer has several`);
  const formatted = await formattedDisk(fileSystem, directory);
  const point = join(directory, `on-${volume}`);
  mkdirSync(point);
  return new DmLayer(volume, directory, point, fileSystem, formatted);
}

interface Begun {
  /** Absent where the kernel does not mount the disk. */
  readonly stack?: DiskStack;
  readonly start: Recording;
  readonly inode: number;
  readonly rule: PlanRule | undefined;
}

class DmLayer implements FaultLayer {
  readonly name = 'dm';
  readonly place: Place;
  readonly #volume: string;
  readonly #directory: string;
  readonly #point: string;
  readonly #fileSystem: FileSystem;
  readonly #formatted: Content;
  readonly #devices: DeviceMapper;
  #begun: Begun | undefined;
  /** A mark in the log is a number: the place of its text here. */
  #acknowledgements: string[] = [];
  /** How many acknowledgements had been made when the fault began; undefined before that. */
  #befallenAt: number | undefined;

  constructor(volume: string, directory: string, point: string, fileSystem: FileSystem, formatted: Content) {
    this.place = { kind: 'directories', directories: new Map([[volume, point]]) };
    this.#volume = volume;
    this.#directory = directory;
    this.#point = point;
    this.#fileSystem = fileSystem;
    this.#formatted = formatted;
    this.#devices = new DeviceMapper(directory);
  }

  async begin({ base, trace }: Recording, plan: Plan): Promise<void> {
    await this.#leave();
    const rule = flakeyRule(plan);
    const start = { base: isUnformatted(base) ? diskTree([this.#volume], this.#formatted) : base, trace };
    const disk = diskOf(liveTree(start), this.#volume);
    const begun = { start, inode: disk.number, rule };
    this.#begun = begun;
    this.#acknowledgements = [];
    this.#befallenAt = undefined;
    const stack = await DiskStack.open({
      devices: this.#devices,
      directory: this.#directory,
      point: this.#point,
      fileSystem: this.#fileSystem,
      content: disk.content,
    });
    this.#begun = { ...begun, stack };
    if (rule !== undefined && rule.after === undefined) await this.#befall(stack, rule);
  }

  async acknowledge(text: string): Promise<void> {
    const { stack, rule } = this.#mounted();
    const number = this.#acknowledgements.push(text) - 1;
    await stack.mark(String(number));
    const comes = rule?.after !== undefined && isAwaited(rule.after, text, number + 1);
    if (rule !== undefined && comes && this.#befallenAt === undefined) await this.#befall(stack, rule);
  }

  /** Requests in place of entries, and what no flush has covered is not in the log yet. */
  async entryCount(): Promise<number> {
    const { stack, start } = this.#mounted();
    return start.trace.length + (await stack.requestCount());
  }

  async end({ writtenBack } = { writtenBack: false }): Promise<EndedRecording> {
    const { stack, start, inode, rule } = this.#now();
    const entries = (await stack?.end(writtenBack)) ?? [];
    await this.#leave();
    const acknowledgement = (mark: string) => this.#acknowledgements[Number(mark)];
    const recorded = traceOf(entries, { volume: this.#volume, inode, acknowledgement });
    return {
      recording: { base: start.base, trace: [...start.trace, ...recorded], disks: true },
      firings: rule === undefined ? [] : this.#firingsOf(rule, recorded, start.trace.length),
      rules: rule === undefined ? [] : [this.#stateOf(rule)],
    };
  }

  async close(): Promise<void> {
    await this.#leave();
    rmdirSync(this.#point);
    rmSync(join(this.#directory, 'mapper'), { recursive: true, force: true });
  }

  async #leave(): Promise<void> {
    const begun = this.#begun;
    this.#begun = undefined;
    await begun?.stack?.close();
  }

  #now(): Begun {
    if (this.#begun === undefined) throw new Error('the dm layer has no recording that was begun');
    return this.#begun;
  }

  #mounted(): Begun & { readonly stack: DiskStack } {
    const { stack, ...begun } = this.#now();
    if (stack === undefined) throw new Error('the dm layer has no disk that is mounted');
    return { ...begun, stack };
  }

  async #befall(stack: DiskStack, rule: PlanRule): Promise<void> {
    await stack.befall(featuresFor(rule));
    this.#befallenAt = this.#acknowledgements.length;
  }

  /** One, where the fault began, though dm-flakey does not tell what it did from there on. */
  #firingsOf(rule: PlanRule, recorded: readonly TraceEntry[], before: number): Firing[] {
    if (this.#befallenAt === undefined) return [];
    let promises = 0;
    const at = recorded.findIndex(
      (entry) => entry.kind === 'acknowledgement' && ++promises === this.#befallenAt,
    );
    const operation = rule.operation === 'any' ? 'write' : rule.operation;
    return [
      {
        id: ruleId(rule),
        rule,
        entry: before + Math.max(0, at),
        volume: this.#volume,
        operation,
        path: diskName,
      },
    ];
  }

  /** dm-flakey does not tell what it did. */
  #stateOf(rule: PlanRule): RuleState {
    const waiting = this.#befallenAt === undefined;
    const why = waiting ? `${rule.after} has not come to pass` : 'dm-flakey does not say how often it did';
    return { id: ruleId(rule), rule, waiting, matched: 0, wasDue: !waiting, fired: 0, why };
  }
}

function ruleId({ id }: PlanRule): string {
  return id ?? 'rule-1';
}

function diskOf({ inodes, roots }: Tree, volume: string): FileInode {
  const root = inodes.get(roots.get(volume) ?? 0);
  const number = root?.kind === 'directory' ? root.entries.get(diskName) : undefined;
  const disk = inodes.get(number ?? 0);
  if (disk?.kind !== 'file')
    throw new Error(`the volume ${volume} of the recording is no disk: it has no file ${diskName}`);
  return disk;
}
