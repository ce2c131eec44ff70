import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ContainerHost } from './create.ts';
import { connect } from './engine.ts';
import { keepLog } from './log.ts';
import { containerSchema } from './settings.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'powercut-test-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function keepIn(logDirectory: string): void {
  const host: ContainerHost = {
    docker: connect(),
    image: 'image',
    settings: containerSchema.parse({ image: 'image' }),
    owner: 'me',
    workspace: directory,
    scenarioDirectory: directory,
    cpu: 0,
    logDirectory,
  };
  keepLog(
    host,
    { command: ['db', '--serve'], cwd: '/', environment: {}, input: 'empty', onOutput: () => {} },
    { id: 'c1', how: { kind: 'exited', code: 4, stragglers: 0 }, isAsked: false, text: 'out of luck\n' },
  );
}

it('the log of a container that failed is kept', () => {
  keepIn(join(directory, 'logs'));
  expect(readFileSync(join(directory, 'logs', 'c1.txt'), 'utf8')).toBe(
    'db --serve\nin a container of image: exit 4\n\nout of luck\n',
  );
});

it('a log that cannot be kept does no harm', () => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  expect(() => keepIn(join(file, 'logs'))).not.toThrow();
});
