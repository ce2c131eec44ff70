import { readContent } from '../src/faults/model/content.ts';
import { type Tree, walkVolume } from '../src/faults/model/tree.ts';

/** Lines of a difference that are shown for one file; a report is for people. */
const linesMax = 200;
const lineBytes = 16;
/** What is compared of a file. */
const bytesMax = 16 * 1024 * 1024;

/**
 * What a recovery, and the requests that were asked after it, changed on a crash image: file by file, in lines of 16
 * bytes, `-` before, `+` after.
 */
export function hexDiff(before: Tree, after: Tree): string {
  const volumes = [...before.roots.keys()];
  const lines = volumes.flatMap((volume) => {
    const old = filesOf(before, volume);
    const now = filesOf(after, volume);
    const paths = [...new Set([...old.keys(), ...now.keys()])].sort();
    return paths.flatMap((path) =>
      diffFile(volumes.length > 1 ? `${volume}:${path}` : path, old.get(path), now.get(path)),
    );
  });
  return lines.length === 0 ? 'Recovery changed no file.\n' : `${lines.join('\n')}\n`;
}

function filesOf(tree: Tree, volume: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const { path, inode } of walkVolume(tree, volume)) {
    if (inode.kind === 'file') files.set(path.slice(1), readContent(inode.content, 0, bytesMax));
  }
  return files;
}

function diffFile(path: string, before: Uint8Array | undefined, after: Uint8Array | undefined): string[] {
  if (before !== undefined && after !== undefined && Buffer.compare(before, after) === 0) return [];
  const head = `${path}: ${describe(before)} before recovery, ${describe(after)} after`;
  const lines: string[] = [];
  let repeated = '';
  const length = Math.max(before?.length ?? 0, after?.length ?? 0);
  for (let offset = 0; offset < length && lines.length <= linesMax; offset += lineBytes) {
    const old = before?.subarray(offset, offset + lineBytes) ?? new Uint8Array();
    const now = after?.subarray(offset, offset + lineBytes) ?? new Uint8Array();
    if (Buffer.compare(old, now) === 0) continue;
    const key = `${hex(old)} ${hex(now)}`;
    // As hexdump does: a stretch of equal lines is told once.
    if (key === repeated) {
      if (lines.at(-1) !== '  *') lines.push('  *');
      continue;
    }
    repeated = key;
    if (old.length > 0) lines.push(`- ${hexLine(offset, old)}`);
    if (now.length > 0) lines.push(`+ ${hexLine(offset, now)}`);
  }
  const cut = lines.length > linesMax ? ['  ... more lines differ'] : [];
  return [head, ...lines.slice(0, linesMax), ...cut, ''];
}

function describe(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? 'not there' : `${bytes.length} bytes`;
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function hexLine(offset: number, bytes: Uint8Array): string {
  const text = [...bytes]
    .map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.'))
    .join('');
  return `${offset.toString(16).padStart(8, '0')}  ${hex(bytes).padEnd(lineBytes * 3)} ${text}`;
}
