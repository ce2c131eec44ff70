import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

export type DmProbe =
  | { readonly available: true; readonly how: string }
  | { readonly available: false; readonly why: string; readonly remedy: string };

const inMachine = 'or run it in a virtual machine: npx powercut vm -- run SCENARIO --layer dm';
const targets = ['linear', 'flakey', 'log-writes'];

/** Can {@link openDmLayer} work in this process, as far as can be told without making a device? */
export async function probeDm(): Promise<DmProbe> {
  if (process.getuid?.() !== 0) return missing('not root', 'run powercut as root (sudo)');
  const load = 'load it (modprobe -a dm-flakey dm-log-writes)';
  if (!existsSync('/dev/mapper/control')) return missing('this kernel has no device-mapper loaded', load);
  const listed = await dmsetup('targets').catch((error: Error) => error);
  if (listed instanceof Error)
    return missing(`dmsetup does not work: ${listed.message}`, 'install it (apt-get install dmsetup)');
  const lacking = targets.filter((name) => !new RegExp(`^${name}\\b`, 'm').test(listed));
  if (lacking.length > 0) return missing(`device-mapper lacks ${lacking.join(' and ')}`, load);
  return { available: true, how: 'as root; linear, flakey and log-writes are there' };
}

function missing(why: string, remedy: string): DmProbe {
  return { available: false, why, remedy: `${remedy}, ${inMachine}` };
}

/** The devices that a powercut which was killed at the wrong moment left behind: nobody uses them. */
export async function strayDevices(): Promise<readonly string[]> {
  const columns = ['--columns', '--noheadings', '--separator', '/', '-o', 'name,open'];
  const listed = await dmsetup('info', ...columns);
  return listed
    .split('\n')
    .map((line) => line.trim().split('/'))
    .flatMap(([name = '', users]) => (name.startsWith('powercut-') && users === '0' ? [name] : []));
}

async function dmsetup(...parameters: string[]): Promise<string> {
  const timeout = 60_000;
  return (await promisify(execFile)('dmsetup', parameters, { timeout, killSignal: 'SIGKILL' })).stdout;
}
