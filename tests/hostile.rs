//! Hostile input: what it is refused for, how early, and that nothing comes after.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test"
)]

#[path = "hostile/assumed.rs"]
mod assumed;
#[path = "hostile/limits_5_0.rs"]
mod limits_5_0;
#[path = "hostile/properties_5_0.rs"]
mod properties_5_0;
#[path = "hostile/refused.rs"]
mod refused;
#[path = "hostile/refused_5_0.rs"]
mod refused_5_0;
#[allow(dead_code, reason = "other tests need the rest")]
#[path = "standard/tables.rs"]
mod tables;
#[path = "hostile/v5_0.rs"]
mod v5_0;

use mqtt_pure::{
    Binary, Connect, ConnectReturnCode, DecodeOptions, Packet, Publish, QoS, Split, StreamDecoder,
    StreamItem, Strictness, Text, TextError, TopicFilter, TopicName, Version, Will, explain, split,
};
use refused::REFUSED;
use std::thread;

#[test]
fn refused_with_the_byte_that_settles_it() {
    let options = DecodeOptions::default();
    for (name, bytes, settled, code) in REFUSED {
        for len in 0..=bytes.len() {
            let read = Packet::read(&mut &bytes[..len], options);
            if len < *settled {
                assert_eq!(read, Ok(None), "{name}, {len} bytes");
            } else {
                assert_eq!(read.unwrap_err().code(), *code, "{name}, {len} bytes");
            }
        }
    }
}

#[test]
fn after_an_error_nothing_comes() {
    for (name, bytes, settled, code) in REFUSED {
        let mut decoder = StreamDecoder::new(DecodeOptions::default());
        // A sound packet before it is delivered.
        let mut feed = decoder.feed(b"\xc0\0");
        assert!(matches!(feed.next(), Ok(Some(StreamItem::Packet(Packet::Pingreq(_))))), "{name}");
        drop(feed);
        let mut first = None;
        for (at, byte) in bytes.iter().enumerate() {
            let said = decoder.feed(&[*byte]).next().map(|item| item.is_some());
            let expected = if at + 1 < *settled { Ok(false) } else { Err(*code) };
            assert_eq!(said.map_err(|error| error.code()), expected, "{name}, byte {at}");
            if let Err(error) = said {
                assert_eq!(*first.get_or_insert(error), error, "{name}, byte {at}");
            }
        }
        for _ in 0..3 {
            let mut feed = decoder.feed(b"\xc0\0\xd0\0");
            assert_eq!(feed.next().unwrap_err(), first.unwrap(), "{name}");
            assert_eq!(feed.next().unwrap_err(), first.unwrap(), "{name}");
        }
        assert_eq!(decoder.buffered(), 0);
    }
}

#[test]
fn only_two_faults_are_answered() {
    for (name, bytes, _, code) in REFUSED {
        let error = Packet::read(&mut &bytes[..], DecodeOptions::default()).unwrap_err();
        let expected = match *code {
            "connect.protocol_level" => Some(ConnectReturnCode::UnacceptableProtocolVersion),
            _ => None,
        };
        assert_eq!(error.return_code(), expected, "{name}");
    }
    for connect in
        [&b"\x10\x0c\0\x04MQTT\x04\0\0\x3c\0\0"[..], b"\x10\x0e\0\x06MQIsdp\x03\x02\0\x3c\0\0"]
    {
        let error = Packet::read(&mut &connect[..], DecodeOptions::default()).unwrap_err();
        assert_eq!(error.return_code(), Some(ConnectReturnCode::IdentifierRejected));
    }
}

#[test]
fn odd_but_legal() {
    let options = DecodeOptions::default().with_max_packet_size(DecodeOptions::MAX_PACKET_SIZE);
    // The pseudo-code that the standard first printed refuses lengths of four bytes.
    assert_eq!(split(b"\x30\x80\x80\x80\x01", options), Ok(Split::NeedMore(2_097_152)));
    let legal: &[&[u8]] = &[
        b"\xc0\x80\0",
        b"\x30\x07\0\x04\xef\xbb\xbfax",
        b"\x30\x07\0\x04\xef\xbf\xbf\x01x",
        b"\x30\x06\0\x04$x/y",
        b"\x10\x13\0\x04MQTT\x04\xc2\0\x3c\0\x01a\0\0\0\x02\xff\0",
        b"\x31\x03\0\x01a",
    ];
    for bytes in legal {
        let packet = Packet::read(&mut &bytes[..], options);
        assert!(matches!(packet, Ok(Some(_))), "{bytes:02x?}: {packet:?}");
    }
}

#[test]
fn many_small_packets_in_one_piece() {
    let mut decoder = StreamDecoder::new(DecodeOptions::default());
    let pings = b"\xc0\0".repeat(32_768);
    let mut feed = decoder.feed(&pings);
    let mut count = 0;
    while let Some(item) = feed.next().unwrap() {
        assert!(matches!(item, StreamItem::Packet(Packet::Pingreq(_))));
        count += 1;
    }
    assert_eq!(count, 32_768);
}

#[test]
fn a_hundred_thousand_filters() {
    let mut body = b"\0\x0a".to_vec();
    (0..100_000).for_each(|_| body.extend_from_slice(b"\0\x01a\x01"));
    let mut packet = b"\x82\x82\xb5\x18".to_vec();
    packet.extend_from_slice(&body);
    let read = Packet::read(&mut &packet[..], DecodeOptions::default()).unwrap().unwrap();
    let Packet::Subscribe(subscribe) = read else { panic!("{read:?}") };
    assert_eq!(subscribe.subscriptions.len(), 100_000);
    assert!(subscribe.subscriptions.iter().all(|s| s.options.qos == QoS::AtLeastOnce));
}

#[test]
fn a_small_stack_is_enough() {
    let run = || {
        let slashes = "/".repeat(65_535);
        let name = TopicName::new(&slashes).unwrap();
        assert_eq!(name.levels().count(), 65_536);
        let plus = "+/".repeat(32_767) + "#";
        for (filter, expected) in [
            ("#", true),
            ("/+/#", true),
            (plus.as_str(), true),
            (slashes.as_str(), true),
            ("/a", false),
        ] {
            assert_eq!(TopicFilter::new(filter).unwrap().matches(name), expected);
        }
        let mut packet = b"\x30\x81\x80\x04\xff\xff".to_vec();
        packet.extend_from_slice(slashes.as_bytes());
        Packet::read(&mut &packet[..], DecodeOptions::default()).unwrap().unwrap();
    };
    // Without optimisation every frame is a multiple of what it is otherwise.
    let size = if cfg!(debug_assertions) { 128 } else { 64 };
    let thread = thread::Builder::new().stack_size(size * 1024).spawn(run).unwrap();
    thread.join().unwrap();
}

#[test]
fn strings_that_do_not_fit_cannot_be_built() {
    let (fits, long) = ("x".repeat(65_535), "x".repeat(65_536));
    assert_eq!(Text::new(&long), Err(TextError::TooLong { len: 65_536 }));
    assert!(Text::new(&fits).is_ok());
    assert!(Binary::new(long.as_bytes()).is_err());
    assert!(TopicFilter::new(&long).is_err());
}

#[test]
fn secrets_are_not_shown() {
    let mut connect = Connect::new(Version::V3_1_1, Text::new("c").unwrap());
    connect.user_name = Some(Text::new("user").unwrap());
    connect.password = Some(Binary::new(b"canary").unwrap());
    connect.will = Some(Will {
        topic: TopicName::new("w").unwrap(),
        payload: Binary::new(b"canary").unwrap(),
        qos: QoS::AtMostOnce,
        retain: false,
        properties: Default::default(),
    });
    let publish = Publish::new(TopicName::new("t").unwrap(), b"canary");
    let mut shown =
        format!("{connect:?} {:?} {publish:?} {:?}", connect.will, Packet::Publish(publish));
    let mut bytes = Vec::new();
    connect.encode(Version::V3_1_1, &mut bytes).unwrap();
    let packet = Packet::read(&mut &bytes[..], DecodeOptions::default()).unwrap().unwrap();
    shown += &format!("{packet:?}");
    for cut in [bytes.len(), bytes.len() - 1] {
        // A fault in front of the password.
        bytes[9] |= 1;
        let audit = explain(&bytes[..cut], DecodeOptions::default());
        for field in &audit.fields {
            shown += &format!("{}", field.value);
        }
        for violation in &audit.violations {
            shown += &format!("{violation} {violation:?}");
        }
    }
    let hex = "canary".bytes().map(|b| format!("{b:02x}")).collect::<String>();
    let list = format!("{:?}", b"canary").replace(['[', ']'], "");
    for secret in ["canary", &hex, &list] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("<6 bytes"));
}

#[test]
fn what_is_good_before_a_fault_is_delivered() {
    let mut decoder = StreamDecoder::new(DecodeOptions::default());
    let mut feed = decoder.feed(b"\xc0\0\xd0\0\x30\x05\0\x03a\0b\xc0\0");
    assert!(matches!(feed.next(), Ok(Some(StreamItem::Packet(Packet::Pingreq(_))))));
    assert!(matches!(feed.next(), Ok(Some(StreamItem::Packet(Packet::Pingresp(_))))));
    assert_eq!(feed.next().unwrap_err().code(), "string.has_nul");
    assert_eq!(feed.next().unwrap_err().code(), "string.has_nul");
}

#[test]
fn what_is_missing_is_waited_for() {
    let options = DecodeOptions::default();
    let rows: &[(&[u8], usize)] = &[
        (b"\x20", 1),
        (b"\x20\x02", 2),
        (b"\x20\x02\0", 1),
        (b"\x30\x80", 1),
        (b"\x30\x80\x80\x80", 1),
        (b"\x40\x02\0", 1),
        (b"\x10\x0d\0\x04MQ", 9),
        (b"\x30\x07\0\x03a", 4),
    ];
    for (bytes, missing) in rows {
        assert_eq!(split(bytes, options), Ok(Split::NeedMore(*missing)), "{bytes:02x?}");
        assert_eq!(Packet::read(&mut &bytes[..], options), Ok(None), "{bytes:02x?}");
        let mut decoder = StreamDecoder::new(options);
        assert_eq!(decoder.feed(bytes).next(), Ok(None), "{bytes:02x?}");
        assert_eq!(decoder.buffered(), bytes.len());
    }
}

#[test]
fn strict_rules_refuse_what_is_open() {
    let options = DecodeOptions::default().with_strictness(Strictness::STRICT);
    let rows: &[(&[u8], &str)] = &[
        (b"\xc0\x80\0", "varint.non_minimal"),
        (b"\x30\x06\0\x03\xef\xbf\xbfx", "string.disallowed_codepoint"),
        (b"\x30\x04\0\x01\x01x", "string.disallowed_codepoint"),
    ];
    for (bytes, code) in rows {
        assert_eq!(Packet::read(&mut &bytes[..], options).unwrap_err().code(), *code);
        let read = Packet::read(&mut &bytes[..], DecodeOptions::default());
        assert!(matches!(read, Ok(Some(_))), "{bytes:02x?}: {read:?}");
    }
}

#[test]
fn unusual_values_are_kept() {
    let options = DecodeOptions::default();
    let publish = b"\x30\x07\0\x04\xef\xbb\xbfax";
    let Ok(Some(Packet::Publish(read))) = Packet::read(&mut &publish[..], options) else {
        panic!("no PUBLISH")
    };
    assert_eq!(read.topic.unwrap().as_bytes(), b"\xef\xbb\xbfa");

    // A password and a will payload are bytes, not text.
    let connect = b"\x10\x1a\0\x04MQTT\x04\xc6\0\x3c\0\x01a\0\x01w\0\x02\xfe\0\0\x01u\0\x01\xff";
    let Ok(Some(Packet::Connect(read))) = Packet::read(&mut &connect[..], options) else {
        panic!("no CONNECT: {:?}", Packet::read(&mut &connect[..], options))
    };
    assert_eq!(read.will.unwrap().payload.as_bytes(), b"\xfe\0");
    assert_eq!(read.password.unwrap().as_bytes(), b"\xff");
}

#[test]
fn a_cut_may_be_anywhere() {
    // The second packet has a length of two bytes.
    let mut bytes = b"\xc0\0\x30\xcb\x01\0\x01a".to_vec();
    bytes.extend_from_slice(&[b'x'; 200]);
    bytes.extend_from_slice(b"\x40\x02\x12\x34");
    for cut in 0..=bytes.len() {
        let mut decoder = StreamDecoder::new(DecodeOptions::default());
        let mut found = Vec::new();
        for chunk in [&bytes[..cut], &bytes[cut..]] {
            let mut feed = decoder.feed(chunk);
            while let Some(item) = feed.next().unwrap() {
                found.push(match item {
                    StreamItem::Packet(Packet::Pingreq(_)) => 1,
                    StreamItem::Packet(Packet::Publish(publish)) => publish.payload.len(),
                    StreamItem::Packet(Packet::Puback(puback)) => puback.packet_id.get().into(),
                    other => panic!("{other:?}"),
                });
            }
        }
        assert_eq!(found, [1, 200, 0x1234], "cut at {cut}");
    }
}

#[test]
fn a_large_packet_may_trickle_in() {
    // Remaining Length 1,048,572: with the first four bytes the limit of 1 MiB exactly.
    let mut bytes = b"\x30\xfc\xff\x3f\0\x01a".to_vec();
    bytes.resize(1_048_576, b'x');
    let mut decoder = StreamDecoder::new(DecodeOptions::default());
    let (last, first) = bytes.split_last().unwrap();
    for byte in first {
        assert_eq!(decoder.feed(&[*byte]).next(), Ok(None));
    }
    let mut feed = decoder.feed(std::slice::from_ref(last));
    let Ok(Some(StreamItem::Packet(Packet::Publish(publish)))) = feed.next() else {
        panic!("no PUBLISH")
    };
    assert_eq!(publish.payload.len(), 1_048_569);
}

/// The ways in which `canary` would give itself away.
fn shows_canary(shown: &str) -> bool {
    let plain = shown.replace(['\n', ' '], "");
    ["canary", "63616e617279", "63616E617279", "99,97,110,97,114,121", "63,61,6e,61,72,79"]
        .iter()
        .any(|form| plain.contains(form))
}

#[test]
fn the_canary_would_be_noticed() {
    assert!(shows_canary("a canary") && shows_canary(&format!("{:?}", b"canary")));
    assert!(shows_canary(&format!("{:#?} {:02x?}", b"canary", b"canary")));
    assert!(!shows_canary("Publish { payload: <6 bytes> }"));
}

/// Whatever can be printed of a connection, and what it says of a payload and of a password.
#[test]
fn nothing_that_can_be_printed_shows_a_payload() {
    let options = DecodeOptions::default();
    let publish = b"\x30\x09\0\x01acanary";
    let connect = b"\x10\x23\0\x04MQTT\x04\xc6\0\x3c\0\x01c\0\x01w\0\x06canary\0\x01u\0\x06canary";
    let mut shown = Vec::new();
    for bytes in [&publish[..], connect] {
        shown.push(("explain", format!("{:?}", explain(bytes, options))));
        shown.push(("split", format!("{:?}", split(bytes, options).unwrap())));
        let mut decoder = StreamDecoder::new(options);
        shown.push(("feed", format!("{:?}", decoder.feed(bytes))));
        let mut decoder = StreamDecoder::new(options);
        shown.push(("item", format!("{:?}", decoder.feed(bytes).next().unwrap().unwrap())));
        let mut decoder = StreamDecoder::new(options);
        assert_eq!(decoder.feed(&bytes[..bytes.len() - 1]).next(), Ok(None));
        shown.push(("decoder", format!("{decoder:?}")));
    }
    // The limit leaves room for the header alone, so the payload comes by itself.
    let small = options.with_max_packet_size(8);
    let mut decoder = StreamDecoder::new(small).with_streaming(1000);
    let mut feed = decoder.feed(publish);
    let mut pieces = 0;
    while let Some(item) = feed.next().unwrap() {
        pieces += usize::from(matches!(item, StreamItem::Payload { bytes: b"canary", left: 0 }));
        shown.push(("streamed item", format!("{item:?}")));
    }
    assert_eq!(pieces, 1);
    let leaks = shown.iter().filter(|(_, shown)| shows_canary(shown)).map(|(what, _)| *what);
    assert_eq!(leaks.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn an_error_shows_no_bytes() {
    let connect = b"\x10\x23\0\x04MQTT\x04\xc7\0\x3c\0\x01c\0\x01w\0\x06canary\0\x01u\0\x06canary";
    let publish = b"\x30\x0a\0\x02a#canary";
    for (bytes, code) in
        [(&connect[..], "connect.reserved_flag"), (publish, "topic.name_has_wildcard")]
    {
        let error = Packet::read(&mut &bytes[..], DecodeOptions::default()).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(!shows_canary(&format!("{error} {error:?} {error:#?}")));
    }
}
