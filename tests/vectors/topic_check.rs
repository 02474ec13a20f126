//! Checks one case about topics by all that answers it. Knows no file.

use crate::{
    options,
    topic_case::{Kind, Question, TopicCase, Validate},
    topics::{self, Fault},
};
use mqtt_pure::{
    DecodeError, FilterTree, Packet, Property, Strictness, TopicFilter, TopicName, TopicTree,
    TreeLimits, Version,
};
use serde_json::Value;

type Outcome = Result<(), String>;

/// A filter and a name of which a version asks whether they match.
struct Pair<'a> {
    filter: TopicFilter<'a>,
    name: TopicName<'a>,
    version: Version,
}

/// One way to answer that.
type Matcher = fn(&Pair<'_>) -> bool;

/// Each has to give the answer of the case.
const MATCHERS: [(&str, Matcher); 3] = [
    ("TopicFilter::matches", |pair| topics::matches(pair.filter, pair.name, pair.version)),
    ("FilterTree", |pair| {
        let mut tree = FilterTree::with_limits(TreeLimits::unlimited());
        let old = match topics::share(pair.filter, pair.version) {
            Some(share) => tree.insert(share, (), ()),
            None => tree.insert(pair.filter, (), ()),
        };
        assert_eq!(old, Ok(None));
        tree.matches(pair.name).count() == 1
    }),
    ("TopicTree", |pair| {
        let mut tree = TopicTree::with_limits(TreeLimits::unlimited());
        assert_eq!(tree.insert(pair.name, ()), Ok(None));
        let share = topics::share(pair.filter, pair.version);
        tree.matches(share.map_or(pair.filter, |share| share.filter)).count() == 1
    }),
];

pub fn check(case: &TopicCase) -> Outcome {
    for &version in &case.versions {
        match &case.question {
            Question::Match { filter, topic, matches } => {
                check_match(filter, topic, *matches, version)
            }
            Question::Validate(question) => check_validate(question, version),
        }
        .map_err(|why| format!("{version}: {why}"))?;
    }
    Ok(())
}

fn check_match(filter: &str, topic: &str, expected: bool, version: Version) -> Outcome {
    let filter = topics::filter(filter.as_bytes(), version);
    let filter = filter.map_err(|fault| format!("no filter: {}", fault.native))?;
    let name = topics::name(topic.as_bytes());
    let name = name.map_err(|fault| format!("no name: {}", fault.native))?;
    let pair = Pair { filter, name, version };
    for (matcher, matches) in MATCHERS {
        let found = matches(&pair);
        if found != expected {
            return Err(format!("{matcher} says {found}"));
        }
    }
    Ok(())
}

fn check_validate(question: &Validate, version: Version) -> Outcome {
    check_alone(question, version)?;
    if !question.is_valid && question.codes.is_empty() {
        return Ok(());
    }
    let known = |error: &DecodeError| question.codes.iter().any(|code| code == error.code());
    for (place, bytes) in packets(question, version) {
        let expect_refused = |strictness| match read(&bytes, version, strictness) {
            Err(error) if known(&error) => Ok(()),
            other => Err(format!("{place}: {other:?} instead of {:?}", question.codes)),
        };
        let expect_read = |strictness| match read(&bytes, version, strictness) {
            Ok(Some(found)) if found == question.bytes => Ok(()),
            other => Err(format!("{place}: {other:?}")),
        };
        match question.rule {
            _ if !question.is_valid => {
                expect_refused(Strictness::DEFAULT)?;
                expect_refused(Strictness::TOLERANT)?;
            }
            Some(rule) => {
                expect_read(Strictness::DEFAULT.accept(rule))?;
                expect_refused(Strictness::DEFAULT.refuse(rule))?;
            }
            None => {
                expect_read(Strictness::DEFAULT)?;
                expect_read(Strictness::STRICT)?;
            }
        }
    }
    Ok(())
}

/// The text by itself, outside a packet.
fn check_alone(question: &Validate, version: Version) -> Outcome {
    let share = match question.kind {
        Kind::Name => topics::name(&question.bytes).map(|_| None),
        Kind::Filter => topics::filter(&question.bytes, version).map(|filter| {
            let share = topics::share(filter, version);
            share.map(|share| (share.name.as_str(), share.filter.as_str()))
        }),
    };
    let expected = question.share.as_ref().map(|(name, filter)| (&**name, &**filter));
    match share {
        Ok(share) if question.is_valid && share == expected => Ok(()),
        Ok(share) => Err(format!("alone: taken, share {share:?}")),
        Err(fault) if question.is_valid => Err(format!("alone: {}", fault.native)),
        Err(Fault { code, native }) => {
            let is_known = match code {
                Some(code) => question.codes.iter().any(|known| known == code),
                None => question.codes.is_empty(),
            };
            if is_known { Ok(()) } else { Err(format!("alone: {native} ({code:?})")) }
        }
    }
}

/// The topic in every packet that has a place for it.
fn packets(question: &Validate, version: Version) -> Vec<(&'static str, Vec<u8>)> {
    let topic = field(&question.bytes);
    let none: &[u8] = if version == Version::V5_0 { &[0] } else { &[] };
    let id: &[u8] = &[0, 10];
    match question.kind {
        // Another filter follows, as a decoder could take an empty one at the end for a cut one.
        Kind::Filter => vec![
            ("SUBSCRIBE", packet(0x82, &[id, none, &topic, &[1], &field(b"a"), &[1]])),
            ("UNSUBSCRIBE", packet(0xa2, &[id, none, &topic, &field(b"a")])),
        ],
        Kind::Name => {
            let (protocol, level): (&[u8], u8) = match version {
                Version::V3_1 => (b"MQIsdp", 3),
                Version::V3_1_1 => (b"MQTT", 4),
                Version::V5_0 => (b"MQTT", 5),
            };
            let (start, client) = ([level, 0x06, 0, 60], field(b"c"));
            let protocol = field(protocol);
            let payload = field(b"x");
            let parts: [&[u8]; 7] = [&protocol, &start, none, &client, none, &topic, &payload];
            let mut packets = vec![("will of a CONNECT", packet(0x10, &parts))];
            // Without a Topic Alias an empty one is another fault in 5.0.
            if !question.bytes.is_empty() {
                packets.push(("PUBLISH", packet(0x30, &[&topic, none])));
            }
            if version == Version::V5_0 {
                // Another property follows, for the same reason.
                let property = [&[0x08], &topic[..], &[0x01, 0x01]].concat();
                let parts = [&field(b"a"), &varint(property.len()), &property[..]];
                packets.push(("response topic of a PUBLISH", packet(0x30, &parts)));
            }
            packets
        }
    }
}

fn field(bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).expect("a topic that fits its length");
    [&len.to_be_bytes(), bytes].concat()
}

fn packet(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&[first], &varint(body.len())[..], &body].concat()
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 128 {
        bytes.push((number % 128) as u8 | 128);
        number /= 128;
    }
    bytes.push(number as u8);
    bytes
}

/// The topic that was put into the packet, as the decoder gives it.
fn read(
    mut bytes: &[u8],
    version: Version,
    strictness: Strictness,
) -> Result<Option<Vec<u8>>, DecodeError> {
    let options = options::of(version, &Value::Null, &Value::Null).with_strictness(strictness);
    let topic = match Packet::read(&mut bytes, options)? {
        Some(Packet::Subscribe(packet)) => {
            packet.subscriptions.iter().next().map(|first| first.filter.as_bytes())
        }
        Some(Packet::Unsubscribe(packet)) => {
            packet.filters.iter().next().map(TopicFilter::as_bytes)
        }
        Some(Packet::Connect(packet)) => packet.will.map(|will| will.topic.as_bytes()),
        Some(Packet::Publish(packet)) => {
            let response = packet.properties.iter().find_map(|property| match property {
                Property::ResponseTopic(topic) => Some(topic),
                _ => None,
            });
            response.or(packet.topic).map(TopicName::as_bytes)
        }
        _ => None,
    };
    Ok(topic.map(<[u8]>::to_vec))
}
