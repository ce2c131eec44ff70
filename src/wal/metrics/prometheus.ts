import type { Registry } from 'prom-client';
import { WalError } from '../errors.ts';
import type { LatencySummary } from './latency.ts';
import type { Measured, WalMetrics } from './metrics.ts';

export interface CollectorOptions {
  /** Where the metrics are registered; default: a registry of their own. */
  readonly registry?: Registry;
  /** Put on every metric, for instance `{ log: 'orders' }`. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What is exposed under one name. */
interface Series {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  readonly samples: (metrics: WalMetrics) => readonly Sample[];
}

interface Sample {
  readonly value: number;
  readonly quantile?: string;
}

const figures: readonly Series[] = [
  counter('appends', 'Calls that appended records', ({ appends }) => appends),
  counter('records', 'Records written', ({ records }) => records),
  counter('record_bytes', 'Bytes of the records written', ({ recordBytes }) => recordBytes),
  counter('written_bytes', 'Bytes of the batches written', ({ writtenBytes }) => writtenBytes),
  counter('commits', 'Batches written', ({ commits }) => commits),
  counter('syncs', 'Barriers', ({ syncs }) => syncs),
  counter('rolls', 'Segments filled', ({ rolls }) => rolls),
  counter('reads', 'Iterations begun', ({ reads }) => reads),
  counter('fallbacks', 'Reads answered by the other copy', ({ fallbacks }) => fallbacks),
  counter('mended', 'Damaged places mended from the other copy', ({ mended }) => mended),
  counter('failures', 'Failures for good', ({ failures }) => failures),
  gauge('segments', 'Segments in use', ({ segments }) => segments),
  gauge('first_lsn', 'LSN of the oldest record', ({ firstLsn }) => firstLsn),
  gauge('next_lsn', 'LSN of the next record', ({ nextLsn }) => nextLsn),
  gauge('durable_lsn', 'LSN up to which all is durable', ({ durableLsn }) => durableLsn),
  gauge('waiting_appends', 'Appends that wait for room', ({ waitingAppends }) => waitingAppends),
  gauge('waiting_syncs', 'Calls that wait for durability', ({ waitingSyncs }) => waitingSyncs),
];

function counter(name: string, help: string, value: (metrics: WalMetrics) => number): Series {
  const samples = (metrics: WalMetrics) => [{ value: value(metrics) }];
  return { name: `powercut_wal_${name}_total`, help, kind: 'counter', samples };
}

function gauge(name: string, help: string, value: (metrics: WalMetrics) => number): Series {
  const samples = (metrics: WalMetrics) => [{ value: value(metrics) }];
  return { name: `powercut_wal_${name}`, help, kind: 'gauge', samples };
}

/** A latency in seconds: its quantiles, how many there were, and their sum. */
function latencySeries(which: 'commit' | 'sync', help: string): readonly Series[] {
  const name = `powercut_wal_${which}_seconds`;
  const from =
    (samples: (summary: LatencySummary) => readonly Sample[]) =>
    ({ latency }: WalMetrics) =>
      latency === undefined ? [] : samples(latency[which]);
  return [
    { name, help, kind: 'gauge', samples: from(quantilesOf) },
    { name: `${name}_count`, help, kind: 'counter', samples: from(({ count }) => [{ value: count }]) },
    { name: `${name}_sum`, help, kind: 'counter', samples: from(({ sumMs }) => [{ value: sumMs / 1000 }]) },
  ];
}

const latencies = [
  ...latencySeries('commit', 'Writing a batch, with its barrier'),
  ...latencySeries('sync', 'Waiting for durability'),
];

function quantilesOf({ p50Ms, p90Ms, p99Ms, p999Ms, maxMs }: LatencySummary): Sample[] {
  return [
    { quantile: '0.5', value: p50Ms / 1000 },
    { quantile: '0.9', value: p90Ms / 1000 },
    { quantile: '0.99', value: p99Ms / 1000 },
    { quantile: '0.999', value: p999Ms / 1000 },
    { quantile: '1', value: maxMs / 1000 },
  ];
}

/**
 * Registers a log's metrics, read when they are scraped: each figure of `wal.metrics()` as `powercut_wal_...`, and the latencies, if the
 * log takes them, as `powercut_wal_commit_seconds` and `powercut_wal_sync_seconds` by quantile. A registry takes one log. Rejects with
 * `unsupported` if the package prom-client is not installed.
 */
export async function walCollector(wal: Measured, options: CollectorOptions = {}): Promise<Registry> {
  const client = await loadClient();
  const registry = options.registry ?? new client.Registry();
  const isTimed = wal.metrics().latency !== undefined;
  for (const series of isTimed ? [...figures, ...latencies] : figures)
    register(client, registry, wal, series, options.labels ?? {});
  return registry;
}

/** A log's metrics in Prometheus' text format. */
export async function prometheusText(wal: Measured, options: CollectorOptions = {}): Promise<string> {
  return (await walCollector(wal, options)).metrics();
}

function register(
  { Counter, Gauge }: Client,
  registry: Registry,
  wal: Measured,
  { name, help, kind, samples }: Series,
  labels: Readonly<Record<string, string>>,
): void {
  const common = { name, help, registers: [registry], labelNames: [...Object.keys(labels), 'quantile'] };
  const read = () =>
    samples(wal.metrics()).map(({ value, quantile }) => ({
      value,
      labels: quantile === undefined ? labels : { ...labels, quantile },
    }));
  if (kind === 'gauge')
    new Gauge({
      ...common,
      collect() {
        for (const sample of read()) this.set(sample.labels, sample.value);
      },
    });
  else
    new Counter({
      ...common,
      collect() {
        this.reset();
        for (const sample of read()) this.inc(sample.labels, sample.value);
      },
    });
}

type Client = typeof import('prom-client');

async function loadClient(): Promise<Client> {
  try {
    const { default: client } = await import('prom-client');
    return client;
  } catch (cause) {
    throw new WalError(
      'unsupported',
      'metrics for Prometheus need the package prom-client: install it (npm install prom-client)',
      { cause },
    );
  }
}
