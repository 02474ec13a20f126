//! Runs one case so many times, for a tool that counts instructions: `instructions CASE ROUNDS`.
//! The difference between two numbers of rounds is free of the costs of starting.

#[path = "../../inputs/mod.rs"]
mod inputs;

#[path = "../../inputs/sessions.rs"]
mod sessions;

use inputs::{Shape, buffers, consume, consume_5};
use mqtt_pure::{DecodeOptions, Packet, StreamDecoder, StreamItem, Version};
use sessions::{Cycle, Driver};
use std::{env, hint::black_box, process::ExitCode};

/// Name, packets, how many of them.
const CASES: [(&str, Shape, usize); 9] = [
    ("1", Shape::PublishSmall, 256),
    ("2", Shape::PublishMedium, 256),
    ("3", Shape::PublishSized(1 << 20), 1),
    ("3k", Shape::PublishSized(1 << 10), 1),
    ("4", Shape::Connect, 256),
    ("5", Shape::Subscribe, 256),
    ("6", Shape::Puback, 256),
    ("7", Shape::Pingreq, 256),
    ("8", Shape::Mixed, 2048),
];

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let (Some(case), Some(Ok(rounds))) = (args.next(), args.next().map(|n| n.parse::<usize>()))
    else {
        eprintln!("usage: instructions CASE ROUNDS, e.g. D1 8");
        return ExitCode::FAILURE;
    };
    let count = match case.as_str() {
        "D9" => chunks(rounds),
        "bytes" => byte_by_byte(rounds),
        session if session.starts_with('S') => {
            let Some(count) = cycles(session, rounds) else {
                eprintln!("no case {session}");
                return ExitCode::FAILURE;
            };
            count
        }
        _ => {
            let known = |(name, ..): &&(&str, Shape, usize)| *name == &case[1..];
            let Some(&(_, shape, count)) = CASES.iter().find(known) else {
                eprintln!("no case {case}");
                return ExitCode::FAILURE;
            };
            // D and E are 3.1.1, V and W the same of 5.0.
            match &case[..1] {
                "D" => decode(&shape.packets(count), rounds, Version::V3_1_1),
                "E" => encode(&shape.packets(count), rounds, Version::V3_1_1),
                // The others have no properties, so there is nothing to walk over.
                "V" if matches!(&case[1..], "2" | "4") => {
                    decode_and_walk(&shape.packets_of(Version::V5_0, count), rounds);
                }
                "V" => decode(&shape.packets_of(Version::V5_0, count), rounds, Version::V5_0),
                _ => encode(&shape.packets_of(Version::V5_0, count), rounds, Version::V5_0),
            }
            count
        }
    };
    println!("{count}");
    ExitCode::SUCCESS
}

fn options(version: Version) -> DecodeOptions {
    black_box(DecodeOptions::new(version).with_max_packet_size(1 << 22))
}

#[inline(never)]
fn decode(packets: &[Vec<u8>], rounds: usize, version: Version) {
    let (buffers, options) = (buffers(packets), options(version));
    for _ in 0..rounds {
        for buffer in &buffers {
            let mut input: &[u8] = black_box(buffer);
            while let Some(packet) = Packet::read(&mut input, options).unwrap() {
                consume(packet);
            }
        }
    }
}

/// The same of 5.0 with a walk over the properties.
#[inline(never)]
fn decode_and_walk(packets: &[Vec<u8>], rounds: usize) {
    let (buffers, options) = (buffers(packets), options(Version::V5_0));
    for _ in 0..rounds {
        for buffer in &buffers {
            let mut input: &[u8] = black_box(buffer);
            while let Some(packet) = Packet::read(&mut input, options).unwrap() {
                consume_5(packet);
            }
        }
    }
}

#[inline(never)]
fn encode(packets: &[Vec<u8>], rounds: usize, version: Version) {
    let version = black_box(version);
    let options = options(version);
    let decoded: Vec<_> = packets
        .iter()
        .map(|bytes| Packet::read(&mut &bytes[..], options).unwrap().unwrap())
        .collect();
    let mut out = Vec::with_capacity(packets.iter().map(Vec::len).sum());
    for _ in 0..rounds {
        out.clear();
        for packet in black_box(&decoded[..]) {
            match packet {
                // The payload is left where it is.
                Packet::Publish(publish) if publish.payload.len() > 1 << 16 => {
                    publish.encode_header(version, publish.payload.len(), &mut out).unwrap();
                }
                _ => packet.encode(version, &mut out).unwrap(),
            }
        }
        black_box(&out[..]);
    }
}

/// The mixed packets in pieces of 1460 bytes.
#[inline(never)]
fn chunks(rounds: usize) -> usize {
    let packets = Shape::Mixed.packets(2048);
    let stream = packets.concat();
    let mut decoder = StreamDecoder::new(options(Version::V3_1_1));
    for _ in 0..rounds {
        for chunk in stream.chunks(1460) {
            feed(&mut decoder, chunk);
        }
    }
    packets.len()
}

/// One PUBLISH of so many 64 KiB, one byte at a time.
#[inline(never)]
fn byte_by_byte(size: usize) -> usize {
    // Not the generator, whose work would count.
    let len = size << 16;
    let mut packet = vec![0x30];
    let mut left = len + 3;
    while left > 0 {
        packet.push((left & 0x7f) as u8 | if left > 0x7f { 0x80 } else { 0 });
        left >>= 7;
    }
    packet.extend([0, 1, b'a']);
    packet.resize(packet.len() + len, b'x');
    let mut decoder = StreamDecoder::new(options(Version::V3_1_1));
    for byte in packet.chunks(1) {
        feed(&mut decoder, byte);
    }
    1
}

/// Whole cycles of messages, such as `S1`, `S1v` of 5.0 or `S1w1000`, by default with 20 messages on their
/// way.
#[inline(never)]
fn cycles(case: &str, rounds: usize) -> Option<usize> {
    let (name, window) = case.split_once('w').unwrap_or((case, "20"));
    let window = window.parse().ok()?;
    let (name, version) =
        name.strip_suffix('v').map_or((name, Version::V3_1_1), |name| (name, Version::V5_0));
    let cycle = Cycle::ALL.iter().find(|(known, _)| *known == name)?.1;
    let mut driver = Driver::new(cycle, version, window);
    // The first time there is memory to be had.
    for _ in 0..=rounds {
        driver.round();
    }
    Some(window.into())
}

fn feed(decoder: &mut StreamDecoder, bytes: &[u8]) {
    let mut feed = decoder.feed(black_box(bytes));
    while let Some(item) = feed.next().unwrap() {
        if let StreamItem::Packet(packet) = item {
            consume(packet);
        }
    }
}
