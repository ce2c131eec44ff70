import type { Recording } from '../model/recording.ts';
import { emptyTree, type Tree } from '../model/tree.ts';
import type { Firing, Plan } from '../plan.ts';
import { errno, type LastingFaults, type LiveDisk, PosixError } from '../volume.ts';
import { attributeHandlers } from './attribute-handlers.ts';
import { CommandHandler, type CommandHost } from './command-handler.ts';
import { directoryHandlers } from './directory-handlers.ts';
import { fileHandlers } from './file-handlers.ts';
import { LayerNodes } from './layer-nodes.ts';
import type { Reply, Request } from './message.ts';
import { nameHandlers } from './name-handlers.ts';
import { type Handler, Session } from './session.ts';
import { opcode, opcodeLimit } from './wire.ts';

const handlers: readonly (Handler | undefined)[] = Array.from(
  { length: opcodeLimit },
  (_, code) => nameHandlers[code] ?? fileHandlers[code] ?? directoryHandlers[code] ?? attributeHandlers[code],
);

export interface FileSystemOptions {
  readonly volumes: readonly string[];
  readonly record: boolean;
  /** SIGKILL to the process group of `pid`. */
  readonly kill: (pid: number) => void;
  /** Told of a failure of the layer itself; the recording is worthless then. */
  readonly report: (message: string) => void;
  /** Told of each fault that fires. */
  readonly onFiring: (firing: Firing) => void;
  /** What the kernel was told of this node's attributes holds no longer. */
  readonly onOutdated: (node: number, generation: number) => void;
}

/** What the daemon serves: the layer's own files, and one session after the other of volumes. */
export class FileSystem implements CommandHost {
  directIo = false;
  readonly #options: FileSystemOptions;
  readonly #layerNodes: LayerNodes;
  #session: Session | undefined;
  #generation = 0;
  #answer: Uint8Array = new Uint8Array();
  /** The end of what was written to the acknowledgement file, behind its last whole line. */
  #tornLine: readonly Uint8Array[] = [];
  #failure: string | undefined;

  constructor(options: FileSystemOptions) {
    this.#options = options;
    const commands = new CommandHandler(this);
    this.#layerNodes = new LayerNodes({
      acknowledge: (bytes) => this.#acknowledge(bytes),
      control: (text) => {
        this.#answer = Buffer.from(JSON.stringify(commands.answer(text)));
      },
      answer: () => this.#answer,
    });
  }

  get volumes(): readonly string[] {
    return this.#options.volumes;
  }

  get disk(): LiveDisk {
    return this.#currentSession().disk;
  }

  get failure(): string | undefined {
    return this.#failure;
  }

  begin(start: Recording, plan: Plan): void {
    this.#session = this.#newSession(start, plan);
  }

  cutPower(image: Tree): void {
    const { recording, lastingFaults } = this.disk;
    this.#session = this.#newSession({ ...recording, base: image, trace: [] }, [], lastingFaults);
  }

  /** Answers the length of the reply's body, or a negative errno. Throws nothing. */
  serve(request: Request, reply: Reply): number {
    try {
      const session = this.#currentSession();
      session.serve(request);
      const handler = handlers[request.opcode];
      if (handler === undefined) return -errno.ENOSYS;
      const generation = request.nodeGeneration;
      if (generation === 0) return this.#layerNodes.serve(session, request, reply);
      if (generation !== session.generation) return -errno.EIO;
      return handler(session, request, reply);
    } catch (error) {
      if (error instanceof PosixError) return -error.errno;
      this.#fail(`request ${request.opcode}: ${error instanceof Error ? error.stack : error}`);
      return -errno.EIO;
    }
  }

  /** How long the request that was served last is to take beyond what it took, in ms. */
  takeDelayMs(): number {
    return this.#session?.disk.takeDelayMs() ?? 0;
  }

  /** FORGET and BATCH_FORGET: nobody waits for an answer. */
  forget(request: Request): void {
    if (request.opcode === opcode.forget) {
      this.#forgetNode(request.node, request.nodeGeneration, request.u64(0));
      return;
    }
    const count = request.u32(0);
    for (let index = 0; index < count; index++) {
      const at = 8 + index * 16;
      this.#forgetNode(request.u32(at), request.u32(at + 4), request.u64(at + 8));
    }
  }

  #forgetNode(node: number, generation: number, count: number): void {
    const session = this.#session;
    if (generation === 0 || generation !== session?.generation) return;
    try {
      session.disk.forget(node, count);
    } catch (error) {
      this.#fail(`forget of node ${node}: ${error}`);
    }
  }

  #currentSession(): Session {
    this.#session ??= this.#newSession({ base: emptyTree(this.#options.volumes), trace: [] }, []);
    return this.#session;
  }

  #newSession(start: Recording, plan: Plan, earlier?: LastingFaults): Session {
    const { record, kill, onFiring } = this.#options;
    const generation = this.#generation + 1;
    const { directIo } = this;
    const session = new Session({ start, plan, earlier, record, generation, directIo, kill, onFiring });
    this.#outdate(this.#session);
    this.#generation = generation;
    this.#tornLine = [];
    return session;
  }

  /** Whoever still has a directory of an earlier session open is to see no more of it. */
  #outdate(session: Session | undefined): void {
    if (session === undefined) return;
    for (const node of session.toldDirectories) this.#options.onOutdated(node, session.generation);
  }

  #fail(message: string): void {
    this.#failure ??= message;
    this.#options.report(message);
  }

  #acknowledge(bytes: Uint8Array): void {
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      const line = Buffer.concat([...this.#tornLine, bytes.subarray(from, end)]);
      this.#tornLine = [];
      this.#currentSession().disk.acknowledge(line.toString());
      from = end + 1;
    }
    if (from < bytes.length) this.#tornLine = [...this.#tornLine, bytes.subarray(from)];
  }
}
