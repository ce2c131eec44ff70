import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcessOptions, RunningProcess } from '../subject/process.ts';
import type { ContainerHost } from './create.ts';
import { connect, probeDocker } from './engine.ts';
import { ensureImage, hasImage, removeImage } from './image.ts';
import { ownerId, ownerLabel, removeContainersOf, removeOrphans } from './owner.ts';
import { containerSchema } from './settings.ts';
import { startInContainer } from './start.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

const docker = await probeDocker();
const engine = connect();
const recipe = { programs: ['node', 'sh'], packages: [], files: [] };

let image = '';
let workspace: Workspace;
const scenarioDirectory = mkdtempSync(join(tmpdir(), 'powercut-test-'));

beforeAll(async () => {
  if (!docker.available) return;
  image = await ensureImage(engine, 'test', recipe);
  workspace = await openWorkspace();
}, 120_000);
afterAll(async () => {
  rmSync(scenarioDirectory, { recursive: true });
  if (!docker.available) return;
  await workspace.close();
  await removeImage(engine, image);
});

/** What a shell in a container says, how it ends, and how it can be ended. */
async function start(
  script: string,
  settings: Partial<ContainerHost['settings']> = {},
  options: Partial<ProcessOptions> = {},
): Promise<{ readonly running: RunningProcess; readonly output: () => string }> {
  const host: ContainerHost = {
    docker: engine,
    image,
    settings: { ...containerSchema.parse({ image }), ...settings },
    owner: ownerId(),
    workspace: workspace.directory,
    scenarioDirectory,
    cpu: 0,
    logDirectory: join(scenarioDirectory, 'logs'),
  };
  let output = '';
  const running = await startInContainer(host, {
    command: ['sh', '-c', script],
    cwd: scenarioDirectory,
    environment: { GREETING: 'hello' },
    input: 'pipe',
    onOutput: (chunk) => {
      output += chunk.toString();
    },
    ...options,
  });
  return { running, output: () => output };
}

const containersHere = () =>
  engine.listContainers({ all: true, filters: { label: [`${ownerLabel}=${ownerId()}`] } });

async function said(running: () => string, text: string): Promise<void> {
  while (!running().includes(text)) await sleep(10);
}

describe.skipIf(!docker.available)('a process in a Docker container', () => {
  it('speaks over stdin and stdout, and tells how it ended', async () => {
    const { running, output } = await start('read line; echo "$GREETING $line"; echo oops >&2; exit 3');
    running.write('you\n');
    expect(await running.ended).toEqual({ kind: 'exited', code: 3, stragglers: 0 });
    expect(output()).toBe('hello you\n');
    expect(running.stderr()).toBe('oops\n');
    expect(await containersHere()).toEqual([]);
  });

  it('leaves its log where it failed by itself', async () => {
    const { running } = await start('echo out of luck >&2; exit 4');
    await running.ended;
    const logs = readdirSync(join(scenarioDirectory, 'logs')).map((name) =>
      readFileSync(join(scenarioDirectory, 'logs', name), 'utf8'),
    );
    expect(logs.some((text) => text.includes('exit 4') && text.endsWith('out of luck\n'))).toBe(true);
  });

  it.each([
    ['kill', 'SIGKILL'],
    ['pause', 'SIGKILL'],
  ] as const)('can be ended by %s, all its processes with it', async (way, signal) => {
    const { running, output } = await start('trap "" TERM; sh -c "while :; do :; done" & echo up; wait');
    await said(output, 'up');
    expect(await running.kill(way)).toEqual({ kind: 'killed', signal });
    expect(await containersHere()).toEqual([]);
  });

  it('can be stopped, and then ends as it likes, if it is quick', async () => {
    const quick = await start('trap "echo bye; exit 5" TERM; echo up; while :; do read _ || exit; done');
    await said(quick.output, 'up');
    quick.running.write('\n');
    const slow = await start('trap "" TERM; echo up; while :; do :; done', { stopSeconds: 0 });
    await said(slow.output, 'up');
    const [first, second] = await Promise.all([quick.running.kill('stop'), slow.running.kill('stop')]);
    expect(first).toEqual({ kind: 'exited', code: 5, stragglers: 0 });
    expect(quick.output()).toContain('bye');
    expect(second).toEqual({ kind: 'killed', signal: 'SIGKILL' });
  });

  it('sees its workspace and the scenario, and can write to the first alone', async () => {
    writeFileSync(join(scenarioDirectory, 'check.sh'), 'echo from the scenario');
    const { running, output } = await start(
      `sh ./check.sh; echo 1 > ${workspace.directory}/a && echo 2 > /tmp/b && echo written
       (echo 3 > ./c) 2>/dev/null || echo not beside the scenario; (echo 4 > /d) 2>/dev/null || echo not at the root`,
    );
    await running.ended;
    expect(output()).toBe('from the scenario\nwritten\nnot beside the scenario\nnot at the root\n');
    expect(readFileSync(join(workspace.directory, 'a'), 'utf8')).toBe('1\n');
  });

  it('has no network, and no more memory than it was given', async () => {
    const devices = 'while read -r name _; do case $name in *:) echo "$name";; esac; done < /proc/net/dev';
    const alone = await start(devices);
    await alone.running.ended;
    expect(alone.output()).toBe('lo:\n');
    const hungry = await start(`node -e 'const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1))'`, {
      memoryMiB: 64,
    });
    expect(await hungry.running.ended).toEqual({ kind: 'killed', signal: 'SIGKILL' });
  });

  it('that cannot be started says what is wrong', async () => {
    await expect(start('', {}, { command: ['no-such-program'] })).rejects.toThrow(
      /cannot start no-such-program in a container of powercut\/test:.*check that the image has it/s,
    );
    expect(await containersHere()).toEqual([]);
  });
});

describe.skipIf(!docker.available)('Docker containers and images of powercut', () => {
  it('are removed when nobody owns them any more', async () => {
    const create = (owner: string) =>
      engine.createContainer({ Image: image, Cmd: ['node'], Labels: { [ownerLabel]: owner } });
    const [namespace] = ownerId().split('.');
    const orphan = await create(`${namespace}.${process.pid}.1`);
    const own = await create(ownerId());
    await removeOrphans(engine);
    await expect(orphan.inspect()).rejects.toThrow(/no such container/i);
    expect((await containersHere()).map(({ Id }) => Id)).toEqual([own.id]);
    await removeContainersOf(engine, ownerId(), 60_000);
    expect(await containersHere()).toEqual([]);
  });

  it('are made once for the same content, and the oldest go', async () => {
    const make = (...programs: string[]) => ensureImage(engine, 'test-again', { ...recipe, programs });
    const first = await make('sh');
    expect(first).toMatch(/^powercut\/test-again:[0-9a-f]{12}$/);
    expect(await make('sh')).toBe(first);
    await sleep(1000); // The engine knows their age in seconds.
    const second = await make('sh', 'cat');
    await sleep(1000);
    const third = await make('sh', 'true');
    const isThere = await Promise.all([first, second, third].map((name) => hasImage(engine, name)));
    expect(isThere).toEqual([false, true, true]);
    for (const name of [second, third]) await removeImage(engine, name);
  });

  it('cannot be made of what is not here', async () => {
    await expect(ensureImage(engine, 'test', { ...recipe, programs: ['no-such-program'] })).rejects.toThrow(
      /no-such-program is not installed, and an image needs it/,
    );
  });
});
