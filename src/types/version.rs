//! The protocol versions, and the few questions that tell them apart.

use core::fmt;

/// A version of MQTT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// MQTT 3.1: protocol name `MQIsdp`, level 3.
    V3_1,
    /// MQTT 3.1.1: protocol name `MQTT`, level 4.
    V3_1_1,
    /// MQTT 5.0: protocol name `MQTT`, level 5.
    V5_0,
}

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Self; 3] = [Self::V3_1, Self::V3_1_1, Self::V5_0];

    /// The version of the longer protocol name.
    pub(crate) const OLDEST: Self = Self::V3_1;

    /// The version that can say most.
    pub(crate) const NEWEST: Self = Self::V5_0;

    /// What decoders assume before a CONNECT has named the version.
    pub(crate) const DEFAULT: Self = Self::V3_1_1;

    /// The protocol name that a CONNECT of this version carries.
    pub const fn protocol_name(self) -> &'static str {
        match self {
            Self::V3_1 => "MQIsdp",
            Self::V3_1_1 | Self::V5_0 => "MQTT",
        }
    }

    /// The protocol level (3.1 and 5.0 call it the protocol version) in a CONNECT.
    pub const fn level(self) -> u8 {
        match self {
            Self::V3_1 => 3,
            Self::V3_1_1 => 4,
            Self::V5_0 => 5,
        }
    }

    /// The only version of this protocol name, if there is only one.
    #[inline]
    pub(crate) fn of_name(name: &[u8]) -> Option<Self> {
        (name == b"MQIsdp").then_some(Self::V3_1)
    }

    /// The version that a CONNECT with this protocol name and level speaks.
    #[inline]
    pub(crate) fn from_wire(name: &[u8], level: u8) -> Option<Self> {
        match level {
            3 if name == b"MQIsdp" => Some(Self::V3_1),
            4 if name == b"MQTT" => Some(Self::V3_1_1),
            5 if name == b"MQTT" => Some(Self::V5_0),
            _ => None,
        }
    }

    /// What is so in 3.1, what in 3.1.1 and what in 5.0.
    #[inline(always)]
    pub(crate) const fn pick<T: Copy>(self, of_3_1: T, of_3_1_1: T, of_5_0: T) -> T {
        match self {
            Self::V3_1 => of_3_1,
            Self::V3_1_1 => of_3_1_1,
            Self::V5_0 => of_5_0,
        }
    }

    /// The bit of the acknowledge flags that tells of a session, if there is one.
    #[inline]
    pub(crate) const fn session_present_bit(self) -> u8 {
        self.pick(0, 1, 1)
    }

    /// The bits that have a meaning in the byte after a topic filter.
    #[inline]
    pub(crate) const fn subscription_bits(self) -> u8 {
        self.pick(0x03, 0x03, 0x3f)
    }

    /// Whether it is 5.0: properties, reason codes in all answers, AUTH.
    #[inline(always)]
    pub(crate) const fn is_5_0(self) -> bool {
        matches!(self, Self::V5_0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V3_1 => "3.1",
            Self::V3_1_1 => "3.1.1",
            Self::V5_0 => "5.0",
        })
    }
}

/// A set of versions.
///
/// ```
/// use mqtt_pure::{Version, Versions};
///
/// let versions = Versions::NONE.with(Version::V3_1_1).with(Version::V5_0);
/// assert!(versions.contains(Version::V5_0) && !versions.contains(Version::V3_1));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Versions(u8);

impl Versions {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All that the crate knows.
    pub const ALL: Self = Self::NONE.with(Version::V3_1).with(Version::V3_1_1).with(Version::V5_0);

    /// The same and this one.
    #[must_use]
    pub const fn with(self, version: Version) -> Self {
        Self(self.0 | Self::bit(version))
    }

    /// The same but for this one.
    #[must_use]
    pub const fn without(self, version: Version) -> Self {
        Self(self.0 & !Self::bit(version))
    }

    /// Whether this version is in the set.
    #[inline(always)]
    pub const fn contains(self, version: Version) -> bool {
        self.0 & Self::bit(version) != 0
    }

    #[inline(always)]
    const fn bit(version: Version) -> u8 {
        version.pick(0x01, 0x02, 0x04)
    }

    /// Whether one of them has properties.
    #[inline(always)]
    pub(crate) const fn have_properties(self) -> bool {
        self.contains(Version::V5_0)
    }
}

impl fmt::Debug for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions = Version::ALL.into_iter().filter(|version| self.contains(*version));
        f.debug_list().entries(versions).finish()
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
            assert_eq!(Version::from_wire(b"MQTTX", version.level()), None);
            assert_eq!(Version::from_wire(name, 6), None);
        }
        assert_eq!(Version::from_wire(b"MQIsdp", 4), None);
        assert_eq!(Version::from_wire(b"MQTT", 3), None);
    }

    #[test]
    fn a_set_has_what_was_put_in() {
        for version in Version::ALL {
            assert!(Versions::ALL.contains(version) && !Versions::NONE.contains(version));
            assert!(!Versions::ALL.without(version).contains(version));
            assert_eq!(
                alloc::format!("{:?}", Versions::NONE.with(version)),
                alloc::format!("[{version:?}]")
            );
        }
    }
}
