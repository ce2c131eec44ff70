import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Wal } from '../src/wal/index.ts';

/**
 * Durable appends of one writer, for each backend of the log, with one copy and with two:
 * `node dist/bench/wal-backends.js [directory] [appends]`. The directory (default: the working directory) is on the disk in question.
 * The backends take turns, so that a disk that changes its pace does so for all.
 */

const [parent = '.', count = '1000'] = process.argv.slice(2);
const appends = Number(count);
const rounds = 5;
const backends = ['buffered', 'direct', 'uring'] as const;
const shapes = [
  { payloadBytes: 256, copies: 1 },
  { payloadBytes: 4096, copies: 1 },
  { payloadBytes: 256, copies: 2 },
] as const;

const root = mkdtempSync(join(parent, 'wal-backends-'));
try {
  const times = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++)
    for (const { payloadBytes, copies } of shapes)
      for (const backend of backends) {
        const key = `${backend} ${payloadBytes} ${copies}`;
        times.set(key, [...(times.get(key) ?? []), ...(await measure(backend, payloadBytes, copies))]);
      }
  console.log('| copies | record | backend | p50 | p99 |\n| ------ | ------ | ------- | --- | --- |');
  for (const { payloadBytes, copies } of shapes)
    for (const backend of backends) {
      const sorted = (times.get(`${backend} ${payloadBytes} ${copies}`) ?? []).sort((a, b) => a - b);
      const at = (share: number) => `${(sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(0)} µs`;
      console.log(`| ${copies} | ${payloadBytes} B | ${backend} | ${at(0.5)} | ${at(0.99)} |`);
    }
} finally {
  rmSync(root, { recursive: true });
}

/** Microseconds of each append, without the first tenth. */
async function measure(
  backend: 'buffered' | 'direct' | 'uring',
  payloadBytes: number,
  copies: 1 | 2,
): Promise<number[]> {
  const directory = join(root, 'run');
  mkdirSync(directory);
  const mirror = copies === 2 ? { mirror: join(directory, 'mirror') } : {};
  const wal = await Wal.open(join(directory, 'wal'), { backend, ...mirror, segmentBytes: 32 * 1024 * 1024 });
  const payload = new Uint8Array(payloadBytes).fill(7);
  const times: number[] = [];
  for (let index = 0; index < appends; index++) {
    const start = performance.now();
    await wal.appendDurable(payload);
    times.push((performance.now() - start) * 1000);
  }
  await wal.close();
  rmSync(directory, { recursive: true });
  return times.slice(appends / 10);
}
