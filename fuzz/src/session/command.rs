//! What the bytes of a target mean: options, commands, packets of a peer, and time.

use mqtt_pure::{
    Message, Oversize, PacketId, Properties, Property, QoS, ReasonCode, SessionOptions, Strictness,
    SubscriptionId, TopicName, Version,
};
use std::num::NonZeroU16;

/// The bytes, taken off one by one; behind them come zeros.
pub struct Tape<'d> {
    left: &'d [u8],
}

impl<'d> Tape<'d> {
    pub fn new(left: &'d [u8]) -> Self {
        Self { left }
    }

    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.left.split_first() else { return 0 };
        self.left = rest;
        *first
    }

    pub fn bytes(&mut self, len: usize) -> &'d [u8] {
        let (taken, rest) = self.left.split_at(len.min(self.left.len()));
        self.left = rest;
        taken
    }
}

pub fn pick<T: Copy>(values: &[T], byte: u8) -> T {
    values[usize::from(byte) % values.len()]
}

/// How a run goes.
#[derive(Clone, Copy)]
pub struct Setup {
    pub options: SessionOptions,
    pub version: Version,
    /// Whether what is to be told is left until it is asked for.
    pub is_lazy: bool,
    /// Whether what is to be written is left until it is asked for.
    pub is_slow: bool,
    /// Whether the application answers at once what it is asked.
    pub is_obliging: bool,
    /// How many bytes the twin is given at one time.
    pub piece: usize,
}

impl Setup {
    pub fn read(tape: &mut Tape<'_>) -> Self {
        let [mode, limits, more, last] = [(); 4].map(|()| tape.byte());
        let mut options = SessionOptions::new();
        options.strictness = Strictness::STRICT;
        options.manual_acknowledgement = mode & 4 != 0;
        options.oversize = if mode & 8 == 0 { Oversize::Fail } else { Oversize::Skip };
        options.max_in_flight = pick(&[20, 1, 2, 3], limits);
        options.receive_maximum = pick(&[u16::MAX, 1, 2, 3], limits >> 2);
        options.max_queued = pick(&[1_000, 0, 1, 3], limits >> 4);
        options.max_outgoing = pick(&[262_144, 1, 16, 200], limits >> 6);
        options.max_packet_size = pick(&[1_048_576, 40, 200, 70_000], more);
        options.session_expiry = pick(&[u32::MAX, 0, 5, 3_600], more >> 2);
        options.maximum_qos = if more & 0x10 == 0 { QoS::ExactlyOnce } else { QoS::AtLeastOnce };
        options.retain_available = more & 0x20 == 0;
        options.topic_alias_maximum = if more & 0x40 == 0 { 2 } else { 0 };
        options.ping_timeout = (more & 0x80 == 0).then_some(10_000);
        options.connect_timeout = (last & 0x80 == 0).then_some(10_000);
        options.max_queued_bytes = if last & 0x40 == 0 { 1_048_576 } else { 300 };
        options.max_requests = if last & 0x20 == 0 { 64 } else { 1 };
        options.max_alias_bytes = if last & 0x10 == 0 { 16_384 } else { 4 };
        Self {
            options,
            version: version(mode),
            is_lazy: mode & 0x10 != 0,
            is_slow: mode & 0x20 != 0,
            is_obliging: mode & 0x40 == 0,
            piece: 1 + usize::from(last & 7),
        }
    }
}

pub fn version(byte: u8) -> Version {
    pick(&[Version::V3_1_1, Version::V3_1, Version::V5_0, Version::V5_0], byte)
}

/// A call of the application.
#[derive(Clone, Debug)]
pub enum Command {
    Open { version: Version, flags: u8, keep_alive: u16 },
    Publish { message: Message, granted: QoS },
    Subscribe { count: usize, has_properties: bool },
    Unsubscribe { count: usize },
    Acknowledge { id: PacketId, qos: QoS, reason: ReasonCode, has_words: bool },
    Authenticate { reason: ReasonCode, has_words: bool },
    Disconnect { reason: ReasonCode, expiry: Option<u32> },
    Accept { flags: u8 },
    Refuse { reason: Option<ReasonCode> },
    Grant { id: PacketId, codes: usize },
    Remove { id: PacketId, codes: usize },
    TakeOver { clean_session: bool },
    Expire,
}

pub const TOPICS: [&str; 4] = ["t", "a/b", "é/ü", "$SYS/x"];
pub const EXPIRIES: [Option<u32>; 4] = [None, Some(0), Some(5), Some(u32::MAX)];
pub const PAYLOADS: [&[u8]; 4] = [b"", b"hi", &[b'p'; 100], &[b'q'; 600]];

pub fn qos(byte: u8) -> QoS {
    pick(&[QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce, QoS::ExactlyOnce], byte)
}

/// Codes below and above 0x80, of which some belong to no packet.
pub fn reason(byte: u8) -> ReasonCode {
    ReasonCode::new(pick(&[0, 0x10, 0x80, 0x87, 0x18, 0x19, 0x04, 0x92, 0x97, byte], byte))
}

pub fn id(byte: u8) -> PacketId {
    PacketId::new(1 + u16::from(byte % 24)).unwrap()
}

impl Command {
    /// The command of this number; there are [`Self::COUNT`].
    pub fn read(number: u8, tape: &mut Tape<'_>, of: Version) -> Self {
        let [a, b] = [tape.byte(), tape.byte()];
        match number {
            0 | 1 => {
                let other = a & 0x80 != 0;
                let keep_alive = pick(&[0, 1, 60, u16::MAX], tape.byte());
                let version = if other { version(a >> 5) } else { of };
                Self::Open { version, flags: b, keep_alive }
            }
            2..=4 => Self::Publish { message: message(a, b), granted: qos(!a >> 6) },
            5 => Self::Subscribe { count: usize::from(a % 4), has_properties: b & 0x81 == 1 },
            6 => Self::Unsubscribe { count: usize::from(a % 4) },
            7 | 8 => Self::Acknowledge {
                id: id(a),
                qos: qos(b),
                reason: if b & 4 == 0 { ReasonCode::SUCCESS } else { reason(b >> 3) },
                has_words: b & 0x80 != 0,
            },
            9 => Self::Authenticate { reason: reason(a), has_words: b & 1 != 0 },
            10 => Self::Disconnect { reason: reason(a), expiry: pick(&EXPIRIES, b) },
            11 | 12 => Self::Accept { flags: a },
            13 => Self::Refuse { reason: (a & 1 == 0).then(|| reason(b)) },
            14 => Self::Grant { id: id(a), codes: usize::from(b % 4) },
            15 => Self::Remove { id: id(a), codes: usize::from(b % 4) },
            16 => Self::TakeOver { clean_session: a & 1 != 0 },
            _ => Self::Expire,
        }
    }

    pub const COUNT: u8 = 18;
}

fn message(a: u8, b: u8) -> Message {
    let topic = TopicName::new(pick(&TOPICS, a >> 3)).unwrap();
    let message = Message::new(topic, pick(&PAYLOADS, a >> 5)).with_qos(qos(a));
    let mut values = Vec::new();
    if b & 3 != 0 {
        values.extend(NonZeroU16::new(u16::from(b & 3)).map(Property::TopicAlias));
    }
    values.extend(pick(&EXPIRIES, b >> 2).map(Property::MessageExpiryInterval));
    if b & 0x10 != 0 {
        values.push(Property::PayloadFormatIndicator(true));
    }
    if b & 0x60 == 0x60 {
        values.extend(SubscriptionId::new(7).map(Property::SubscriptionIdentifier));
    }
    let message = message.with_properties(Properties::from(&values[..])).unwrap();
    message.with_retain(a & 4 != 0)
}
