//! What composing the body of a log entry costs, as a ratio to reading the same JSON into a tree.
//!
//! - `floor`: `serde_json::from_slice::<Value>` of the input;
//! - `plain`, `html`, `markdown`: the body of the input that has been read, in that format. Each run has a call of its
//!   own, of which nobody has asked for an exact text yet: those are cut out once and kept.
//!
//! The inputs are the example call, and the same with a transcript of 200 KB. The ratios are printed at the end.

mod times;

use std::error::Error;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use serde_json::{Value, json};
use switchboard_host::CreateCallLog;
use switchboard_host::compose::{Format, compose};

use times::Times;

const EXAMPLE: &[u8] = include_bytes!("../../connector-sdk/src/testing/create-call-log.json");
const FORMATS: [(&str, Format); 3] = [
    ("plain", Format::Plain),
    ("html", Format::Html),
    ("markdown", Format::Markdown),
];
const SIZES: [&str; 2] = ["example", "transcript"];

fn main() -> Result<(), Box<dyn Error>> {
    let times = Times::new(10);
    let mut criterion = Criterion::default().configure_from_args();
    for (size, input) in SIZES.into_iter().zip(inputs()?) {
        let call = CreateCallLog::from_json(&input)?;
        let mut group = criterion.benchmark_group("compose");
        group.throughput(Throughput::Bytes(input.len() as u64));
        group.bench_function(BenchmarkId::new("floor", size), |bencher| {
            let run = || drop(black_box(floor(black_box(&input))));
            bencher.iter_custom(|n| times.take(size, "floor", n, &run));
        });
        for (name, format) in FORMATS {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                let run = |call: &CreateCallLog| drop(black_box(compose(black_box(call), format)));
                bencher.iter_custom(|n| times.take_with(size, name, n, || call.clone(), run));
            });
        }
        group.finish();
    }
    criterion.final_summary();
    print_ratios(&times);
    Ok(())
}

/// Returns the example, and the example with a long transcript of short lines.
fn inputs() -> serde_json::Result<[Vec<u8>; 2]> {
    let mut long: Value = serde_json::from_slice(EXAMPLE)?;
    let said = [
        "John: Hello, this is John of Smith & Sons.\n",
        "Jane: Hi John, what can I do for you today?\n",
        "John: It is about the renewal, the quote \"B\" of last week.\n",
        "Jane: One moment, I am looking it up.\n",
    ];
    let lines = said.into_iter().cycle();
    let transcript: String = lines.take(200_000 / 45).collect();
    long["transcript"] = json!(transcript);
    Ok([EXAMPLE.to_vec(), long.to_string().into_bytes()])
}

fn floor(input: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(input)
}

/// Prints a table in Markdown. Rows that a filter left out are missing.
#[expect(clippy::print_stdout, reason = "this is the result")]
fn print_ratios(times: &Times) {
    println!("| input | format | compose | floor | compose/floor |");
    println!("|---|---|---|---|---|");
    for size in SIZES {
        for (name, format) in FORMATS {
            let (one, floor) = (times.micros(size, name), times.micros(size, "floor"));
            let (Some(one), Some(floor)) = (one, floor) else {
                continue;
            };
            let ratio = one / floor;
            println!("| {size} | {format} | {one:.2} µs | {floor:.2} µs | {ratio:.2} |");
        }
    }
}
