import type Docker from 'dockerode';
import { packageRoot } from '../package.ts';
import { type ProcessOptions, ProcessStartError } from '../subject/process.ts';
import { messageOf, statusOf } from './engine.ts';
import { ownerLabel } from './owner.ts';
import type { ContainerSettings } from './settings.ts';

/** Where a lane's containers run, and who answers for them. */
export interface ContainerHost {
  readonly docker: Docker;
  readonly image: string;
  readonly settings: ContainerSettings;
  readonly owner: string;
  /** Seen in the container under its own path, with all that is mounted in it, now or later. */
  readonly workspace: string;
  /** Seen in the container under its own path, for reading. */
  readonly scenarioDirectory: string;
  /** The lane's core. */
  readonly cpu: number;
  /** Where the logs of containers go that failed; nowhere where absent. */
  readonly logDirectory?: string;
}

const mebibyte = 1024 * 1024;
/** Enough for a database; an end for what starts processes without one. */
const processesMax = 1024;

/** Rejects with a {@link ProcessStartError} where the engine refuses; with another error where it does not answer. */
export async function createContainer(
  { docker, image, settings, owner, workspace, scenarioDirectory, cpu }: ContainerHost,
  { command, cwd, environment, input }: ProcessOptions,
): Promise<Docker.Container> {
  const memory = settings.memoryMiB * mebibyte;
  const temporary = temporaryDirectory(settings, scenarioDirectory);
  const ask: Docker.ContainerCreateOptions = {
    Image: image,
    Entrypoint: [...command],
    Cmd: [],
    WorkingDir: cwd,
    Env: Object.entries({ TMPDIR: temporary, ...environment }).map(([name, value]) => `${name}=${value}`),
    ...(settings.user === undefined ? {} : { User: settings.user }),
    Labels: { [ownerLabel]: owner },
    Tty: false,
    OpenStdin: input === 'pipe',
    StdinOnce: true,
    AttachStdin: input === 'pipe',
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      AutoRemove: true,
      NetworkMode: settings.network ? 'default' : 'none',
      ReadonlyRootfs: !settings.writableRoot,
      Tmpfs: { [temporary]: '' },
      Memory: memory,
      MemorySwap: memory,
      PidsLimit: processesMax,
      ...(settings.cpus === undefined ? { CpusetCpus: String(cpu) } : { NanoCpus: settings.cpus * 1e9 }),
      // What it says is read from the attached streams, and kept by powercut.
      LogConfig: { Type: 'none', Config: {} },
      Mounts: [
        {
          Type: 'bind',
          Source: workspace,
          Target: workspace,
          BindOptions: { Propagation: 'rslave' },
        },
        { Type: 'bind', Source: scenarioDirectory, Target: scenarioDirectory, ReadOnly: true },
      ],
    },
  };
  try {
    return await docker.createContainer(ask);
  } catch (error) {
    if (statusOf(error) === undefined) throw error;
    if (statusOf(error) === 404)
      throw new ProcessStartError(
        `the Docker engine has no image ${image}: pull it (docker pull ${image}) or build it; powercut fetches none`,
      );
    throw new ProcessStartError(`no container can be made of ${image}: ${messageOf(error)}`);
  }
}

/** Empty, and its own; another one than /tmp where that would hide a scenario, or powercut in an image that powercut made. */
function temporaryDirectory({ build }: ContainerSettings, scenarioDirectory: string): string {
  const hides = scenarioDirectory === '/tmp' || (build !== undefined && packageRoot.startsWith('/tmp/'));
  return hides ? '/var/tmp' : '/tmp';
}
