//! The subscription identifier, which is never zero.

use core::{fmt, num::NonZeroU32};

/// A subscription identifier of 5.0: 1 to 268,435,455 (section 3.8.2.1.2).
///
/// ```
/// use mqtt_pure::SubscriptionId;
///
/// let id = SubscriptionId::new(7).ok_or("out of range")?;
/// assert_eq!(id.get(), 7);
/// assert_eq!(SubscriptionId::new(0), None);
/// assert_eq!(SubscriptionId::new(268_435_456), None);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(NonZeroU32);

impl SubscriptionId {
    /// The smallest identifier, 1.
    pub const MIN: Self = Self(NonZeroU32::MIN);
    /// The largest identifier, 268,435,455.
    pub const MAX: Self = match Self::new(268_435_455) {
        Some(max) => max,
        None => Self::MIN,
    };

    /// The identifier of this value; `None` for zero and above [`Self::MAX`].
    pub const fn new(value: u32) -> Option<Self> {
        match NonZeroU32::new(value) {
            Some(value) if value.get() <= 268_435_455 => Some(Self(value)),
            _ => None,
        }
    }

    /// The value, 1 to 268,435,455.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_range() {
        assert_eq!(SubscriptionId::MAX.get(), 268_435_455);
        assert_eq!(SubscriptionId::new(1), Some(SubscriptionId::MIN));
        assert_eq!(SubscriptionId::new(0), None);
        assert_eq!(SubscriptionId::new(268_435_456), None);
    }
}
