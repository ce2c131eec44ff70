import { expect, it } from 'vitest';
import { ScenarioError } from '../scenario-problems.ts';
import { CommandFailure, exitCodes } from './exit.ts';
import { failureOf } from './failure.ts';

it("the user's mistakes are told as they are, without a stack", () => {
  const wrong = new ScenarioError([{ file: 'a.yaml', message: 'there is no such file' }]);
  expect(failureOf(wrong, true)).toEqual({ exitCode: 64, text: 'a.yaml: there is no such file\n' });
  const missing = new CommandFailure(exitCodes.unavailable, 'there is no /dev/fuse');
  expect(failureOf(missing, true)).toEqual({ exitCode: 69, text: 'powercut: there is no /dev/fuse\n' });
});

it("powercut's own failure is told apart from the subject's, and shows its stack only on demand", () => {
  const { exitCode, text } = failureOf(new TypeError('x is not a function'), false);
  expect(exitCode).toBe(70);
  expect(text).toContain('powercut itself failed: x is not a function');
  expect(text).not.toContain('failure.test.ts');
  expect(failureOf(new TypeError('x is not a function'), true).text).toContain('failure.test.ts');
  expect(failureOf('a string', true).text).toContain('powercut itself failed: a string');
});
