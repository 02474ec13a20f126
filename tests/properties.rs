//! What holds for all packets, all bytes, all topics and all ways of cutting a stream.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test"
)]

#[path = "properties/generate.rs"]
mod generate;
#[path = "../fuzz/src/matching.rs"]
mod matching;
#[allow(dead_code, reason = "other tests need the rest")]
#[path = "standard/tables.rs"]
mod tables;
#[path = "properties/topics.rs"]
mod topics;
#[path = "properties/v5_0.rs"]
mod v5_0;
#[allow(dead_code, reason = "other tests need the rest")]
#[path = "standard/values.rs"]
mod values;

use generate::{name, options, packet_bytes, spoilt, version};
use matching::is_match;
use mqtt_pure::{
    Binary, Connack, Connect, ConnectReturnCode, DecodeError, DecodeOptions, Delivery, EncodeError,
    Oversize, Packet, PacketId, Puback, Publish, QoS, ReasonCode, StreamDecoder, StreamItem,
    Suback, Subscribe, Subscription, Text, TopicFilter, TopicName, Unsubscribe, Version, Will,
    explain,
};
use proptest::{collection::vec, option, prelude::*};
use topics::{is_filter, related, topic_like};

/// The number of bytes that the fixed header announces, itself included, as far as it can be read.
fn announced(bytes: &[u8]) -> Option<usize> {
    let mut len = 0;
    for (place, byte) in bytes.get(1..)?.iter().take(4).enumerate() {
        len += usize::from(byte & 0x7f) * 128_usize.pow(u32::try_from(place).unwrap());
        if *byte < 0x80 {
            return Some(2 + place + len);
        }
    }
    None
}

/// The packet written again. An AUTH that may be empty by a rule that is open is not written so.
fn written(packet: Packet<'_>, version: Version) -> Vec<u8> {
    let mut out = Vec::new();
    match (packet.encode(version, &mut out), packet) {
        (Ok(()), _) => {}
        (Err(EncodeError::PropertyMissing { .. }), Packet::Auth(auth)) => {
            assert!(auth.properties.is_empty() && auth.reason == ReasonCode::SUCCESS);
            out.extend_from_slice(b"\xf0\0");
        }
        (Err(error), _) => panic!("{packet:?}: {error}"),
    }
    out
}

/// The packets of a stream that is fed in pieces of these sizes, written again, and how it ended.
fn items(
    bytes: &[u8],
    sizes: &[usize],
    options: DecodeOptions,
) -> (Vec<Vec<u8>>, Option<DecodeError>) {
    let mut decoder = StreamDecoder::new(options);
    let mut found = Vec::new();
    let mut version = options.version;
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        let (chunk, after) = rest.split_at(rest.len().min(*size));
        rest = after;
        let mut feed = decoder.feed(chunk);
        loop {
            match feed.next() {
                Ok(Some(StreamItem::Packet(packet))) => {
                    if let Packet::Connect(connect) = packet {
                        version = connect.version;
                    }
                    found.push(written(packet, version));
                }
                Ok(Some(item)) => panic!("{item:?}"),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
        if rest.is_empty() {
            break;
        }
    }
    (found, None)
}

/// What comes of a stream in which large packets are streamed or skipped: what is known of each, the
/// payload put together, and how it ended.
fn large_items(
    bytes: &[u8],
    sizes: &[usize],
    new: impl Fn() -> StreamDecoder,
) -> (Vec<String>, Vec<u8>, Option<DecodeError>) {
    let mut decoder = new();
    let (mut found, mut payload) = (Vec::new(), Vec::new());
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        let (chunk, after) = rest.split_at(rest.len().min(*size));
        rest = after;
        let mut feed = decoder.feed(chunk);
        loop {
            match feed.next() {
                Ok(Some(StreamItem::Payload { bytes, .. })) => payload.extend_from_slice(bytes),
                Ok(Some(item)) => found.push(format!("{item:?}")),
                Ok(None) => break,
                Err(error) => return (found, payload, Some(error)),
            }
        }
        if rest.is_empty() {
            break;
        }
    }
    (found, payload, None)
}

/// Writes the packet, reads it back, and writes that.
fn round_trip(packet: Packet<'_>, version: Version) {
    let mut bytes = Vec::new();
    packet.encode(version, &mut bytes).unwrap();
    assert_eq!(packet.encoded_len(version), Ok(bytes.len()));
    let mut input = &bytes[..];
    let read = Packet::read(&mut input, DecodeOptions::new(version)).unwrap().unwrap();
    assert_eq!((read, input), (packet, &[][..]));
    let mut again = Vec::new();
    read.encode(version, &mut again).unwrap();
    assert_eq!(again, bytes);
}

proptest! {
    #[test]
    fn topics_are_what_the_standard_says(filter in topic_like(), name in topic_like()) {
        let is_name = !name.is_empty() && !name.contains(['+', '#']);
        prop_assert_eq!(TopicFilter::new(&filter).is_ok(), is_filter(&filter));
        prop_assert_eq!(TopicName::new(&name).is_ok(), is_name);
        if let (Ok(f), Ok(n)) = (TopicFilter::new(&filter), TopicName::new(&name)) {
            prop_assert_eq!(f.matches(n), is_match(&filter, &name), "{} {}", filter, name);
        }
    }

    #[test]
    fn publish_comes_back(
        topic in name(),
        payload in vec(any::<u8>(), 0..300),
        (qos, id, dup, retain) in (0..3_u8, 1..=u16::MAX, any::<bool>(), any::<bool>()),
        version in version(),
    ) {
        let packet_id = PacketId::new(id).unwrap();
        let mut publish = Publish::new(TopicName::new(&topic).unwrap(), &payload);
        publish.retain = retain;
        publish.delivery = match qos {
            0 => Delivery::AtMostOnce,
            1 => Delivery::AtLeastOnce { packet_id, dup },
            _ => Delivery::ExactlyOnce { packet_id, dup },
        };
        round_trip(Packet::Publish(publish), version);
        let (mut whole, mut parts) = (Vec::new(), Vec::new());
        publish.encode(version, &mut whole).unwrap();
        publish.encode_header(version, payload.len(), &mut parts).unwrap();
        parts.extend_from_slice(&payload);
        prop_assert_eq!(whole, parts);
    }

    #[test]
    fn connect_comes_back(
        (client_id, user, topic) in ("[a-zé]{1,30}", option::of("[a-zé]{0,30}"), option::of(name())),
        (password, message) in (option::of(vec(any::<u8>(), 0..30)), vec(any::<u8>(), 0..30)),
        (qos, retain, clean, keep_alive) in (0..3_u8, any::<bool>(), any::<bool>(), any::<u16>()),
        version in version(),
    ) {
        let mut connect = Connect::new(version, Text::new(&client_id).unwrap());
        connect.clean_session = clean;
        connect.keep_alive = keep_alive;
        connect.user_name = user.as_deref().map(|user| Text::new(user).unwrap());
        let password = password.as_deref().filter(|_| user.is_some());
        connect.password = password.map(|password| Binary::new(password).unwrap());
        connect.will = topic.as_deref().map(|topic| Will {
            topic: TopicName::new(topic).unwrap(),
            payload: Binary::new(&message).unwrap(),
            qos: QoS::new(qos).unwrap(),
            retain,
            properties: Default::default(),
        });
        round_trip(Packet::Connect(connect), version);
    }

    #[test]
    fn lists_come_back(
        filters in vec((topic_like(), 0..3_u8), 1..8),
        codes in vec(prop_oneof![0..3_u8, Just(0x80)], 1..8),
        id in 1..=u16::MAX,
        version in version(),
    ) {
        let packet_id = PacketId::new(id).unwrap();
        let mut filters: Vec<_> = filters
            .iter()
            .filter_map(|(filter, qos)| Some((TopicFilter::new(filter).ok()?, QoS::new(*qos)?)))
            .collect();
        // No list is empty.
        filters.push((TopicFilter::new("#").unwrap(), QoS::ExactlyOnce));
        let asked: Vec<_> = filters.iter().map(|(f, qos)| Subscription::new(*f, *qos)).collect();
        round_trip(Packet::Subscribe(Subscribe::new(packet_id, &asked[..])), version);
        let given_up: Vec<_> = filters.iter().map(|(filter, _)| *filter).collect();
        round_trip(Packet::Unsubscribe(Unsubscribe::new(packet_id, &given_up[..])), version);
        let codes: Vec<_> = codes.into_iter().map(ReasonCode::new).collect();
        round_trip(Packet::Suback(Suback::new(packet_id, &codes[..])), version);
        round_trip(Packet::Puback(Puback::new(packet_id)), version);
        let code = ConnectReturnCode::new(u8::try_from(id % 6).unwrap()).unwrap();
        round_trip(Packet::Connack(Connack::new(code)), version);
    }

    #[test]
    fn any_bytes_have_a_verdict(bytes in vec(any::<u8>(), 0..200), version in version()) {
        let mut input = &bytes[..];
        match Packet::read(&mut input, DecodeOptions::new(version)) {
            Ok(Some(packet)) => {
                let version = match packet {
                    Packet::Connect(connect) => connect.version,
                    _ => version,
                };
                prop_assert!(!written(packet, version).is_empty());
                prop_assert!(input.len() < bytes.len());
            }
            Ok(None) => prop_assert_eq!(input, &bytes[..]),
            Err(error) => {
                prop_assert_eq!(input, &bytes[..]);
                prop_assert!(!error.to_string().is_empty() && error.offset() < 270_000_000);
            }
        }
    }

    #[test]
    fn a_stream_is_the_same_however_it_is_cut(
        topics in vec(name(), 1..8),
        cuts in vec(1..40_usize, 1..20),
        version in version(),
    ) {
        let mut bytes = Vec::new();
        for topic in &topics {
            let publish = Publish::new(TopicName::new(topic).unwrap(), topic.as_bytes());
            publish.encode(version, &mut bytes).unwrap();
        }
        let mut decoder = StreamDecoder::new(DecodeOptions::new(version));
        let mut found = Vec::new();
        let mut rest = &bytes[..];
        for cut in cuts.iter().cycle() {
            let (chunk, after) = rest.split_at(rest.len().min(*cut));
            rest = after;
            let mut feed = decoder.feed(chunk);
            while let Some(item) = feed.next().unwrap() {
                let StreamItem::Packet(Packet::Publish(publish)) = item else { panic!("{item:?}") };
                let topic = publish.topic.unwrap();
                prop_assert_eq!(publish.payload, topic.as_bytes());
                found.push(topic.as_str().to_owned());
            }
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(found, topics);
        prop_assert_eq!(decoder.buffered(), 0);
    }

    #[test]
    fn any_characters_make_topics_or_not(text in "[aé/+#$\\x00]{0,8}") {
        let is_text = !text.contains('\0');
        let is_name = !text.is_empty() && !text.contains(['+', '#']);
        prop_assert_eq!(TopicFilter::new(&text).is_ok(), is_text && is_filter(&text), "{}", text);
        prop_assert_eq!(TopicName::new(&text).is_ok(), is_text && is_name, "{}", text);
    }

    #[test]
    fn a_filter_made_from_a_name_matches_as_read_plainly((filter, name) in related()) {
        if let (Ok(f), Ok(n)) = (TopicFilter::new(&filter), TopicName::new(&name)) {
            prop_assert_eq!(f.matches(n), is_match(&filter, &name), "{} {}", filter, name);
        } else {
            prop_assert!(!is_filter(&filter) || name.is_empty(), "{} {}", filter, name);
        }
    }

    #[test]
    fn every_type_is_written_as_it_was_read(
        (version, bytes) in version().prop_flat_map(|v| (Just(v), packet_bytes(v))),
    ) {
        let mut input = &bytes[..];
        let packet = Packet::read(&mut input, DecodeOptions::new(version)).unwrap().unwrap();
        prop_assert!(input.is_empty());
        prop_assert_eq!(packet.encoded_len(version), Ok(bytes.len()));
        let mut out = Vec::new();
        packet.encode(version, &mut out).unwrap();
        prop_assert_eq!(&out, &bytes);
        let again = Packet::read(&mut &out[..], DecodeOptions::new(version)).unwrap();
        prop_assert_eq!(again, Some(packet));
    }

    #[test]
    fn a_slice_is_written_at_its_front_or_not_at_all(
        (version, bytes) in version().prop_flat_map(|v| (Just(v), packet_bytes(v))),
        room in any::<prop::sample::Index>(),
    ) {
        let packet = Packet::read(&mut &bytes[..], DecodeOptions::new(version)).unwrap().unwrap();
        let needed = bytes.len();
        for available in [room.index(needed), needed, needed + 3] {
            let mut room = vec![0xaa; available];
            let written = packet.encode_to_slice(version, &mut room);
            if available < needed {
                prop_assert_eq!(written, Err(EncodeError::NoRoom { needed, available }));
                prop_assert!(room.iter().all(|byte| *byte == 0xaa));
            } else {
                prop_assert_eq!(written, Ok(needed));
                prop_assert_eq!(&room[..needed], &bytes[..]);
                prop_assert!(room[needed..].iter().all(|byte| *byte == 0xaa));
            }
        }
    }

    #[test]
    fn a_slice_gets_what_a_vector_gets_in_any_version(
        (of, bytes) in version().prop_flat_map(|v| (Just(v), packet_bytes(v))),
        version in version(),
    ) {
        let packet = Packet::read(&mut &bytes[..], DecodeOptions::new(of)).unwrap().unwrap();
        let mut vector = Vec::new();
        let encoded = packet.encode(version, &mut vector);
        // What a version adds is an empty list of properties for each of its parts.
        let mut slice = vec![0xaa; bytes.len() + 8];
        let written = packet.encode_to_slice(version, &mut slice);
        prop_assert_eq!(written, encoded.map(|()| vector.len()));
        prop_assert_eq!(&slice[..vector.len()], &vector[..]);
        prop_assert!(slice[vector.len()..].iter().all(|byte| *byte == 0xaa));
    }

    #[test]
    fn a_mixed_stream_is_the_same_however_it_is_cut(
        (version, packets) in version().prop_flat_map(|v| (Just(v), vec(packet_bytes(v), 1..8))),
        sizes in vec(1..60_usize, 1..12),
    ) {
        // A CONNECT names its version, so nothing has to be known beforehand but for the rest.
        let options = DecodeOptions::new(version);
        prop_assert_eq!(items(&packets.concat(), &sizes, options), (packets, None));
    }

    #[test]
    fn a_spoilt_stream_is_judged_alike_however_it_is_cut(
        (options, bytes) in spoilt(),
        sizes in vec(1..60_usize, 1..12),
    ) {
        let whole = items(&bytes, &[bytes.len()], options);
        prop_assert_eq!(&items(&bytes, &[1], options), &whole);
        prop_assert_eq!(&items(&bytes, &sizes, options), &whole);
    }

    #[test]
    fn a_verdict_on_a_part_is_the_verdict_on_the_whole((options, bytes) in spoilt()) {
        let mut input = &bytes[..];
        while let Ok(Some(_)) = Packet::read(&mut input, options) {}
        let whole = Packet::read(&mut &input[..], options);
        let mut is_settled = false;
        for len in 0..input.len() {
            match Packet::read(&mut &input[..len], options) {
                Ok(None) => prop_assert!(!is_settled, "{} bytes of {:02x?}", len, input),
                read => {
                    prop_assert_eq!(&read, &whole, "{} bytes of {:02x?}", len, input);
                    is_settled = true;
                }
            }
        }
    }

    #[test]
    fn large_packets_are_the_same_however_they_are_cut(
        (options, bytes) in spoilt(),
        sizes in vec(1..60_usize, 1..12),
        limit in 8..80_u32,
        streams in any::<bool>(),
    ) {
        let new = || {
            let options = options.with_max_packet_size(limit);
            let up_to = if streams { 120 } else { 0 };
            StreamDecoder::new(options).with_streaming(up_to).with_oversize(Oversize::Skip)
        };
        let whole = large_items(&bytes, &[bytes.len()], new);
        prop_assert_eq!(&large_items(&bytes, &[1], new), &whole);
        prop_assert_eq!(&large_items(&bytes, &sizes, new), &whole);
    }

    #[test]
    fn a_fault_lies_in_its_packet(
        (options, bytes) in prop_oneof![
            spoilt(),
            (version().prop_flat_map(options), vec(any::<u8>(), 0..60)),
        ],
    ) {
        let mut input = &bytes[..];
        // What comes before the fault is read over.
        while let Ok(Some(_)) = Packet::read(&mut input, options) {}
        let before = input;
        let audit = explain(before, options);
        match Packet::read(&mut input, options) {
            Err(error) => {
                let offset = usize::try_from(error.offset()).unwrap();
                prop_assert!(offset <= announced(before).unwrap_or(5), "{}", error);
                prop_assert!(!audit.violations.is_empty(), "{}", error);
            }
            Ok(packet) => {
                prop_assert_eq!(packet, None);
                prop_assert!(audit.violations.is_empty() && audit.packet.is_none());
            }
        }
        prop_assert_eq!(input, before);
    }
}
