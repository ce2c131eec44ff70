import { readdir, readFile, stat } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { parse } from 'yaml';
import { ControlError } from '../../src/faults/control/requests.ts';
import { probeFuse, problemOfVolume } from '../../src/faults/fuse/layer.ts';
import { checkPlan, type Plan } from '../../src/faults/plan.ts';
import { mountDisk } from '../mounted-disk.ts';
import { wholeNumber } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { CommandFailure, exitCodes } from './exit.ts';
import { firingText } from './fault-text.ts';
import { profileOption } from './profile-option.ts';
import { ruleOf } from './rule-words.ts';

interface MountFlags {
  readonly volume: readonly string[];
  readonly plan?: string;
  readonly from: readonly string[];
  readonly save?: string;
  readonly control?: string;
  readonly profile: string;
  readonly seed: number;
}

export function mountCommand(context: CommandContext): Command {
  return new Command('mount')
    .summary('put a simulated disk under any program, by hand')
    .description(
      'Mounts volumes at a directory, for programs that you start yourself. `powercut fault` changes what the disk does meanwhile. Ctrl-C unmounts.',
    )
    .argument('<dir>', 'an empty directory, or one to be made')
    .option(
      '--volume <name>',
      'a disk with a directory of its own; repeatable (default: data)',
      volumeName,
      [],
    )
    .option('--plan <file>', 'rules to begin with: a list, JSON or YAML')
    .option('--from <[name=]dir>', 'what a volume (the first) holds at the start; repeatable', collect, [])
    .option('--save <dir>', 'copy what the volumes show at the end to there')
    .option('--control <socket>', 'where the control socket is to be')
    .addOption(profileOption().default('posix'))
    .option('--seed <n>', 'power cuts draw from it', wholeNumber(0), 1)
    .action(async (directory: string, flags: MountFlags) => {
      const volumes = flags.volume.length === 0 ? ['data'] : flags.volume;
      const contents = new Map(flags.from.map((text) => contentIn(text, volumes)));
      for (const each of [directory, flags.save]) if (each !== undefined) await wantEmpty(each);
      for (const from of contents.values()) await wantDirectory(from);
      const plan = flags.plan === undefined ? [] : await readPlan(flags.plan);
      const probe = await probeFuse();
      if (!probe.available)
        throw new CommandFailure(
          exitCodes.unavailable,
          `cannot mount: ${probe.why}\n${remedy(probe.remedy)}`,
        );
      await serve(context, { ...flags, directory, volumes, contents, plan });
    });
}

/** Who is not root needs a namespace for powercut and for all who are to see the mount. */
function remedy(ofProbe: string): string {
  if (process.getuid?.() === 0) return ofProbe;
  return 'run it as root; or start a shell with `unshare -Urm bash`, and run powercut and your programs in it';
}

interface Mount extends Omit<MountFlags, 'plan'> {
  readonly directory: string;
  readonly volumes: readonly string[];
  readonly contents: ReadonlyMap<string, string>;
  readonly plan: Plan;
}

async function serve({ output }: CommandContext, mount: Mount): Promise<void> {
  const { directory, control, save, ...others } = mount;
  const asked = new Promise<undefined>((resolve) => {
    process.once('SIGINT', () => resolve(undefined)).once('SIGTERM', () => resolve(undefined));
  });
  const disk = await mountDisk({
    ...others,
    point: directory,
    ...(control === undefined ? {} : { control }),
    onFiring: (firing) => output.write(`${firingText(firing)}\n`),
  }).catch((error) => {
    throw error instanceof ControlError ? wrong(error.message) : error;
  });
  try {
    for (const [volume, path] of disk.directories) output.write(`${volume} is at ${path}\n`);
    output.write(
      `control socket: ${disk.control}\nCtrl-C unmounts; "powercut fault --help" says what can be done meanwhile\n`,
    );
    const why = await Promise.race([asked, disk.gone]);
    if (why !== undefined) throw new CommandFailure(exitCodes.internal, `the mount is gone: ${why}`);
    if (save !== undefined) await disk.save(save);
  } finally {
    await disk.close();
  }
}

function volumeName(name: string, before: readonly string[]): readonly string[] {
  const problem = problemOfVolume(name) ?? (before.includes(name) ? 'It is there already.' : undefined);
  if (problem !== undefined) throw new InvalidArgumentError(problem);
  return [...before, name];
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function contentIn(text: string, volumes: readonly string[]): [volume: string, directory: string] {
  const [, name, directory] = /^([^/=]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || directory === undefined) return [volumes[0] ?? '', text];
  if (!volumes.includes(name))
    throw wrong(`--from ${text}: there is no volume ${name}, but ${volumes.join(', ')}`);
  return [name, directory];
}

async function readPlan(file: string): Promise<Plan> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw wrong(`the plan cannot be read: ${error.message}`);
  });
  try {
    const items: unknown = parse(text);
    if (!Array.isArray(items)) throw new Error('expected a list of rules');
    const plan = items.map((item, index) => {
      try {
        return ruleOf(item);
      } catch (error) {
        throw new Error(`rule ${index + 1}: ${messageOf(error)}`);
      }
    });
    checkPlan(plan);
    return plan;
  } catch (error) {
    throw wrong(`${file}: ${messageOf(error)}`);
  }
}

async function wantEmpty(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw wrong(`${directory} cannot be used: ${error.message}`);
  });
  if (names.length > 0)
    throw wrong(`${directory} is not empty: name another directory, or one that is to be made`);
}

async function wantDirectory(path: string): Promise<void> {
  const is = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!is) throw wrong(`--from ${path}: there is no such directory`);
}

function wrong(message: string): CommandFailure {
  return new CommandFailure(exitCodes.usage, message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
