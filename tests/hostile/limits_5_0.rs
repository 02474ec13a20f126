//! Packets of 5.0 that are large, or have much in them.

use crate::{
    tables::{self, holding, packet, prefixed, varint},
    v5_0::{drip, options, verdict},
};
use mqtt_pure::{EncodeError, Oversize, Packet, ReasonCode, StreamDecoder, StreamItem, Version};
use std::time::{Duration, Instant};

/// A packet with so many user properties, the last of them as given.
fn many(holder: tables::Holder, count: usize, last: &[u8]) -> Vec<u8> {
    let mut block = b"\x26\0\0\0\0".repeat(count - 1);
    block.extend_from_slice(last);
    holding(holder, &block).0
}

#[test]
fn a_hundred_thousand_user_properties() {
    let bytes = many(tables::Holder::Publish, 100_000, b"\x26\0\x01n\0\x01v");
    let read = Packet::read(&mut &bytes[..], options()).unwrap().unwrap();
    let Packet::Publish(publish) = read else { panic!("{read:?}") };
    assert_eq!((publish.properties.len(), publish.payload), (100_000, &b"hi"[..]));
    assert_eq!(publish.properties.user_properties().count(), 100_000);
    let last = publish.properties.user_properties().last().unwrap();
    assert_eq!((last.name.as_str(), last.value.as_str()), ("n", "v"));
    assert_eq!(publish.properties.content_type(), None);
    let mut again = Vec::new();
    publish.encode(Version::V5_0, &mut again).unwrap();
    assert_eq!(again, bytes);
    assert_eq!(drip(&bytes, options()), None);
    let spoilt = many(tables::Holder::Publish, 100_000, b"\x26\0\x01n\0\x01\0");
    let error = Packet::read(&mut &spoilt[..], options()).unwrap_err();
    // The payload, two bytes, follows the fault.
    let at = u32::try_from(spoilt.len()).unwrap() - 3;
    assert_eq!((error.code(), error.offset()), ("string.has_nul", at));
}

#[test]
fn user_properties_can_be_limited() {
    for (holder, _) in tables::HOLDERS {
        let required = tables::required(holder);
        let block = [required, &b"\x26\0\x01a\0\0"[..].repeat(3)].concat();
        let (bytes, at) = holding(holder, &block);
        let limited = |count| options().with_max_user_properties(count);
        let (settled, error) = verdict("limit", &bytes, limited(2));
        // The identifier of the third.
        let third = at + required.len() + 2 * 6;
        assert_eq!(settled, third + 1, "{holder:?}");
        assert_eq!(usize::try_from(error.offset()), Ok(third), "{holder:?}");
        assert_eq!(error.code(), "limit.user_properties", "{holder:?}");
        assert_eq!(error.reason_code(), ReasonCode::QUOTA_EXCEEDED, "{holder:?}");
        assert_eq!(error.value(), 2);
        let read = Packet::read(&mut &bytes[..], limited(3));
        assert!(matches!(read, Ok(Some(_))), "{holder:?}: {read:?}");
    }
    // The will has its own count.
    let block = [&[12][..], &b"\x26\0\x01a\0\0".repeat(2)].concat();
    let body =
        [b"\0\x04MQTT\x05\x06\0\x3c", &block[..], b"\0\x01a", &block, b"\0\x01w\0\0"].concat();
    let connect = packet(0x10, &body);
    let read = Packet::read(&mut &connect[..], options().with_max_user_properties(2));
    assert!(matches!(read, Ok(Some(_))), "{read:?}");
    let none = options().with_max_user_properties(0);
    assert_eq!(verdict("none", &connect, none).0, 14);
}

/// The shortest of some runs, which others on the machine disturb least.
fn fastest(mut run: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..5).map(time).min().unwrap()
}

/// Eight times the bytes may take eight times as long; work that grows with their square would take
/// sixty-four times as long.
#[test]
fn a_long_block_that_drips_in_costs_what_it_has() {
    for holder in [tables::Holder::Publish, tables::Holder::Connect, tables::Holder::Auth] {
        let packets = [200, 1_600].map(|count| {
            let block = [tables::required(holder), &b"\x26\0\0\0\0".repeat(count)].concat();
            holding(holder, &block).0
        });
        let [short, long] = packets.map(|bytes| {
            fastest(|| {
                let mut decoder = StreamDecoder::new(options());
                let (last, first) = bytes.split_last().unwrap();
                for byte in first {
                    assert_eq!(decoder.feed(&[*byte]).next(), Ok(None));
                }
                let mut feed = decoder.feed(std::slice::from_ref(last));
                assert!(matches!(feed.next(), Ok(Some(StreamItem::Packet(_)))));
            })
        });
        assert!(long < short * 30, "{holder:?}: {short:?}, and {long:?} for eight times as much");
    }
}

/// [MQTT-3.1.2-24]: a packet that the receiver does not take is not sent, and its size is known before.
#[test]
fn the_size_is_known_before_anything_is_written() {
    let bytes = many(tables::Holder::Publish, 1_000, b"\x26\0\0\0\0");
    let packet = Packet::read(&mut &bytes[..], options()).unwrap().unwrap();
    assert_eq!(packet.encoded_len(Version::V5_0), Ok(bytes.len()));
    let mut room = vec![7; bytes.len() - 1];
    let mut out = &mut room[..];
    let needed = bytes.len();
    let error = EncodeError::NoRoom { needed, available: needed - 1 };
    assert_eq!(packet.encode(Version::V5_0, &mut out), Err(error));
    assert!(room.iter().all(|byte| *byte == 7));
}

/// What is skipped for its size is acknowledged by the identifier that it has.
#[test]
fn a_skipped_giant_is_known() {
    let user = b"\x26\0\0\0\0".repeat(100);
    let block = |alias: &[u8]| {
        let all = [alias, &user].concat();
        [varint(all.len()), all].concat()
    };
    let body = [&prefixed("t")[..], b"\0\x0a", &block(b"\x23\0\x07"), &[b'x'; 4000]].concat();
    let bytes = packet(0x34, &body);
    for limit in [600, 60] {
        for piece in [1, 7, bytes.len()] {
            let options = options().with_max_packet_size(limit);
            let mut decoder = StreamDecoder::new(options).with_oversize(Oversize::Skip);
            let mut found = Vec::new();
            for chunk in bytes.chunks(piece) {
                let mut feed = decoder.feed(chunk);
                while let Some(item) = feed.next().unwrap() {
                    let StreamItem::Skipped(skipped) = item else { panic!("{item:?}") };
                    found.push((
                        skipped.packet_id.unwrap().get(),
                        skipped.topic.map(|topic| topic.as_str().to_owned()),
                        skipped.topic_alias.map(u16::from),
                    ));
                }
            }
            // Where the properties are over the limit nobody looks into them.
            let alias = (limit == 600).then_some(7);
            assert_eq!(found, [(10, Some("t".to_owned()), alias)], "{limit} {piece}");
        }
    }
}

/// However small the limit: the identifier is the packet's own.
#[test]
fn a_small_limit_does_not_move_the_identifier() {
    for (bytes, id) in [
        (&b"\x82\x09\0\x0a\0\0\x03abc\0"[..], 10),
        (b"\xa2\x08\0\x0b\0\0\x03abc", 11),
        (b"\x40\x0a\0\x0c\0\x06\x1f\0\x03abc", 12),
        (b"\x32\x0a\0\x03abc\0\x0d\0xy", 13),
    ] {
        for limit in 2..bytes.len() {
            let options = options().with_max_packet_size(u32::try_from(limit).unwrap());
            for piece in [1, bytes.len()] {
                let mut decoder = StreamDecoder::new(options).with_oversize(Oversize::Skip);
                let mut found = Vec::new();
                for chunk in bytes.chunks(piece) {
                    let mut feed = decoder.feed(chunk);
                    while let Some(item) = feed.next().unwrap() {
                        let StreamItem::Skipped(skipped) = item else { panic!("{item:?}") };
                        found.push(skipped.packet_id.map(|id| id.get()));
                    }
                }
                assert_eq!(found, [Some(id)], "{bytes:02x?} with a limit of {limit}, in {piece}");
            }
        }
    }
}

/// A property length of five bytes is what is wrong, also where only the beginning of the packet is
/// looked at because it is over the limit.
#[test]
fn a_property_length_without_end_is_told_as_it_is() {
    let bytes = b"\x30\x12\0\x03a/b\xff\xff\xff\xff\x01hihihihi";
    for oversize in [Oversize::Fail, Oversize::Skip] {
        let small = options().with_max_packet_size(15);
        let mut decoder = StreamDecoder::new(small).with_oversize(oversize).with_streaming(1000);
        let error = decoder.feed(bytes).next().unwrap_err();
        assert_eq!((error.code(), error.offset()), ("varint.too_long", 7));
    }
}
