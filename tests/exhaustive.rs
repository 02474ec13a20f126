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

use mqtt_pure::{DecodeOptions, Packet, Rule, Split, Strictness, Version, split};

fn options() -> Vec<DecodeOptions> {
    let with =
        |version| decode::PROFILES.map(|profile| decode::options(version).with_strictness(profile));
    decode::MODELLED.into_iter().flat_map(with).collect()
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
fn header_is_possible(bytes: [u8; 4], options: DecodeOptions, rules: model::Rules) -> bool {
    let takes_zeros = !options.strictness.refuses(Rule::NonMinimalLength);
    let first = bytes[0];
    // CONNECT: twelve bytes in 3.1 and five fields at most. CONNACK: 5.0 has a third byte.
    let (min, max) = match first >> 4 {
        1 => (12, 12 + 5 * 65_537),
        2 => (2, 3),
        3 => (if first & 6 == 0 { 3 } else { 5 }, usize::MAX),
        4..=7 | 11 => (2, 2),
        8 => (6, usize::MAX),
        9 => (3, usize::MAX),
        10 => (5, usize::MAX),
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

/// Takes minutes: `cargo test --release --test exhaustive -- --ignored`.
#[test]
#[ignore = "four thousand million inputs"]
fn every_input_of_four_bytes() {
    let options = decode::options(Version::V3_1_1);
    let rules = model::Rules::new(options);
    let mut whole = 0_u64;
    for number in 0..=u32::MAX {
        let bytes = number.to_be_bytes();
        let mut input = &bytes[..];
        let read = Packet::read(&mut input, options);
        let parts = split(&bytes, options);
        assert_eq!(
            parts.is_ok(),
            header_is_possible(bytes, options, rules),
            "{bytes:02x?}: {parts:?}"
        );
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
    // PUBACK, PUBREC, PUBREL, PUBCOMP and UNSUBACK with each identifier; PINGREQ, PINGRESP and
    // DISCONNECT, whose length of zero takes one, two or three bytes; CONNACK with seven pairs of
    // flag and code.
    assert_eq!(whole, 5 * 65_535 + 3 * (65_536 + 256 + 1) + 7);
}
