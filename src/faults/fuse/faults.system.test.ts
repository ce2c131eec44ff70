import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { liveTree, type Recording } from '../model/recording.ts';
import { befallenBy } from '../plan.ts';
import {
  type FaultCase,
  type FileUser,
  fatesOf,
  faultCases,
  initialText,
} from '../volume/fixtures/fault-cases.ts';
import { fsyncFailureCases, leftByCrash, untoldFailureCase } from '../volume/fixtures/fsync-failures.ts';
import { dumpTree } from './campaign/dump.ts';
import { emptyRecording, fuseMissing, type Mounted, mount } from './fixtures/mounted.ts';

describe.skipIf(fuseMissing !== undefined)('a live fault, through a mount', () => {
  let mounted: Mounted;

  beforeAll(async () => {
    mounted = await mount();
  });
  afterAll(() => mounted?.[Symbol.asyncDispose]());

  async function befall({ plan, act, sees, trace }: FaultCase): Promise<Recording> {
    const { layer } = mounted;
    const path = join(mounted.volume(), 'f');
    await layer.begin(emptyRecording(), []);
    fs.writeFileSync(path, initialText, { flush: true });
    const before = (await layer.end()).recording;
    await layer.begin(before, plan);
    const user = openUser(path);
    expect(await act(user)).toEqual(sees);
    await user.close();
    const { recording, rules } = await layer.end();
    expect(rules.filter(({ fired }) => fired === 0)).toEqual([]);
    if (trace !== undefined) expect(fatesOf(recording, before.trace.length)).toEqual(trace);
    await layer.begin(recording, []);
    expect(dumpTree(liveTree(recording), 'data').map((entry) => entry.path)).toContain('/f');
    expect(fs.readFileSync(path).length).toBe(fileSize(liveTree(recording)));
    return recording;
  }

  it('is each of the catalogue', () => {
    const cases = [...faultCases, ...fsyncFailureCases].flatMap(({ plan }) => plan.map(({ fault }) => fault));
    // Whoever looks does not outlive a process-kill: it has a test of its own in layer.system.test.ts.
    expect(new Set([...cases, 'process-kill'])).toEqual(new Set(Object.keys(befallenBy)));
  });

  it.each(faultCases)('$name', async (one) => void (await befall(one)));

  it.each(fsyncFailureCases)('$name', async (one) => {
    const recording = await befall(one);
    expect(leftByCrash(recording, one.crash.profile)).toEqual(one.crash.leaves);
  });

  it(untoldFailureCase.name, async () => void (await befall(untoldFailureCase)));
});

function fileSize(tree: ReturnType<typeof liveTree>): number {
  for (const inode of tree.inodes.values()) if (inode.kind === 'file') return inode.content.size;
  return -1;
}

/** Asks again for the rest, as programs do. */
function all(wanted: number, call: (done: number) => number): number {
  for (let done = 0; ; ) {
    try {
      const count = call(done);
      done += count;
      if (count === 0 || done === wanted) return done;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EINTR') throw code;
    }
  }
}

function openUser(path: string): FileUser {
  const file = fs.openSync(path, 'r+');
  const direct = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECT);
  const open = [file, direct];
  const read = (descriptor: number, offset: number, length: number) => {
    const buffer = Buffer.alloc(length);
    const count = all(length, (done) => fs.readSync(descriptor, buffer, done, length - done, offset + done));
    return buffer.toString('latin1', 0, count);
  };
  return {
    async write(offset, text) {
      const bytes = Buffer.from(text, 'latin1');
      all(bytes.length, (done) => fs.writeSync(file, bytes, done, bytes.length - done, offset + done));
    },
    read: async (offset, length) => read(file, offset, length),
    readBack: async (offset, length) => read(direct, offset, length),
    async sync() {
      all(0, () => {
        fs.fsyncSync(file);
        return 0;
      });
    },
    async create(name) {
      all(0, () => {
        fs.closeSync(fs.openSync(join(path, '..', name), 'wx'));
        return 0;
      });
    },
    openAgain: async () => openUser(path),
    async close() {
      for (const descriptor of open.splice(0)) fs.closeSync(descriptor);
    },
  };
}
