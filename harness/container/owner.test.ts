import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { isGone, ownerId } from './owner.ts';

describe('an owner', () => {
  const [namespace, pid, start] = ownerId().split('.');

  it('is there while its process is', () => {
    expect(isGone(ownerId())).toBe(false);
  });

  it('is gone with its process, also where another one has its pid', () => {
    const { pid: ended } = spawnSync('true');
    expect(isGone(`${namespace}.${ended}.1`)).toBe(true);
    expect(isGone(`${namespace}.${pid}.${Number(start) - 1}`)).toBe(true);
  });

  it('of another pid namespace is left alone', () => {
    expect(isGone(`1.${pid}.1`)).toBe(false);
  });
});
