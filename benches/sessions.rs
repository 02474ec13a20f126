//! A client's session alone, cycle by cycle: `cargo bench --bench sessions -- S1`. The cycles are those of
//! `benches/README.md`; `benches/peers` has the comparison with others.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a benchmark"
)]

#[path = "inputs/sessions.rs"]
mod sessions;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mqtt_pure::Version;
use sessions::{Cycle, Driver};

fn cycles(c: &mut Criterion) {
    for (version, suffix) in [(Version::V3_1_1, ""), (Version::V5_0, "v")] {
        for (name, cycle) in Cycle::ALL {
            let mut group = c.benchmark_group(format!("{name}{suffix}"));
            for window in [1, 20, 1_000, u16::MAX] {
                let mut driver = Driver::new(cycle, version, window);
                group.throughput(Throughput::Elements(window.into()));
                group.bench_function(format!("w{window}"), |b| b.iter(|| driver.round()));
            }
        }
    }
}

criterion_group!(benches, cycles);
criterion_main!(benches);
