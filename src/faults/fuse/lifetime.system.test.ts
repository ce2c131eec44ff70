import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { programPath } from '../../program.ts';
import { emptyRecording, fuseMissing, mount } from './fixtures/mounted.ts';
import { until } from './fixtures/until.ts';

const owner = programPath('src/faults/fuse/fixtures/owner');

/** No exit, of whomever and however, leaves a mount, a process or a mount point. */
describe.skipIf(fuseMissing !== undefined)('a mount ends', () => {
  let directory: string;
  const started: ChildProcess[] = [];

  beforeEach(() => {
    directory = fs.mkdtempSync(join(tmpdir(), 'powercut-lifetime-'));
  });
  afterEach(() => {
    for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
    fs.rmSync(directory, { recursive: true, force: true });
  });

  const start = async (way: string, command: readonly string[] = []): Promise<ChildProcess> => {
    const [program = '', ...rest] = [...command, process.execPath, owner, directory, way];
    const child = spawn(program, rest, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    started.push(child);
    await once(child.stdout, 'data');
    return child;
  };
  const nothingLeft = async () => {
    await until(() => !fs.readFileSync('/proc/mounts', 'utf8').includes(directory));
    await until(() => processesOf(directory).length === 0);
    await until(() => fs.readdirSync(directory).length === 0);
  };

  it.each([
    ['close', 0],
    ['return', 0],
    ['exit', 3],
    ['throw', 1],
  ])('when its owner ends by %s', async (way, status) => {
    const child = await start(way);
    await once(child, 'close');
    expect(child.exitCode).toBe(status);
    await nothingLeft();
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('when its owner gets %s', async (signal) => {
    const child = await start('stay');
    expect(fs.readFileSync('/proc/mounts', 'utf8')).toContain(directory);
    child.kill(signal);
    await nothingLeft();
  });

  it('when Ctrl-C hits the whole process group of its owner', async () => {
    const child = await start('stay');
    process.kill(-(child.pid ?? 0), 'SIGINT');
    await nothingLeft();
  });

  it('when its owner is killed while a subject works on it', async () => {
    const child = await start('stay');
    const subject = spawn('sh', ['-c', 'while echo x >> file; do :; done'], {
      cwd: join(directory, 'mount', 'data'),
      stdio: 'ignore',
    });
    started.push(subject);
    await until(() => fs.statSync(join(directory, 'mount', 'data', 'file')).size > 100);
    child.kill('SIGKILL');
    await once(subject, 'close');
    await nothingLeft();
  });

  it('goes on when a subject is killed in the middle of its work', async () => {
    await using mounted = await mount();
    await mounted.layer.begin(emptyRecording(), []);
    for (let round = 0; round < 20; round++) {
      const subject = spawn('dd', ['if=/dev/zero', 'of=file', 'bs=4k', 'conv=notrunc'], {
        cwd: mounted.volume(),
        stdio: 'ignore',
      });
      await until(() => fs.existsSync(join(mounted.volume(), 'file')));
      subject.kill('SIGKILL');
      await once(subject, 'close');
      fs.unlinkSync(join(mounted.volume(), 'file'));
    }
    expect(await mounted.layer.entryCount()).toBeGreaterThan(20);
    await mounted.layer.end();
  });

  it('when its daemon is killed, and the layer says so', async () => {
    const mounted = await mount();
    await mounted.layer.begin(emptyRecording(), []);
    const file = fs.openSync(join(mounted.volume(), 'file'), 'w');
    const daemon = processesOf(String(process.pid)).find(({ command }) =>
      command.startsWith(process.execPath),
    );
    process.kill(daemon?.pid ?? 0, 'SIGKILL');
    await until(() => !fs.readFileSync('/proc/mounts', 'utf8').includes(mounted.directory));
    expect(() => fs.writeSync(file, 'x')).toThrow(/ECONNABORTED|ENOTCONN/);
    expect(() => fs.closeSync(file)).toThrow('ENOTCONN');
    await expect(mounted.layer.entryCount()).rejects.toThrow(/the fuse layer is gone: the daemon ended/);
    await mounted[Symbol.asyncDispose]();
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'when its keeper gets %s, at the latest with its owner',
    async (signal) => {
      const child = await start('stay');
      const keeper = processesOf(directory).find(({ command }) => command.includes('powercut-keeper'));
      process.kill(keeper?.pid ?? 0, signal);
      if (signal === 'SIGTERM')
        await until(() => !fs.readFileSync('/proc/mounts', 'utf8').includes(directory));
      child.kill('SIGKILL');
      await nothingLeft();
    },
  );

  it('works with everything on one core', async () => {
    const child = await start('close', ['taskset', '-c', '0']);
    const [text] = (await once(child.stdout ?? child, 'data')) as [Buffer];
    expect(text.toString()).toBe('3 entries\n');
    await nothingLeft();
  });
});

const rootless =
  spawnSync('unshare', ['-Urm', 'true']).status === 0 ? undefined : 'user namespaces are not allowed here';
if (rootless !== undefined) console.warn(`fuse without root is not tested: ${rootless}`);

describe.skipIf(fuseMissing !== undefined || rootless !== undefined)('a mount without root', () => {
  it('works and ends in a user namespace of an ordinary user', async () => {
    const directory = fs.mkdtempSync(join(tmpdir(), 'powercut-rootless-'));
    try {
      const asRoot = process.getuid?.() === 0;
      const device = join(directory, 'fuse');
      if (asRoot) {
        spawnSync('mknod', ['-m', '666', device, 'c', '10', '229']);
        fs.chownSync(directory, 65_534, 65_534);
      }
      const ordinary = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
      const namespace = ['unshare', '-Urmpf', '--kill-child', '--mount-proc'];
      const mountDirectory = join(directory, 'work');
      const script = 'mkdir "$0" && exec "$@" "$0" close';
      const [program = '', ...rest] = [
        ...(asRoot ? ordinary : []),
        ...namespace,
        ...['sh', '-c', script, mountDirectory, process.execPath, owner],
      ];
      const { stdout, stderr, status } = spawnSync(program, rest, {
        encoding: 'utf8',
        env: { PATH: process.env.PATH ?? '', ...(asRoot ? { POWERCUT_FUSE_DEVICE: device } : {}) },
      });
      expect({ stdout, stderr, status }).toEqual({ stdout: 'mounted\n3 entries\n', stderr: '', status: 0 });
      expect(fs.readdirSync(mountDirectory)).toEqual([]);
      await until(() => processesOf(directory).length === 0);
    } finally {
      fs.rmSync(directory, { recursive: true, force: true });
    }
  });

  it('is told apart by the probe', () => {
    const probe = programPath('src/faults/fuse/probe');
    const code = `import('${probe}').then(async ({ probeFuse }) => console.log(JSON.stringify(await probeFuse())))`;
    const { stdout } = spawnSync('unshare', ['-Urm', process.execPath, '-e', code], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual({ available: true, how: 'in a user namespace' });
  });
});

/** Those whose command line holds the text; zombies have none. */
function processesOf(text: string): { pid: number; command: string }[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const command = fs.readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return command.includes(text) ? [{ pid: Number(name), command }] : [];
      } catch {
        return [];
      }
    });
}
