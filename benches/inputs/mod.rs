//! What the benchmarks decode and encode: the same bytes in every run and for every codec.
#![allow(dead_code, reason = "each benchmark uses a part")]

use mqtt_pure::{
    Binary, Connack, Connect, ConnectReturnCode, Delivery, Packet, PacketId, Pingreq, Pingresp,
    Properties, Property, Puback, Pubcomp, Publish, Pubrec, Pubrel, QoS, Subscribe, Subscription,
    Text, TopicFilter, TopicName, UserProperty, Version, Will,
};
use std::{hint::black_box, num::NonZeroU16};

/// The packets of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// PUBLISH, QoS 0, 20 B topic, 64 B payload.
    PublishSmall,
    /// PUBLISH, QoS 1, 50 B topic, 1 KiB payload; in 5.0 with three properties.
    PublishMedium,
    /// PUBLISH, QoS 0, 20 B topic, a payload of this many bytes.
    PublishSized(usize),
    /// CONNECT with will, user name and password; in 5.0 with three properties.
    Connect,
    /// SUBSCRIBE with ten filters.
    Subscribe,
    /// PUBACK.
    Puback,
    /// PINGREQ.
    Pingreq,
    /// What a connection carries: four PUBLISH in five packets, 161 B on average.
    Mixed,
}

impl Shape {
    /// So many packets of 3.1.1, each a `Vec`, always the same.
    pub fn packets(self, count: usize) -> Vec<Vec<u8>> {
        self.packets_of(Version::V3_1_1, count)
    }

    /// So many packets of this version.
    pub fn packets_of(self, version: Version, count: usize) -> Vec<Vec<u8>> {
        let mut maker = Maker { random: Random(0x9e37_79b9_7f4a_7c15), version };
        (0..count).map(|_| maker.packet(self)).collect()
    }
}

/// Makes packets. What 5.0 has more is drawn after what both versions have.
struct Maker {
    random: Random,
    version: Version,
}

impl Maker {
    fn packet(&mut self, shape: Shape) -> Vec<u8> {
        match shape {
            Shape::PublishSmall => self.publish(20, 64, 0, false),
            Shape::PublishMedium => self.publish(50, 1024, 1, self.version == Version::V5_0),
            Shape::PublishSized(len) => self.publish(20, len, 0, false),
            Shape::Connect => self.connect(),
            Shape::Subscribe => self.subscribe(10),
            Shape::Puback => {
                let id = self.random.packet_id();
                self.encode(&Packet::Puback(Puback::new(id)))
            }
            Shape::Pingreq => self.encode(&Packet::Pingreq(Pingreq)),
            Shape::Mixed => self.mixed(),
        }
    }

    fn mixed(&mut self) -> Vec<u8> {
        let id = self.random.packet_id();
        match self.random.below(100) {
            kind @ 0..80 => {
                let qos = if kind < 45 {
                    0
                } else if kind < 72 {
                    1
                } else {
                    2
                };
                let topic_len = 12 + self.random.below(40);
                let payload_len = 16 + self.random.below(292);
                self.publish(topic_len, payload_len, qos, false)
            }
            80..88 => self.encode(&Packet::Puback(Puback::new(id))),
            88..90 => self.encode(&Packet::Pubrec(Pubrec::new(id))),
            90..92 => self.encode(&Packet::Pubrel(Pubrel::new(id))),
            92..94 => self.encode(&Packet::Pubcomp(Pubcomp::new(id))),
            94..96 => self.encode(&Packet::Pingreq(Pingreq)),
            96..98 => self.encode(&Packet::Pingresp(Pingresp)),
            98 => self.encode(&Packet::Connack(Connack::new(ConnectReturnCode::Accepted))),
            _ => self.subscribe(3),
        }
    }

    fn publish(
        &mut self,
        topic_len: usize,
        payload_len: usize,
        qos: u8,
        has_properties: bool,
    ) -> Vec<u8> {
        let (topic, payload) = (self.random.topic(topic_len), self.random.bytes(payload_len));
        let packet_id = self.random.packet_id();
        let mut publish = Publish::new(TopicName::new(&topic).unwrap(), &payload);
        publish.delivery = match qos {
            0 => Delivery::AtMostOnce,
            1 => Delivery::AtLeastOnce { packet_id, dup: false },
            _ => Delivery::ExactlyOnce { packet_id, dup: false },
        };
        if !has_properties {
            return self.encode(&Packet::Publish(publish));
        }
        let seconds = self.random.below(86_400) as u32;
        let [name, value] = [8, 16].map(|len| self.random.topic(len));
        let [name, value] = [&name, &value].map(|text| Text::new(text).unwrap());
        let properties = [
            Property::MessageExpiryInterval(seconds),
            Property::ContentType(Text::new("application/json").unwrap()),
            Property::UserProperty(UserProperty::new(name, value)),
        ];
        let properties = Properties::from(&properties[..]);
        self.encode(&Packet::Publish(Publish { properties, ..publish }))
    }

    fn connect(&mut self) -> Vec<u8> {
        let [id, topic, user] = [23, 30, 12].map(|len| self.random.topic(len));
        let (message, password) = (self.random.bytes(20), self.random.topic(16));
        let mut connect = Connect::new(self.version, Text::new(&id).unwrap());
        connect.will = Some(Will {
            topic: TopicName::new(&topic).unwrap(),
            payload: Binary::new(&message).unwrap(),
            qos: QoS::AtLeastOnce,
            retain: true,
            properties: Default::default(),
        });
        connect.user_name = Some(Text::new(&user).unwrap());
        connect.password = Some(Binary::new(password.as_bytes()).unwrap());
        if self.version != Version::V5_0 {
            return self.encode(&Packet::Connect(connect));
        }
        let properties = [
            Property::SessionExpiryInterval(1 + self.random.below(86_400) as u32),
            Property::ReceiveMaximum(NonZeroU16::MIN.saturating_add(self.random.below(100) as u16)),
            Property::TopicAliasMaximum(1 + self.random.below(100) as u16),
        ];
        let properties = Properties::from(&properties[..]);
        self.encode(&Packet::Connect(Connect { properties, ..connect }))
    }

    fn subscribe(&mut self, count: usize) -> Vec<u8> {
        let filters: Vec<String> = (0..count)
            .map(|at| {
                let topic = self.random.topic(20);
                match at % 5 {
                    3 => format!("{}/+/{}", &topic[..9], &topic[11..19]),
                    4 => format!("{}/#", &topic[..17]),
                    _ => topic,
                }
            })
            .collect();
        let subscriptions: Vec<_> = filters
            .iter()
            .map(|filter| Subscription::new(TopicFilter::new(filter).unwrap(), QoS::AtLeastOnce))
            .collect();
        let subscribe = Subscribe::new(self.random.packet_id(), &subscriptions[..]);
        self.encode(&Packet::Subscribe(subscribe))
    }

    fn encode(&self, packet: &Packet<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        packet.encode(self.version, &mut bytes).unwrap();
        bytes
    }
}

/// Puts packets together as reads from a socket do: 64, but no more than 8 KiB, in each buffer.
pub fn buffers(packets: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut buffers: Vec<Vec<u8>> = Vec::new();
    let mut count = 0;
    for packet in packets {
        match buffers.last_mut() {
            Some(last) if count < 64 && last.len() + packet.len() <= 8192 => last.extend(packet),
            _ => {
                buffers.push(packet.clone());
                count = 0;
            }
        }
        count += 1;
    }
    buffers
}

/// Uses every field that a packet of 3.1.1 has, without forcing the packet itself into memory.
#[inline(always)]
pub fn consume(packet: Packet<'_>) {
    consume_as::<false>(packet);
}

/// The same for packets of 5.0: with their properties, reason codes and options.
#[inline(always)]
pub fn consume_5(packet: Packet<'_>) {
    consume_as::<true>(packet);
}

#[inline(always)]
fn consume_as<const HAS_PROPERTIES: bool>(packet: Packet<'_>) {
    // Most packets have none, which is a quicker question than where the first one is.
    let walk = |properties: Properties<'_>| {
        if HAS_PROPERTIES && !properties.is_empty() {
            properties.iter().for_each(touch);
        }
    };
    let answer = |packet_id, reason, properties| {
        touch(packet_id);
        if HAS_PROPERTIES {
            touch(reason);
        }
        walk(properties);
    };
    match packet {
        Packet::Publish(publish) => {
            touch(publish.topic);
            touch(publish.payload);
            touch((publish.qos(), publish.packet_id(), publish.dup()));
            touch(publish.retain);
            walk(publish.properties);
        }
        Packet::Puback(ack) => answer(ack.packet_id, ack.reason, ack.properties),
        Packet::Pubrec(ack) => answer(ack.packet_id, ack.reason, ack.properties),
        Packet::Pubrel(ack) => answer(ack.packet_id, ack.reason, ack.properties),
        Packet::Pubcomp(ack) => answer(ack.packet_id, ack.reason, ack.properties),
        Packet::Unsuback(ack) => {
            touch(ack.packet_id);
            if HAS_PROPERTIES {
                ack.codes.iter().for_each(touch);
            }
            walk(ack.properties);
        }
        Packet::Subscribe(subscribe) => {
            touch(subscribe.packet_id);
            for subscription in subscribe.subscriptions {
                touch(subscription.filter.as_bytes());
                if HAS_PROPERTIES {
                    touch(subscription.options);
                } else {
                    touch(subscription.options.qos);
                }
            }
            walk(subscribe.properties);
        }
        Packet::Suback(suback) => {
            touch(suback.packet_id);
            suback.codes.iter().for_each(touch);
            walk(suback.properties);
        }
        Packet::Unsubscribe(unsubscribe) => {
            touch(unsubscribe.packet_id);
            unsubscribe.filters.iter().for_each(|filter| touch(filter.as_bytes()));
            walk(unsubscribe.properties);
        }
        Packet::Connect(connect) => {
            touch(connect.client_id.as_bytes());
            touch((connect.version, connect.clean_session, connect.keep_alive));
            if let Some(will) = connect.will {
                touch(will.topic.as_bytes());
                touch(will.payload.as_bytes());
                touch((will.qos, will.retain));
                walk(will.properties);
            }
            touch(connect.user_name.map(Text::as_bytes));
            touch(connect.password.map(Binary::as_bytes));
            walk(connect.properties);
        }
        Packet::Connack(connack) => {
            touch((connack.session_present, connack.reason));
            walk(connack.properties);
        }
        Packet::Disconnect(_) | Packet::Auth(_) => touch(()),
        Packet::Pingreq(_) | Packet::Pingresp(_) => touch(()),
    }
}

#[inline(always)]
fn touch<T>(value: T) {
    black_box(value);
}

/// Marsaglia's xorshift: the inputs need variety, not quality.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }

    fn packet_id(&mut self) -> PacketId {
        PacketId::new((self.next() >> 48) as u16).unwrap_or(PacketId::MIN)
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| (self.next() >> 56) as u8).collect()
    }

    /// Levels of seven letters and digits.
    fn topic(&mut self, len: usize) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz012345";
        (0..len)
            .map(|at| if at % 8 == 7 { '/' } else { char::from(LETTERS[self.below(32)]) })
            .collect()
    }
}
