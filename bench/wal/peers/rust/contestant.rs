//! What every Rust contestant shares: the job from the command line, the clock, and the one line of JSON that is the answer
//! (bench/wal/job.ts has its shape). A contestant is a main.rs beside it.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

pub const BATCH_RECORDS: usize = 1000;

/// One log. The callers of `append_durable` are many, of all else one.
pub trait Contestant: Sync + Sized {
    fn open(job: &Job) -> Outcome<Self>;
    fn append_durable(&self, payload: &[u8]) -> Outcome<()>;
    fn append(&self, payload: &[u8]) -> Outcome<()>;
    fn batch(&self, payload: &[u8], count: usize) -> Outcome<()>;
    fn close(self) -> Outcome<()>;
    /// Opens the log, reads and checks every record; answers how many bytes of payload there were.
    fn scan(job: &Job) -> Outcome<u64>;
}

pub struct Job {
    pub work: String,
    pub directory: String,
    pub payload_bytes: usize,
    pub writers: usize,
    pub warm_up: Duration,
    pub run: Duration,
    pub bytes_max: u64,
}

struct Measured {
    records: u64,
    seconds: f64,
    samples: Vec<Duration>,
}

pub fn run<C: Contestant>() -> Outcome<()> {
    let job = parse()?;
    let payload: Vec<u8> = (0..job.payload_bytes).map(|index| (index * 31) as u8).collect();
    let log = C::open(&job)?;
    let measured = match job.work.as_str() {
        "durable" => repeat(&job, job.writers, 1, || log.append_durable(&payload))?,
        "batch" => repeat(&job, 1, BATCH_RECORDS, || log.batch(&payload, BATCH_RECORDS))?,
        "unsynced" => repeat(&job, 1, BATCH_RECORDS, || {
            (0..BATCH_RECORDS).try_for_each(|_| log.append(&payload))
        })?,
        _ => {
            let mut done = 0;
            while done < job.bytes_max {
                log.batch(&payload, BATCH_RECORDS)?;
                done += (job.payload_bytes * BATCH_RECORDS) as u64;
            }
            log.close()?;
            C::scan(&job)?;
            let start = Instant::now();
            let bytes = C::scan(&job)?;
            let seconds = start.elapsed().as_secs_f64();
            report(Measured { records: bytes / job.payload_bytes as u64, seconds, samples: vec![] });
            return Ok(());
        }
    };
    log.close()?;
    report(measured);
    Ok(())
}

fn parse() -> Outcome<Job> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [work, directory, payload_bytes, writers, warm_up, run, bytes_max] = args.as_slice() else {
        return Err("expected seven arguments: see bench/wal/job.ts".into());
    };
    Ok(Job {
        work: work.clone(),
        directory: directory.clone(),
        payload_bytes: payload_bytes.parse()?,
        writers: writers.parse()?,
        warm_up: Duration::from_millis(warm_up.parse()?),
        run: Duration::from_millis(run.parse()?),
        bytes_max: bytes_max.parse()?,
    })
}

/// Calls from so many threads at once until the time is over, or bytes_max written. What began in the warm-up does not count.
fn repeat(
    job: &Job,
    writers: usize,
    records_per_call: usize,
    call: impl Fn() -> Outcome<()> + Sync,
) -> Outcome<Measured> {
    let warm = Instant::now() + job.warm_up;
    let end = warm + job.run;
    let bytes_per_call = (job.payload_bytes * records_per_call) as u64;
    let calls_max = job.bytes_max / bytes_per_call / writers as u64 + 1;
    let one_writer = || -> Outcome<Vec<Duration>> {
        let mut samples = Vec::new();
        for _ in 0..calls_max {
            let began = Instant::now();
            if began > end {
                break;
            }
            call()?;
            if began > warm {
                samples.push(began.elapsed());
            }
        }
        Ok(samples)
    };
    let mut samples = thread::scope(|scope| -> Outcome<Vec<Duration>> {
        let threads: Vec<_> = (0..writers).map(|_| scope.spawn(one_writer)).collect();
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| "a writer panicked")??);
        }
        Ok(all)
    })?;
    let seconds = warm.elapsed().as_secs_f64();
    samples.sort();
    Ok(Measured { records: (samples.len() * records_per_call) as u64, seconds, samples })
}

fn report(measured: Measured) {
    let Measured { records, seconds, samples } = measured;
    let at = |share: f64| match samples.len() {
        0 => 0.0,
        count => samples[(share * (count - 1) as f64) as usize].as_nanos() as f64 / 1000.0,
    };
    let (p50, p99, max) = (at(0.5), at(0.99), at(1.0));
    println!(
        "{{\"records\":{records},\"seconds\":{seconds},\"p50Us\":{p50},\"p99Us\":{p99},\"maxUs\":{max}}}"
    );
}
