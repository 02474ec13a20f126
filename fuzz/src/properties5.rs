//! The properties of 5.0 as a table, for the second reading of the standard.

use super::model::Rules;
use mqtt_pure::Role;

/// The number of the packet type that carries properties, or [`WILL`].
pub type Holder = u8;

/// The will in a CONNECT.
pub const WILL: Holder = 0;

pub const AUTHENTICATION_METHOD: u8 = 0x15;
pub const AUTHENTICATION_DATA: u8 = 0x16;
pub const TOPIC_ALIAS: u8 = 0x23;
pub const USER_PROPERTY: u8 = 0x26;

/// What the value of a property looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bit,
    TwoBytes,
    TwoBytesNotZero,
    FourBytes,
    FourBytesNotZero,
    Varint,
    Text,
    Name,
    Binary,
    Pair,
}

impl Kind {
    /// The least number of bytes of such a property, its identifier included.
    pub fn least(self) -> usize {
        match self {
            Self::Bit | Self::Varint => 2,
            Self::TwoBytes | Self::TwoBytesNotZero | Self::Text | Self::Binary => 3,
            Self::Name => 4,
            Self::FourBytes | Self::FourBytesNotZero | Self::Pair => 5,
        }
    }
}

const CONNACK_ONLY: &[Holder] = &[2];
const MESSAGES: &[Holder] = &[WILL, 3];
const GREETINGS: &[Holder] = &[1, 2];
const AUTHENTICATION: &[Holder] = &[1, 2, 15];
const ANSWERS: &[Holder] = &[2, 4, 5, 6, 7, 9, 11, 14, 15];
const ALL: &[Holder] = &[WILL, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15];

const TABLE: [(u8, Kind, &[Holder]); 27] = [
    (0x01, Kind::Bit, MESSAGES),
    (0x02, Kind::FourBytes, MESSAGES),
    (0x03, Kind::Text, MESSAGES),
    (0x08, Kind::Name, MESSAGES),
    (0x09, Kind::Binary, MESSAGES),
    (0x0b, Kind::Varint, &[3, 8]),
    (0x11, Kind::FourBytes, &[1, 2, 14]),
    (0x12, Kind::Text, CONNACK_ONLY),
    (0x13, Kind::TwoBytes, CONNACK_ONLY),
    (AUTHENTICATION_METHOD, Kind::Text, AUTHENTICATION),
    (AUTHENTICATION_DATA, Kind::Binary, AUTHENTICATION),
    (0x17, Kind::Bit, &[1]),
    (0x18, Kind::FourBytes, &[WILL]),
    (0x19, Kind::Bit, &[1]),
    (0x1a, Kind::Text, CONNACK_ONLY),
    (0x1c, Kind::Text, &[2, 14]),
    (0x1f, Kind::Text, ANSWERS),
    (0x21, Kind::TwoBytesNotZero, GREETINGS),
    (0x22, Kind::TwoBytes, GREETINGS),
    (TOPIC_ALIAS, Kind::TwoBytesNotZero, &[3]),
    (0x24, Kind::Bit, CONNACK_ONLY),
    (0x25, Kind::Bit, CONNACK_ONLY),
    (USER_PROPERTY, Kind::Pair, ALL),
    (0x27, Kind::FourBytesNotZero, GREETINGS),
    (0x28, Kind::Bit, CONNACK_ONLY),
    (0x29, Kind::Bit, CONNACK_ONLY),
    (0x2a, Kind::Bit, CONNACK_ONLY),
];

/// Every identifier.
pub fn ids() -> impl Iterator<Item = u8> {
    TABLE.iter().map(|row| row.0)
}

pub fn kind(id: u8) -> Option<Kind> {
    TABLE.iter().find(|row| row.0 == id).map(|row| row.1)
}

/// Whether the holder may carry the property, by whoever may have sent it.
pub fn is_allowed(id: u8, holder: Holder, rules: Rules) -> bool {
    let sender = match (id, holder) {
        (0x0b, 3) | (0x1c, 14) => Some(Role::Server),
        (0x11, 14) => Some(Role::Client),
        _ => None,
    };
    let is_held = TABLE.iter().any(|row| row.0 == id && row.2.contains(&holder));
    is_held && sender.is_none_or(|role| rules.may_come_from(role))
}

pub fn is_repeatable(id: u8, holder: Holder) -> bool {
    id == USER_PROPERTY || id == 0x0b && holder == 3
}

/// Whether there is what has to be: what is `needed` here, and in a CONNECT the method with the data.
pub fn are_complete(holder: Holder, needed: Option<u8>, seen: &[u8]) -> bool {
    let has = |id: u8| seen.contains(&id);
    let has_method = holder != 1 || !has(AUTHENTICATION_DATA) || has(AUTHENTICATION_METHOD);
    has_method && needed.is_none_or(has)
}
