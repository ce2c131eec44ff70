import { closeSync, openSync, writeSync } from 'node:fs';
import type {
  CreateSubject,
  Subject,
  SubjectAnswer,
  SubjectReply,
  SubjectRequest,
} from '../../harness/subject/subject.ts';

/**
 * Puts a subject behind the line protocol on stdin and stdout: the whole main program of a driver in TypeScript.
 * Requests are handed on as they come, without waiting for earlier ones. At the end of stdin the process ends.
 */
export async function serveSubject(createSubject: CreateSubject): Promise<void> {
  const directories = volumeDirectories();
  const subject = await createSubject({ kind: 'directories', directories });
  const acknowledgements = acknowledgementFile();
  const pass = async (line: string) => {
    const { id, request } = decodeRequest(line);
    if (request.op === 'open') acknowledgements?.open();
    const reply = await subject.request(request);
    // First the promise on the simulated disk, then the reply: nobody can have seen it earlier than the trace says.
    if (reply.ok && mutations.has(request.op)) acknowledgements?.add(id);
    print(encodeReply(id, request, withAcks(reply, acknowledgements !== undefined)));
  };
  let unfinished = '';
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (text: string) => {
    const lines = (unfinished + text).split('\n');
    unfinished = lines.pop() ?? '';
    for (const line of lines) pass(line).catch(die);
  });
  process.stdin.on('end', () => end(subject));
}

function end(subject: Subject): void {
  subject.kill().then(() => process.exit(0), die);
}

/** A driver that cannot go on says why and ends: powercut takes it from there. */
function die(error: unknown): void {
  console.error(error);
  process.exit(70);
}

/** Every POWERCUT_DIR_<VOLUME>, the one that POWERCUT_DIR names first. */
function volumeDirectories(): ReadonlyMap<string, string> {
  const first = process.env.POWERCUT_DIR;
  if (first === undefined)
    throw new Error('POWERCUT_DIR is not set: this program is a driver, and powercut starts it');
  const named = Object.entries(process.env).flatMap(([name, directory]) => {
    const volume = /^POWERCUT_DIR_(.+)$/.exec(name)?.[1];
    return volume === undefined || directory === undefined
      ? []
      : [[volume.toLowerCase().replaceAll('_', '-'), directory] as const];
  });
  const rank = ([, directory]: readonly [string, string]) => (directory === first ? 0 : 1);
  return new Map(named.length === 0 ? [['data', first]] : named.sort((a, b) => rank(a) - rank(b)));
}

const mutations = new Set([
  'append',
  'appendDurable',
  'appendBatch',
  'sync',
  'put',
  'delete',
  'truncateBefore',
]);

/** POWERCUT_ACK, if it is set. It is opened anew with each `open`: another recording may have begun, with another file. */
function acknowledgementFile() {
  const path = process.env.POWERCUT_ACK;
  if (path === undefined) return undefined;
  let descriptor: number | undefined;
  return {
    open() {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = openSync(path, 'a');
    },
    add(id: string) {
      if (descriptor !== undefined) writeSync(descriptor, `${id}\n`);
    },
  };
}

function withAcks(reply: SubjectReply, acks: boolean): SubjectReply {
  if (!reply.ok || reply.hello === undefined || !acks) return reply;
  return { ...reply, hello: { ...reply.hello, features: [...reply.hello.features, 'acks'] } };
}

/** stdout may be a pipe with a slow reader: write until all is out. */
function print(text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) done += writeSync(1, bytes, done);
}

type Fields = Record<string, unknown>;

function decodeRequest(line: string): { id: string; request: SubjectRequest } {
  const { id, ...fields } = JSON.parse(line) as Fields & { id: string };
  for (const name of ['data', 'key', 'value']) {
    if (name in fields) fields[name] = fromBase64(fields[name]);
  }
  // powercut is trusted to send what the protocol says: its side of it is checked and tested there.
  return { id, request: fields as unknown as SubjectRequest };
}

function fromBase64(value: unknown): unknown {
  return Array.isArray(value) ? value.map(fromBase64) : Buffer.from(String(value), 'base64');
}

/** All lines of a reply: a scan's items come first. */
function encodeReply(id: string, request: SubjectRequest, reply: SubjectReply): string {
  if (!reply.ok || request.op !== 'scan')
    return encodeLine({ id, ...(reply.ok ? encodeAnswer(reply) : reply) });
  const items = reply.items ?? [];
  const lines = items.map(({ position, key, data }) =>
    encodeLine({ id, item: { position, key: key && toBase64(key), data: toBase64(data) } }),
  );
  return lines.join('') + encodeLine({ id, ok: true, count: items.length });
}

function encodeAnswer({ hello, positions, value, recovered, detail }: SubjectAnswer): Fields {
  return {
    ok: true,
    ...hello,
    position: positions?.[0],
    positions,
    value: value && toBase64(value),
    recovered,
    detail,
  };
}

function encodeLine(fields: Fields): string {
  return `${JSON.stringify(fields)}\n`;
}

function toBase64(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}
