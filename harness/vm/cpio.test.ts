import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { isInPath } from '../programs.ts';
import { cpioArchive } from './cpio.ts';

describe('cpioArchive', () => {
  const archive = cpioArchive([
    { path: 'bin' },
    { path: 'bin/a', data: Buffer.from('12345'), executable: true },
    { path: 'b', data: Buffer.from('x') },
  ]);

  it('has a header of 110 bytes, the name and the bytes, in multiples of four', () => {
    const header =
      '070701' +
      '00000001' +
      '000041ed' +
      '00000000'.repeat(2) +
      '00000002' +
      '00000000'.repeat(6) +
      '00000004';
    expect(archive.subarray(0, 102).toString()).toBe(header);
    expect(archive.subarray(110, 116).toString()).toBe('bin\0\0\0');
    expect(archive.length % 4).toBe(0);
    expect(archive.toString('latin1')).toContain('TRAILER!!!');
  });

  it.skipIf(!isInPath('cpio'))('is one that cpio reads', () => {
    const listed = execFileSync('cpio', ['-itv', '--quiet'], { input: archive }).toString();
    expect(
      listed
        .trim()
        .split('\n')
        .map((line) => `${line.slice(0, 10)} ${line.split(' ').at(-1)}`),
    ).toEqual(['drwxr-xr-x bin', '-rwxr-xr-x bin/a', '-rw-r--r-- b']);
  });
});
