import { expect, test } from 'vitest';
import { appendAll, encode, openLog, segmentNames, texts } from '../fixtures/log.ts';
import { draftBytes, encodeRecord } from '../record.ts';
import { MemoryStorage } from '../storage/memory-storage.ts';
import { survey } from '../tool/survey.ts';
import { scanSegment, soundRecords } from './scan.ts';

async function scanned(damage: (bytes: Uint8Array) => void, endBytes: number): Promise<string[]> {
  const storage = new MemoryStorage();
  const wal = await openLog(storage, { segmentBytes: 8 * 512 });
  await appendAll(wal, texts(5));
  await wal.close();
  const { chain } = await survey({ storage, directory: 'wal' });
  const [name = ''] = await segmentNames(storage);
  const [segment] = chain;
  if (segment === undefined) throw new Error('the log has a segment');
  damage(storage.bytes(name));
  const spans: string[] = [];
  for await (const span of scanSegment(await storage.open(name, 'read'), segment.header, endBytes))
    spans.push(
      span.kind === 'batch'
        ? `${span.batch.header.kind} ${span.batch.header.firstLsn}`
        : `${span.kind} ${span.position}+${span.bytes}: ${span.fault}`,
    );
  return spans;
}

test('goes on behind damage at the next batch that belongs right there', async () => {
  const spans = await scanned((bytes) => {
    // A batch of this very segment, in the place of another: its header says where it belongs.
    bytes.copyWithin(2 * 512, 4 * 512, 5 * 512);
    bytes[4 * 512 + 100] = 0xee;
  }, 8 * 512);
  expect(spans).toEqual([
    'data 1',
    'damage 1024+512: wrong position',
    'data 3',
    'damage 2048+512: damaged body',
    'data 5',
    'clean-end 6',
    'rest 3584+512: no batch header',
  ]);
});

test('ends with the file, wherever the segment is said to end', async () => {
  const spans = await scanned((bytes) => bytes.fill(0xee, 3 * 512), 2 ** 52);
  expect(spans).toEqual(['data 1', 'data 2', 'rest 1536+2560: no batch header']);
});

test('takes no record for another one where a length is damaged', () => {
  const inner = new Uint8Array(64);
  const innerEnd = encodeRecord(inner, new DataView(inner.buffer), 0, draftBytes(encode('inner')), 1);
  const body = new Uint8Array(12 + innerEnd + 12 + 4);
  const view = new DataView(body.buffer);
  const end = encodeRecord(body, view, 0, draftBytes(inner.subarray(0, innerEnd)), 1);
  encodeRecord(body, view, end, draftBytes(encode('last')), 2);
  const shown = () =>
    soundRecords(body, { firstLsn: 1, recordCount: 2 }).map(
      ({ record }) => `${record.lsn} ${record.data.length}`,
    );
  expect(shown()).toEqual([`1 ${innerEnd}`, '2 4']);
  // With a length of 0 the record that stands in the first one's payload would be next.
  view.setUint32(4, 0, true);
  expect(shown()).toEqual([]);
});
