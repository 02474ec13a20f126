//! The clock that the session lacks.

use mqtt_pure::Instant;
use std::time::{Duration, SystemTime};

/// Milliseconds since 1970, so that moments in a session file mean the same after a restart; from
/// the start of the program on it does not jump when the time of day is set.
#[derive(Clone, Copy)]
pub struct Clock {
    start: std::time::Instant,
    at_start: u64,
}

impl Clock {
    pub fn new() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { start: std::time::Instant::now(), at_start: millis(since) }
    }

    pub fn now(self) -> Instant {
        Instant::from_millis(self.at_start.saturating_add(millis(self.start.elapsed())))
    }

    /// How long it is until then.
    pub fn until(self, moment: Instant) -> Duration {
        Duration::from_millis(moment.millis_since(self.now()))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
