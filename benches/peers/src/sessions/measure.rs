//! Whole cycles, checked once and then timed.

use super::{PAYLOAD, Session, Source, TOPIC, Wire, all};
use crate::topics::memory::{Bytes, bytes_of};
use mqtt_pure::{DecodeOptions, Packet, Publish, QoS, TopicName, Version};
use std::time::Instant;

/// A cycle.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cycle {
    /// PUBLISH of QoS 1 is sent, PUBACK comes.
    SendQos1,
    /// PUBLISH of QoS 2 is sent, PUBREC comes, PUBREL is sent, PUBCOMP comes.
    SendQos2,
    /// PUBLISH of QoS 1 comes, PUBACK is sent.
    ReceiveQos1,
    /// PUBLISH of QoS 2 comes, PUBREC is sent, PUBREL comes, PUBCOMP is sent.
    ReceiveQos2,
}

impl Cycle {
    pub const ALL: [(&str, Self); 4] = [
        ("S1", Self::SendQos1),
        ("S2", Self::SendQos2),
        ("S3", Self::ReceiveQos1),
        ("S4", Self::ReceiveQos2),
    ];

    pub const fn sends(self) -> bool {
        matches!(self, Self::SendQos1 | Self::SendQos2)
    }
}

/// How many packets come, or are sent, in one piece, unless it is asked for otherwise.
pub const PIECE: usize = 64;
/// A sample has at least so many messages.
const LEAST: usize = 512;
const SAMPLES: usize = 3 * 60;

/// What was found out about a session.
pub struct Row {
    pub name: &'static str,
    pub ns: f64,
    /// For each cycle.
    pub allocations: f64,
}

/// One session, and what it is driven with.
struct Driver {
    session: Box<dyn Session>,
    wire: Wire,
    ids: Vec<u16>,
    /// Room for the answers of a piece.
    answers: Vec<[u8; 4]>,
}

/// What comes from the peer for messages that it sends, in pieces.
type Incoming = Vec<Vec<u8>>;

fn incoming(cycle: Cycle, version: Version, window: u16, piece_len: usize) -> Incoming {
    let ids: Vec<u16> = (1..=window).collect();
    let piece = |ids: &[u16]| {
        let mut piece = Vec::new();
        for id in ids {
            publish(cycle, *id).encode(version, &mut piece).unwrap();
        }
        piece
    };
    ids.chunks(piece_len).map(piece).collect()
}

fn publish(cycle: Cycle, id: u16) -> Publish<'static> {
    use mqtt_pure::{Delivery, PacketId};
    let packet_id = PacketId::new(id).unwrap();
    let delivery = match cycle {
        Cycle::SendQos1 | Cycle::ReceiveQos1 => Delivery::AtLeastOnce { packet_id, dup: false },
        _ => Delivery::ExactlyOnce { packet_id, dup: false },
    };
    Publish { delivery, ..Publish::new(TopicName::new(TOPIC).unwrap(), &PAYLOAD) }
}

impl Driver {
    /// All messages of a window once around. Returns how many have arrived.
    fn round(&mut self, cycle: Cycle, incoming: &Incoming, window: usize) -> usize {
        match cycle {
            Cycle::SendQos1 => {
                self.send(QoS::AtLeastOnce, window);
                self.answer(0x40)
            }
            Cycle::SendQos2 => {
                self.send(QoS::ExactlyOnce, window);
                self.answer(0x50) + self.answer(0x70)
            }
            Cycle::ReceiveQos1 => self.deliver(incoming),
            Cycle::ReceiveQos2 => {
                let count = self.deliver(incoming);
                self.ids.clear();
                self.ids.extend(1..=window as u16);
                self.answer(0x62);
                count
            }
        }
    }

    fn send(&mut self, qos: QoS, window: usize) {
        self.ids.clear();
        let mut left = window;
        while left > 0 {
            let count = left.min(self.answers.len());
            self.session.send(qos, count, &mut self.ids, &mut self.wire);
            left -= count;
        }
    }

    /// The peer answers to all identifiers, in their order.
    fn answer(&mut self, first_byte: u8) -> usize {
        let mut count = 0;
        for ids in self.ids.chunks(self.answers.len()) {
            for (answer, id) in self.answers.iter_mut().zip(ids) {
                let [high, low] = id.to_be_bytes();
                *answer = [first_byte, 2, high, low];
            }
            let answers = self.answers[..ids.len()].as_flattened();
            count += self.session.receive(answers, &mut self.wire);
        }
        count
    }

    fn deliver(&mut self, incoming: &Incoming) -> usize {
        incoming.iter().map(|piece| self.session.receive(piece, &mut self.wire)).sum()
    }

    /// Two windows, whose bytes are looked at. Panics if they are not what they should be.
    fn validate(&mut self, cycle: Cycle, incoming: &Incoming, version: Version, window: usize) {
        for _ in 0..2 {
            self.wire.log = Some(Vec::new());
            let count = self.round(cycle, incoming, window);
            let written = self.wire.log.take().unwrap();
            let name = self.session.name();
            assert_eq!(count, window, "{name}: messages");
            let expected = expected(cycle, version, &self.ids, window);
            let found = packets(version, &written);
            assert!(
                found == expected,
                "{name} wrote {} packets, not {}",
                found.len(),
                expected.len()
            );
        }
    }
}

/// What has to be written for these messages, type and identifier of each.
fn expected(cycle: Cycle, _: Version, ids: &[u16], window: usize) -> Vec<(u8, u16)> {
    let all = 1..=window as u16;
    let of = |first: u8, ids: &mut dyn Iterator<Item = u16>| ids.map(|id| (first, id)).collect();
    let parts: Vec<Vec<(u8, u16)>> = match cycle {
        Cycle::SendQos1 => vec![of(0x32, &mut ids.iter().copied())],
        Cycle::SendQos2 => {
            vec![of(0x34, &mut ids.iter().copied()), of(0x62, &mut ids.iter().copied())]
        }
        Cycle::ReceiveQos1 => vec![of(0x40, &mut all.clone())],
        Cycle::ReceiveQos2 => vec![of(0x50, &mut all.clone()), of(0x70, &mut all.clone())],
    };
    parts.concat()
}

/// The first byte and the identifier of each packet. Those of PUBLISH have the topic and the payload.
fn packets(version: Version, mut bytes: &[u8]) -> Vec<(u8, u16)> {
    let options = DecodeOptions::new(version);
    let mut found = Vec::new();
    while let Some(&first) = bytes.first() {
        let id = match Packet::read(&mut bytes, options).unwrap().unwrap() {
            Packet::Publish(publish) => {
                assert_eq!(publish.topic.unwrap().as_str(), TOPIC);
                assert_eq!(publish.payload, PAYLOAD);
                publish.packet_id().unwrap()
            }
            Packet::Puback(p) => p.packet_id,
            Packet::Pubrec(p) => p.packet_id,
            Packet::Pubrel(p) => p.packet_id,
            Packet::Pubcomp(p) => p.packet_id,
            other => panic!("{other:?}"),
        };
        found.push((first, id.get()));
    }
    found
}

/// Times all sessions in turns, after each was looked at.
pub fn measure(
    cycle: Cycle,
    version: Version,
    window: u16,
    source: Source,
    piece_len: usize,
) -> Vec<Row> {
    let incoming = incoming(cycle, version, window, piece_len);
    let mut drivers: Vec<Driver> = all(version, window, source)
        .into_iter()
        .map(|session| Driver {
            session,
            wire: Wire::default(),
            ids: Vec::with_capacity(window.into()),
            answers: vec![[0; 4]; piece_len],
        })
        .collect();
    let window = usize::from(window);
    let rounds = (LEAST / window).max(1);
    let messages = (rounds * window) as f64;
    let mut rows: Vec<Row> = Vec::new();
    for driver in &mut drivers {
        driver.validate(cycle, &incoming, version, window);
        let ((), bytes) = bytes_of(|| {
            for _ in 0..rounds {
                driver.round(cycle, &incoming, window);
            }
        });
        let allocations = bytes.count as f64 / messages;
        rows.push(Row { name: driver.session.name(), ns: f64::INFINITY, allocations });
    }
    for _ in 0..SAMPLES {
        for (driver, row) in drivers.iter_mut().zip(&mut rows) {
            let start = Instant::now();
            for _ in 0..rounds {
                driver.round(cycle, &incoming, window);
            }
            row.ns = row.ns.min(start.elapsed().as_nanos() as f64 / messages);
        }
    }
    rows
}

/// The memory of a session.
pub struct Memory {
    pub name: &'static str,
    pub size: usize,
    /// On the heap after the handshake.
    pub idle: isize,
    /// On the heap for each of a thousand messages on their way, topic and payload shared or not.
    pub in_flight: [f64; 2],
}

pub fn memory(version: Version) -> Vec<Memory> {
    const WINDOW: u16 = 1000;
    let count = all(version, WINDOW, Source::Shared).len();
    (0..count)
        .map(|at| {
            let bytes_of_one = |source, sends: bool| -> (Box<dyn Session>, Bytes) {
                let mut ids = Vec::with_capacity(WINDOW.into());
                let (mut sessions, bytes) = bytes_of(|| {
                    let mut session = all(version, WINDOW, source).swap_remove(at);
                    for _ in 0..if sends { WINDOW / 50 } else { 0 } {
                        session.send(QoS::AtLeastOnce, 50, &mut ids, &mut Wire::default());
                    }
                    vec![session]
                });
                (sessions.remove(0), bytes)
            };
            let (session, idle) = bytes_of_one(Source::Shared, false);
            let in_flight = [Source::Shared, Source::Borrowed].map(|source| {
                (bytes_of_one(source, true).1.live - idle.live) as f64 / f64::from(WINDOW)
            });
            Memory { name: session.name(), size: session.size(), idle: idle.live, in_flight }
        })
        .collect()
}
