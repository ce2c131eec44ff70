import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The absolute path of a compiled program of this package, to be run by Node: `programPath('src/faults/fuse/daemon')`.
 * It is the compiled file also when the caller runs from the TypeScript sources, as tests do.
 */
export function programPath(name: string): string {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const root = fileURLToPath(new URL('..', import.meta.url));
  return here.endsWith(`${sep}dist${sep}src${sep}`) ? `${root}${name}.js` : `${root}dist/${name}.js`;
}
