mod contestant;

use contestant::{run, Contestant, Job, Outcome};
use std::path::Path;
use wal_db::{SegmentedStore, Wal};

/// An append is one pwrite; sync is fdatasync, shared by all who wait for one. Opening checks the CRC of every record, and
/// so does iterating.
struct WalDb(Wal<SegmentedStore>);

impl Contestant for WalDb {
    fn open(job: &Job) -> Outcome<Self> {
        Ok(WalDb(Wal::open_segmented(Path::new(&job.directory).join("log"), 64 << 20)?))
    }

    fn append_durable(&self, payload: &[u8]) -> Outcome<()> {
        let _ = self.0.append_and_sync(payload)?;
        Ok(())
    }

    fn append(&self, payload: &[u8]) -> Outcome<()> {
        let _ = self.0.append(payload)?;
        Ok(())
    }

    fn batch(&self, payload: &[u8], count: usize) -> Outcome<()> {
        for _ in 0..count {
            let _ = self.0.append(payload)?;
        }
        Ok(self.0.sync()?)
    }

    fn close(self) -> Outcome<()> {
        Ok(self.0.sync()?)
    }

    fn scan(job: &Job) -> Outcome<u64> {
        let log = Self::open(job)?;
        let mut bytes = 0;
        for record in log.0.iter()? {
            bytes += record?.data().len() as u64;
        }
        Ok(bytes)
    }
}

fn main() -> Outcome<()> {
    run::<WalDb>()
}
