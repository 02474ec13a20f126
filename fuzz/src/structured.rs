//! Packets of any content, legal or not: they can be written exactly when the rules below say so,
//! and what was written is read as the same packet.

use super::model::{Use, text_is_valid};
use arbitrary::{Arbitrary, Unstructured};
use mqtt_pure::{
    Binary, Connack, Connect, DecodeOptions, Delivery, Disconnect, Packet, PacketId, Pingreq,
    Pingresp, Puback, Pubcomp, Publish, Pubrec, Pubrel, QoS, ReasonCode, Suback, Subscribe,
    Subscription, Text, TopicFilter, TopicName, Unsuback, Unsubscribe, Version, Will,
};

/// A string; some are long enough to reach the end of what a length can say.
#[derive(Arbitrary, Debug, Clone)]
pub struct Words {
    text: String,
    repeat: Repeat,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Repeat {
    Once,
    Often(u8),
    /// Pads with a letter so as to be 65,530 to 65,545 bytes long.
    AtTheLimit(u8),
}

impl Words {
    fn text(&self) -> String {
        match self.repeat {
            Repeat::Once => self.text.clone(),
            Repeat::Often(times) => self.text.repeat(usize::from(times % 8)),
            // Rare, since it is slow.
            Repeat::AtTheLimit(more) if more < 0xf0 => self.text.clone(),
            Repeat::AtTheLimit(more) => {
                let len = 65_530 + usize::from(more % 16);
                let pad = len.saturating_sub(self.text.len());
                let mut text = self.text.clone();
                text.extend(std::iter::repeat_n('x', pad));
                text
            }
        }
    }
}

#[derive(Arbitrary, Debug)]
pub struct LastWill {
    topic: Words,
    payload: Words,
    qos: u8,
    retain: bool,
}

#[derive(Arbitrary, Debug)]
pub enum Spec {
    Connect {
        is_3_1: bool,
        clean_session: bool,
        keep_alive: u16,
        client_id: Words,
        will: Option<LastWill>,
        user_name: Option<Words>,
        password: Option<Words>,
    },
    Connack {
        session_present: bool,
        reason: u8,
    },
    Publish {
        topic: Words,
        payload: Words,
        qos: u8,
        dup: bool,
        id: u16,
        retain: bool,
    },
    Ack {
        which: u8,
        id: u16,
        reason: u8,
    },
    Subscribe {
        id: u16,
        filters: Vec<(Words, u8)>,
    },
    Suback {
        id: u16,
        codes: Vec<u8>,
    },
    Unsubscribe {
        id: u16,
        filters: Vec<Words>,
    },
    Unsuback {
        id: u16,
    },
    Ping {
        response: bool,
    },
    Disconnect {
        reason: u8,
    },
}

pub fn structured(data: &[u8]) {
    let mut source = Unstructured::new(data);
    let Ok(is_3_1) = bool::arbitrary(&mut source) else { return };
    let Ok(spec) = Spec::arbitrary(&mut source) else { return };
    check(&spec, if is_3_1 { Version::V3_1 } else { Version::V3_1_1 });
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

fn binary(words: &str) -> Option<Binary<'_>> {
    let made = Binary::new(words.as_bytes()).ok();
    assert_eq!(made.is_some(), words.len() <= 65_535);
    made
}

fn packet_id(value: u16) -> Option<PacketId> {
    let id = PacketId::new(value);
    assert_eq!(id.map_or(0, PacketId::get), value);
    id
}

fn level(value: u8) -> QoS {
    [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(value % 3)]
}

fn check(spec: &Spec, version: Version) {
    match spec {
        Spec::Connect {
            is_3_1,
            clean_session,
            keep_alive,
            client_id,
            will,
            user_name,
            password,
        } => {
            let id = client_id.text();
            let user = user_name.as_ref().map(Words::text);
            let secret = password.as_ref().map(Words::text);
            let last = will.as_ref().map(|will| (will.topic.text(), will.payload.text()));
            let names = if *is_3_1 { Version::V3_1 } else { Version::V3_1_1 };
            let mut connect = Connect::new(names, checked!(Text::new(&id), id, Use::Plain));
            connect.clean_session = *clean_session;
            connect.keep_alive = *keep_alive;
            if let (Some((topic, payload)), Some(will)) = (&last, will) {
                let topic = checked!(TopicName::new(topic), *topic, Use::Name);
                let Some(payload) = binary(payload) else { return };
                connect.will = Some(Will {
                    topic,
                    payload,
                    qos: level(will.qos),
                    retain: will.retain,
                    properties: connect.properties,
                });
            }
            if let Some(user) = &user {
                connect.user_name = Some(checked!(Text::new(user), *user, Use::Plain));
            }
            if let Some(secret) = &secret {
                let Some(secret) = binary(secret) else { return };
                connect.password = Some(secret);
            }
            let is_named = !id.is_empty() || !is_3_1 && *clean_session;
            let is_legal = is_named && (secret.is_none() || user.is_some());
            verdict(Packet::Connect(connect), version, is_legal);
        }
        Spec::Connack { session_present, reason } => {
            let connack = Connack {
                session_present: *session_present,
                reason: ReasonCode::new(*reason),
                properties: Default::default(),
            };
            // 3.1.1 has six codes; Session Present goes with the first, and 3.1 has none.
            let has_code = matches!(reason, 0 | 0x84 | 0x85 | 0x86 | 0x87 | 0x88);
            let is_sayable = !session_present || *reason == 0 && version == Version::V3_1_1;
            verdict(Packet::Connack(connack), version, has_code && is_sayable);
        }
        Spec::Publish { topic, payload, qos, dup, id, retain } => {
            let (topic, payload) = (topic.text(), payload.text());
            let topic = checked!(TopicName::new(&topic), topic, Use::Name);
            let mut publish = Publish::new(topic, payload.as_bytes());
            publish.retain = *retain;
            if level(*qos) != QoS::AtMostOnce {
                let Some(packet_id) = packet_id(*id) else { return };
                publish.delivery = match level(*qos) {
                    QoS::ExactlyOnce => Delivery::ExactlyOnce { packet_id, dup: *dup },
                    _ => Delivery::AtLeastOnce { packet_id, dup: *dup },
                };
            }
            verdict(Packet::Publish(publish), version, true);
        }
        Spec::Subscribe { id, filters } => {
            let Some(id) = packet_id(*id) else { return };
            let texts: Vec<_> = filters.iter().map(|(words, qos)| (words.text(), *qos)).collect();
            let mut subscriptions = Vec::new();
            for (text, qos) in &texts {
                let filter = checked!(TopicFilter::new(text), *text, Use::Filter);
                subscriptions.push(Subscription::new(filter, level(*qos)));
            }
            let packet = Subscribe::new(id, &subscriptions[..]);
            verdict(Packet::Subscribe(packet), version, !filters.is_empty());
        }
        Spec::Unsubscribe { id, filters } => {
            let Some(id) = packet_id(*id) else { return };
            let texts: Vec<_> = filters.iter().map(Words::text).collect();
            let mut list = Vec::new();
            for text in &texts {
                list.push(checked!(TopicFilter::new(text), *text, Use::Filter));
            }
            let packet = Unsubscribe::new(id, &list[..]);
            verdict(Packet::Unsubscribe(packet), version, !filters.is_empty());
        }
        small => check_small(small, version),
    }
}

fn check_small(spec: &Spec, version: Version) {
    match spec {
        Spec::Ack { which, id, reason } => {
            let Some(id) = packet_id(*id) else { return };
            let code = ReasonCode::new(*reason);
            let (mut ack, mut rec) = (Puback::new(id), Pubrec::new(id));
            let (mut rel, mut comp) = (Pubrel::new(id), Pubcomp::new(id));
            (ack.reason, rec.reason, rel.reason, comp.reason) = (code, code, code, code);
            let packet = match which % 4 {
                0 => Packet::Puback(ack),
                1 => Packet::Pubrec(rec),
                2 => Packet::Pubrel(rel),
                _ => Packet::Pubcomp(comp),
            };
            verdict(packet, version, *reason == 0);
        }
        Spec::Suback { id, codes } => {
            let Some(id) = packet_id(*id) else { return };
            let list: Vec<_> = codes.iter().map(|code| ReasonCode::new(*code)).collect();
            let exist = codes.iter().all(|code| [0, 1, 2, 0x80].contains(code));
            let packet = Suback::new(id, &list[..]);
            verdict(Packet::Suback(packet), version, exist && !codes.is_empty());
        }
        Spec::Unsuback { id } => {
            let Some(id) = packet_id(*id) else { return };
            verdict(Packet::Unsuback(Unsuback::new(id)), version, true);
        }
        Spec::Ping { response: false } => verdict(Packet::Pingreq(Pingreq), version, true),
        Spec::Ping { response: true } => verdict(Packet::Pingresp(Pingresp), version, true),
        Spec::Disconnect { reason } => {
            let mut disconnect = Disconnect::new();
            disconnect.reason = ReasonCode::new(*reason);
            verdict(Packet::Disconnect(disconnect), version, *reason == 0);
        }
        other => panic!("{other:?} is no small packet"),
    }
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
