//! What the crate allocates: nothing to decode or encode, and for a stream no more than has arrived.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test"
)]

#[path = "allocations/measure.rs"]
mod measure;
#[path = "allocations/sessions.rs"]
mod sessions;
#[allow(dead_code, reason = "other tests need the rest")]
#[path = "standard/tables.rs"]
mod tables;
#[path = "allocations/topic_trees.rs"]
mod topic_trees;
#[path = "allocations/v5_0.rs"]
mod v5_0;

use bytes::BytesMut;
use measure::{allocations, live};
use mqtt_pure::{
    DecodeOptions, Oversize, Packet, Publish, StreamDecoder, StreamItem, TopicName, Version,
};
use serde_json::Value;
use std::{fs, path::Path};

#[test]
fn the_counters_count() {
    assert_eq!(allocations(|| ()), (0, 0));
    assert_eq!(allocations(|| drop(vec![7_u8; 100])), (1, 100));
    let grow = || {
        let mut bytes = Vec::<u8>::with_capacity(10);
        bytes.reserve_exact(30);
        drop(vec![7_u8; 20]);
        bytes
    };
    assert_eq!(allocations(grow), (3, 50));
}

/// One packet of each type.
const PACKETS: [&[u8]; 14] = [
    b"\x10\x1c\0\x04MQTT\x04\xce\0\x0a\0\x02c1\0\x01w\0\x03bye\0\x01u\0\x01p",
    b"\x20\x02\x01\0",
    b"\x3d\x09\0\x03a/b\0\x0ahi",
    b"\x40\x02\0\x0a",
    b"\x50\x02\0\x0a",
    b"\x62\x02\0\x0a",
    b"\x70\x02\0\x0a",
    b"\x82\x0e\0\x0a\0\x03a/b\x01\0\x03\xc3\xa9/\x02",
    b"\x90\x05\0\x0a\0\x02\x80",
    b"\xa2\x0c\0\x0a\0\x03a/b\0\x03c/#",
    b"\xb0\x02\0\x0a",
    b"\xc0\0",
    b"\xd0\0",
    b"\xe0\0",
];

#[test]
fn decoding_and_encoding_allocate_nothing() {
    for bytes in PACKETS {
        let mut out = Vec::with_capacity(bytes.len());
        let mut frame = BytesMut::with_capacity(bytes.len());
        let (count, _) = allocations(|| {
            let packet = Packet::read(&mut &*bytes, DecodeOptions::default()).unwrap().unwrap();
            match packet {
                Packet::Subscribe(subscribe) => {
                    assert_eq!(subscribe.subscriptions.iter().count(), 2)
                }
                Packet::Suback(suback) => assert_eq!(suback.codes.iter().count(), 3),
                Packet::Unsubscribe(unsubscribe) => {
                    assert_eq!(unsubscribe.filters.iter().count(), 2)
                }
                _ => {}
            }
            packet.encode(Version::V3_1_1, &mut out).unwrap();
            packet.encode(Version::V3_1_1, &mut frame).unwrap();
        });
        assert_eq!(count, 0, "{bytes:02x?}");
        assert_eq!((&out[..], &frame[..]), (bytes, bytes));
    }
}

#[test]
fn refusing_allocates_nothing() {
    for bytes in [
        &b"\x82\x06\0\x0a\0\x01+\x03"[..],
        b"\x30\x05\0\x03a\xc3/",
        b"\x10\x0c\0\x04MQTX\x04\x02\0\0\0\0",
    ] {
        let read = || Packet::read(&mut &bytes[..], DecodeOptions::default()).is_err();
        assert!(read());
        assert_eq!(allocations(read).0, 0);
    }
}

#[test]
fn a_header_is_encoded_without_its_payload() {
    let payload = vec![7; 1 << 20];
    let publish = Publish::new(TopicName::new("a/b").unwrap(), &payload);
    let mut out = Vec::with_capacity(16);
    let encode = || publish.encode_header(Version::V3_1_1, payload.len(), &mut out).unwrap();
    assert_eq!(allocations(encode).0, 0);
    assert_eq!(out, b"\x30\x85\x80\x40\0\x03a/b");
}

#[test]
fn an_announced_length_earns_no_memory() {
    let options = DecodeOptions::default().with_max_packet_size(DecodeOptions::MAX_PACKET_SIZE);
    let (_, peak) = allocations(|| {
        let mut decoder = StreamDecoder::new(options);
        let fed = b"\x30\xff\xff\xff\x7f\0\x03a/b";
        assert_eq!(decoder.feed(fed).next(), Ok(None));
        decoder
    });
    assert!(peak <= 64, "{peak}");
}

#[test]
fn a_large_packet_takes_little_more_than_what_has_come_of_it() {
    const LEN: usize = 524_400;
    let mut packet = vec![7; LEN];
    packet[..7].copy_from_slice(b"\x30\xec\x80\x20\0\x01a");
    let limit = u32::try_from(LEN).unwrap();
    for piece in [1, 999, 65_536, 300_000] {
        let before = live();
        let options = DecodeOptions::default().with_max_packet_size(limit);
        let mut decoder = StreamDecoder::new(options);
        let mut fed = 0;
        for chunk in packet[..LEN - 1].chunks(piece) {
            assert_eq!(decoder.feed(chunk).next(), Ok(None));
            fed += chunk.len();
            let held = usize::try_from(live() - before).unwrap();
            assert!(held <= LEN && held <= fed + fed / 8 + 32, "{held} for {fed} of {piece}");
        }
        assert!(decoder.feed(&packet[LEN - 1..]).next().unwrap().is_some());
    }
}

#[test]
fn a_stream_holds_what_has_arrived() {
    let options = DecodeOptions::default();
    for bytes in PACKETS {
        for len in 0..bytes.len() {
            for piece in [1, bytes.len()] {
                let (_, peak) = allocations(|| {
                    let mut decoder = StreamDecoder::new(options);
                    for chunk in bytes[..len].chunks(piece) {
                        assert_eq!(decoder.feed(chunk).next(), Ok(None), "{bytes:02x?} {len}");
                    }
                    assert_eq!(decoder.buffered(), len);
                });
                assert!(peak <= 2 * len + 64, "{peak} for {len} bytes");
            }
        }
    }
}

/// The bytes of the vectors that are written out in one piece and are not large, by version.
fn vectors() -> Vec<(Version, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let read = |path: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(folder.join(path)).unwrap()).unwrap()
    };
    let manifest = read("manifest.json");
    let paths = manifest["files"].as_array().unwrap().iter();
    let paths = paths.map(|file| file["path"].as_str().unwrap());
    let mut all = Vec::new();
    for suite in paths.filter(|path| path.starts_with("decode/")).map(read) {
        for case in suite["cases"].as_array().unwrap() {
            let Some(digits) = case["hex"].as_str() else { continue };
            let version = Version::ALL.into_iter().find(|v| case["version"] == v.to_string());
            all.push((version.unwrap(), hex::decode(digits).unwrap()));
        }
    }
    all.retain(|(_, bytes)| bytes.len() <= 2048);
    all
}

/// Valid or not, and with other packets after it: a stream that breaks off costs what has arrived.
#[test]
fn no_prefix_of_a_vector_earns_memory() {
    let mut count = 0;
    for (version, bytes) in vectors() {
        for len in 0..=bytes.len() {
            for piece in [1, bytes.len().max(1)] {
                let (_, peak) = allocations(|| {
                    let mut decoder = StreamDecoder::new(DecodeOptions::new(version));
                    for chunk in bytes[..len].chunks(piece) {
                        let mut feed = decoder.feed(chunk);
                        while let Ok(Some(_)) = feed.next() {}
                    }
                    decoder
                });
                assert!(peak <= 2 * len + 64, "{peak} for {:02x?}", &bytes[..len]);
                count += 1;
            }
        }
    }
    assert!(count > 30_000, "{count} prefixes");
}

#[test]
fn a_large_packet_leaves_no_large_buffer() {
    let mut packet = b"\x30\x80\x80\x20\0\x01a".to_vec();
    packet.resize(4 + (1 << 19), 7);
    let mut decoder = StreamDecoder::new(DecodeOptions::default());
    let before = live();
    let mut taken = 0;
    for chunk in packet.chunks(1460) {
        let mut feed = decoder.feed(chunk);
        while let Some(item) = feed.next().unwrap() {
            assert!(matches!(item, StreamItem::Packet(Packet::Publish(_))));
            taken += 1;
        }
    }
    assert_eq!((taken, decoder.buffered()), (1, 0));
    assert!(live() - before <= 4096, "{}", live() - before);
}

/// A PUBLISH of 64 MiB at QoS 1, and what a decoder with a limit of 1 KiB makes of it.
fn pass_a_giant(mut decoder: StreamDecoder) -> (usize, usize, usize) {
    let head = b"\x32\x87\x80\x80\x20\0\x03a/b\0\x0a";
    let chunk = [7; 1460];
    let (mut items, mut payload) = (0, 0);
    let mut left = 64 << 20;
    let mut take = |decoder: &mut StreamDecoder, chunk: &[u8]| {
        let mut feed = decoder.feed(chunk);
        while let Some(item) = feed.next().unwrap() {
            items += 1;
            match item {
                StreamItem::Publish { publish, payload_len } => {
                    assert_eq!((publish.topic.unwrap().as_str(), payload_len), ("a/b", 64 << 20));
                }
                StreamItem::Payload { bytes, .. } => payload += bytes.len(),
                StreamItem::Skipped(skipped) => {
                    assert_eq!(skipped.topic.unwrap().as_str(), "a/b");
                    assert_eq!(skipped.packet_id.unwrap().get(), 10);
                }
                StreamItem::Packet(packet) => assert!(matches!(packet, Packet::Pingreq(_))),
                other => panic!("{other:?}"),
            }
        }
    };
    take(&mut decoder, head);
    let (count, _) = allocations(|| {
        while left > 0 {
            let len = chunk.len().min(left);
            take(&mut decoder, &chunk[..len]);
            left -= len;
        }
    });
    take(&mut decoder, b"\xc0\0");
    (count, items, payload)
}

#[test]
fn a_payload_is_streamed_without_memory() {
    let options = DecodeOptions::default().with_max_packet_size(1024);
    let decoder = StreamDecoder::new(options).with_streaming(DecodeOptions::MAX_PACKET_SIZE);
    let pieces = (64_usize << 20).div_ceil(1460);
    assert_eq!(pass_a_giant(decoder), (0, pieces + 2, 64 << 20));
}

#[test]
fn a_giant_is_skipped_without_memory() {
    let options = DecodeOptions::default().with_max_packet_size(1024);
    let decoder = StreamDecoder::new(options).with_oversize(Oversize::Skip);
    assert_eq!(pass_a_giant(decoder), (0, 2, 0));
}

#[test]
fn a_large_packet_that_was_taken_late_leaves_no_memory_behind() {
    let mut large = b"\x30\x80\x80\x3c\0\x01a".to_vec();
    large.resize(4 + 0x3c * 16_384, 0);
    large.extend(b"\xc0\0");
    let before = live();
    let mut decoder = StreamDecoder::new(DecodeOptions::new(Version::V3_1_1));
    drop(decoder.feed(&large));
    let mut feed = decoder.feed(b"");
    let mut items = 0;
    while feed.next().unwrap().is_some() {
        items += 1;
    }
    drop(feed);
    assert_eq!((items, decoder.buffered()), (2, 0));
    assert!(live() - before <= 8_192, "{} bytes", live() - before);
}
