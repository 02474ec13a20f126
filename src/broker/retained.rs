//! Retained messages, within limits of count and bytes, until their time is over.

use super::{client_id::ClientId, counters::size};
use crate::{
    packet::{Properties, Property},
    session::Message,
    time::Instant,
    topic::{TopicName, TopicTree, TreeLimits},
    types::SubscriptionId,
};
use alloc::{collections::BTreeMap, vec::Vec};

/// A message that is retained.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) message: Message,
    pub(super) publisher: Option<ClientId>,
    pub(super) since: Instant,
    /// The number of the last publication of the topic while there were replays: whose replay began
    /// before it has got both.
    pub(super) touched: u64,
    /// Its place among those that expire.
    number: u64,
}

impl Kept {
    pub(super) fn new(message: Message, publisher: Option<ClientId>, since: Instant) -> Self {
        Self { message, publisher, since, touched: 0, number: 0 }
    }

    fn end(&self) -> Option<Instant> {
        let interval = self.message.message_expiry_interval()?;
        Some(self.since.plus_seconds(interval.into()))
    }

    /// The message as it is sent now, with what is left of its time and the identifier of the
    /// subscription; `None` if its time is over.
    pub(super) fn at(&self, now: Instant, id: Option<SubscriptionId>) -> Option<Message> {
        let Some(interval) = self.message.message_expiry_interval() else {
            return Some(match id {
                None => self.message.clone(),
                Some(id) => compose(&self.message, None, &[id]),
            });
        };
        // [MQTT-3.3.2-6]; begun seconds count as whole.
        let waited = now.millis_since(self.since).checked_div(1_000).unwrap_or_default();
        let left = u64::from(interval).checked_sub(waited).filter(|left| *left > 0)?;
        let left = u32::try_from(left).unwrap_or(u32::MAX);
        Some(compose(&self.message, Some(left), id.as_slice()))
    }
}

/// The message with these identifiers of subscriptions.
pub(super) fn compose(message: &Message, expiry: Option<u32>, ids: &[SubscriptionId]) -> Message {
    let own = message.properties();
    let mut all: Vec<_> = own.iter().collect();
    all.extend(expiry.map(Property::MessageExpiryInterval));
    all.extend(ids.iter().copied().map(Property::SubscriptionIdentifier));
    let composed = message.clone().with_properties(Properties::from(&all[..]));
    // It fails only where the packet would be longer than any packet may be.
    composed.unwrap_or_else(|_| message.clone())
}

pub(super) struct Retained {
    pub(super) tree: TopicTree<Kept>,
    bytes: usize,
    max_bytes: usize,
    /// Those whose time ends.
    ends: BTreeMap<(Instant, u64), Message>,
    next_number: u64,
}

/// There is no room for a message.
pub(super) struct Full;

impl Retained {
    pub(super) const fn new(limits: TreeLimits, max_bytes: usize) -> Self {
        let tree = TopicTree::with_limits(limits);
        Self { tree, bytes: 0, max_bytes, ends: BTreeMap::new(), next_number: 0 }
    }

    pub(super) fn count(&self) -> u64 {
        size(self.tree.len())
    }

    pub(super) fn bytes(&self) -> u64 {
        size(self.bytes)
    }

    /// Keeps a message in place of the one that there is of its topic [MQTT-3.3.1-5].
    pub(super) fn set(&mut self, mut kept: Kept) -> Result<(), Full> {
        let message = kept.message.clone();
        let topic = message.topic();
        let old = self.tree.get(topic).map_or(0, |old| old.message.weight());
        let bytes = self.bytes.saturating_sub(old).saturating_add(message.weight());
        if bytes > self.max_bytes {
            return Err(Full);
        }
        kept.number = self.next_number;
        let end = kept.end().map(|end| (end, kept.number));
        let replaced = self.tree.insert(topic, kept).map_err(|_| Full)?;
        self.next_number = self.next_number.wrapping_add(1);
        self.forget_end(replaced);
        if let Some(end) = end.filter(|(end, _)| *end < Instant::NEVER) {
            self.ends.insert(end, message.clone());
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Keeps nothing of the topic; tells whether there was something.
    pub(super) fn remove(&mut self, topic: TopicName<'_>) -> bool {
        let Some(old) = self.tree.remove(topic) else { return false };
        self.bytes = self.bytes.saturating_sub(old.message.weight());
        self.forget_end(Some(old));
        true
    }

    fn forget_end(&mut self, old: Option<Kept>) {
        if let Some(old) = old
            && let Some(end) = old.end()
        {
            self.ends.remove(&(end, old.number));
        }
    }

    /// When the next one is over.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.ends.keys().next().map(|(end, _)| *end)
    }

    /// Takes out one whose time is over.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Message> {
        self.next_end().filter(|end| *end <= now)?;
        let (_, message) = self.ends.pop_first()?;
        self.remove(message.topic());
        Some(message)
    }
}
