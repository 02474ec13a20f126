//! Messages that wait until they may be sent.

use super::{action::Token, message::Message};
use crate::time::Instant;
use alloc::collections::VecDeque;

/// Messages of QoS 1 and 2, first come first sent.
#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

pub(super) struct Waiting {
    pub(super) message: Message,
    pub(super) token: Token,
    /// Since when it waits.
    pub(super) since: Instant,
}

impl Waiting {
    /// What is left of the Message Expiry Interval in seconds, begun ones counted as whole; nothing if
    /// it is over.
    pub(super) fn left(&self, now: Instant) -> Option<Option<u32>> {
        let Some(interval) = self.message.message_expiry_interval() else { return Some(None) };
        let waited = now.millis_since(self.since).checked_div(1_000).unwrap_or_default();
        let waited = u32::try_from(waited).unwrap_or(u32::MAX);
        // [MQTT-3.3.2-5] [MQTT-3.3.2-6]
        interval.checked_sub(waited).filter(|left| *left > 0).map(Some)
    }
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, waiting: Waiting) {
        self.bytes = self.bytes.saturating_add(waiting.message.weight());
        self.waiting.push_back(waiting);
    }

    pub(super) fn front(&self) -> Option<&Waiting> {
        self.waiting.front()
    }

    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let waiting = self.waiting.pop_front()?;
        self.bytes = self.bytes.saturating_sub(waiting.message.weight());
        Some(waiting)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter()
    }
}
