mod contestant;

use contestant::{run, Contestant, Job, Outcome};
use okaywal::{Configuration, Entry, EntryId, LogManager, ReadChunkResult, SegmentReader, WriteAheadLog};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

/// A commit is fdatasync, shared by all who wait for one; there is no append without it. Recovery hands every entry to the
/// manager, which checks the CRC of each chunk. A segment that is full is checkpointed and used again.
struct OkayWal(WriteAheadLog);

/// Counts what recovery shows, and has nothing to do at a checkpoint.
#[derive(Debug, Default)]
struct Counting(Arc<AtomicU64>);

impl LogManager for Counting {
    fn recover(&mut self, entry: &mut Entry<'_>) -> io::Result<()> {
        while let ReadChunkResult::Chunk(mut chunk) = entry.read_chunk()? {
            let bytes = chunk.read_all()?;
            if !chunk.check_crc()? {
                return Err(io::Error::other("a chunk is damaged"));
            }
            self.0.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        Ok(())
    }

    fn checkpoint_to(&mut self, _: EntryId, _: &mut SegmentReader, _: &WriteAheadLog) -> io::Result<()> {
        Ok(())
    }
}

/// A scan wants all in one segment: what is checkpointed is gone.
fn open(job: &Job, manager: Counting) -> Outcome<WriteAheadLog> {
    let segment_bytes = if job.work == "scan" { 2 * job.bytes_max as u32 } else { 64 << 20 };
    let configuration = Configuration::default_for(Path::new(&job.directory).join("log"))
        .preallocate_bytes(segment_bytes)
        .checkpoint_after_bytes(u64::from(segment_bytes) / 4 * 3);
    Ok(configuration.open(manager)?)
}

impl Contestant for OkayWal {
    fn open(job: &Job) -> Outcome<Self> {
        Ok(OkayWal(open(job, Counting::default())?))
    }

    fn append_durable(&self, payload: &[u8]) -> Outcome<()> {
        self.batch(payload, 1)
    }

    fn append(&self, _: &[u8]) -> Outcome<()> {
        Err("okaywal has no append without a sync".into())
    }

    fn batch(&self, payload: &[u8], count: usize) -> Outcome<()> {
        let mut entry = self.0.begin_entry()?;
        for _ in 0..count {
            entry.write_chunk(payload)?;
        }
        entry.commit()?;
        Ok(())
    }

    fn close(self) -> Outcome<()> {
        Ok(self.0.shutdown()?)
    }

    fn scan(job: &Job) -> Outcome<u64> {
        let bytes = Arc::new(AtomicU64::new(0));
        open(job, Counting(bytes.clone()))?.shutdown()?;
        Ok(bytes.load(Ordering::Relaxed))
    }
}

fn main() -> Outcome<()> {
    run::<OkayWal>()
}
