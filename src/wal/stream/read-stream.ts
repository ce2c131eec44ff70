import { viewOf } from '../format.ts';
import { type LogView, readBatches, truncated } from '../read/batches.ts';
import { type LogRecord, recordAt, recordEnd } from '../record.ts';

/** A record's value in chunks, one batch in memory at a time: of a stream all its parts, of any other record its data. */
export async function* readStream(
  view: LogView,
  record: LogRecord,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { lsn: to, streamFrom: from } = record;
  if (from === undefined) {
    yield record.data;
    return;
  }
  if (from < view.firstLsn) throw truncated(`the first part of the stream in record ${to} was let go of`);
  for await (const { header, body } of readBatches(view, { from, to })) {
    const data = viewOf(body);
    let lsn = header.firstLsn;
    for (let offset = 0; offset < body.length && lsn <= to; offset = recordEnd(data, offset)) {
      const part = recordAt(body, data, offset, lsn++);
      if (part.streamFrom === from) yield part.data;
    }
  }
}
