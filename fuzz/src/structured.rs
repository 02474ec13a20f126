//! Packets of any content, legal or not: they can be written exactly when the rules below say so,
//! and what was written is read as the same packet.

use super::{
    arbitrary_properties::{Value, Words, are_legal, binary, numbers, properties, texts},
    model::Rules,
    model5::codes,
    properties5::{AUTHENTICATION_METHOD, TOPIC_ALIAS, WILL},
    strings::{Use, share_is_valid, text_is_valid},
};
use arbitrary::{Arbitrary, Unstructured};
use mqtt_pure::{
    Auth, Connack, Connect, DecodeOptions, Delivery, Disconnect, Packet, PacketId, Pingreq,
    Pingresp, Properties, Puback, Pubcomp, Publish, Pubrec, Pubrel, QoS, ReasonCode,
    RetainHandling, Suback, Subscribe, Subscription, Text, TopicFilter, TopicName, Unsuback,
    Unsubscribe, Version, Will,
};

#[derive(Arbitrary, Debug)]
pub struct LastWill {
    topic: Words,
    payload: Words,
    qos: u8,
    retain: bool,
    properties: Vec<Value>,
}

#[derive(Arbitrary, Debug)]
pub struct Greeting {
    version: u8,
    clean_session: bool,
    keep_alive: u16,
    client_id: Words,
    will: Option<LastWill>,
    user_name: Option<Words>,
    password: Option<Words>,
}

#[derive(Arbitrary, Debug)]
pub struct Message {
    topic: Option<Words>,
    payload: Words,
    qos: u8,
    dup: bool,
    id: u16,
    retain: bool,
}

#[derive(Arbitrary, Debug)]
pub enum Spec {
    Connect(Greeting),
    Connack { session_present: bool, reason: u8 },
    Publish(Message),
    Ack { which: u8, id: u16, reason: u8 },
    Subscribe { id: u16, filters: Vec<(Words, u8)> },
    Suback { id: u16, codes: Vec<u8> },
    Unsubscribe { id: u16, filters: Vec<Words> },
    Unsuback { id: u16, codes: Vec<u8> },
    Ping { response: bool },
    Disconnect { reason: u8 },
    Auth { reason: u8 },
}

/// More of them make it slow and show nothing new.
const MOST_PROPERTIES: usize = 8;

pub fn structured(data: &[u8]) {
    let mut source = Unstructured::new(data);
    let Ok(number) = u8::arbitrary(&mut source) else { return };
    let Ok(mut values) = Vec::<Value>::arbitrary(&mut source) else { return };
    values.truncate(MOST_PROPERTIES);
    let Ok(spec) = Spec::arbitrary(&mut source) else { return };
    let with = With { version: version(number), values: &values };
    match &spec {
        Spec::Connect(greeting) => connect(greeting, with),
        Spec::Publish(message) => publish(message, with),
        Spec::Subscribe { id, filters } => subscribe(*id, filters, with),
        Spec::Unsubscribe { id, filters } => unsubscribe(*id, filters, with),
        answer => check_answer(answer, with),
    }
}

/// What all packets are made with.
#[derive(Clone, Copy)]
struct With<'a> {
    version: Version,
    values: &'a [Value],
}

impl With<'_> {
    fn are_legal(&self, holder: u8, needed: Option<u8>) -> bool {
        are_legal(self.values, holder, needed, self.version)
    }

    fn is_5_0(&self) -> bool {
        self.version == Version::V5_0
    }

    /// Whether the packet of this number may say this in 5.0.
    fn has_code(&self, number: u8, reason: u8) -> bool {
        codes(number, Rules::new(DecodeOptions::new(Version::V5_0))).contains(&reason)
    }
}

fn version(number: u8) -> Version {
    Version::ALL[usize::from(number % 3)]
}

/// A string of this use, held against what the standard says of it.
macro_rules! checked {
    ($make:expr, $text:expr, $usage:expr) => {
        match $make {
            Ok(value) => {
                assert!(text_is_valid($text.as_bytes(), $usage, false), "made of {:?}", $text);
                assert_eq!(value.as_str(), $text);
                value
            }
            Err(error) => {
                let is_valid = text_is_valid($text.as_bytes(), $usage, false);
                assert!(!is_valid, "{error} for {:?}", $text);
                return;
            }
        }
    };
}

fn packet_id(value: u16) -> Option<PacketId> {
    let id = PacketId::new(value);
    assert_eq!(id.map_or(0, PacketId::get), value);
    id
}

fn level(value: u8) -> QoS {
    [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(value % 3)]
}

fn connect(greeting: &Greeting, with: With<'_>) {
    // A CONNECT is written for the version that it names.
    let names = version(greeting.version);
    let texts_of_packet = texts(with.values);
    let Some(list) = properties(with.values, &texts_of_packet) else { return };
    let id = greeting.client_id.text();
    let user = greeting.user_name.as_ref().map(Words::text);
    let secret = greeting.password.as_ref().map(Words::text);
    let mut connect = Connect::new(names, checked!(Text::new(&id), id, Use::Plain));
    connect.clean_session = greeting.clean_session;
    connect.keep_alive = greeting.keep_alive;
    connect.properties = Properties::from(&list[..]);
    let will = greeting.will.as_ref();
    let last = will.map(|will| (will.topic.text(), will.payload.text(), texts(&will.properties)));
    let of_will = will.zip(last.as_ref()).map(|(will, last)| properties(&will.properties, &last.2));
    if let (Some((topic, payload, _)), Some(will), Some(of_will)) = (&last, will, &of_will) {
        let topic = checked!(TopicName::new(topic), *topic, Use::Name);
        let (Some(payload), Some(of_will)) = (binary(payload), of_will) else { return };
        connect.will = Some(Will {
            topic,
            payload,
            qos: level(will.qos),
            retain: will.retain,
            properties: Properties::from(&of_will[..]),
        });
    }
    if let Some(user) = &user {
        connect.user_name = Some(checked!(Text::new(user), *user, Use::Plain));
    }
    if let Some(secret) = &secret {
        let Some(secret) = binary(secret) else { return };
        connect.password = Some(secret);
    }
    let is_legal = match names {
        Version::V5_0 => true,
        _ => {
            let may_be_nameless = names == Version::V3_1_1 && greeting.clean_session;
            (!id.is_empty() || may_be_nameless) && (secret.is_none() || user.is_some())
        }
    };
    let properties_are_legal = are_legal(with.values, 1, None, names)
        && will.is_none_or(|will| are_legal(&will.properties, WILL, None, names));
    verdict(Packet::Connect(connect), with.version, is_legal && properties_are_legal);
}

fn publish(message: &Message, with: With<'_>) {
    let Message { topic, payload, qos, dup, id, retain } = message;
    let texts = texts(with.values);
    let Some(list) = properties(with.values, &texts) else { return };
    let (topic, payload) = (topic.as_ref().map(Words::text), payload.text());
    let stand_in = TopicName::new("a").unwrap();
    let mut publish = Publish::new(stand_in, payload.as_bytes());
    publish.topic = match &topic {
        Some(topic) => Some(checked!(TopicName::new(topic), *topic, Use::Name)),
        None => None,
    };
    publish.retain = *retain;
    publish.properties = Properties::from(&list[..]);
    if level(*qos) != QoS::AtMostOnce {
        let Some(packet_id) = packet_id(*id) else { return };
        publish.delivery = match level(*qos) {
            QoS::ExactlyOnce => Delivery::ExactlyOnce { packet_id, dup: *dup },
            _ => Delivery::AtLeastOnce { packet_id, dup: *dup },
        };
    }
    // Without a topic there has to be an alias for one.
    let needed = topic.is_none().then_some(TOPIC_ALIAS);
    assert_eq!(
        publish.properties.topic_alias().is_some(),
        numbers(with.values).contains(&TOPIC_ALIAS)
    );
    verdict(Packet::Publish(publish), with.version, with.are_legal(3, needed));
}

fn subscribe(id: u16, filters: &[(Words, u8)], with: With<'_>) {
    let texts_of_packet = texts(with.values);
    let Some(list) = properties(with.values, &texts_of_packet) else { return };
    let Some(id) = packet_id(id) else { return };
    let texts: Vec<_> = filters.iter().map(|(words, options)| (words.text(), *options)).collect();
    let mut subscriptions = Vec::new();
    let mut is_legal = !filters.is_empty() && with.are_legal(8, None);
    for (text, options) in &texts {
        let filter = checked!(TopicFilter::new(text), *text, Use::Filter);
        let mut subscription = Subscription::new(filter, level(options & 3));
        let (no_local, as_published) = (options & 4 != 0, options & 8 != 0);
        let handling = options >> 4 & 3;
        let Some(retain_handling) = RetainHandling::new(handling) else { return };
        subscription.options.no_local = no_local;
        subscription.options.retain_as_published = as_published;
        subscription.options.retain_handling = retain_handling;
        subscriptions.push(subscription);
        is_legal &= match (with.is_5_0(), share_is_valid(text.as_bytes())) {
            (true, Some(is_shared)) => !(is_shared && no_local),
            (true, None) => false,
            (false, _) => !no_local && !as_published && handling == 0,
        };
    }
    let mut packet = Subscribe::new(id, &subscriptions[..]);
    packet.properties = Properties::from(&list[..]);
    verdict(Packet::Subscribe(packet), with.version, is_legal);
}

fn unsubscribe(id: u16, filters: &[Words], with: With<'_>) {
    let texts_of_packet = texts(with.values);
    let Some(list) = properties(with.values, &texts_of_packet) else { return };
    let Some(id) = packet_id(id) else { return };
    let texts: Vec<_> = filters.iter().map(Words::text).collect();
    let mut filters = Vec::new();
    for text in &texts {
        filters.push(checked!(TopicFilter::new(text), *text, Use::Filter));
    }
    let are_shared_well =
        !with.is_5_0() || texts.iter().all(|text| share_is_valid(text.as_bytes()).is_some());
    let is_legal = !texts.is_empty() && are_shared_well && with.are_legal(10, None);
    let mut packet = Unsubscribe::new(id, &filters[..]);
    packet.properties = Properties::from(&list[..]);
    verdict(Packet::Unsubscribe(packet), with.version, is_legal);
}

fn check_answer(spec: &Spec, with: With<'_>) {
    let texts = texts(with.values);
    let Some(list) = properties(with.values, &texts) else { return };
    let properties = Properties::from(&list[..]);
    match spec {
        Spec::Connack { session_present, reason } => {
            let code = ReasonCode::new(*reason);
            let packet = Connack { session_present: *session_present, reason: code, properties };
            // 3.1.1 has six codes; Session Present goes with success, and 3.1 has none.
            let has_code = match with.version {
                Version::V5_0 => with.has_code(2, *reason),
                _ => matches!(reason, 0 | 0x84 | 0x85 | 0x86 | 0x87 | 0x88),
            };
            let is_sayable = !session_present || *reason == 0 && with.version != Version::V3_1;
            let is_legal = has_code && is_sayable && with.are_legal(2, None);
            verdict(Packet::Connack(packet), with.version, is_legal);
        }
        Spec::Suback { id, codes } => {
            let Some(id) = packet_id(*id) else { return };
            let list: Vec<_> = codes.iter().map(|code| ReasonCode::new(*code)).collect();
            let exist = codes.iter().all(|code| match with.version {
                Version::V5_0 => with.has_code(9, *code),
                _ => [0, 1, 2, 0x80].contains(code),
            });
            let mut packet = Suback::new(id, &list[..]);
            packet.properties = properties;
            let is_legal = exist && !codes.is_empty() && with.are_legal(9, None);
            verdict(Packet::Suback(packet), with.version, is_legal);
        }
        Spec::Unsuback { id, codes } => {
            let Some(id) = packet_id(*id) else { return };
            let list: Vec<_> = codes.iter().map(|code| ReasonCode::new(*code)).collect();
            let mut packet = Unsuback::with_codes(id, &list[..]);
            packet.properties = properties;
            let exist = codes.iter().all(|code| with.has_code(11, *code));
            // It has codes in 5.0 and none before.
            let are_there = with.is_5_0() != codes.is_empty();
            let is_legal = exist && are_there && with.are_legal(11, None);
            verdict(Packet::Unsuback(packet), with.version, is_legal);
        }
        Spec::Ping { response: false } => verdict(Packet::Pingreq(Pingreq), with.version, true),
        Spec::Ping { response: true } => verdict(Packet::Pingresp(Pingresp), with.version, true),
        Spec::Ack { which, id, reason } => acknowledge(*which, *id, *reason, properties, with),
        Spec::Disconnect { reason } => {
            let mut packet = Disconnect::new();
            (packet.reason, packet.properties) = (ReasonCode::new(*reason), properties);
            let exists = *reason == 0 || with.is_5_0() && with.has_code(14, *reason);
            verdict(Packet::Disconnect(packet), with.version, exists && with.are_legal(14, None));
        }
        Spec::Auth { reason } => {
            let packet = Auth::new(ReasonCode::new(*reason), properties);
            let is_legal =
                with.has_code(15, *reason) && with.are_legal(15, Some(AUTHENTICATION_METHOD));
            verdict(Packet::Auth(packet), with.version, is_legal);
        }
        other => panic!("{other:?} is no answer"),
    }
}

fn acknowledge(which: u8, id: u16, reason: u8, properties: Properties<'_>, with: With<'_>) {
    let Some(packet_id) = packet_id(id) else { return };
    let (number, code) = (4 + which % 4, ReasonCode::new(reason));
    let packet = match number {
        4 => Packet::Puback(Puback { packet_id, reason: code, properties }),
        5 => Packet::Pubrec(Pubrec { packet_id, reason: code, properties }),
        6 => Packet::Pubrel(Pubrel { packet_id, reason: code, properties }),
        _ => Packet::Pubcomp(Pubcomp { packet_id, reason: code, properties }),
    };
    let exists = reason == 0 || with.is_5_0() && with.has_code(number, reason);
    verdict(packet, with.version, exists && with.are_legal(number, None));
}

fn verdict(packet: Packet<'_>, version: Version, is_legal: bool) {
    let mut out = Vec::new();
    let encoded = packet.encode(version, &mut out);
    assert_eq!(encoded.is_ok(), is_legal, "{encoded:?} for {packet:?} in {version}");
    let len = packet.encoded_len(version);
    let Ok(()) = encoded else {
        assert_eq!(len.err(), encoded.err());
        assert!(out.is_empty(), "an error left bytes behind");
        return;
    };
    assert_eq!(len, Ok(out.len()));
    let mut input = &out[..];
    let options = DecodeOptions::new(version).with_max_packet_size(DecodeOptions::MAX_PACKET_SIZE);
    assert_eq!(Packet::read(&mut input, options), Ok(Some(packet)));
    assert!(input.is_empty());
}
