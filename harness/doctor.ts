import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { probeFuse } from '../src/faults/fuse/layer.ts';
import { programPath } from '../src/program.ts';
import { userNamespace } from './namespace.ts';
import { installText, tryProgram } from './programs.ts';

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
    check('layer', 'block', "the kernel's own ext4, xfs and btrfs", async () =>
      unbuilt(await examineBlock()),
    ),
    check('layer', 'dm', 'dm-flakey and dm-log-writes', async () => unbuilt(await examineDeviceMapper())),
    check('tool', 'user namespaces', 'the fuse layer without root', examineUserNamespaces),
    check('tool', 'taskset', 'lanes: one core for a daemon and its subject', () => examineProgram('taskset')),
    check('tool', 'sqlite3', 'the SQLite scenarios', () => examineProgram('sqlite3')),
    check('tool', 'git', 'the git scenario', () => examineProgram('git')),
    check('tool', 'python3', 'the Python template, and tests', () => examineProgram('python3')),
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

/** For a layer that this version does not have, whatever the machine could do. */
function unbuilt(found: Finding): Finding {
  const machine =
    'detail' in found
      ? `this machine is ready for it: ${found.detail}`
      : `nor is the machine ready: ${found.why}`;
  return {
    why: `not in this version of powercut (${machine})`,
    remedy: 'the fuse layer tests the same claims',
  };
}

/** Attaches a small file to a loop device and lets go of it again. */
async function examineBlock(): Promise<Finding> {
  if (process.getuid?.() !== 0) return { why: 'not root', remedy: 'run powercut as root (sudo)' };
  if (!existsSync('/dev/loop-control')) {
    return { why: '/dev/loop-control is not there', remedy: `modprobe loop; ${inContainer}` };
  }
  const systems = ['ext4', 'xfs', 'btrfs'];
  const made = await Promise.all(
    systems.map(async (name) => (await tryProgram(`mkfs.${name}`, ['-V'])).started),
  );
  const usable = systems.filter((_, index) => made[index]);
  if (usable.length === 0) return { why: 'no mkfs program is there', remedy: installText('mkfs.ext4') };
  const directory = mkdtempSync(join(tmpdir(), 'powercut-doctor-'));
  try {
    const file = join(directory, 'disk');
    writeFileSync(file, '');
    truncateSync(file, 1 << 20);
    const attached = await tryProgram('losetup', ['--find', '--show', file]);
    if (!attached.ok)
      return { why: `losetup: ${attached.text}`, remedy: `allow loop devices; ${inContainer}` };
    await tryProgram('losetup', ['--detach', attached.text]);
    return { detail: `loop devices work, mkfs for ${usable.join(', ')}` };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const inContainer = 'in a container, start it with --privileged';

async function examineDeviceMapper(): Promise<Finding> {
  const remedy = 'load it (modprobe dm-flakey dm-log-writes), or use a kernel that has CONFIG_DM_FLAKEY';
  if (!existsSync('/dev/mapper/control')) return { why: 'this kernel has no device-mapper loaded', remedy };
  if (process.getuid?.() !== 0) return { why: 'not root', remedy: 'run powercut as root (sudo)' };
  const targets = await tryProgram('dmsetup', ['targets']);
  if (!targets.started) return { why: 'dmsetup is not installed', remedy: installText('dmsetup') };
  const missing = ['flakey', 'log-writes'].filter(
    (name) => !new RegExp(`^${name}\\b`, 'm').test(targets.text),
  );
  return missing.length === 0
    ? { detail: 'flakey and log-writes are there' }
    : { why: `device-mapper lacks ${missing.join(' and ')}`, remedy };
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
  const { default: Docker } = await import('dockerode');
  try {
    const { Version, Arch } = await new Docker({ timeout: 3_000 }).version();
    return { detail: `version ${Version}, ${Arch}` };
  } catch (error) {
    const denied = (error as NodeJS.ErrnoException).code === 'EACCES';
    return {
      why: `no daemon answers: ${messageOf(error)}`,
      remedy: denied
        ? 'add yourself to the group docker, or run as root'
        : 'install and start Docker, or set DOCKER_HOST',
    };
  }
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
