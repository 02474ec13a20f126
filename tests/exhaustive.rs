//! Every short input, held against a second reading of the standard.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    dead_code,
    reason = "a test; it needs only parts of the model"
)]

#[path = "../fuzz/src/decode.rs"]
mod decode;
#[path = "../fuzz/src/model.rs"]
mod model;
#[path = "../fuzz/src/model5.rs"]
mod model5;
#[path = "../fuzz/src/properties5.rs"]
mod properties5;
#[path = "../fuzz/src/strings.rs"]
mod strings;
#[path = "../fuzz/src/tape5.rs"]
mod tape5;

use mqtt_pure::{DecodeOptions, Packet, Rule, Split, Strictness, Version, split};

fn options() -> Vec<DecodeOptions> {
    let with = |version| {
        decode::PROFILES.map(|profile| DecodeOptions::new(version).with_strictness(profile))
    };
    Version::ALL.into_iter().flat_map(with).collect()
}

#[test]
fn every_input_of_one_and_two_bytes() {
    for options in options() {
        for first in 0..=u8::MAX {
            decode::check(&[first], options);
            (0..=u8::MAX).for_each(|second| decode::check(&[first, second], options));
        }
    }
}

/// With optimisation all of them by the default rules; otherwise the second and third bytes that stand
/// for something.
#[test]
fn every_input_of_three_bytes() {
    let some = [0x00, 0x01, 0x02, 0x03, 0x04, 0x06, 0x2b, 0x7f, 0x80, 0xc2, 0xff];
    let every: Vec<u8> = (0..=u8::MAX).collect();
    for options in options() {
        let is_full = !cfg!(debug_assertions) && options.strictness == Strictness::DEFAULT;
        let bytes = if is_full { &every[..] } else { &some[..] };
        for first in 0..=u8::MAX {
            for &second in bytes {
                bytes.iter().for_each(|&third| decode::check(&[first, second, third], options));
            }
        }
    }
}

/// Whether some packet has a fixed header that begins with these bytes.
fn header_is_possible(bytes: [u8; 4], rules: model::Rules) -> bool {
    let takes_zeros = !rules.refuses(Rule::NonMinimalLength);
    let first = bytes[0];
    let any = usize::MAX;
    // A CONNECT may be of 5.0, and so of any length. CONNACK: 5.0 has a third byte.
    let (min, max) = match (first >> 4, rules.is_5_0) {
        (1, _) => (12, any),
        (2, false) => (2, 3),
        (2, true) => (2, any),
        (3, is_5_0) => (if first & 6 == 0 { 3 } else { 5 } + usize::from(is_5_0), any),
        (4..=7, true) => (2, any),
        (11, true) => (4, any),
        (4..=7 | 11, false) => (2, 2),
        (8, is_5_0) => (6 + usize::from(is_5_0), any),
        (9, is_5_0) => (3 + usize::from(is_5_0), any),
        (10, is_5_0) => (5 + usize::from(is_5_0), any),
        (14 | 15, true) => (0, any),
        _ => (0, 0),
    };
    let is_in = |len: usize, header: usize| len <= max && header + len <= rules.max_packet_size;
    let is_possible = match bytes[1..] {
        [len @ 0..=0x7f, ..] => is_in(len.into(), 2) && usize::from(len) >= min,
        [low, high @ 0..=0x7f, _] => {
            let len = usize::from(high) * 128 + usize::from(low & 0x7f);
            is_in(len, 3) && len >= min && (high != 0 || takes_zeros)
        }
        [low, mid, high @ 0..=0x7f] => {
            let len = usize::from(mid & 0x7f) * 128 + usize::from(low & 0x7f);
            let len = usize::from(high) * 128 * 128 + len;
            is_in(len, 4) && len >= min && (high != 0 || takes_zeros)
        }
        // The last byte is to come and adds to this.
        [low, mid, high] => {
            let least = usize::from(mid & 0x7f) * 128 + usize::from(low & 0x7f);
            is_in(usize::from(high & 0x7f) * 128 * 128 + least, 5)
        }
        _ => panic!("four bytes"),
    };
    is_possible && model::first_byte_is_valid(first, rules)
}

/// Reads all inputs of four bytes; how many of them begin with a whole packet.
fn count_whole_packets(version: Version) -> u64 {
    let options = DecodeOptions::new(version);
    let rules = model::Rules::new(options);
    let mut whole = 0_u64;
    for number in 0..=u32::MAX {
        let bytes = number.to_be_bytes();
        let mut input = &bytes[..];
        let read = Packet::read(&mut input, options);
        let parts = split(&bytes, options);
        assert_eq!(parts.is_ok(), header_is_possible(bytes, rules), "{bytes:02x?}: {parts:?}");
        match parts {
            Ok(Split::NeedMore(missing)) => {
                let length = model::remaining_length(&bytes[1..]);
                let expected = length.map_or(1, |(len, header)| 1 + header + len - 4);
                assert_eq!(missing, expected, "{bytes:02x?}");
                assert!(!matches!(read, Ok(Some(_))), "{bytes:02x?}");
            }
            Ok(Split::Whole(frame)) => {
                let (len, header) = model::remaining_length(&bytes[1..]).unwrap();
                assert_eq!(frame.packet_len(), 1 + header + len, "{bytes:02x?}");
                assert!(!matches!(read, Ok(None)), "{bytes:02x?}");
                whole += u64::from(read.is_ok());
            }
            Err(error) => assert_eq!(read.unwrap_err(), error, "{bytes:02x?}"),
        }
    }
    whole
}

/// Takes minutes: `cargo test --release --test exhaustive -- --ignored`.
#[test]
#[ignore = "four thousand million inputs"]
fn every_input_of_four_bytes() {
    // PUBACK, PUBREC, PUBREL, PUBCOMP and UNSUBACK with each identifier; PINGREQ, PINGRESP and
    // DISCONNECT, whose length of zero takes one, two or three bytes; CONNACK with seven pairs of
    // flag and code.
    let of_3_1_1 = 5 * 65_535 + 3 * (65_536 + 256 + 1) + 7;
    assert_eq!(count_whole_packets(Version::V3_1_1), of_3_1_1);
}

/// As long.
#[test]
#[ignore = "four thousand million inputs"]
fn every_input_of_four_bytes_in_5_0() {
    // PUBACK, PUBREC, PUBREL and PUBCOMP with each identifier; PINGREQ, PINGRESP, DISCONNECT and AUTH
    // without content; DISCONNECT with each of thirty codes, without and with a property length; the
    // CONNACK of a server of 3.1.1.
    let of_5_0 = 4 * 65_535 + 4 * 65_536 + 30 * 256 + 30 + 1;
    assert_eq!(count_whole_packets(Version::V5_0), of_5_0);
}
