//! The replays of a session: in the order in which they were asked for, and found by their filters.

use super::replay::Replay;
use alloc::{collections::BTreeMap, sync::Arc};

/// A client may ask again and again for each of its many subscriptions, so that none is searched for.
#[derive(Default)]
pub(super) struct Replays {
    queue: BTreeMap<u64, Replay>,
    numbers: BTreeMap<Arc<str>, u64>,
    next: u64,
}

impl Replays {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Replay> {
        self.queue.values()
    }

    pub(super) fn contains(&self, filter: &str) -> bool {
        self.numbers.contains_key(filter)
    }

    pub(super) fn get_mut(&mut self, filter: &str) -> Option<&mut Replay> {
        self.queue.get_mut(self.numbers.get(filter)?)
    }

    /// Adds one behind the others, in place of the one that there is of its filter.
    pub(super) fn push(&mut self, replay: Replay) {
        self.remove(&replay.filter);
        self.numbers.insert(Arc::clone(&replay.filter), self.next);
        self.queue.insert(self.next, replay);
        self.next = self.next.wrapping_add(1);
    }

    pub(super) fn remove(&mut self, filter: &str) {
        if let Some(number) = self.numbers.remove(filter) {
            self.queue.remove(&number);
        }
    }

    /// The one that is to go on.
    pub(super) fn first_mut(&mut self) -> Option<&mut Replay> {
        self.queue.values_mut().next()
    }

    /// Takes it out.
    pub(super) fn pop_first(&mut self) -> Option<Replay> {
        let (_, replay) = self.queue.pop_first()?;
        self.numbers.remove(&replay.filter);
        Some(replay)
    }
}
