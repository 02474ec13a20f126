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

/// A moment to the second, in half of the memory: those after the first 136 years are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seconds(u32);

impl Seconds {
    /// The second that the moment is in.
    // Most messages have no time of their own: not worth being done in advance.
    #[cold]
    pub(crate) fn of(moment: Instant) -> Self {
        let seconds = moment.0.checked_div(1_000).unwrap_or_default();
        Self(u32::try_from(seconds).unwrap_or(u32::MAX))
    }

    /// Its beginning.
    pub(crate) fn begin(self) -> Instant {
        Instant::from_millis(0).plus_seconds(self.0.into())
    }

    /// How many seconds have begun since then.
    pub(crate) fn passed(self, now: Instant) -> u32 {
        Self::of(now).0.saturating_sub(self.0)
    }
}
