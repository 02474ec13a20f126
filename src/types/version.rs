//! The protocol versions, and the few questions that tell them apart.

use core::fmt;

/// A version of MQTT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// MQTT 3.1: protocol name `MQIsdp`, level 3.
    V3_1,
    /// MQTT 3.1.1: protocol name `MQTT`, level 4.
    V3_1_1,
}

impl Version {
    /// Every version that the crate knows, oldest first.
    pub const ALL: [Self; 2] = [Self::V3_1, Self::V3_1_1];

    /// The protocol name that a CONNECT of this version carries.
    pub const fn protocol_name(self) -> &'static str {
        match self {
            Self::V3_1 => "MQIsdp",
            Self::V3_1_1 => "MQTT",
        }
    }

    /// The protocol level (3.1 calls it the protocol version number) in a CONNECT.
    pub const fn level(self) -> u8 {
        match self {
            Self::V3_1 => 3,
            Self::V3_1_1 => 4,
        }
    }

    /// The version that a CONNECT with this protocol name and level speaks.
    #[inline]
    pub(crate) fn from_wire(name: &[u8], level: u8) -> Option<Self> {
        match level {
            3 if name == b"MQIsdp" => Some(Self::V3_1),
            4 if name == b"MQTT" => Some(Self::V3_1_1),
            _ => None,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V3_1 => "3.1",
            Self::V3_1_1 => "3.1.1",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_level_go_together() {
        for version in Version::ALL {
            let name = version.protocol_name().as_bytes();
            assert_eq!(Version::from_wire(name, version.level()), Some(version));
            assert_eq!(Version::from_wire(name, 7 - version.level()), None);
        }
    }
}
