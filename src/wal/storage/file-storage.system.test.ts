import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appendAll, readTexts, texts, tinyOptions } from '../fixtures/log.ts';
import { Wal } from '../wal.ts';
import { openBackend } from './backend.ts';
import type { BackendName } from './backend-name.ts';
import { openFileStorage } from './file-storage.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'powercut-wal-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const openDescriptors = () => readdirSync('/proc/self/fd').length;

/** A program of its own that uses the compiled log; `body` finds `Wal` and `directory`. */
function program(body: string): string {
  const file = join(root, `program-${readdirSync(root).length}.mjs`);
  const library = new URL('../../../dist/src/wal/index.js', import.meta.url).href;
  writeFileSync(
    file,
    `import { Wal } from '${library}';\nconst directory = process.argv[2];\nconst text = (s) => new TextEncoder().encode(s);\n${body}`,
  );
  return file;
}

describe.each<BackendName>(['buffered', 'direct', 'uring'])('files of this machine, %s', (backend) => {
  const options = { ...tinyOptions, backend };

  test('hold a log, in a directory whose parents are made', async () => {
    const directory = join(root, 'a/b/c');
    const wal = await Wal.open(directory, options);
    await appendAll(wal, texts(9));
    await wal.append(new Uint8Array(9000));
    await wal.close();
    const again = await Wal.open(directory, options);
    expect(again.recovery).toMatchObject({ tail: 'clean', nextLsn: 11 });
    expect((await readTexts(again)).slice(0, 9)).toEqual(texts(9));
    await again.truncateBefore(5);
    await again.close();
    expect(readdirSync(directory).some((name) => name.startsWith('0000000001'))).toBe(false);
  });

  test('with default options a log takes and gives back a million bytes', async () => {
    const wal = await Wal.open(join(root, 'wal'), { backend });
    await Promise.all(texts(1000).map((text) => wal.append(new TextEncoder().encode(text.padEnd(1000)))));
    await wal.sync();
    expect(await readTexts(wal)).toHaveLength(1000);
    await wal.close();
  });

  test('are all closed again, after good ends and bad ones', async () => {
    const before = openDescriptors();
    for (let round = 0; round < 3; round++) {
      const wal = await Wal.open(join(root, 'wal'), { ...options, prepareAhead: true });
      await appendAll(wal, texts(5));
      await readTexts(wal);
      await wal.verify();
      await expect(Wal.open(join(root, 'wal'), options)).rejects.toMatchObject({ code: 'locked' });
      await wal.close();
    }
    rmSync(join(root, 'wal/manifest'));
    await expect(Wal.open(join(root, 'wal'), options)).rejects.toMatchObject({ code: 'corrupt' });
    expect(openDescriptors()).toBe(before);
  });

  test('answer with the codes of the contract', async () => {
    const { storage, directory } = await openBackend(root, backend);
    const at = (name: string) => `${directory}/${name}`;
    await expect(storage.open(at('a'), 'read')).rejects.toMatchObject({ code: 'not-found', errno: 'ENOENT' });
    await (await storage.open(at('a'), 'create')).close();
    await expect(storage.open(at('a'), 'create')).rejects.toMatchObject({ code: 'exists' });
    await expect(storage.makeDirectory(at('a'))).rejects.toMatchObject({ code: 'exists' });
    await expect(storage.list(at('none'))).rejects.toMatchObject({ code: 'not-found' });
    await expect(storage.remove(at('none'))).rejects.toMatchObject({ code: 'not-found' });
    await expect(storage.syncDirectory(at('none'))).rejects.toMatchObject({ code: 'not-found' });
    const file = await storage.open(at('a'), 'write');
    await file.write([new Uint8Array([1, 2]), new Uint8Array([3])], 2);
    const buffer = new Uint8Array(9);
    expect(await file.read(buffer, 1)).toBe(4);
    expect([...buffer]).toEqual([0, 1, 2, 3, 0, 0, 0, 0, 0]);
    await file.truncate(3);
    expect(await file.size()).toBe(3);
    await file.close();
    await expect(file.size()).rejects.toMatchObject({ errno: 'EBADF' });
  });

  test('a full disk is reported as full', async () => {
    const file = await openFileStorage('/dev/full').storage.open('dev/full', 'write');
    await expect(file.write([new Uint8Array(10)], 0)).rejects.toMatchObject({
      code: 'full',
      errno: 'ENOSPC',
    });
    await file.close();
  });
});

describe('the lock', () => {
  test.skipIf(process.platform !== 'linux')(
    'is let go of though someone connects to its socket',
    async () => {
      const directory = join(root, 'wal');
      const wal = await Wal.open(directory);
      const { dev, ino } = statSync(directory, { bigint: true });
      const stranger = connect(`\0powercut-wal/${dev}/${ino}`);
      await once(stranger, 'connect');
      await wal.close();
      stranger.destroy();
      await (await Wal.open(directory)).close();
    },
  );

  test('keeps other processes out, and does not outlive a killed one', async () => {
    const directory = join(root, 'wal');
    const holder = spawn(process.execPath, [
      program(`const wal = await Wal.open(directory);
await wal.appendDurable(text('r1'));
console.log('open');
setInterval(() => {}, 1000);`),
      directory,
    ]);
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    await expect(Wal.open(directory)).rejects.toMatchObject({ code: 'locked' });
    const dead = new Promise((resolve) => holder.once('exit', resolve));
    holder.kill('SIGKILL');
    await dead;
    const wal = await Wal.open(directory);
    expect(await readTexts(wal)).toEqual(['r1']);
    await wal.close();
  });

  test.skipIf(process.platform !== 'linux')('holds in a container with a network of its own', async () => {
    const directory = join(root, 'wal');
    const wal = await Wal.open(directory);
    const body = `await Wal.open(directory).then(() => console.log('open'), (error) => console.log(error.code));`;
    const elsewhere = () =>
      promisify(execFile)('unshare', [
        '--map-root-user',
        '--net',
        process.execPath,
        program(body),
        directory,
      ]);
    expect((await elsewhere()).stdout).toBe('locked\n');
    await wal.close();
    expect((await elsewhere()).stdout).toBe('open\n');
  });

  test('keeps no process alive', async () => {
    const body = `const wal = await Wal.open(directory);
await wal.appendDurable(text('r1'));
console.log('done');`;
    const { stdout } = await promisify(execFile)(process.execPath, [program(body), join(root, 'wal')]);
    expect(stdout).toBe('done\n');
    expect(existsSync(join(root, 'wal/manifest'))).toBe(true);
  });
});
