import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { fileSystems } from '../src/faults/block/file-systems.ts';
import { whyNotInKernel } from '../src/faults/block/kernel.ts';
import { probeBlock } from '../src/faults/block/probe.ts';
import { probeDm, strayDevices } from '../src/faults/dm/probe.ts';
import { probeFuse } from '../src/faults/fuse/layer.ts';
import { programPath } from '../src/program.ts';
import { probeDocker } from './container/engine.ts';
import { userNamespace } from './namespace.ts';
import { installText, isInPath, tryProgram } from './programs.ts';

/** One thing that this machine has or lacks. */
export interface Check {
  readonly kind: 'layer' | 'tool';
  readonly name: string;
  readonly ready: boolean;
  /** What it is here; for what is missing, why. */
  readonly detail: string;
  /** What powercut does with it. */
  readonly use: string;
  /** For what is missing: how to get it. */
  readonly remedy?: string;
}

type Finding = { readonly detail: string } | { readonly why: string; readonly remedy: string };

/** Tries everything that powercut can use, really: each answer is what happened a moment ago. */
export async function examine(): Promise<readonly Check[]> {
  return Promise.all([
    check('layer', 'sim', 'subjects in this process', async () => ({ detail: 'needs nothing' })),
    check('layer', 'fuse', 'any program, every fault', examineFuse),
    check('layer', 'block', "the kernel's own ext4, xfs and btrfs", examineBlock),
    check('layer', 'dm', 'dm-flakey and dm-log-writes', examineDm),
    check('tool', 'mkfs', 'the file systems of the layers block and dm', examineFormats),
    check('tool', 'user namespaces', 'the fuse layer without root', examineUserNamespaces),
    check('tool', 'taskset', 'lanes: one core for a daemon and its subject', () => examineProgram('taskset')),
    check('tool', 'sqlite3', 'the SQLite scenarios', () => examineProgram('sqlite3')),
    check('tool', 'git', 'the git scenario', () => examineProgram('git')),
    check('tool', 'python3', 'the Python template, and tests', () => examineProgram('python3')),
    check('tool', 'virtual machine', 'the dm layer without device-mapper', examineVm),
    check('tool', 'docker', 'subjects in containers', examineDocker),
  ]);
}

async function check(
  kind: Check['kind'],
  name: string,
  use: string,
  probe: () => Promise<Finding>,
): Promise<Check> {
  const found = await probe().catch(
    (error: unknown): Finding => ({
      why: `could not be tried: ${messageOf(error)}`,
      remedy: 'see the message',
    }),
  );
  return 'detail' in found
    ? { kind, name, use, ready: true, detail: found.detail }
    : { kind, name, use, ready: false, detail: found.why, remedy: found.remedy };
}

/** As `run` would have it: an ordinary user's run goes on in a user namespace. */
async function examineFuse(): Promise<Finding> {
  const here = await probeFuse();
  if (here.available) return { detail: here.how };
  const probe = pathToFileURL(programPath('src/faults/fuse/layer')).href;
  const script = `const { probeFuse } = await import('${probe}'); console.log(JSON.stringify(await probeFuse()));`;
  const [unshare, ...flags] = userNamespace;
  const there = await tryProgram(unshare, [...flags, process.execPath, '--input-type=module', '-e', script]);
  if (!there.ok) return here;
  const found = JSON.parse(there.text) as Awaited<ReturnType<typeof probeFuse>>;
  return found.available ? { detail: found.how } : found;
}

async function examineBlock(): Promise<Finding> {
  const loop = await probeBlock();
  return loop.available ? { detail: 'as root, through loop devices' } : loop;
}

/** The programs that format, and what the kernel has: a file system without either is not tested. */
async function examineFormats(): Promise<Finding> {
  const programs = [...new Set(fileSystems.map(({ format: [program] }) => program))];
  const missing = programs.filter((program) => !isInPath(program));
  if (missing.length > 0)
    return { why: `${missing.join(', ')} not installed`, remedy: installText(...missing) };
  const types = [...new Set(fileSystems.map(({ type }) => type))];
  const without = types.flatMap((type) => whyNotInKernel(type) ?? []);
  return { detail: [programs.join(', '), ...without].join('; ') };
}

/** What a killed powercut left of the dm layer is told here: it stands in nobody's way, but in the list of devices. */
async function examineDm(): Promise<Finding> {
  const here = await probeDm();
  if (!here.available) return here;
  const stray = await strayDevices();
  if (stray.length === 0) return { detail: here.how };
  return { detail: `${here.how}; left behind by a killed powercut: dmsetup remove ${stray.join(' ')}` };
}

/** The machine itself is not booted: that takes longer than all else together. */
async function examineVm(): Promise<Finding> {
  const { defaultVmDirectory, kernelIn, whyNoKernel } = await import('./vm/kernel.ts');
  const { accelerator, whyNoQemu } = await import('./vm/qemu.ts');
  const noQemu = whyNoQemu();
  if (noQemu !== undefined) return noQemu;
  const kernel = await kernelIn(defaultVmDirectory());
  const noKernel = kernel === undefined ? whyNoKernel() : undefined;
  if (noKernel !== undefined) return noKernel;
  const which =
    kernel === undefined ? 'a kernel that the first `powercut vm` fetches' : `kernel ${kernel.release}`;
  return { detail: `QEMU with ${accelerator()}, ${which}` };
}

/** As an ordinary user: root may always, which tells nothing. */
async function examineUserNamespaces(): Promise<Finding> {
  const make = [...userNamespace, 'true'] as const;
  const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] as const;
  const [program, ...rest] = process.getuid?.() === 0 ? ([...asNobody, ...make] as const) : make;
  const made = await tryProgram(program, rest);
  if (made.ok) return { detail: 'an ordinary user can make one' };
  if (!made.started) return { why: `${program} is not installed`, remedy: installText(program) };
  const settings = [
    ['kernel/apparmor_restrict_unprivileged_userns', '0', '1'],
    ['kernel/unprivileged_userns_clone', '1', '0'],
    ['user/max_user_namespaces', '10000', '0'],
  ] as const;
  const wrong = settings.find(([path, , bad]) => readIfThere(`/proc/sys/${path}`) === bad);
  const remedy =
    wrong === undefined
      ? 'allow them in the container or kernel, or run as root'
      : `as root: sysctl -w ${wrong[0].replace('/', '.')}=${wrong[1]}`;
  return { why: `refused: ${made.text}`, remedy };
}

async function examineProgram(program: string): Promise<Finding> {
  const { started, ok, text } = await tryProgram(program, ['--version']);
  if (!started) return { why: 'not installed', remedy: installText(program) };
  if (!ok) return { why: `\`${program} --version\` fails: ${text}`, remedy: installText(program) };
  return { detail: `version ${/\d+(\.\d+)+/.exec(text)?.[0] ?? 'unknown'}` };
}

async function examineDocker(): Promise<Finding> {
  const docker = await probeDocker();
  return docker.available ? { detail: docker.how } : docker;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
