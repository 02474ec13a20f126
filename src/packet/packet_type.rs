//! The types of packets.

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
    /// Type 14, client to server in 3.1 and 3.1.1.
    Disconnect = 14,
}

/// What is to be known of each type: its name, its section, who sends it.
struct Row(PacketType, &'static str, &'static str, bool, bool);

const TABLE: [Row; 14] = [
    Row(PacketType::Connect, "CONNECT", "3.1", true, false),
    Row(PacketType::Connack, "CONNACK", "3.2", false, true),
    Row(PacketType::Publish, "PUBLISH", "3.3", true, true),
    Row(PacketType::Puback, "PUBACK", "3.4", true, true),
    Row(PacketType::Pubrec, "PUBREC", "3.5", true, true),
    Row(PacketType::Pubrel, "PUBREL", "3.6", true, true),
    Row(PacketType::Pubcomp, "PUBCOMP", "3.7", true, true),
    Row(PacketType::Subscribe, "SUBSCRIBE", "3.8", true, false),
    Row(PacketType::Suback, "SUBACK", "3.9", false, true),
    Row(PacketType::Unsubscribe, "UNSUBSCRIBE", "3.10", true, false),
    Row(PacketType::Unsuback, "UNSUBACK", "3.11", false, true),
    Row(PacketType::Pingreq, "PINGREQ", "3.12", true, false),
    Row(PacketType::Pingresp, "PINGRESP", "3.13", false, true),
    Row(PacketType::Disconnect, "DISCONNECT", "3.14", true, false),
];

impl PacketType {
    /// The type of this number; `None` for 0 and 15, which are reserved.
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
            _ => return None,
        })
    }

    /// The number, 1 to 14.
    #[allow(clippy::as_conversions, reason = "reads the discriminant of a `repr(u8)` enum")]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The name, in capitals.
    pub const fn name(self) -> &'static str {
        self.row().1
    }

    /// The section of 3.1.1 (and of 3.1) that describes the packet.
    pub const fn section(self) -> &'static str {
        self.row().2
    }

    /// Whether clients send it.
    pub const fn is_sent_by_client(self) -> bool {
        self.row().3
    }

    /// Whether servers send it.
    pub const fn is_sent_by_server(self) -> bool {
        self.row().4
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
        reason = "the numbers are 1 to 14 and the table has a row for each"
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
    fn the_table_is_in_order() {
        for (number, row) in (1..).zip(&TABLE) {
            assert_eq!(row.0.number(), number);
            assert_eq!(PacketType::new(number), Some(row.0));
            assert_eq!(row.0.row().1, row.1);
        }
        assert_eq!(PacketType::new(0), None);
        assert_eq!(PacketType::new(15), None);
    }
}
