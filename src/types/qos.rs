//! Quality of service, alone and joined with the packet identifier that it requires.

use super::PacketId;
use core::fmt;

/// The promise made for the delivery of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum QoS {
    /// QoS 0: sent once, not acknowledged.
    #[default]
    AtMostOnce = 0,
    /// QoS 1: acknowledged by PUBACK.
    AtLeastOnce = 1,
    /// QoS 2: acknowledged by PUBREC, PUBREL and PUBCOMP.
    ExactlyOnce = 2,
}

impl QoS {
    /// The level of this number, `None` unless it is 0, 1 or 2.
    pub const fn new(level: u8) -> Option<Self> {
        match level {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }

    /// The level as the number 0, 1 or 2.
    pub const fn level(self) -> u8 {
        match self {
            Self::AtMostOnce => 0,
            Self::AtLeastOnce => 1,
            Self::ExactlyOnce => 2,
        }
    }
}

impl fmt::Display for QoS {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.level().fmt(f)
    }
}

/// How a PUBLISH is delivered: its QoS with the packet identifier and the DUP flag that go with it.
///
/// A QoS 0 PUBLISH has neither an identifier [MQTT-2.3.1-5] nor DUP [MQTT-3.3.1-2], so neither can
/// be given for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
// As wide in front as a packet identifier, which other packets have there.
#[repr(u16)]
pub enum Delivery {
    /// QoS 0.
    #[default]
    AtMostOnce,
    /// QoS 1.
    AtLeastOnce {
        /// Set on every transmission but the first.
        dup: bool,
        /// The identifier that the PUBACK will carry.
        packet_id: PacketId,
    },
    /// QoS 2.
    ExactlyOnce {
        /// Set on every transmission but the first.
        dup: bool,
        /// The identifier that PUBREC, PUBREL and PUBCOMP will carry.
        packet_id: PacketId,
    },
}

impl Delivery {
    /// The QoS.
    pub const fn qos(self) -> QoS {
        match self {
            Self::AtMostOnce => QoS::AtMostOnce,
            Self::AtLeastOnce { .. } => QoS::AtLeastOnce,
            Self::ExactlyOnce { .. } => QoS::ExactlyOnce,
        }
    }

    /// The packet identifier, which QoS 1 and 2 have.
    pub const fn packet_id(self) -> Option<PacketId> {
        match self {
            Self::AtMostOnce => None,
            Self::AtLeastOnce { packet_id, .. } | Self::ExactlyOnce { packet_id, .. } => {
                Some(packet_id)
            }
        }
    }

    /// Whether this is marked as a repetition, which only QoS 1 and 2 can be.
    pub const fn dup(self) -> bool {
        match self {
            Self::AtMostOnce => false,
            Self::AtLeastOnce { dup, .. } | Self::ExactlyOnce { dup, .. } => dup,
        }
    }
}
