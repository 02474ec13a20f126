//! This codec alone, case by case: `cargo bench --bench codec -- D1`. The cases are those of
//! `benches/README.md`; `benches/peers` has the comparison with others.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a benchmark"
)]

#[path = "inputs/mod.rs"]
mod inputs;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use inputs::{Shape, buffers, consume, consume_5};
use mqtt_pure::{DecodeOptions, Packet, StreamDecoder, StreamItem, Version};
use std::hint::black_box;

/// Number of the case, packets, how many of them.
const CASES: [(&str, Shape, usize); 9] = [
    ("1", Shape::PublishSmall, 256),
    ("2", Shape::PublishMedium, 256),
    ("3", Shape::PublishSized(1 << 20), 1),
    ("3k", Shape::PublishSized(1 << 10), 64),
    ("4", Shape::Connect, 256),
    ("5", Shape::Subscribe, 256),
    ("6", Shape::Puback, 256),
    ("7", Shape::Pingreq, 256),
    ("8", Shape::Mixed, 10_000),
];

/// The letters for decoding and for encoding.
const VERSIONS: [(Version, &str, &str); 2] =
    [(Version::V3_1_1, "D", "E"), (Version::V5_0, "V", "W")];

fn options(version: Version) -> DecodeOptions {
    DecodeOptions::new(version).with_max_packet_size(1 << 22)
}

fn decode(c: &mut Criterion) {
    for (version, letter, _) in VERSIONS {
        for (number, shape, count) in CASES {
            let buffers = buffers(&shape.packets_of(version, count));
            let mut group = c.benchmark_group(format!("{letter}{number}"));
            group.throughput(Throughput::Elements(count as u64));
            group.bench_function("decode", |b| {
                b.iter(|| {
                    for buffer in &buffers {
                        let mut input: &[u8] = black_box(buffer);
                        while let Ok(Some(packet)) = Packet::read(&mut input, options(version)) {
                            match version {
                                // With a walk over the properties.
                                Version::V5_0 => consume_5(packet),
                                _ => consume(packet),
                            }
                        }
                        assert!(input.is_empty());
                    }
                });
            });
        }
    }
}

/// The mixed packets in pieces of 1,460 bytes.
fn feed(c: &mut Criterion) {
    for (version, letter, _) in VERSIONS {
        let count = 10_000;
        let stream = Shape::Mixed.packets_of(version, count).concat();
        let mut decoder = StreamDecoder::new(options(version));
        let mut group = c.benchmark_group(format!("{letter}9"));
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function("feed", |b| {
            b.iter(|| {
                let mut found = 0;
                for chunk in stream.chunks(1460) {
                    let mut feed = decoder.feed(black_box(chunk));
                    while let Ok(Some(item)) = feed.next() {
                        if let StreamItem::Packet(packet) = item {
                            consume(packet);
                            found += 1;
                        }
                    }
                }
                assert_eq!(found, count);
            });
        });
    }
}

fn encode(c: &mut Criterion) {
    for (version, _, letter) in VERSIONS {
        for (number, shape, count) in CASES {
            let bytes = shape.packets_of(version, count);
            let packets: Vec<Packet<'_>> = bytes
                .iter()
                .map(|bytes| Packet::read(&mut &bytes[..], options(version)).unwrap().unwrap())
                .collect();
            let mut out = Vec::with_capacity(bytes.iter().map(Vec::len).sum());
            let mut group = c.benchmark_group(format!("{letter}{number}"));
            group.throughput(Throughput::Elements(count as u64));
            group.bench_function("encode", |b| {
                b.iter(|| {
                    out.clear();
                    for packet in black_box(&packets[..]) {
                        match packet {
                            // The payload is left where it is.
                            Packet::Publish(publish) if publish.payload.len() > 1 << 16 => {
                                let len = publish.payload.len();
                                publish.encode_header(version, len, &mut out).unwrap();
                            }
                            _ => packet.encode(version, &mut out).unwrap(),
                        }
                    }
                    black_box(&out[..]);
                });
            });
        }
    }
}

criterion_group!(benches, decode, feed, encode);
criterion_main!(benches);
