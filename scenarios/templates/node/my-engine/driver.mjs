// A driver: it puts a storage engine behind powercut's line protocol (docs/subject-protocol.md). Requests come as lines of
// JSON on stdin, replies go to stdout. The engine here is a small append-only log; replace `Engine` by calls to yours.
import * as fs from 'node:fs';
import { createInterface } from 'node:readline';
import { crc32 } from 'node:zlib';

class Engine {
  #records = [];

  constructor(directory) {
    const file = `${directory}/log`;
    this.#descriptor = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT);
    this.#end = this.#recover(fs.readFileSync(file, 'latin1'));
    // What a power cut tore is cut off, and what is shown from here on is durable, the file's name included.
    fs.ftruncateSync(this.#descriptor, this.#end);
    fs.fsyncSync(this.#descriptor);
    const parent = fs.openSync(directory, fs.constants.O_RDONLY);
    fs.fsyncSync(parent);
    fs.closeSync(parent);
  }

  #descriptor;
  #end;
  #failed = false;

  /** One record a line: its checksum, then its bytes. Answers where the last good line ends. */
  #recover(text) {
    let end = 0;
    for (;;) {
      const next = text.indexOf('\n', end);
      if (next < 0) return end;
      const [checksum, data = ''] = text.slice(end, next).split(' ');
      if (checksum !== crc32(data).toString(16)) return end;
      this.#records.push(data);
      end = next + 1;
    }
  }

  append(data) {
    const line = Buffer.from(`${crc32(data).toString(16)} ${data}\n`, 'latin1');
    this.#guarded(() => this.#write(line));
    this.#end += line.length;
    this.#records.push(data);
    return String(this.#records.length);
  }

  /** A write may do less than it was asked for, such as where the disk is nearly full: the rest is asked for again. */
  #write(line) {
    for (let done = 0; done < line.length; )
      done += fs.writeSync(this.#descriptor, line, done, line.length - done, this.#end + done);
  }

  sync() {
    this.#guarded(() => fs.fsyncSync(this.#descriptor));
  }

  /** After a failed write or fsync nobody knows what is on disk: no promise is made any more. */
  #guarded(work) {
    if (this.#failed) throw new Refusal('failed', 'an earlier write or fsync failed');
    try {
      work();
    } catch (error) {
      this.#failed = true;
      throw new Refusal(error.code === 'ENOSPC' ? 'full' : 'io', error.message);
    }
  }

  records() {
    return this.#records.map((data, index) => ({ position: String(index + 1), data }));
  }

  close() {
    fs.closeSync(this.#descriptor);
  }
}

class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

let engine;
const reply = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const requests = {
  hello: () => ({ model: 'log', name: 'my-engine', version: '1', features: ['reopen'] }),
  open() {
    engine = new Engine(process.env.POWERCUT_DIR);
    return {};
  },
  append: ({ data }) => ({ position: engine.append(data) }),
  appendDurable({ data }) {
    const position = engine.append(data);
    engine.sync();
    return { position };
  },
  sync() {
    engine.sync();
    return {};
  },
  scan({ id }) {
    const records = engine.records();
    for (const item of records) reply({ id, item });
    return { count: records.length };
  },
  close() {
    engine.close();
    engine = undefined;
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  try {
    const answer = requests[request.op];
    if (answer === undefined) throw new Refusal('unsupported', `no ${request.op} here`);
    reply({ id: request.id, ok: true, ...answer(request) });
  } catch (error) {
    const code = error instanceof Refusal ? error.code : 'io';
    reply({ id: request.id, ok: false, error: { code, message: error.message } });
  }
}
