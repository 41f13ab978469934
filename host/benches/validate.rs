//! What it costs to read and check an input, against the least that reading JSON costs.
//!
//! - `validate`: [`CreateCallLog::from_json`], every check, every view;
//! - `floor`: `serde_json::from_slice::<Value>` of the same bytes, no check at all.
//!
//! The inputs are the example, and the example with a transcript of 200 KB in short lines, whose line breaks are
//! escapes. The ratios are printed at the end.

use std::error::Error;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use serde_json::Value;
use switchboard_connector_sdk::CreateCallLog;

use times::Times;

mod times;

const EXAMPLE: &str = include_str!("../../connector-sdk/src/testing/create-call-log.json");
const TRANSCRIPT_BYTES: usize = 200_000;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let times = Times::new(10);
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("validate");
    for (size, input) in inputs()? {
        CreateCallLog::from_json(&input)?;
        let mut bench = |name: &'static str, run: &dyn Fn()| {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter_custom(|n_runs| times.take(size, name, n_runs, run));
            });
        };
        bench("validate", &|| {
            drop(black_box(CreateCallLog::from_json(black_box(&input))));
        });
        bench("floor", &|| {
            drop(black_box(serde_json::from_slice::<Value>(black_box(
                &input,
            ))));
        });
    }
    group.finish();
    criterion.final_summary();
    print_ratios(&times);
    Ok(())
}

fn inputs() -> serde_json::Result<[(&'static str, Vec<u8>); 2]> {
    let mut long: Value = serde_json::from_str(EXAMPLE)?;
    let line = "Jane Smith: I will send you the quote for the renewal on Monday.\n";
    long["transcript"] = Value::from(line.repeat(TRANSCRIPT_BYTES / line.len()));
    let long = serde_json::to_vec_pretty(&long)?;
    Ok([("example", EXAMPLE.into()), ("transcript", long)])
}

/// Prints a table in Markdown. Rows that a filter left out are missing.
#[expect(clippy::print_stdout, reason = "this is the result")]
fn print_ratios(times: &Times) {
    println!("| input | validate | floor | validate/floor |");
    println!("|---|---|---|---|");
    for size in ["example", "transcript"] {
        let micros = |name| times.micros(size, name);
        let [Some(validate), Some(floor)] = ["validate", "floor"].map(micros) else {
            continue;
        };
        println!(
            "| {size} | {validate:.2} µs | {floor:.2} µs | {:.2} |",
            validate / floor
        );
    }
}
