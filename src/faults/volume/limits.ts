import { PosixError } from './posix-error.ts';

/** What one volume can hold: the limits of ext4 with 4 KiB blocks, so that a program meets the errors that it would meet there. */
export const nameBytesMax = 255;
export const symlinkBytesMax = 4095;
export const fileBytesMax = 2 ** 44;
export const linksMax = 65_000;

/** Rejects what cannot be a new name in a directory. */
export function checkName(name: string): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
    throw new PosixError('EINVAL', `${JSON.stringify(name)} is not a name for a directory entry`);
  }
  checkNameLength(name);
}

/** A name that is too long is refused even where it is only looked for. */
export function checkNameLength(name: string): void {
  // A UTF-16 unit takes at most three bytes: only long names need counting.
  if (name.length * 3 > nameBytesMax && Buffer.byteLength(name) > nameBytesMax) {
    throw new PosixError('ENAMETOOLONG', `a name has at most ${nameBytesMax} bytes: ${name}`);
  }
}

export function checkFileSize(size: number): void {
  if (size > fileBytesMax) {
    throw new PosixError('EFBIG', `a file has at most ${fileBytesMax} bytes, ${size} were asked for`);
  }
}
