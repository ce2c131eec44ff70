import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { loadSubjectModule, startInProcess } from './in-process.ts';
import type { Subject, SubjectReply, SubjectRequest } from './subject.ts';

const place = { kind: 'storages', storages: new Map() } as const;

function subjectThat(answer: (request: SubjectRequest) => Promise<SubjectReply>) {
  const killed = { times: 0 };
  const subject: Subject = {
    request: answer,
    stderr: () => 'last words',
    async kill() {
      killed.times++;
    },
  };
  return { killed, options: { createSubject: () => subject, place, timeoutMs: 50 } };
}

describe('startInProcess', () => {
  test('hands requests and answers through', async () => {
    const { options, killed } = subjectThat(async ({ op }) => ({ ok: true, detail: op }));
    const subject = await startInProcess(options);
    expect(await subject.request({ op: 'verify' })).toEqual({ ok: true, detail: 'verify' });
    expect(subject.stderr()).toBe('last words');
    await subject.kill();
    expect(killed.times).toBe(1);
    await expect(subject.request({ op: 'verify' })).rejects.toMatchObject({ reason: 'died' });
  });

  test('what it throws, before or after it gives a promise, is its death, and it stays dead', async () => {
    const bug = () => {
      throw new TypeError('no such thing');
    };
    for (const answer of [bug, async () => bug()]) {
      const subject = await startInProcess(subjectThat(answer).options);
      await expect(subject.request({ op: 'scan' })).rejects.toMatchObject({
        reason: 'died',
        message: expect.stringMatching(/threw at scan: TypeError: no such thing/),
      });
      await expect(subject.request({ op: 'close' })).rejects.toMatchObject({ reason: 'died' });
    }
  });

  test('an answer that stays out is a hang, and takes the other requests with it', async () => {
    const subject = await startInProcess(subjectThat(() => new Promise(() => {})).options);
    const [first, second] = await Promise.allSettled([
      subject.request({ op: 'open', options: {} }),
      subject.request({ op: 'scan' }),
    ]);
    expect(first).toMatchObject({ reason: { reason: 'hung', message: expect.stringContaining('open') } });
    expect(second).toMatchObject({ reason: { reason: 'hung' } });
  });

  test('a factory that throws did not start', async () => {
    const createSubject = () => {
      throw new Error('no room');
    };
    await expect(startInProcess({ createSubject, place, timeoutMs: 50 })).rejects.toMatchObject({
      reason: 'did-not-start',
      message: expect.stringContaining('no room'),
    });
  });
});

describe('loadSubjectModule', () => {
  const temporary: string[] = [];
  afterEach(() => {
    for (const directory of temporary.splice(0)) rmSync(directory, { recursive: true });
  });
  function moduleOf(source: string): string {
    const directory = mkdtempSync(join(tmpdir(), 'powercut-module-'));
    temporary.push(directory);
    const path = join(directory, 'subject.mjs');
    writeFileSync(path, source);
    return path;
  }

  test('answers its createSubject', async () => {
    const createSubject = await loadSubjectModule(moduleOf('export const createSubject = () => 7;'));
    expect(createSubject(place)).toBe(7);
  });

  test.each([
    ['export const create = 1;', 'exports no function createSubject; it exports: create'],
    ['', 'it exports: nothing'],
    ['throw new Error("half built");', 'half built'],
  ])('%s: %s', async (source, message) => {
    await expect(loadSubjectModule(moduleOf(source))).rejects.toMatchObject({
      reason: 'did-not-start',
      message: expect.stringContaining(message),
    });
  });

  test('a module that is not there', async () => {
    await expect(loadSubjectModule('/no/such/module.js')).rejects.toMatchObject({
      reason: 'did-not-start',
      message: expect.stringContaining('/no/such/module.js'),
    });
  });
});
