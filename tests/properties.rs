//! What holds for all packets, all bytes, all topics and all ways of cutting a stream.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test"
)]

use mqtt_pure::{
    Binary, Connack, Connect, ConnectReturnCode, DecodeOptions, Delivery, Packet, PacketId, Puback,
    Publish, QoS, ReasonCode, StreamDecoder, StreamItem, Suback, Subscribe, Subscription, Text,
    TopicFilter, TopicName, Unsubscribe, Version, Will,
};
use proptest::{collection::vec, option, prelude::*};

/// Levels of one to two characters, also empty ones, with and without wildcards and `$`.
fn topic_like() -> impl Strategy<Value = String> {
    vec(prop_oneof!["", "a", "é", "\\+", "#", "\\$", "a\\+", "é#", "ab"], 1..6)
        .prop_map(|levels| levels.join("/"))
}

fn name() -> impl Strategy<Value = String> {
    "[a-zé𐀀 /$]{1,40}"
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::V3_1), Just(Version::V3_1_1)]
}

/// Whether the string is a topic filter, level by level (section 4.7.1).
fn is_filter(text: &str) -> bool {
    let levels: Vec<&str> = text.split('/').collect();
    let is_last = |at: usize| at + 1 == levels.len();
    !text.is_empty()
        && levels.iter().enumerate().all(|(at, level)| match *level {
            "+" => true,
            "#" => is_last(at),
            level => !level.contains(['+', '#']),
        })
}

/// Whether the filter matches, level by level (sections 4.7.1 and 4.7.2).
fn matches(filter: &str, name: &str) -> bool {
    fn levels(filter: &[&str], name: &[&str]) -> bool {
        match (filter, name) {
            (["#"], _) | ([], []) => true,
            (["+", filter @ ..], [_, name @ ..]) => levels(filter, name),
            ([f, filter @ ..], [n, name @ ..]) => f == n && levels(filter, name),
            _ => false,
        }
    }
    let is_hidden = name.starts_with('$') && filter.starts_with(['+', '#']);
    let filter: Vec<&str> = filter.split('/').collect();
    let name: Vec<&str> = name.split('/').collect();
    !is_hidden && levels(&filter, &name)
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
            prop_assert_eq!(f.matches(n), matches(&filter, &name), "{} {}", filter, name);
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
        let filters: Vec<_> = filters
            .iter()
            .filter_map(|(filter, qos)| Some((TopicFilter::new(filter).ok()?, QoS::new(*qos)?)))
            .collect();
        prop_assume!(!filters.is_empty());
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
                let mut out = Vec::new();
                packet.encode(version, &mut out).unwrap();
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
    ) {
        let mut bytes = Vec::new();
        for topic in &topics {
            let publish = Publish::new(TopicName::new(topic).unwrap(), topic.as_bytes());
            publish.encode(Version::V3_1_1, &mut bytes).unwrap();
        }
        let mut decoder = StreamDecoder::new(DecodeOptions::default());
        let mut found = Vec::new();
        let mut rest = &bytes[..];
        for cut in cuts.iter().cycle() {
            let (chunk, after) = rest.split_at(rest.len().min(*cut));
            rest = after;
            let mut feed = decoder.feed(chunk);
            while let Some(item) = feed.next().unwrap() {
                let StreamItem::Packet(Packet::Publish(publish)) = item else { panic!("{item:?}") };
                prop_assert_eq!(publish.payload, publish.topic.as_bytes());
                found.push(publish.topic.as_str().to_owned());
            }
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(found, topics);
        prop_assert_eq!(decoder.buffered(), 0);
    }
}
