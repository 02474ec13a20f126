//! What is due when, of all sessions and connections.

use super::connection::ConnectionId;
use crate::time::Instant;
use alloc::collections::BTreeSet;

/// Whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A connection that is not accepted.
    Connection(ConnectionId),
    /// A session, by its key.
    Session(u32),
}

/// All deadlines, the next one first.
///
/// A deadline that has moved to a later moment stays where it is, as most do with every packet; when
/// its moment comes it is set anew. To wake up too early is harmless.
#[derive(Default)]
pub(super) struct Timers {
    due: BTreeSet<(Instant, Timer)>,
}

impl Timers {
    /// The next moment.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Sees to it that something is woken in time. `set` is the moment at which it would be.
    pub(super) fn set(&mut self, timer: Timer, set: &mut Instant, due: Option<Instant>) {
        let Some(due) = due.filter(|due| *due < *set) else { return };
        self.remove(timer, *set);
        self.due.insert((due, timer));
        *set = due;
    }

    /// Takes out something that is gone.
    pub(super) fn remove(&mut self, timer: Timer, set: Instant) {
        if set < Instant::NEVER {
            self.due.remove(&(set, timer));
        }
    }

    /// The next one whose moment has come, which is to be set anew.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Timer> {
        let next = self.due.first().filter(|(due, _)| *due <= now)?;
        let timer = next.1;
        self.due.pop_first();
        Some(timer)
    }
}
