import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Wal, WalError, type WalOptions } from '../../src/wal/index.ts';
import { batchRecords, type Job, type Measured, parseJob } from './job.ts';

/**
 * powercut's log as a contestant: `node dist/bench/wal/powercut.js OPTIONS JOB...`, where OPTIONS are those of `Wal.open` as
 * JSON. Writers are callers of one process, as they are in a server.
 */

const [, program = '', optionsText = '{}', ...jobTexts] = process.argv;

async function run(options: WalOptions, directory: string, job: Job): Promise<Measured> {
  const payload = Uint8Array.from({ length: job.payloadBytes }, (_, index) => index * 31);
  const place = join(directory, 'log');
  if (job.work === 'scan') return runScan(place, options, job, payload);
  await using wal = await Wal.open(place, {
    ...options,
    ...(job.work === 'roll' && { segmentBytes: 512 * 1024 }),
  });
  switch (job.work) {
    case 'batch': {
      const batch = Array.from({ length: batchRecords }, () => payload);
      return await repeat(job, batchRecords, async () => {
        await wal.appendBatch(batch);
        await wal.sync();
        return true;
      });
    }
    case 'unsynced':
      return await repeat(job, batchRecords, async () => {
        for (let index = 0; index < batchRecords; index++) await wal.append(payload);
        return true;
      });
    case 'roll':
      return await repeat(job, 1, async () => {
        const { rolls } = wal.stats();
        await wal.appendDurable(payload);
        return wal.stats().rolls > rolls;
      });
    case 'durable':
      return await repeat(job, 1, async () => {
        await wal.appendDurable(payload);
        return true;
      });
  }
}

/** Calls from so many writers until the time is over, or `bytesMax` written. A call answers whether it is of those that count. */
async function repeat(job: Job, recordsPerCall: number, call: () => Promise<boolean>): Promise<Measured> {
  const warm = performance.now() + job.warmUpMs;
  const end = warm + job.runMs;
  const callsMax = Math.floor(job.bytesMax / (job.payloadBytes * recordsPerCall * job.writers)) + 1;
  const samples: number[] = [];
  let cpu: NodeJS.CpuUsage | undefined;
  const write = async () => {
    for (let calls = 0; calls < callsMax; calls++) {
      const began = performance.now();
      if (began > end) return;
      if (began > warm) cpu ??= process.cpuUsage();
      const counts = await call();
      if (counts && began > warm) samples.push((performance.now() - began) * 1000);
    }
  };
  await Promise.all(Array.from({ length: job.writers }, write));
  const seconds = (performance.now() - warm) / 1000;
  const { user } = process.cpuUsage(cpu);
  samples.sort((a, b) => a - b);
  const at = (share: number) => samples[Math.floor(share * (samples.length - 1))] ?? 0;
  const records = samples.length * recordsPerCall;
  return {
    records,
    userUs: user / records,
    seconds,
    p50Us: at(0.5),
    p99Us: at(0.99),
    maxUs: at(1),
  };
}

async function runScan(
  place: string,
  options: WalOptions,
  { bytesMax, payloadBytes }: Job,
  payload: Uint8Array,
): Promise<Measured> {
  const wal = await Wal.open(place, options);
  for (let bytes = 0; bytes < bytesMax; bytes += payloadBytes) await wal.append(payload);
  await wal.close();
  await scan(place, options);
  return scan(place, options);
}

async function scan(place: string, options: WalOptions): Promise<Measured> {
  const start = performance.now();
  const wal = await Wal.open(place, options);
  let records = 0;
  for await (const { data } of wal.iterate()) records += data.length > 0 ? 1 : 0;
  const seconds = (performance.now() - start) / 1000;
  await wal.close();
  return { records, seconds, p50Us: 0, p99Us: 0, maxUs: 0 };
}

async function main(): Promise<void> {
  const directory = jobTexts[1] ?? '';
  try {
    const options = JSON.parse(optionsText) as WalOptions;
    console.log(JSON.stringify(await run(options, directory, parseJob(jobTexts))));
  } catch (error) {
    const isRefusal = error instanceof WalError && (error.code === 'invalid' || error.code === 'unsupported');
    if (!isRefusal) throw error;
    console.log(JSON.stringify({ unavailable: error.message }));
  }
}

if (program === fileURLToPath(import.meta.url)) await main();
