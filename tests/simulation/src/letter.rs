//! The reference model: what was promised to whom, and what has become of it. It knows nothing of the
//! implementation.

use mqtt_pure::QoS;

/// One of the two ends of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The client with this number.
    Client(usize),
    /// The broker's session of that client.
    Peer(usize),
}

/// A message on one hop: from a client to the broker, or from the broker to a client.
#[derive(Clone, Debug)]
pub struct Letter {
    pub from: Side,
    /// The client that has published it.
    pub publisher: usize,
    pub topic: u8,
    pub qos: QoS,
    /// When it was accepted.
    pub at: u64,
    /// The Message Expiry Interval in seconds.
    pub expiry: Option<u32>,
    /// Whether the sender has persisted it.
    pub is_promised: bool,
    /// Whether the sender was told that it did not arrive, or may not have.
    pub is_excused: bool,
    /// How often the receiver has taken it, as far as that was persisted or is not yet undone.
    pub taken: u32,
}

/// The name of a letter.
pub type Id = u32;

const SALT: u32 = 0x5bd1_e995;

impl Letter {
    /// The payload that names it.
    pub fn payload(id: Id, len: usize) -> Vec<u8> {
        let mut payload = id.to_be_bytes().to_vec();
        payload.extend((id ^ SALT).wrapping_mul(0x9e37_79b1).to_be_bytes());
        payload.resize(payload.len().max(len), b'.');
        payload
    }

    /// The name in a payload.
    pub fn id(payload: &[u8]) -> Option<Id> {
        let id = Id::from_be_bytes(payload.get(..4)?.try_into().ok()?);
        let sum = Id::from_be_bytes(payload.get(4..8)?.try_into().ok()?);
        (sum == (id ^ SALT).wrapping_mul(0x9e37_79b1)).then_some(id)
    }

    /// A topic of a client; its first character has two bytes.
    pub fn topic_name(publisher: usize, topic: u8) -> String {
        format!("\u{e9}{publisher}/{topic}")
    }

    /// What matches all topics of a client.
    pub fn filter(publisher: usize) -> String {
        format!("\u{e9}{publisher}/#")
    }

    /// The client whose topics a filter matches.
    pub fn publisher(filter: &str) -> Option<usize> {
        filter.strip_prefix('\u{e9}')?.strip_suffix("/#")?.parse().ok()
    }
}
