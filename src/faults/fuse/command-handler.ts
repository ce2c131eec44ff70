import { readFileSync, writeFileSync } from 'node:fs';
import { type ControlledDisk, carryOut } from '../control/disk-requests.ts';
import { ControlError } from '../control/requests.ts';
import type { Recording } from '../model/recording.ts';
import { decodeRecording, encodeRecording } from '../model/recording-file.ts';
import { emptyTree, type Tree } from '../model/tree.ts';
import type { Plan } from '../plan.ts';
import type { LiveDisk } from '../volume.ts';
import type { Answer, Command, Ended } from './control.ts';

/** What the daemon's commands work on. */
export interface CommandHost extends ControlledDisk {
  readonly volumes: readonly string[];
  /** Of the layer itself; the recording is worthless then. */
  readonly failure: string | undefined;
  begin(start: Recording, plan: Plan): void;
}

/** Carries out what the layer asks of its daemon. */
export class CommandHandler implements ControlledDisk {
  readonly #host: CommandHost;
  #startEntries = 0;
  #wasCut = false;

  constructor(host: CommandHost) {
    this.#host = host;
  }

  get disk(): LiveDisk {
    return this.#host.disk;
  }

  cutPower(image: Tree): void {
    this.#host.cutPower(image);
    this.#wasCut = true;
  }

  /** `text`: a {@link Command} as JSON. Throws nothing. */
  answer(text: string): Answer {
    try {
      const value = this.#carryOut(JSON.parse(text) as Command);
      const { failure } = this.#host;
      return failure === undefined ? { ok: true, value } : { ok: false, message: failure };
    } catch (error) {
      if (error instanceof ControlError) return { ok: false, code: error.code, message: error.message };
      return { ok: false, message: error instanceof Error ? error.message : String(error) };
    }
  }

  #carryOut(command: Command): unknown {
    switch (command.command) {
      case 'begin': {
        const start = decodeRecording(readFileSync(command.file, 'utf8'));
        this.#host.begin(start, command.plan);
        this.#startEntries = start.trace.length;
        this.#wasCut = false;
        return null;
      }
      case 'acknowledge':
        this.disk.acknowledge(command.text);
        return null;
      case 'entry-count':
        return this.disk.entryCount;
      case 'end':
        return this.#end(command.file);
      case 'disk':
        return carryOut(this, command.request);
    }
  }

  #end(file: string): Ended {
    const { recording, firings, rules } = this.disk;
    const wasCut = this.#wasCut;
    const added = recording.trace.slice(this.#startEntries);
    const written = wasCut ? recording : { base: emptyTree(this.#host.volumes), trace: added };
    writeFileSync(file, encodeRecording(written));
    return { firings, rules, wasCut };
  }
}
