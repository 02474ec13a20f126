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
    Binary, Connack, Connect, ConnectReturnCode, DecodeError, DecodeOptions, Delivery, Packet,
    PacketId, Puback, Publish, QoS, ReasonCode, StreamDecoder, StreamItem, Suback, Subscribe,
    Subscription, Text, TopicFilter, TopicName, Unsubscribe, Version, Will, explain,
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

/// The levels of a name, and a filter made from them: levels kept, changed or replaced by a wildcard,
/// the end cut off or replaced. Such pairs match often, which unrelated ones hardly do.
fn related() -> impl Strategy<Value = (String, String)> {
    let level = prop_oneof!["", "a", "é", "\\$", "aé"];
    (vec((level, 0..8_u8), 1..6), 0..6_u8).prop_map(|(levels, end)| {
        let name: Vec<&str> = levels.iter().map(|(level, _)| level.as_str()).collect();
        let mut filter: Vec<&str> = levels
            .iter()
            .map(|(level, change)| match change {
                0..=1 => "+",
                2 => "a",
                _ => level.as_str(),
            })
            .collect();
        match end {
            0 => filter.push("#"),
            1 => *filter.last_mut().unwrap() = "#",
            2 => drop(filter.pop()),
            3 => filter.push(""),
            _ => {}
        }
        (filter.join("/"), name.join("/"))
    })
}

/// The bytes of a packet, put together without the crate.
fn bytes_of(first: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    let mut rest = body.len();
    loop {
        let low = u8::try_from(rest % 128).unwrap();
        rest /= 128;
        out.push(if rest > 0 { low + 128 } else { low });
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(body);
    out
}

/// A string or binary field.
fn prefixed(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    let mut out = u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    out.extend_from_slice(bytes);
    out
}

fn filter() -> impl Strategy<Value = String> {
    let level = prop_oneof!["[a-zé𐀀 $]{0,4}", "\\+"];
    (vec(level, 1..5), any::<bool>()).prop_map(|(mut levels, with_hash)| {
        if with_hash || levels == [""] {
            levels.push("#".to_owned());
        }
        levels.join("/")
    })
}

fn connect_bytes(version: Version) -> impl Strategy<Value = Vec<u8>> {
    let bytes = || vec(any::<u8>(), 0..20);
    let will = (name(), bytes(), 0..3_u8, any::<bool>());
    let login = ("[a-zé𐀀]{0,9}", option::of(bytes()));
    let rest = ("[a-zé𐀀]{1,20}", any::<bool>(), any::<u16>());
    (option::of(will), option::of(login), rest).prop_map(move |(will, login, rest)| {
        let (client_id, clean_session, keep_alive) = rest;
        let mut flags = if clean_session { 0x02 } else { 0 };
        let mut payload = prefixed(client_id);
        if let Some((topic, message, qos, retain)) = will {
            flags |= 0x04 | (qos * 0x08) | if retain { 0x20 } else { 0 };
            payload.extend(prefixed(topic));
            payload.extend(prefixed(message));
        }
        if let Some((user_name, password)) = login {
            flags |= 0x80;
            payload.extend(prefixed(user_name));
            if let Some(password) = password {
                flags |= 0x40;
                payload.extend(prefixed(password));
            }
        }
        let mut body = match version {
            Version::V3_1 => b"\0\x06MQIsdp\x03".to_vec(),
            Version::V3_1_1 | Version::V5_0 => b"\0\x04MQTT\x04".to_vec(),
        };
        body.push(flags);
        body.extend(keep_alive.to_be_bytes());
        body.extend(payload);
        bytes_of(0x10, &body)
    })
}

/// Packets of all types.
fn packet_bytes(version: Version) -> impl Strategy<Value = Vec<u8>> {
    let id = || (1..=u16::MAX).prop_map(u16::to_be_bytes);
    let present = if version == Version::V3_1_1 { 1_u8 } else { 0 };
    let connack = prop_oneof![
        (0..=present).prop_map(|present| [present, 0]),
        (1..=5_u8).prop_map(|code| [0, code]),
    ];
    let flags = (0..3_u8, any::<bool>(), any::<bool>());
    let publish = (flags, name(), id(), vec(any::<u8>(), 0..200)).prop_map(
        |((qos, dup, retain), topic, id, payload)| {
            let dup = if dup && qos > 0 { 8 } else { 0 };
            let mut body = prefixed(topic);
            if qos > 0 {
                body.extend(id);
            }
            body.extend(payload);
            bytes_of(0x30 | dup | (qos * 2) | u8::from(retain), &body)
        },
    );
    let subscribe = (id(), vec((filter(), 0..3_u8), 1..6)).prop_map(|(id, asked)| {
        let mut body = id.to_vec();
        for (filter, qos) in asked {
            body.extend(prefixed(filter));
            body.push(qos);
        }
        bytes_of(0x82, &body)
    });
    let suback = (id(), vec(prop_oneof![0..3_u8, Just(0x80)], 1..6))
        .prop_map(|(id, codes)| bytes_of(0x90, &[&id[..], &codes].concat()));
    let unsubscribe = (id(), vec(filter(), 1..6)).prop_map(|(id, filters)| {
        let fields: Vec<u8> = filters.into_iter().flat_map(prefixed).collect();
        bytes_of(0xa2, &[&id[..], &fields].concat())
    });
    let acks = prop::sample::select(vec![0x40, 0x50, 0x62, 0x70, 0xb0]);
    prop_oneof![
        connect_bytes(version),
        connack.prop_map(|body| bytes_of(0x20, &body)),
        publish,
        subscribe,
        suback,
        unsubscribe,
        (acks, id()).prop_map(|(first, id)| bytes_of(first, &id)),
        prop::sample::select(vec![0xc0, 0xd0, 0xe0]).prop_map(|first| bytes_of(first, &[])),
    ]
}

/// A version and packets of it, one byte of which may be spoilt.
fn spoilt() -> impl Strategy<Value = (Version, Vec<u8>)> {
    let packets = version().prop_flat_map(|v| (Just(v), vec(packet_bytes(v), 1..4)));
    let change = option::of((any::<prop::sample::Index>(), any::<u8>()));
    (packets, change).prop_map(|((version, packets), change)| {
        let mut bytes = packets.concat();
        if let Some((at, byte)) = change {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        (version, bytes)
    })
}

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

/// The packets of a stream that is fed in pieces of these sizes, written again, and how it ended.
fn items(
    bytes: &[u8],
    sizes: &[usize],
    options: DecodeOptions,
) -> (Vec<Vec<u8>>, Option<DecodeError>) {
    let mut decoder = StreamDecoder::new(options);
    let mut found = Vec::new();
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        let (chunk, after) = rest.split_at(rest.len().min(*size));
        rest = after;
        let mut feed = decoder.feed(chunk);
        loop {
            match feed.next() {
                Ok(Some(StreamItem::Packet(packet))) => {
                    let version = match packet {
                        Packet::Connect(connect) => connect.version,
                        _ => options.version,
                    };
                    let mut out = Vec::new();
                    packet.encode(version, &mut out).unwrap();
                    found.push(out);
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

/// Filter, topic name, whether they match; examples of section 4.7 and what lies next to them.
const MATCHES: [(&str, &str, bool); 55] = [
    ("sport/tennis/player1/#", "sport/tennis/player1", true),
    ("sport/tennis/player1/#", "sport/tennis/player1/ranking", true),
    ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
    ("sport/tennis/player1/#", "sport/tennis/player10", false),
    ("sport/#", "sport", true),
    ("sport/#", "sport/", true),
    ("sport/#", "sports", false),
    ("#", "a", true),
    ("#", "/", true),
    ("#", "a/b/c", true),
    ("#", "$SYS/x", false),
    ("#", "$", false),
    ("+/#", "a", true),
    ("+/#", "/", true),
    ("+/#", "$SYS/x", false),
    ("sport/tennis/+", "sport/tennis/player1", true),
    ("sport/tennis/+", "sport/tennis/player1/ranking", false),
    ("sport/tennis/+", "sport/tennis/", true),
    ("sport/tennis/+", "sport/tennis", false),
    ("sport/+", "sport", false),
    ("sport/+", "sport/", true),
    ("+", "finance", true),
    ("+", "/finance", false),
    ("+", "/", false),
    ("+/+", "/finance", true),
    ("/+", "/finance", true),
    ("/+", "/", true),
    ("/+", "finance", false),
    ("+/", "a/", true),
    ("+/", "a", false),
    ("+/+", "/", true),
    ("+/+/+", "a//b", true),
    ("a/+/b", "a//b", true),
    ("a//b", "a/b", false),
    ("a/+/#", "a", false),
    ("a/+/#", "a/b", true),
    ("a/+/#", "a/b/c", true),
    ("a/+/#", "a/", true),
    ("+/monitor/Clients", "$SYS/monitor/Clients", false),
    ("$SYS/#", "$SYS", true),
    ("$SYS/#", "$SYS/", true),
    ("$SYS/#", "$SYS/monitor/Clients", true),
    ("$SYS/monitor/+", "$SYS/monitor/Clients", true),
    ("$SYS/+", "$SYS/a/b", false),
    ("/#", "/", true),
    ("/#", "/a/b", true),
    ("/#", "a", false),
    ("/finance", "finance", false),
    ("Accounts", "ACCOUNTS", false),
    ("a", "a/", false),
    ("a/", "a", false),
    ("a/b", "a/b", true),
    ("a/$x", "a/$x", true),
    ("+/$x", "a/$x", true),
    ("a/#", "a/$x/y", true),
];

#[test]
fn examples_of_matching() {
    for (filter, name, expected) in MATCHES {
        let matched = TopicFilter::new(filter).unwrap().matches(TopicName::new(name).unwrap());
        assert_eq!(matched, expected, "{filter} {name}");
        assert_eq!(matches(filter, name), expected, "the plain reading: {filter} {name}");
    }
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
            prop_assert_eq!(f.matches(n), matches(&filter, &name), "{} {}", filter, name);
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
        (version, bytes) in spoilt(),
        sizes in vec(1..60_usize, 1..12),
    ) {
        let options = DecodeOptions::new(version).with_max_packet_size(100_000);
        let whole = items(&bytes, &[bytes.len()], options);
        prop_assert_eq!(&items(&bytes, &[1], options), &whole);
        prop_assert_eq!(&items(&bytes, &sizes, options), &whole);
    }

    #[test]
    fn a_fault_lies_in_its_packet(
        (version, bytes) in prop_oneof![spoilt(), (version(), vec(any::<u8>(), 0..60))],
    ) {
        let options = DecodeOptions::new(version);
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
