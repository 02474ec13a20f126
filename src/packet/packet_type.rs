//! The types of packets.

use crate::types::{Role, Version};
use core::fmt;

/// The type of a packet, the upper four bits of its first byte (section 2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PacketType {
    /// Type 1, client to server.
    Connect = 1,
    /// Type 2, server to client.
    Connack = 2,
    /// Type 3, both ways.
    Publish = 3,
    /// Type 4, both ways.
    Puback = 4,
    /// Type 5, both ways.
    Pubrec = 5,
    /// Type 6, both ways.
    Pubrel = 6,
    /// Type 7, both ways.
    Pubcomp = 7,
    /// Type 8, client to server.
    Subscribe = 8,
    /// Type 9, server to client.
    Suback = 9,
    /// Type 10, client to server.
    Unsubscribe = 10,
    /// Type 11, server to client.
    Unsuback = 11,
    /// Type 12, client to server.
    Pingreq = 12,
    /// Type 13, server to client.
    Pingresp = 13,
    /// Type 14, client to server, in 5.0 both ways.
    Disconnect = 14,
    /// Type 15, both ways, in 5.0 alone.
    Auth = 15,
}

/// What is to be known of a type.
struct Row {
    name: &'static str,
    /// The section that describes the packet, in all versions.
    section: &'static str,
    /// Who sends it in 3.1 and 3.1.1, and who in 5.0.
    senders: [Senders; 2],
}

#[derive(Clone, Copy)]
enum Senders {
    Client,
    Server,
    Both,
    Nobody,
}

const fn row(name: &'static str, section: &'static str, senders: Senders) -> Row {
    Row { name, section, senders: [senders, senders] }
}

/// The types by their numbers, which begin at 1.
const TABLE: [Row; 15] = [
    row("CONNECT", "3.1", Senders::Client),
    row("CONNACK", "3.2", Senders::Server),
    row("PUBLISH", "3.3", Senders::Both),
    row("PUBACK", "3.4", Senders::Both),
    row("PUBREC", "3.5", Senders::Both),
    row("PUBREL", "3.6", Senders::Both),
    row("PUBCOMP", "3.7", Senders::Both),
    row("SUBSCRIBE", "3.8", Senders::Client),
    row("SUBACK", "3.9", Senders::Server),
    row("UNSUBSCRIBE", "3.10", Senders::Client),
    row("UNSUBACK", "3.11", Senders::Server),
    row("PINGREQ", "3.12", Senders::Client),
    row("PINGRESP", "3.13", Senders::Server),
    Row { name: "DISCONNECT", section: "3.14", senders: [Senders::Client, Senders::Both] },
    Row { name: "AUTH", section: "3.15", senders: [Senders::Nobody, Senders::Both] },
];

impl PacketType {
    /// The type of this number; `None` for 0, which is reserved, and above 15.
    #[inline]
    pub const fn new(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Connect,
            2 => Self::Connack,
            3 => Self::Publish,
            4 => Self::Puback,
            5 => Self::Pubrec,
            6 => Self::Pubrel,
            7 => Self::Pubcomp,
            8 => Self::Subscribe,
            9 => Self::Suback,
            10 => Self::Unsubscribe,
            11 => Self::Unsuback,
            12 => Self::Pingreq,
            13 => Self::Pingresp,
            14 => Self::Disconnect,
            15 => Self::Auth,
            _ => return None,
        })
    }

    /// The number, 1 to 15.
    #[allow(clippy::as_conversions, reason = "reads the discriminant of a `repr(u8)` enum")]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The name, in capitals.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The section of the standard that describes the packet, the same in all versions.
    pub const fn section(self) -> &'static str {
        self.row().section
    }

    /// Whether this side sends it.
    pub const fn is_sent_by(self, role: Role, version: Version) -> bool {
        match self.senders(version) {
            Senders::Both => true,
            Senders::Client => matches!(role, Role::Client),
            Senders::Server => matches!(role, Role::Server),
            Senders::Nobody => false,
        }
    }

    /// Whether the version has it.
    #[inline]
    pub const fn is_in(self, version: Version) -> bool {
        !matches!(self.senders(version), Senders::Nobody)
    }

    #[inline]
    const fn senders(self, version: Version) -> Senders {
        let [in_3, in_5] = self.row().senders;
        version.pick(in_3, in_3, in_5)
    }

    /// The flags in the first byte, which only PUBLISH can choose [MQTT-2.2.2-1].
    #[inline]
    pub(crate) const fn required_flags(self) -> u8 {
        match self {
            Self::Pubrel | Self::Subscribe | Self::Unsubscribe => 0b0010,
            _ => 0,
        }
    }

    /// The first byte of a packet of this type, PUBLISH apart.
    #[inline]
    pub(crate) const fn first_byte(self) -> u8 {
        self.number().wrapping_shl(4) | self.required_flags()
    }

    #[allow(
        clippy::as_conversions,
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "the numbers are 1 to 15 and the table has a row for each"
    )]
    const fn row(self) -> &'static Row {
        &TABLE[self.number() as usize - 1]
    }
}

impl fmt::Display for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_go_together() {
        for (number, row) in (1..).zip(&TABLE) {
            let packet_type = PacketType::new(number).unwrap();
            assert_eq!(packet_type.number(), number);
            assert_eq!(packet_type.name(), row.name);
            let variant = alloc::format!("{packet_type:?}").to_uppercase();
            assert_eq!(variant, row.name);
        }
        assert_eq!(PacketType::new(0), None);
        assert_eq!(PacketType::new(16), None);
    }

    #[test]
    fn who_sends_what() {
        let senders = |packet_type: PacketType, version| {
            [Role::Client, Role::Server].map(|role| packet_type.is_sent_by(role, version))
        };
        for version in Version::ALL {
            assert_eq!(senders(PacketType::Connect, version), [true, false]);
            assert_eq!(senders(PacketType::Suback, version), [false, true]);
            assert_eq!(senders(PacketType::Pubrel, version), [true, true]);
            let is_5_0 = version == Version::V5_0;
            assert_eq!(senders(PacketType::Disconnect, version), [true, is_5_0]);
            assert_eq!(senders(PacketType::Auth, version), [is_5_0, is_5_0]);
            assert_eq!(PacketType::Auth.is_in(version), is_5_0);
            assert!(PacketType::Disconnect.is_in(version));
        }
    }
}
