//! The journal of a broker, and what it says of all at once.

use super::{
    events::Broker,
    policy::Policy,
    record::{
        BrokerRecord, BrokerSnapshot, StoredFilter, StoredRetained, StoredSession,
        StoredSubscription,
    },
    retained::Kept,
    sessions::Session,
};
use crate::{time::Instant, topic::SubscribedTo};
use alloc::{format, vec::Vec};

/// So many records wait to be taken before nothing more is taken in.
const MAX_UNTAKEN: usize = 65_536;

impl<P: Policy> Broker<P> {
    /// The changes since the last call, to be persisted before anything is written that
    /// [`Self::transmit`] gives after it. Messages that may be sent by now are put among that.
    ///
    /// What one call gives ends with [`BrokerRecord::Committed`], and counts only as a whole: a message
    /// that was taken from one client and given to others is in several records. It is empty if nothing
    /// has changed, or no journal is kept.
    pub fn journal(&mut self, now: Instant) -> Vec<BrokerRecord> {
        while !self.dirty.is_empty() {
            for key in core::mem::take(&mut self.dirty) {
                self.write_down(now, key);
            }
        }
        let Some(journal) = &mut self.journal else { return Vec::new() };
        if !journal.is_empty() {
            journal.push(BrokerRecord::Committed);
        }
        core::mem::take(journal)
    }

    fn write_down(&mut self, now: Instant, key: u32) {
        // A key may be there twice, as another session may have it now.
        let session = self.sessions.get_mut(key).filter(|session| session.is_dirty);
        let Some(session) = session else { return };
        let records = session.server.journal(now);
        if let Some(journal) = &mut self.journal {
            journal.extend(records.into_iter().map(|record| {
                let client_id = session.client_id.clone();
                BrokerRecord::Session { client_id, record }
            }));
        }
        // It is among those that are dirty until that is done, so that it is not put there again.
        self.settle(now, key);
        if let Some(session) = self.sessions.get_mut(key) {
            session.is_dirty = false;
        }
    }

    /// Whether there is room for more records.
    pub(super) fn may_record(&self) -> bool {
        self.journal.as_ref().is_none_or(|journal| journal.len() < MAX_UNTAKEN)
    }

    /// All that outlives the connections.
    pub fn snapshot(&self) -> BrokerSnapshot {
        let mut snapshot = BrokerSnapshot::new();
        snapshot.next_assigned = self.next_assigned;
        for (key, session) in self.sessions.iter() {
            let stored = self.stored(key, session);
            snapshot.sessions.insert(session.client_id.clone(), stored);
        }
        for entry in self.retained.tree.iter() {
            let Kept { message, publisher, since, .. } = entry.value.clone();
            let stored = StoredRetained { message, publisher, since };
            snapshot.retained.insert(entry.name(), stored);
        }
        snapshot
    }

    fn stored(&self, key: u32, session: &Session<P::Client>) -> StoredSession {
        let mut stored = StoredSession {
            session: session.server.snapshot(),
            is_confirmed: session.is_confirmed,
            subscriptions: Vec::new(),
        };
        self.subscriptions.for_each_of(&key, |to, granted| {
            let filter = stored_filter(to);
            let replays = session.replays.as_ref();
            let replays =
                !filter.is_shared && replays.is_some_and(|all| all.contains(&filter.filter));
            stored.insert(StoredSubscription { filter, granted: *granted, replays });
        });
        stored
    }
}

/// A filter as in the SUBSCRIBE.
pub(super) fn stored_filter(to: SubscribedTo<'_>) -> StoredFilter {
    match to {
        SubscribedTo::Filter(filter) => {
            StoredFilter { filter: filter.as_str().into(), is_shared: false }
        }
        SubscribedTo::Share(share) => StoredFilter {
            filter: format!("$share/{}/{}", share.name.as_str(), share.filter.as_str()),
            is_shared: true,
        },
    }
}
