import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

/** The system calls that Node lacks, through koffi. Each throws an Error with `code` (for instance `EBUSY`) where it fails. */

const library = koffi.load(null);
const errnoNames = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));

const ioctlCall = library.func('int ioctl(int descriptor, unsigned long request, void *argument)');
const ioctlNumberCall = library.func('int ioctl(int descriptor, unsigned long request, long argument)');
const mountCall = library.func(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
);
const syncCall = library.func('int syncfs(int descriptor)');
const unmountCall = library.func('int umount2(const char *target, int flags)');

/** ioctl(2) with a structure, which it may change. Answers what it answers. */
export function ioctl(descriptor: number, request: number, argument: Uint8Array): number {
  return checked('ioctl', ioctlCall(descriptor, request, argument));
}

/** ioctl(2) with a number. */
export function ioctlNumber(descriptor: number, request: number, argument: number): number {
  return checked('ioctl', ioctlNumberCall(descriptor, request, argument));
}

/** mount(2). `options`: those of the file system, between commas. */
export function mount(source: string, target: string, type: string, flags: number, options: string): void {
  checked('mount', mountCall(source, target, type, flags, options));
}

/** umount2(2). */
export function unmount(target: string, flags: number): void {
  checked('umount', unmountCall(target, flags));
}

/** syncfs(2) on the file system of this directory. What could not be written is not told, as unmounting does not tell it. */
export function syncFileSystem(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    syncCall(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function checked(call: string, answer: number): number {
  if (answer >= 0) return answer;
  const code = errnoNames.get(koffi.errno()) ?? `errno ${koffi.errno()}`;
  throw Object.assign(new Error(`${call}: ${code}`), { code });
}
