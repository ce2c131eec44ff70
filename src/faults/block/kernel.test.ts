import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { describe, expect, it } from 'vitest';
import { whyNotInKernel } from './kernel.ts';

describe('a kernel', () => {
  const kernel = (release: string, ...types: string[]) => ({
    release,
    has: (type: string) => types.includes(type),
  });

  it('that is running has what it tells', () => {
    const types = readFileSync('/proc/filesystems', 'utf8');
    if (types.includes('\text4\n')) expect(whyNotInKernel('ext4')).toBeUndefined();
    expect(whyNotInKernel('powercut-none' as 'ext4')).toMatch(
      `This kernel (${release()}) has no powercut-none.`,
    );
  });

  it('takes what it has', () => {
    expect(whyNotInKernel('ext4', kernel('6.1.0-56-amd64', 'ext4'))).toBeUndefined();
    expect(whyNotInKernel('xfs', kernel('6.1.0-56-amd64', 'ext4'))).toMatch('has no xfs');
  });

  it('takes several btrfs with one UUID from 6.7 on', () => {
    expect(whyNotInKernel('btrfs', kernel('6.1.0-56-amd64', 'btrfs'))).toMatch('6.7');
    expect(whyNotInKernel('btrfs', kernel('5.19.0', 'btrfs'))).toMatch('6.7');
    expect(whyNotInKernel('btrfs', kernel('6.7.0-rc1', 'btrfs'))).toBeUndefined();
    expect(whyNotInKernel('btrfs', kernel('6.18.44', 'btrfs'))).toBeUndefined();
    expect(whyNotInKernel('btrfs', kernel('7.0', 'btrfs'))).toBeUndefined();
  });
});
