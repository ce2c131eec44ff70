import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlClient } from '../../src/faults/control/client.ts';
import { mountPrefix, socketName } from '../mounted-disk.ts';
import { CommandFailure, exitCodes } from './exit.ts';

/** Connects to the socket that is named, or to that of the only mount that runs. */
export async function connectTo(named: string | undefined): Promise<ControlClient> {
  if (named !== undefined) {
    return ControlClient.connect(named).catch((error: Error) => {
      throw new CommandFailure(exitCodes.usage, `no mount listens at ${named}: ${error.message}`);
    });
  }
  const running = await runningMounts();
  const [only] = running;
  if (running.length === 1 && only !== undefined) return only.client;
  for (const { client } of running) client.close();
  if (only === undefined) {
    throw new CommandFailure(
      exitCodes.usage,
      'no mount is running: start one in another terminal with `powercut mount DIR`, or name its socket with --control',
    );
  }
  const choices = running.map(({ socket, directory }) => `  --control ${socket}   (${directory})`);
  throw new CommandFailure(
    exitCodes.usage,
    ['several mounts are running; say which:', ...choices].join('\n'),
  );
}

interface Running {
  readonly socket: string;
  readonly directory: string;
  readonly client: ControlClient;
}

async function runningMounts(): Promise<Running[]> {
  const names = await readdir(tmpdir());
  const sockets = names
    .filter((name) => name.startsWith(mountPrefix))
    .map((name) => join(tmpdir(), name, socketName));
  const found = await Promise.all(sockets.map(tryMount));
  return found.filter((running) => running !== undefined);
}

/** Undefined where nobody listens (any more), or it is someone else's. */
async function tryMount(socket: string): Promise<Running | undefined> {
  const client = await ControlClient.connect(socket).catch(() => undefined);
  const hello = await client?.request({ op: 'hello' }).catch(() => undefined);
  if (client === undefined || hello === undefined) return undefined;
  return { socket, directory: hello.directory, client };
}
