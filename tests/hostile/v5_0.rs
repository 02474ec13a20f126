//! Hostile input of 5.0.

use crate::{
    refused_5_0::{CONTENTS, FRAMES, PROPERTIES, Row},
    tables::{self, holding, packet, prefixed},
};
use mqtt_pure::{
    Auth, DecodeError, DecodeOptions, Disconnect, EncodeError, Packet, Properties, Publish,
    ReasonCode, Role, Rule, Split, StreamDecoder, StreamItem, Strictness, Subscribe, TopicFilter,
    Version, explain, split,
};

pub(crate) fn options() -> DecodeOptions {
    DecodeOptions::new(Version::V5_0)
}

fn refused() -> impl Iterator<Item = &'static Row> {
    [FRAMES, PROPERTIES, CONTENTS].into_iter().flatten()
}

/// What a decoder says that gets one byte at a time: after which byte, and what.
pub(crate) fn drip(bytes: &[u8], options: DecodeOptions) -> Option<(usize, DecodeError)> {
    let mut decoder = StreamDecoder::new(options);
    for (at, byte) in bytes.iter().enumerate() {
        if let Err(error) = decoder.feed(&[*byte]).next().map(|_| ()) {
            return Some((at + 1, error));
        }
    }
    None
}

/// The verdict on all bytes, which has to be the same however they arrive, whichever function is asked,
/// and on every part from the byte on that settles it. Returns that byte as well.
pub(crate) fn verdict(name: &str, bytes: &[u8], options: DecodeOptions) -> (usize, DecodeError) {
    let read = Packet::read(&mut &bytes[..], options);
    let error = match read {
        Err(error) => error,
        other => panic!("{name}: {other:?}"),
    };
    let parts = 0..=bytes.len();
    let mut settled = None;
    for len in parts {
        match Packet::read(&mut &bytes[..len], options) {
            Ok(None) => assert_eq!(settled, None, "{name}: forgotten after {len} bytes"),
            Err(other) => {
                assert_eq!(other, error, "{name}: {len} bytes");
                settled.get_or_insert(len);
            }
            other => panic!("{name}, {len} bytes: {other:?}"),
        }
    }
    let settled = settled.unwrap();
    assert_eq!(drip(bytes, options), Some((settled, error)), "{name}: one byte at a time");
    let mut decoder = StreamDecoder::new(options);
    let fed = decoder.feed(bytes).next().map(|_| ());
    assert_eq!(fed, Err(error), "{name}: in one piece");
    if let Ok(Split::Whole(frame)) = split(bytes, options) {
        assert_eq!(Packet::decode(frame, options), Err(error), "{name}: framed by another");
    }
    (settled, error)
}

#[test]
fn refused_with_the_byte_that_settles_it() {
    let mut wrong = Vec::new();
    for (name, bytes, settled, code, reason) in refused() {
        let (at, error) = verdict(name, bytes, options());
        let found = (at, error.code(), error.reason_code().get());
        if found != (*settled, *code, *reason) {
            wrong.push(format!("{name}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn after_an_error_nothing_comes() {
    for (name, bytes, settled, code, _) in refused() {
        let mut decoder = StreamDecoder::new(options());
        let mut feed = decoder.feed(b"\xc0\0");
        assert!(matches!(feed.next(), Ok(Some(StreamItem::Packet(Packet::Pingreq(_))))), "{name}");
        drop(feed);
        assert_eq!(decoder.feed(&bytes[..*settled - 1]).next(), Ok(None), "{name}");
        let error = decoder.feed(&bytes[*settled - 1..]).next().map(|_| ()).unwrap_err();
        assert_eq!(error.code(), *code, "{name}");
        for _ in 0..3 {
            assert_eq!(decoder.feed(b"\xc0\0\xd0\0").next(), Err(error), "{name}");
        }
        assert_eq!(decoder.buffered(), 0, "{name}");
    }
}

/// As they were found in the field. Some are wrong for more than one reason, so the byte is left open.
#[test]
fn inputs_from_the_field() {
    for (bytes, codes) in [
        (
            &b"\xe0\x04\0\x02\x21\0\xc0\0"[..],
            &["property.not_allowed", "packet.truncated_field"][..],
        ),
        (b"\xf0\x02\x18\0", &["property.missing"]),
        (b"\x30\x02\0\0", &["packet.truncated_field"]),
        (b"\x82\x0e\0\x01\0\0\x08$share/g\0", &["topic.shared_subscription"]),
        (b"\x82\x0f\0\x01\0\0\x09$share//a\0", &["topic.shared_subscription"]),
        (b"\x30\x08\0\x01a\x04\x26\0\x01a", &["packet.truncated_field"]),
        (b"\x40\x05\0\x01\0\0\xff", &["packet.trailing_bytes"]),
        (b"\xe0\x03\0\0\xff", &["packet.trailing_bytes"]),
    ] {
        let (_, error) = verdict(&format!("{bytes:02x?}"), bytes, options());
        assert!(codes.contains(&error.code()), "{bytes:02x?}: {error}");
    }
}

/// More than one thing is wrong with some of these, and not all of it shows at once: what has been said
/// of a part has to stand.
#[test]
fn a_malformed_share_is_judged_alike_however_it_is_cut() {
    for (filter, others) in [
        (&b"$share/"[..], &[][..]),
        (b"$share/g", &[]),
        (b"$share/gg", &[]),
        (b"$share/ggg", &[]),
        (b"$share/g/", &[]),
        (b"$share/gg/", &[]),
        (b"$share//", &[]),
        (b"$share//a", &[]),
        (b"$share//ab", &[]),
        (b"$share/+/a", &[]),
        (b"$share/#", &[]),
        (b"$share/g+/a", &["topic.filter_wildcard"]),
        (b"$share/#/a", &["topic.filter_wildcard"]),
        (b"$share/+x", &["topic.filter_wildcard"]),
        (b"$share/+xy", &["topic.filter_wildcard"]),
        (b"$share/+\0a", &["topic.filter_wildcard", "string.has_nul"]),
        (b"$share/g\0a", &["string.has_nul"]),
        (b"$share/ga\0", &["string.has_nul"]),
        (b"$share/g\xcca", &["string.ill_formed_utf8"]),
        (b"$share/g\xcc\xa9", &[]),
        (b"$share/\xe2\x82\xac", &[]),
        (b"$share/\xe2\x82a", &["string.ill_formed_utf8"]),
        (b"$share/\xf0", &["string.ill_formed_utf8"]),
        (b"$share/g\xf0\x9f\x98", &["string.ill_formed_utf8"]),
    ] {
        let name = filter.escape_ascii().to_string();
        let codes = [&["topic.shared_subscription"], others].concat();
        for bytes in [
            packet(0x82, &[b"\0\x01\0", &prefixed(filter)[..], b"\0"].concat()),
            packet(0xa2, &[b"\0\x01\0", &prefixed(filter)[..]].concat()),
            // Another filter before it, and one behind.
            packet(0xa2, &[b"\0\x01\0\0\x01a", &prefixed(filter)[..], b"\0\x01b"].concat()),
        ] {
            let (_, error) = verdict(&name, &bytes, options());
            assert!(codes.contains(&error.code()), "{name}: {error}");
        }
    }
}

#[test]
fn odd_but_legal() {
    let legal: &[&[u8]] = &[
        // A reason code without properties, though 0 could have been left out.
        b"\x40\x03\0\x01\0",
        b"\x40\x04\0\x01\0\0",
        b"\xe0\x01\0",
        b"\xe0\0",
        // Section 3.15.2.1 allows it, and nothing else tells that it is not meant.
        b"\xf0\0",
        // A password without a user name, and an empty client identifier in an old session.
        b"\x10\x11\0\x04MQTT\x05\x42\0\x3c\0\0\x01a\0\x01p",
        b"\x10\x0d\0\x04MQTT\x05\0\0\x3c\0\0\0",
        // No topic but an alias, and a topic with one.
        b"\x30\x06\0\0\x03\x23\0\x01",
        b"\x32\x09\0\0\0\x01\x03\x23\xff\xffx",
        b"\x30\x07\0\x01a\x03\x23\0\x01",
        // Subscription identifiers in a PUBLISH may repeat, even with one value.
        b"\x30\x0b\0\x01a\x07\x0b\x01\x0b\x01\x0b\x80\x01",
        b"\x30\x09\0\x01a\x05\x0b\xff\xff\xff\x7f",
        // Empty strings, where the standard asks for no character.
        b"\x30\x09\0\x01a\x05\x26\0\0\0\0",
        b"\x30\x07\0\x01a\x03\x03\0\0",
        b"\x40\x07\0\x01\0\x03\x1f\0\0",
        // U+FEFF, a non-character and a control character.
        b"\x40\x0e\0\x01\0\x0a\x1f\0\x07\xef\xbb\xbf\xef\xbf\xbf\x01",
        // Not the form of a shared subscription.
        b"\x82\x0c\0\x01\0\0\x06$share\0",
        b"\x82\x10\0\x01\0\0\x0a$SHARE//ab\0",
        b"\x82\x10\0\x01\0\0\x0a$share/g/a\x2a",
        // An answer of a server that speaks 3.1.1 alone.
        b"\x20\x02\0\x01",
        // Data of an authentication in an answer, where only a CONNECT needs the method.
        b"\x20\x06\0\0\x03\x16\0\0",
        // One of the two tables has 0x8C.
        b"\xe0\x01\x8c",
    ];
    for bytes in legal {
        let mut input = &bytes[..];
        let read = Packet::read(&mut input, options());
        assert!(matches!(read, Ok(Some(_))) && input.is_empty(), "{bytes:02x?}: {read:?}");
        assert_eq!(drip(bytes, options()), None, "{bytes:02x?}");
        for len in 0..bytes.len() {
            assert_eq!(Packet::read(&mut &bytes[..len], options()), Ok(None), "{bytes:02x?} {len}");
        }
    }
    let read = Packet::read(&mut &b"\x20\x02\0\x01"[..], options());
    let Ok(Some(Packet::Connack(connack))) = read else { panic!("{read:?}") };
    assert_eq!(connack.reason, ReasonCode::UNSUPPORTED_PROTOCOL_VERSION);
}

#[test]
fn strict_rules_refuse_what_is_open() {
    let strict = options().with_strictness(Strictness::STRICT);
    for (bytes, rule, code) in [
        (&b"\xf0\0"[..], Rule::EmptyAuth, "property.missing"),
        (b"\xe0\x01\x8c", Rule::BadAuthenticationMethodInDisconnect, "reason_code.invalid"),
        (
            b"\x40\x08\0\x01\0\x04\x1f\0\x01\x01",
            Rule::DiscouragedCharacters,
            "string.disallowed_codepoint",
        ),
        (
            b"\x40\x0e\0\x01\0\x0a\x26\0\x01a\0\x04\xf0\x9f\xbf\xbf",
            Rule::DiscouragedCharacters,
            "string.disallowed_codepoint",
        ),
    ] {
        let (_, error) = verdict(code, bytes, strict);
        assert_eq!(error.code(), code, "{bytes:02x?}");
        let lenient = strict.with_strictness(Strictness::STRICT.accept(rule));
        let read = Packet::read(&mut &bytes[..], lenient);
        assert!(matches!(read, Ok(Some(_))), "{bytes:02x?}: {read:?}");
    }
    // 5.0 has settled this one.
    let tolerant = options().with_strictness(Strictness::TOLERANT);
    assert_eq!(verdict("padded", b"\xc0\x80\0", tolerant).1.code(), "varint.non_minimal");
}

/// What flows one way is refused when the other side sends it, and only then.
#[test]
fn each_side_has_its_own_packets() {
    use Role::{Client, Server};
    for (bytes, sender, settled, code) in [
        (&b"\x20\x03\0\0\0"[..], Client, 1, "packet.direction"),
        (b"\x90\x04\0\x01\0\0", Client, 1, "packet.direction"),
        (b"\xb0\x04\0\x01\0\0", Client, 1, "packet.direction"),
        (b"\xd0\0", Client, 1, "packet.direction"),
        (b"\x10\x0d\0\x04MQTT\x05\x02\0\x3c\0\0\0", Server, 1, "packet.direction"),
        (b"\x82\x07\0\x01\0\0\x01a\0", Server, 1, "packet.direction"),
        (b"\xa2\x06\0\x01\0\0\x01a", Server, 1, "packet.direction"),
        (b"\xc0\0", Server, 1, "packet.direction"),
        // [MQTT-3.3.4-6]
        (b"\x30\x06\0\x01a\x02\x0b\x01", Client, 7, "property.direction"),
        // [MQTT-3.14.2-2]
        (b"\xe0\x07\0\x05\x11\0\0\0\x01", Server, 5, "property.direction"),
        (b"\xe0\x06\0\x04\x1c\0\x01s", Client, 5, "property.direction"),
        (b"\xe0\x01\x04", Server, 3, "reason_code.invalid"),
        (b"\xe0\x01\x8b", Client, 3, "reason_code.invalid"),
        (b"\xf0\x06\0\x04\x15\0\x01m", Client, 3, "reason_code.invalid"),
        (b"\xf0\x06\x19\x04\x15\0\x01m", Server, 3, "reason_code.invalid"),
    ] {
        let (at, error) = verdict(code, bytes, options().with_sender(sender));
        let found = (at, error.code(), error.reason_code());
        assert_eq!(found, (settled, code, ReasonCode::PROTOCOL_ERROR), "{bytes:02x?}");
        let other = if sender == Client { Server } else { Client };
        for options in [options(), options().with_sender(other)] {
            let read = Packet::read(&mut &bytes[..], options);
            assert!(matches!(read, Ok(Some(_))), "{bytes:02x?}: {read:?}");
        }
    }
}

#[test]
fn what_is_never_sent() {
    let auth = Auth::new(ReasonCode::CONTINUE_AUTHENTICATION, Properties::EMPTY);
    assert!(matches!(auth.encoded_len(Version::V5_0), Err(EncodeError::PropertyMissing { .. })));
    let mut disconnect = Disconnect::new();
    disconnect.reason = ReasonCode::GRANTED_QOS_1;
    assert!(disconnect.encoded_len(Version::V5_0).is_err());
    let filters = [TopicFilter::new("$share/g").unwrap()];
    let id = mqtt_pure::PacketId::MIN;
    let asked = filters.map(|filter| mqtt_pure::Subscription::new(filter, Default::default()));
    let subscribe = Subscribe::new(id, &asked);
    assert!(matches!(
        subscribe.encoded_len(Version::V5_0),
        Err(EncodeError::SharedSubscription { .. })
    ));
    let mut publish = Publish::new(mqtt_pure::TopicName::new("a").unwrap(), b"");
    publish.topic = None;
    assert_eq!(publish.encoded_len(Version::V5_0), Err(EncodeError::NoTopic));
}

/// Nor what the properties hold that is not text.
#[test]
fn what_authenticates_is_not_shown() {
    let data = [&b"\x15\0\x01m"[..], b"\x16\0\x06canary"].concat();
    for (holder, block) in [
        (tables::Holder::Connect, &data),
        (tables::Holder::Connack, &data),
        (tables::Holder::Auth, &data),
        (tables::Holder::Publish, &b"\x09\0\x06canary".to_vec()),
        (tables::Holder::Will, &b"\x09\0\x06canary".to_vec()),
    ] {
        let (bytes, at) = holding(holder, block);
        let packet = Packet::read(&mut &bytes[..], options()).unwrap().unwrap();
        let mut shown = format!("{packet:?} {packet:#?} {:?}", explain(&bytes, options()));
        assert!(shown.contains("<6 bytes"), "{holder:?}: {shown}");
        // With a fault behind it, and in front of it.
        let mut behind = bytes.clone();
        behind.pop();
        shown += &format!("{:?} {:?}", explain(&behind, options()), drip(&behind, options()));
        let mut before = bytes.clone();
        before[at] = 0x7f;
        let (_, error) = verdict("before", &before, options());
        shown += &format!("{error} {error:?} {:?}", explain(&before, options()));
        for field in explain(&bytes, options()).fields {
            shown += &format!("{}", field.value);
        }
        assert!(!crate::shows_canary(&shown), "{holder:?}: {shown}");
    }
}
