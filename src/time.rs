//! Moments. The crate never asks what time it is: whoever calls says so.

/// A moment in milliseconds since a beginning that the caller chooses, and keeps over restarts if
/// sessions are restored.
///
/// A clock that runs backwards makes deadlines late, one that leaps ahead makes them early; nothing
/// overflows.
///
/// ```
/// use mqtt_pure::Instant;
///
/// let start = Instant::from_millis(1_000);
/// assert_eq!(start.plus_millis(500).millis_since(start), 500);
/// assert_eq!(start.millis_since(start.plus_millis(500)), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Instant(u64);

impl Instant {
    /// A moment that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// The moment so many milliseconds after the beginning.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// The milliseconds since the beginning.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The moment so much later; [`Self::NEVER`] where there is none.
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The moment so many seconds later.
    #[must_use]
    pub(crate) const fn plus_seconds(self, seconds: u64) -> Self {
        self.plus_millis(seconds.saturating_mul(1_000))
    }

    /// How long ago the other moment was, 0 if it is still to come.
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
