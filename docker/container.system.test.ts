import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { connect, probeDocker } from '../harness/container/engine.ts';
import { ensureImage, removeImage } from '../harness/container/image.ts';
import { gather } from '../harness/container/ingredients.ts';
import { packageRoot } from '../harness/package.ts';

const docker = await probeDocker();
const engine = connect();
const image = 'powercut/test-powercut:built';
let base = '';

/** What stands in for the registry's image: of this machine, what powercut starts, and the libraries of native packages. */
const programs = [
  'node',
  'sh',
  '/bin/sh',
  'env',
  'id',
  'mount',
  'rm',
  'rmdir',
  'taskset',
  'umount',
  'unshare',
];
const natives = ['@node-rs/crc32', 'koffi', 'lz4-napi', 'snappy'];

const { services } = parse(readFileSync(new URL('compose.yaml', import.meta.url), 'utf8')) as {
  services: { powercut: { devices: string[]; cap_add: string[]; security_opt: string[]; tmpfs: string[] } };
};

/** The parts of the checkout that the Dockerfile takes, without what only its developers need. */
async function context(): Promise<NodeJS.ReadableStream> {
  const { dependencies } = JSON.parse(readFileSync(`${packageRoot}/package.json`, 'utf8'));
  const { files } = await gather({
    programs: [],
    packages: Object.keys(dependencies),
    files: ['package.json', 'dist', 'scenarios', 'docker/Dockerfile'],
  });
  const own = files
    .filter((file) => file.startsWith(packageRoot))
    .map((file) => file.slice(packageRoot.length));
  const tar = spawn('tar', ['-c', '-h', '-C', packageRoot, '-T', '-'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  tar.stdin.end(own.map((file) => `${file.replace(/^\//, '')}\n`).join(''));
  return tar.stdout;
}

async function build(): Promise<void> {
  const progress = await engine.buildImage(await context(), {
    t: image,
    dockerfile: 'docker/Dockerfile',
    buildargs: { BASE: base },
  });
  await new Promise<void>((resolve, reject) => {
    engine.modem.followProgress(progress, (error) => (error === null ? resolve() : reject(error)));
  });
}

beforeAll(async () => {
  if (!docker.available) return;
  base = await ensureImage(engine, 'test-base', { programs, packages: natives, files: [] });
  await build();
}, 120_000);
afterAll(async () => {
  if (!docker.available) return;
  await removeImage(engine, image);
  await removeImage(engine, base);
});

/** As compose.yaml starts it. */
async function powercut(...command: string[]): Promise<{ readonly code: number; readonly said: string }> {
  const { devices, cap_add: CapAdd, security_opt: SecurityOpt, tmpfs } = services.powercut;
  const container = await engine.createContainer({
    Image: image,
    Cmd: command,
    HostConfig: {
      Devices: devices.map((path) => ({ PathOnHost: path, PathInContainer: path, CgroupPermissions: 'rwm' })),
      CapAdd,
      SecurityOpt,
      Tmpfs: Object.fromEntries(tmpfs.map((path) => [path, ''])),
      NetworkMode: 'none',
      Init: true,
    },
  });
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    const output = new PassThrough();
    engine.modem.demuxStream(stream, output, output);
    stream.on('end', () => output.end());
    await container.start();
    const said = await text(output);
    const { StatusCode: code } = await container.wait();
    return { code, said };
  } finally {
    await container.remove({ force: true });
  }
}

describe.skipIf(!docker.available)(
  'powercut in a Docker container, as compose.yaml starts it',
  { timeout: 180_000 },
  () => {
    it('has the fuse layer', async () => {
      const { code, said } = await powercut('doctor');
      expect(said).toMatch(/fuse +ready/);
      expect(code).toBe(0);
    });

    it('finds a planted bug', async () => {
      const canary = '/powercut/scenarios/canaries/ack-before-fsync.yaml';
      const { code, said } = await powercut(
        'run',
        canary,
        '--layer',
        'fuse',
        '--states',
        '30',
        '--jobs',
        '1',
      );
      expect(said).toContain('ack-before-fsync found');
      expect(code).toBe(0);
    });
  },
);
