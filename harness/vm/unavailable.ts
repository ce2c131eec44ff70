/** The machine cannot be had here; the message says why, and what to do. */
export class VmUnavailable extends Error {
  override readonly name = 'VmUnavailable';
}
