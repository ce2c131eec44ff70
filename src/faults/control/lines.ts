import type { Socket } from 'node:net';

/**
 * Calls `onLine` with each line that arrives, without its end; with undefined for one that is longer than `bytesMax`, of which
 * nothing is kept. What follows the last line end is no line.
 */
export function readLines(
  socket: Socket,
  bytesMax: number,
  onLine: (line: string | undefined) => void,
): void {
  let parts: Buffer[] = [];
  let length = 0;
  const keep = (bytes: Buffer) => {
    length += bytes.length;
    if (length <= bytesMax) parts.push(bytes);
    else parts = [];
  };
  socket.on('data', (chunk: Buffer) => {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      keep(chunk.subarray(from, end));
      onLine(length > bytesMax ? undefined : Buffer.concat(parts).toString());
      parts = [];
      length = 0;
      from = end + 1;
    }
    keep(chunk.subarray(from));
  });
}
