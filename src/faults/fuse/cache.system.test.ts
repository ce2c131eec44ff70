import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emptyRecording, fuseMissing, type Mounted, mount } from './fixtures/mounted.ts';

/** The kernel remembers names and directories' attributes: never anything that is not so. */
describe.skipIf(fuseMissing !== undefined)('what the kernel remembers', () => {
  let mounted: Mounted;
  let at: (name: string) => string;

  beforeAll(async () => {
    mounted = await mount();
    at = (name) => join(mounted.volume(), name);
  });
  afterAll(() => mounted?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    await mounted.layer.begin(emptyRecording(), []);
    fs.mkdirSync(at('d'));
    fs.mkdirSync(at('d/e'));
    fs.writeFileSync(at('d/f'), 'old');
  });

  it('is a name until another operation of its own changes it', () => {
    fs.statSync(at('d/f'));
    fs.renameSync(at('d/f'), at('g'));
    expect(fs.existsSync(at('d/f'))).toBe(false);
    expect(fs.readFileSync(at('g'), 'utf8')).toBe('old');
    fs.unlinkSync(at('g'));
    expect(fs.existsSync(at('g'))).toBe(false);
    fs.writeFileSync(at('d/f'), 'new');
    expect(fs.readFileSync(at('d/f'), 'utf8')).toBe('new');
  });

  it("is no directory's attribute that an operation has changed", () => {
    const facts = (name: string) => {
      const { nlink, mode } = fs.statSync(at(name));
      return [nlink, mode & 0o7777];
    };
    fs.chmodSync(at('d'), 0o700);
    expect(facts('d')).toEqual([3, 0o700]);
    fs.mkdirSync(at('d/more'));
    expect(facts('d')).toEqual([4, 0o700]);
    fs.renameSync(at('d/more'), at('more'));
    fs.rmdirSync(at('d/e'));
    expect(facts('d')).toEqual([2, 0o700]);
    fs.utimesSync(at('d'), 1, 2);
    expect(fs.statSync(at('d')).mtimeMs).toBe(2000);
    fs.writeFileSync(at('d/new'), '');
    expect(fs.statSync(at('d')).mtimeMs).toBeGreaterThan(2000);
  });

  it('is nothing of the tree that was there before the power went', async () => {
    const directory = fs.openSync(at('d'), 'r');
    const through = (name: string) => `/proc/self/fd/${directory}/${name}`;
    try {
      for (const name of ['', 'e', 'f']) fs.statSync(through(name));
      await mounted.layer.begin(emptyRecording(), []);
      expect(() => fs.fstatSync(directory)).toThrow('EIO');
      for (const name of ['e', 'f', 'e/..']) expect(() => fs.statSync(through(name))).toThrow('EIO');
      expect(() => fs.openSync(through('f'), 'r')).toThrow('EIO');
      expect(() => fs.writeFileSync(through('new'), '')).toThrow('EIO');
      expect(fs.readdirSync(mounted.volume())).toEqual([]);
    } finally {
      fs.closeSync(directory);
    }
  });

  it.each<readonly [operation: 'create' | 'unlink' | 'rename' | 'set-meta', act: () => void]>([
    ['create', () => fs.writeFileSync(at('d/new'), '')],
    ['unlink', () => fs.unlinkSync(at('d/f'))],
    ['rename', () => fs.renameSync(at('d/f'), at('d/new'))],
    ['set-meta', () => fs.chmodSync(at('d'), 0o700)],
  ])('is what it was where a %s fails', async (operation, act) => {
    const { recording } = await mounted.layer.end();
    await mounted.layer.begin(recording, [{ operation, nth: 1, fault: 'io-error' }]);
    fs.statSync(at('d/f'));
    expect(act).toThrow('EIO');
    expect(fs.existsSync(at('d/new'))).toBe(false);
    expect(fs.readFileSync(at('d/f'), 'utf8')).toBe('old');
    expect(fs.statSync(at('d')).mode & 0o7777).toBe(0o755);
    act();
  });
});
