//! What the benchmarks decode and encode: the same bytes in every run and for every codec.
#![allow(dead_code, reason = "each benchmark uses a part")]

use mqtt_pure::{
    Binary, Connack, Connect, ConnectReturnCode, Delivery, Packet, PacketId, Pingreq, Pingresp,
    Puback, Pubcomp, Publish, Pubrec, Pubrel, QoS, Subscribe, Subscription, Text, TopicFilter,
    TopicName, Version, Will,
};
use std::hint::black_box;

/// The packets of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// PUBLISH, QoS 0, 20 B topic, 64 B payload.
    PublishSmall,
    /// PUBLISH, QoS 1, 50 B topic, 1 KiB payload.
    PublishMedium,
    /// PUBLISH, QoS 0, 20 B topic, a payload of this many bytes.
    PublishSized(usize),
    /// CONNECT with will, user name and password.
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
    /// So many packets, each a `Vec`, always the same.
    pub fn packets(self, count: usize) -> Vec<Vec<u8>> {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        (0..count).map(|_| self.packet(&mut random)).collect()
    }

    fn packet(self, random: &mut Random) -> Vec<u8> {
        match self {
            Self::PublishSmall => publish(random, 20, 64, 0),
            Self::PublishMedium => publish(random, 50, 1024, 1),
            Self::PublishSized(len) => publish(random, 20, len, 0),
            Self::Connect => connect(random),
            Self::Subscribe => subscribe(random, 10),
            Self::Puback => encode(&Packet::Puback(Puback::new(random.packet_id()))),
            Self::Pingreq => encode(&Packet::Pingreq(Pingreq)),
            Self::Mixed => mixed(random),
        }
    }
}

fn mixed(random: &mut Random) -> Vec<u8> {
    let id = random.packet_id();
    match random.below(100) {
        kind @ 0..80 => {
            let qos = if kind < 45 {
                0
            } else if kind < 72 {
                1
            } else {
                2
            };
            let topic_len = 12 + random.below(40);
            let payload_len = 16 + random.below(292);
            publish(random, topic_len, payload_len, qos)
        }
        80..88 => encode(&Packet::Puback(Puback::new(id))),
        88..90 => encode(&Packet::Pubrec(Pubrec::new(id))),
        90..92 => encode(&Packet::Pubrel(Pubrel::new(id))),
        92..94 => encode(&Packet::Pubcomp(Pubcomp::new(id))),
        94..96 => encode(&Packet::Pingreq(Pingreq)),
        96..98 => encode(&Packet::Pingresp(Pingresp)),
        98 => encode(&Packet::Connack(Connack::new(ConnectReturnCode::Accepted))),
        _ => subscribe(random, 3),
    }
}

fn publish(random: &mut Random, topic_len: usize, payload_len: usize, qos: u8) -> Vec<u8> {
    let (topic, payload) = (random.topic(topic_len), random.bytes(payload_len));
    let packet_id = random.packet_id();
    let mut publish = Publish::new(TopicName::new(&topic).unwrap(), &payload);
    publish.delivery = match qos {
        0 => Delivery::AtMostOnce,
        1 => Delivery::AtLeastOnce { packet_id, dup: false },
        _ => Delivery::ExactlyOnce { packet_id, dup: false },
    };
    encode(&Packet::Publish(publish))
}

fn connect(random: &mut Random) -> Vec<u8> {
    let [id, topic, user] = [23, 30, 12].map(|len| random.topic(len));
    let (message, password) = (random.bytes(20), random.topic(16));
    let mut connect = Connect::new(Version::V3_1_1, Text::new(&id).unwrap());
    connect.will = Some(Will {
        topic: TopicName::new(&topic).unwrap(),
        payload: Binary::new(&message).unwrap(),
        qos: QoS::AtLeastOnce,
        retain: true,
        properties: Default::default(),
    });
    connect.user_name = Some(Text::new(&user).unwrap());
    connect.password = Some(Binary::new(password.as_bytes()).unwrap());
    encode(&Packet::Connect(connect))
}

fn subscribe(random: &mut Random, count: usize) -> Vec<u8> {
    let filters: Vec<String> = (0..count)
        .map(|at| {
            let topic = random.topic(20);
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
    encode(&Packet::Subscribe(Subscribe::new(random.packet_id(), &subscriptions[..])))
}

fn encode(packet: &Packet<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    packet.encode(Version::V3_1_1, &mut bytes).unwrap();
    bytes
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

/// Uses every field that the packet has, without forcing the packet itself into memory.
#[inline(always)]
pub fn consume(packet: Packet<'_>) {
    match packet {
        Packet::Publish(publish) => {
            touch(publish.topic);
            touch(publish.payload);
            touch((publish.qos(), publish.packet_id(), publish.dup()));
            touch(publish.retain);
        }
        Packet::Puback(ack) => touch(ack.packet_id),
        Packet::Pubrec(ack) => touch(ack.packet_id),
        Packet::Pubrel(ack) => touch(ack.packet_id),
        Packet::Pubcomp(ack) => touch(ack.packet_id),
        Packet::Unsuback(ack) => touch(ack.packet_id),
        Packet::Subscribe(subscribe) => {
            touch(subscribe.packet_id);
            for subscription in subscribe.subscriptions {
                touch(subscription.filter.as_bytes());
                touch(subscription.options.qos);
            }
        }
        Packet::Suback(suback) => {
            touch(suback.packet_id);
            suback.codes.iter().for_each(touch);
        }
        Packet::Unsubscribe(unsubscribe) => {
            touch(unsubscribe.packet_id);
            unsubscribe.filters.iter().for_each(|filter| touch(filter.as_bytes()));
        }
        Packet::Connect(connect) => {
            touch(connect.client_id.as_bytes());
            touch((connect.version, connect.clean_session, connect.keep_alive));
            if let Some(will) = connect.will {
                touch(will.topic.as_bytes());
                touch(will.payload.as_bytes());
                touch((will.qos, will.retain));
            }
            touch(connect.user_name.map(Text::as_bytes));
            touch(connect.password.map(Binary::as_bytes));
        }
        Packet::Connack(connack) => touch((connack.session_present, connack.reason)),
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
