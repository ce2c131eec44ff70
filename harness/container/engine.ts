import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import Docker from 'dockerode';
import { packageRoot } from '../package.ts';
import { limitSilence } from './deadline.ts';

/** What a machine under full load needs to make or start a container, many times over. */
const answerMsDefault = 30_000;

/** The Docker engine: the one of DOCKER_HOST, else that of /var/run/docker.sock. It answers within `answerMs`: deadline.ts. */
export function connect(answerMs = answerMsDefault): Docker {
  return limitSilence(new Docker(), answerMs);
}

export type Probed =
  | { readonly available: true; readonly how: string }
  | { readonly available: false; readonly why: string; readonly remedy: string };

const probeMs = 3_000;

/** Whether subjects can run in containers here: an engine on this machine answers, and may be shown a mount. */
export async function probeDocker(): Promise<Probed> {
  const host = process.env.DOCKER_HOST;
  if (host !== undefined && !host.startsWith('unix:')) {
    return {
      available: false,
      why: `DOCKER_HOST names an engine at ${host}, and volumes are mounts of this machine`,
      remedy: 'name a socket of this machine (unix://...), or unset DOCKER_HOST',
    };
  }
  if (process.getuid?.() !== 0) {
    return {
      available: false,
      why: 'an engine sees the mounts of root only',
      remedy: 'run powercut as root (sudo)',
    };
  }
  try {
    const { Version, Arch } = await connect(probeMs).version();
    return { available: true, how: `version ${Version}, ${Arch}` };
  } catch (error) {
    return { available: false, why: `no engine answers: ${messageOf(error)}`, remedy: startText() };
  }
}

/** What brings an engine. */
function startText(): string {
  const script = relative('', join(packageRoot, 'docker', 'setup.sh'));
  return existsSync(script)
    ? `sh ${script} start`
    : 'apt-get install docker.io, then start it (systemctl start docker, or dockerd)';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** HTTP status of what the engine answered; undefined where it did not answer. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { readonly statusCode?: unknown }).statusCode;
  return typeof status === 'number' ? status : undefined;
}
