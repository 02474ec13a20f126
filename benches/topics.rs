//! The indexes of topics alone: `cargo bench --bench topics`. `benches/peers` has the comparison with
//! others, and the memory that they take.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::unwrap_used,
    reason = "a benchmark"
)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mqtt_pure::{FilterTree, TopicFilter, TopicName, TopicTree, TreeLimits};
use std::hint::black_box;

/// The `n`th topic, in no order: 7,919 has no divisor in common with the numbers of topics.
fn topic(n: usize, count: usize) -> String {
    let n = n * 7_919 % count;
    let (site, line, sensor) = (n % 97, n / 97 % 10, n / 970);
    format!("site/{site}/line/{line}/sensor/{sensor}/temperature")
}

/// The `n`th filter; every twentieth has a `+`, and as many a `#`.
fn filter(n: usize, count: usize) -> String {
    let topic = topic(n, count);
    match n % 20 {
        7 => topic.replace("/temperature", "/+"),
        13 => topic.replace("/temperature", "/#"),
        _ => topic,
    }
}

fn filters(c: &mut Criterion) {
    for count in [1_000, 100_000, 1_000_000] {
        let filters: Vec<String> = (0..count).map(|n| filter(n, count)).collect();
        let topics: Vec<String> = (0..20_000).map(|n| topic(n * 31, count)).collect();
        let build = || {
            let mut tree = FilterTree::with_limits(TreeLimits::unlimited());
            for (n, filter) in filters.iter().enumerate() {
                tree.insert(TopicFilter::new(filter).unwrap(), n / 10, ()).unwrap();
            }
            tree
        };
        let tree = build();
        let mut group = c.benchmark_group(format!("{count} subscriptions"));
        group.sample_size(10).throughput(Throughput::Elements(topics.len() as u64));
        group.bench_function("match", |b| {
            b.iter(|| {
                let matches = |topic| tree.matches(TopicName::new(topic).unwrap()).count();
                let found: usize = topics.iter().map(|topic| matches(black_box(topic))).sum();
                assert!(found >= topics.len());
            });
        });
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function("insert", |b| {
            b.iter_batched(|| (), |()| build(), BatchSize::PerIteration);
        });
    }
}

fn names(c: &mut Criterion) {
    let count = 100_000;
    let mut tree = TopicTree::new();
    for n in 0..count {
        tree.insert(TopicName::new(&topic(n, count)).unwrap(), n).unwrap();
    }
    let mut group = c.benchmark_group(format!("{count} retained messages"));
    for (filter, found) in [("#", count), ("site/12/#", 1_031), ("site/+/line/3/sensor/7/+", 97)] {
        let filter = TopicFilter::new(filter).unwrap();
        group.throughput(Throughput::Elements(found as u64));
        group.bench_function(filter.as_str(), |b| {
            b.iter(|| assert_eq!(tree.matches(black_box(filter)).count(), found));
        });
    }
}

criterion_group!(benches, filters, names);
criterion_main!(benches);
