//! What is assumed before a packet says otherwise: the version of a CONNECT, the end of what comes.

use mqtt_pure::{
    DecodeError, DecodeOptions, Field, Packet, Split, StreamDecoder, Strictness, Version, Versions,
    explain, split,
};
use std::time::Instant;

fn error(bytes: &[u8], options: DecodeOptions) -> DecodeError {
    Packet::read(&mut &*bytes, options).unwrap_err()
}

#[test]
fn the_flags_of_connect_are_those_of_the_version_that_it_names() {
    let of_3_1 = DecodeOptions::new(Version::V3_1);
    let whole = b"\x1f\x0f\0\x06MQIsdp\x03\x02\0\x3c\0\x01a";
    assert!(Packet::read(&mut &whole[..], of_3_1).unwrap().is_some());
    for (bytes, settled) in [
        (&b"\x1f\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01a"[..], 2),
        (b"\x11\x0e\0\x04MQTT\x05\x02\0\x3c\0\0\x01a", 4),
        (b"\x11\x0e\0\x04MQTX\x05\x02\0\x3c\0\0\x01a", 4),
    ] {
        let expected = error(bytes, of_3_1);
        assert_eq!(expected.offset(), if settled == 2 { 15 } else { 0 }, "{expected}");
        for len in 0..bytes.len() {
            let read = Packet::read(&mut &bytes[..len], of_3_1);
            assert_eq!(read, if len < settled { Ok(None) } else { Err(expected) }, "{len}");
        }
        let audit = explain(bytes, of_3_1);
        assert_eq!(audit.violations[0], expected);
        let codes: Vec<_> = audit.violations.iter().map(DecodeError::code).collect();
        assert!(codes.contains(&"frame.reserved_flags"), "{codes:?}");
    }
}

#[test]
fn an_audit_names_the_version_that_was_read_and_each_fault_once() {
    let padded = b"\x10\x8e\0\0\x04MQTT\x05\x02\0\x3c\0\0\x01a";
    let strict = DecodeOptions::new(Version::V3_1_1).with_strictness(Strictness::STRICT);
    assert_eq!(explain(padded, strict).violations.len(), 1);
    let bridge = b"\x10\x0d\0\x04MQTT\x84\x02\0\x3c\0\x01a";
    let tolerant = DecodeOptions::new(Version::V5_0).with_strictness(Strictness::TOLERANT);
    assert_eq!(explain(bridge, tolerant).version, Version::V3_1_1);
    let without = Versions::ALL.without(Version::V5_0);
    for (level, versions) in [(3, Versions::ALL), (5, without)] {
        let mut bytes = *b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01a";
        bytes[8] = level;
        let audit = explain(&bytes, DecodeOptions::default().with_versions(versions));
        assert_eq!(audit.violations[0].version(), audit.version, "{level}");
    }
}

#[test]
fn errors_have_the_byte_on_the_wire_and_the_statement_that_it_breaks() {
    assert_eq!(error(b"\x20\x02\x01\x05", DecodeOptions::default()).value(), 5);
    let of_5_0 = DecodeOptions::new(Version::V5_0);
    for (bytes, statement) in [
        (&b"\x90\x04\0\0\0\0"[..], "MQTT-2.2.1-6"),
        (b"\xb0\x04\0\0\0\0", "MQTT-2.2.1-6"),
        (b"\x40\x02\0\0", "MQTT-2.2.1-5"),
        (b"\x82\x0f\0\x01\0\0\x09$share//a\0", "MQTT-4.8.2-1"),
        (b"\x82\x10\0\x01\0\0\x0a$share/+/a\0", "MQTT-4.8.2-2"),
    ] {
        let error = error(bytes, of_5_0);
        assert_eq!(error.statement(), Some(statement), "{error}");
    }
}

/// Of one byte too.
#[test]
fn an_audit_names_every_rule_that_is_broken() {
    let of_5_0 = DecodeOptions::new(Version::V5_0);
    let statements = |bytes: &[u8], options| -> Vec<_> {
        explain(bytes, options).violations.iter().map(DecodeError::statement).collect()
    };
    let options = b"\x82\x07\0\x0a\0\0\x01a\xc3";
    let codes: Vec<_> = explain(options, of_5_0).violations.iter().map(DecodeError::code).collect();
    assert_eq!(codes, ["subscribe.reserved_options", "qos.invalid"]);
    let will_flags = b"\x10\x0d\0\x04MQTT\x04\x2a\0\x3c\0\x01a";
    let both = [Some("MQTT-3.1.2-13"), Some("MQTT-3.1.2-15")];
    assert_eq!(statements(will_flags, DecodeOptions::default()), both);
    // Neither topic nor alias; properties that are not there, though their length is.
    assert_eq!(statements(b"\x30\x04\0\0\0x", of_5_0), [Some("MQTT-4.7.3-1")]);
    let missing = error(b"\xe0\x02\0\x03", of_5_0);
    assert_eq!((missing.field(), missing.statement()), (Field::Properties, None));
}

#[test]
fn what_a_server_may_refuse_is_no_protocol_error() {
    let of_5_0 = DecodeOptions::new(Version::V5_0);
    for (bytes, is_one) in [
        (&b"\x10\x0d\0\x04MQTX\x04\x02\0\x3c\0\x01a"[..], false),
        (b"\x30\x09\0\x01a\x05\x26\0\0\0\0", false),
        (b"\x30\x04\0\0\0x", true),
        (b"\x30\x03\0\x01\xff", false),
    ] {
        let error = error(bytes, of_5_0.with_max_user_properties(0));
        assert_eq!(error.is_protocol_error(), is_one, "{error}");
    }
}

#[test]
fn nothing_is_awaited_that_can_t_come() {
    let of_5_0 = DecodeOptions::new(Version::V5_0);
    // With level 5 there are properties, for which there is no room.
    let short = error(b"\x10\x0c\0\x04MQTT\x05", DecodeOptions::default());
    assert_eq!((short.code(), short.field()), ("packet.truncated_field", Field::ClientId));
    assert_eq!(short, error(b"\x10\x0c\0\x04MQTT\x05\xff\0\x3c\0\0", DecodeOptions::default()));
    // AUTH has nothing, or reason and properties.
    assert_eq!(split(b"\xf0\x01", of_5_0).unwrap_err().code(), "packet.truncated_field");
    assert_eq!(split(b"\xf0\x02", of_5_0), Ok(Split::NeedMore(2)));
    // At least 16,383 bytes, over both limits.
    let small = DecodeOptions::default().with_max_packet_size(100);
    for (up_to, is_refused) in [(1_000, true), (20_000, false)] {
        let mut decoder = StreamDecoder::new(small).with_streaming(up_to);
        let next = decoder.feed(b"\x30\xff\xff").next().map(|item| item.is_none());
        assert_eq!(
            next.map_err(|error| error.code()),
            if is_refused { Err("limit.packet_too_large") } else { Ok(true) }
        );
    }
}

/// A PUBLISH of 5.0 with a topic of so many bytes, 40,000 bytes of properties and topic together, and
/// a payload.
fn publish(topic_len: usize) -> Vec<u8> {
    let topic = "é".repeat(topic_len / 2);
    let properties = b"\x26\0\x01a\0\x01b".repeat((40_000 - topic_len) / 7);
    let varint = |mut left: usize| {
        let mut bytes = Vec::new();
        loop {
            let low = u8::try_from(left % 128).unwrap();
            left /= 128;
            bytes.push(if left > 0 { low | 0x80 } else { low });
            if left == 0 {
                return bytes;
            }
        }
    };
    let body = [
        &u16::try_from(topic.len()).unwrap().to_be_bytes()[..],
        topic.as_bytes(),
        &varint(properties.len()),
        &properties,
        &[b'x'; 100_000],
    ]
    .concat();
    [&[0x30][..], &varint(body.len()), &body].concat()
}

#[test]
fn a_header_that_is_streamed_costs_in_proportion_to_its_size() {
    let seconds = |topic_len| {
        let (bytes, limit) = (publish(topic_len), 50_000);
        let options = DecodeOptions::new(Version::V5_0).with_max_packet_size(limit);
        let run = || {
            let mut decoder = StreamDecoder::new(options).with_streaming(1 << 20);
            let (start, mut items) = (Instant::now(), 0);
            for byte in bytes.chunks(1) {
                let mut feed = decoder.feed(byte);
                while feed.next().unwrap().is_some() {
                    items += 1;
                }
            }
            assert_eq!(items, 100_001);
            start.elapsed().as_secs_f64()
        };
        (0..3).map(|_| run()).fold(f64::INFINITY, f64::min)
    };
    let (short, long) = (seconds(2), seconds(20_000));
    // Reading the topic again with each byte behind it is some hundred times as much work.
    assert!(long < 10.0 * short, "{long} and {short} s");
}
