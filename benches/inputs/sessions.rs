//! Whole cycles of messages through a client of ours.
#![allow(dead_code, reason = "each benchmark uses a part")]

use bytes::Buf;
use mqtt_pure::{
    Client, ClientAction, Connect, Delivery, Instant, Message, PacketId, Properties, Publish,
    Published, QoS, ReasonCode, SessionOptions, Text, TopicName, Version,
};
use std::hint::black_box;

/// What happens to each message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cycle {
    /// PUBLISH of QoS 1 is sent, PUBACK comes. The message is a clone.
    SendQos1,
    /// The same with a message that is made of a topic and a payload.
    SendNewQos1,
    /// PUBLISH of QoS 2 is sent, PUBREC comes, PUBREL is sent, PUBCOMP comes.
    SendQos2,
    /// PUBLISH of QoS 1 comes, PUBACK is sent.
    ReceiveQos1,
    /// PUBLISH of QoS 2 comes, PUBREC is sent, PUBREL comes, PUBCOMP is sent.
    ReceiveQos2,
    /// PUBLISH of QoS 1 comes, is acknowledged by the application, and PUBACK is sent.
    AcknowledgeQos1,
}

impl Cycle {
    pub const ALL: [(&str, Self); 6] = [
        ("S1", Self::SendQos1),
        ("S1n", Self::SendNewQos1),
        ("S2", Self::SendQos2),
        ("S3", Self::ReceiveQos1),
        ("S3m", Self::AcknowledgeQos1),
        ("S4", Self::ReceiveQos2),
    ];
}

const TOPIC: &str = "site/12/line/3/alarm";
const PAYLOAD: [u8; 64] = [b'x'; 64];

/// So many packets come, or are sent, in one piece.
const PIECE: usize = 64;

/// A client that is connected, and what it is driven with.
pub struct Driver {
    client: Client,
    cycle: Cycle,
    now: Instant,
    message: Message,
    ids: Vec<PacketId>,
    /// What comes first.
    incoming: Vec<u8>,
    /// The packets of a piece.
    scratch: Vec<u8>,
}

impl Driver {
    /// With so many messages on their way before the first one is answered.
    pub fn new(cycle: Cycle, version: Version, window: u16) -> Self {
        let mut options = SessionOptions::new();
        options.max_in_flight = window;
        options.manual_acknowledgement = cycle == Cycle::AcknowledgeQos1;
        let now = black_box(Instant::from_millis(0));
        let mut client = Client::new(options);
        client.opened(now, &Connect::new(version, Text::new("c").unwrap())).unwrap();
        take(&mut client, now);
        let connack = [0x20, 2 + u8::from(version == Version::V5_0), 0, 0, 0];
        client.receive(now, &mut &connack[..2 + usize::from(connack[1])]).unwrap();
        take(&mut client, now);
        let ids: Vec<PacketId> = (1..=window).map(|id| PacketId::new(id).unwrap()).collect();
        let mut incoming = Vec::new();
        for &packet_id in &ids {
            let delivery = match cycle {
                Cycle::ReceiveQos2 => Delivery::ExactlyOnce { packet_id, dup: false },
                _ => Delivery::AtLeastOnce { packet_id, dup: false },
            };
            let publish = Publish::new(TopicName::new(TOPIC).unwrap(), &PAYLOAD);
            Publish { delivery, ..publish }.encode(version, &mut incoming).unwrap();
        }
        let qos = if cycle == Cycle::SendQos2 { QoS::ExactlyOnce } else { QoS::AtLeastOnce };
        let message = Message::new(TopicName::new(TOPIC).unwrap(), PAYLOAD.to_vec()).with_qos(qos);
        let scratch = Vec::with_capacity(4 * PIECE);
        Self { client, cycle, now, message, ids, incoming, scratch }
    }

    /// All messages of a window once around. Panics if one is left.
    pub fn round(&mut self) {
        let done = match self.cycle {
            Cycle::SendQos1 | Cycle::SendNewQos1 => {
                self.send();
                self.answer(0x40)
            }
            Cycle::SendQos2 => {
                self.send();
                self.answer(0x50) + self.answer(0x70)
            }
            Cycle::ReceiveQos1 => self.deliver(),
            Cycle::AcknowledgeQos1 => {
                let done = self.deliver();
                for &id in &self.ids {
                    let (reason, none) = (ReasonCode::SUCCESS, Properties::EMPTY);
                    self.client.acknowledge(self.now, id, QoS::AtLeastOnce, reason, none).unwrap();
                }
                take(&mut self.client, self.now);
                done
            }
            Cycle::ReceiveQos2 => self.deliver() + self.answer(0x62),
        };
        assert_eq!(done, self.ids.len());
    }

    fn send(&mut self) {
        for ids in self.ids.chunks_mut(PIECE) {
            for id in ids {
                let message = match self.cycle {
                    Cycle::SendNewQos1 => {
                        let topic = TopicName::new(black_box(TOPIC)).unwrap();
                        let payload = black_box(&PAYLOAD).to_vec();
                        Message::new(topic, payload).with_qos(QoS::AtLeastOnce)
                    }
                    _ => black_box(&self.message).clone(),
                };
                match self.client.publish(self.now, message) {
                    Ok(Published::Sent { packet_id, .. }) => *id = packet_id,
                    other => panic!("{other:?}"),
                }
            }
            take(&mut self.client, self.now);
        }
    }

    /// The peer answers to all identifiers, in their order.
    fn answer(&mut self, first_byte: u8) -> usize {
        let mut count = 0;
        for ids in self.ids.chunks(PIECE) {
            self.scratch.clear();
            for id in ids {
                let [high, low] = id.get().to_be_bytes();
                self.scratch.extend_from_slice(&[first_byte, 2, high, low]);
            }
            count += receive(&mut self.client, self.now, &self.scratch);
        }
        count
    }

    /// The peer sends its messages.
    fn deliver(&mut self) -> usize {
        let len = self.incoming.len() / self.ids.len();
        let mut count = 0;
        for piece in self.incoming.chunks(len * PIECE) {
            count += receive(&mut self.client, self.now, piece);
        }
        count
    }
}

/// Takes in packets. Returns how many messages have come, or are acknowledged to the end.
fn receive(client: &mut Client, now: Instant, bytes: &[u8]) -> usize {
    let (mut input, mut count) = (black_box(bytes), 0);
    while let Some(action) = client.receive(now, &mut input) {
        match action {
            ClientAction::Done { token, .. } => {
                black_box(token);
            }
            ClientAction::Message(message) => {
                black_box(message.publish.topic);
                black_box(message.payload());
            }
            other => panic!("{other:?}"),
        }
        count += 1;
    }
    take(client, now);
    count
}

fn take(client: &mut Client, now: Instant) {
    let out = client.transmit(now);
    while out.has_remaining() {
        out.advance(black_box(out.chunk()).len());
    }
}
