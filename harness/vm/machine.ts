import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import type { Duplex, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, jobScript, type Port, ports, rootTag, runsTag } from './init.ts';
import type { Kernel } from './kernel.ts';
import { accelerator, qemuProgram } from './qemu.ts';

export interface MachineOptions {
  readonly kernel: Kernel;
  readonly job: Job;
  readonly memoryMiB: number;
  readonly limitSeconds: number;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Its reason is the name of the signal that the job gets: SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

/** The machine ended before the job did. The message says how, with the end of the kernel's console. */
export class MachineFailure extends Error {
  override readonly name = 'MachineFailure';
}

/** After a signal the job has this long to write its report; less than the command has to end (commands/interruption.ts). */
const patienceMs = 12_000;
const consoleCharactersMax = 16_384;

/**
 * Boots a machine, runs the job in it, and answers the job's exit code once the machine is off. Rejects with a
 * {@link MachineFailure}. The machine ends with this process, whatever ends that (PR_SET_PDEATHSIG).
 */
export async function runMachine(options: MachineOptions): Promise<number> {
  const { code, console, why } = await boot(options);
  if (/^\d+\n$/.test(code)) return Number(code);
  throw new MachineFailure(
    `the machine ${why}; the end of its console:\n${console.trim() || '(it said nothing)'}`,
  );
}

/** Settles when QEMU has ended. */
async function boot(
  options: MachineOptions,
): Promise<{ readonly code: string; readonly console: string; readonly why: string }> {
  const [program, ...parameters] = ['setpriv', '--pdeathsig', 'KILL', ...qemuCommand(options)] as const;
  const stdio = ['ignore', 'pipe', 'pipe', ...ports.map(() => 'pipe' as const)] as const;
  // A session of its own: Ctrl-C in the terminal comes from here, as a signal to the job.
  const machine = spawn(program, parameters, { detached: true, stdio: [...stdio] });
  let code = '';
  let console = '';
  const toConsole = (text: string) => {
    console = (console + text).slice(-consoleCharactersMax);
  };
  listen(machine.stdout, toConsole);
  listen(machine.stderr, toConsole);
  listen(port(machine, 'stdout'), options.stdout);
  listen(port(machine, 'stderr'), options.stderr);
  listen(port(machine, 'exit'), (text) => {
    code += text;
  });
  // A machine that is gone resets them; its end is told by `why`.
  for (const name of ports) port(machine, name).on('error', () => {});
  port(machine, 'job').write(jobScript(options.job));
  const ended = once(machine, 'close').then(() => 'ended before its job did');
  const over = new AbortController();
  const limits = [
    sleep(options.limitSeconds * 1000, `did not end within ${options.limitSeconds} s`, over),
    interrupted(options.signal, over.signal, port(machine, 'signal')),
  ];
  const why = await Promise.race([ended, ...limits]).finally(() => over.abort());
  machine.kill('SIGKILL');
  await ended;
  return { code, console, why };
}

/** Settles when the job has had its signal, and time to heed it. */
async function interrupted(signal: AbortSignal, over: AbortSignal, to: Duplex): Promise<string> {
  if (!signal.aborted) await once(signal, 'abort', { signal: over });
  const name = String(signal.reason);
  to.write(`${name.replace(/^SIG/, '')}\n`);
  return sleep(patienceMs, `did not end within ${patienceMs / 1000} s of ${name}`, { signal: over });
}

function listen(stream: Readable | null, take: (text: string) => void): void {
  stream?.setEncoding('utf8').on('data', take);
}

function port(machine: ChildProcess, name: Port): Duplex {
  return machine.stdio[firstPort + ports.indexOf(name)] as Duplex;
}

/** The descriptors of the ports come after those of every process. */
const firstPort = 3;

function qemuCommand({ kernel, job, memoryMiB }: MachineOptions): string[] {
  const shares = [
    { tag: rootTag, path: '/', mode: 'readonly=on' },
    { tag: runsTag, path: job.runs, mode: 'readonly=off' },
  ];
  return [
    qemuProgram,
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ...processor(accelerator()),
    ...['-smp', String(availableParallelism()), '-m', `${memoryMiB}M`],
    ...['-kernel', kernel.kernelFile, '-initrd', kernel.initramfsFile],
    ...['-append', 'console=ttyS0 loglevel=4 panic=-1 mitigations=off'],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-device', 'virtio-serial-pci'],
    ...ports.flatMap((name, index) => [
      ...['-chardev', `socket,id=${name},fd=${firstPort + index}`],
      ...['-device', `virtserialport,chardev=${name},name=${name}`],
    ]),
    ...shares.flatMap(({ tag, path, mode }) => [
      ...['-fsdev', `local,id=${tag},path=${escaped(path)},security_model=none,multidevs=remap,${mode}`],
      ...['-device', `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`],
    ]),
  ];
}

/** QEMU translates vector instructions slowly: programs that find none do without. */
function processor(accelerator: 'kvm' | 'tcg'): string[] {
  return ['-accel', accelerator, '-cpu', accelerator === 'kvm' ? 'max' : 'max,-avx,-avx2'];
}

/** A comma ends a value in QEMU's options, two are one. */
function escaped(value: string): string {
  return value.replaceAll(',', ',,');
}
