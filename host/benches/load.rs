//! What one more connector adds to a host's start: its library read, checked, loaded, and the connector opened.
//!
//! A library is loaded once in a process, by its digest, so every round gets a copy with other bytes at its end. The
//! way of loading is the environment's, which a process sets for its children only: the bench runs itself again.
//!
//! - `nothing`: a host without that connector, for comparison;
//! - `memory`: the default, sealed bytes in memory (elsewhere than on Linux: the file);
//! - `path`: with `SWITCHBOARD_LOAD=path`.

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, exit};
use std::time::{Duration, Instant};
use std::{env, fs};

use criterion::{BenchmarkGroup, Criterion, SamplingMode, measurement::WallTime};
use switchboard_host::{CrmState, Host};
use switchboard_tests::{Workplace, library_in};

const CONNECTOR: &str = "switchboard-bench-connector";
const MANIFEST: &str = r#"
manifest_version = 1
[crm]
name = "bench"
[connector]
library = "switchboard_bench_connector"
isolation = "in-process"
"#;
const WAY: &str = "SWITCHBOARD_LOAD";

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let by_path = env::var_os(WAY).is_some_and(|way| way == "path");
    let start = Start::new()?;
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("load");
    // Every load keeps a descriptor and some memory for ever: few rounds.
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500));
    if by_path {
        start.measure(&mut group, "path", true);
    } else {
        start.measure(&mut group, "nothing", false);
        start.measure(&mut group, "memory", true);
    }
    group.finish();
    if by_path {
        return Ok(());
    }
    let again = Command::new(env::current_exe()?)
        .args(env::args_os().skip(1))
        .env(WAY, "path")
        .status()?;
    exit(again.code().unwrap_or(1))
}

/// A host's start, with a library that differs every time.
struct Start {
    place: Workplace,
    library: PathBuf,
    bytes: Vec<u8>,
}

impl Start {
    fn new() -> Result<Self, Failure> {
        let built = library_in(CONNECTOR, "bench")?;
        let place = Workplace::new()?;
        place.write_manifest("bench", MANIFEST)?;
        let name = built.file_name().ok_or("a library has a name")?;
        Ok(Self {
            library: place.connectors().join(name),
            place,
            bytes: fs::read(built)?,
        })
    }

    fn measure(&self, group: &mut BenchmarkGroup<'_, WallTime>, name: &str, with_connector: bool) {
        let mut round: u64 = 0;
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|n_runs| {
                let mut total = Duration::ZERO;
                for _ in 0..n_runs {
                    round += 1;
                    total += self
                        .run(round, with_connector)
                        .expect("the host starts with its connector");
                }
                total
            });
        });
    }

    fn run(&self, round: u64, with_connector: bool) -> Result<Duration, Failure> {
        let mut bytes = self.bytes.clone();
        bytes.extend(round.to_ne_bytes());
        // Another file each time: the one before is mapped.
        if round > 1 {
            fs::remove_file(&self.library)?;
        }
        fs::write(&self.library, bytes)?;
        let crm = if with_connector { "bench" } else { "none" };
        let builder = Host::builder()
            .manifests(self.place.manifests())
            .connectors([self.place.connectors()])
            .only(crm);
        let started = Instant::now();
        let host = builder.build()?;
        let elapsed = started.elapsed();
        let crms = host.crms();
        assert!(
            crms.iter().all(|crm| crm.state == CrmState::Ready),
            "{crms:?}"
        );
        assert_eq!(crms.len(), usize::from(with_connector));
        Ok(elapsed)
    }
}
