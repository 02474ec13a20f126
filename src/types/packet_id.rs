//! The packet identifier, which is never zero.

use core::{fmt, num::NonZeroU16};

/// A packet identifier: 1 to 65,535 [MQTT-2.3.1-1]. 3.1 calls it the Message ID.
///
/// ```
/// use mqtt_pure::PacketId;
///
/// let id = PacketId::new(10).ok_or("zero")?;
/// assert_eq!(id.get(), 10);
/// assert_eq!(PacketId::new(0), None);
/// assert_eq!(PacketId::MAX.next(), PacketId::MIN);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct PacketId(NonZeroU16);

impl PacketId {
    /// The smallest identifier, 1.
    pub const MIN: Self = Self(NonZeroU16::MIN);
    /// The largest identifier, 65,535.
    pub const MAX: Self = Self(NonZeroU16::MAX);

    /// The identifier of this value, `None` for zero.
    pub const fn new(value: u16) -> Option<Self> {
        match NonZeroU16::new(value) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    /// The value, never zero.
    pub const fn get(self) -> u16 {
        self.0.get()
    }

    /// The identifier after this one; after the largest comes the smallest.
    #[must_use]
    pub const fn next(self) -> Self {
        match self.0.checked_add(1) {
            Some(value) => Self(value),
            None => Self::MIN,
        }
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A packet identifier was to be zero, which no packet may carry [MQTT-2.3.1-1].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a packet identifier cannot be zero [MQTT-2.3.1-1]")]
pub struct PacketIdZero;

impl TryFrom<u16> for PacketId {
    type Error = PacketIdZero;

    fn try_from(value: u16) -> Result<Self, PacketIdZero> {
        Self::new(value).ok_or(PacketIdZero)
    }
}

impl From<PacketId> for u16 {
    fn from(id: PacketId) -> Self {
        id.get()
    }
}

impl From<NonZeroU16> for PacketId {
    fn from(value: NonZeroU16) -> Self {
        Self(value)
    }
}
