//! What of a broker is to survive a crash: changes one by one, and all of it as plain data.

use super::{client_id::ClientId, error::RestoreError, granted::Granted};
use crate::{
    session::{Message, Record, Server, SessionOptions, Snapshot},
    time::Instant,
};
use alloc::{collections::BTreeMap, string::String, vec::Vec};

/// A change of what outlives the connections of a broker, see [`Broker::journal`](super::Broker).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum BrokerRecord {
    /// A change of a session.
    Session {
        /// Whose it is.
        client_id: ClientId,
        /// The change.
        record: Record,
    },
    /// A session is new, and its client may not know it.
    Begun {
        /// Whose it is.
        client_id: ClientId,
    },
    /// The client has sent something after it was told of its session.
    Confirmed {
        /// Whose it is.
        client_id: ClientId,
    },
    /// A subscription is there, or has changed.
    Subscribed {
        /// Whose it is.
        client_id: ClientId,
        /// What was subscribed to.
        subscription: StoredSubscription,
    },
    /// The retained messages of a subscription have been sent, or wait in the session.
    Replayed {
        /// Whose it is.
        client_id: ClientId,
        /// What was subscribed to.
        filter: StoredFilter,
    },
    /// A subscription is gone.
    Unsubscribed {
        /// Whose it was.
        client_id: ClientId,
        /// What was subscribed to.
        filter: StoredFilter,
    },
    /// All subscriptions of a client are gone.
    UnsubscribedAll {
        /// Whose they were.
        client_id: ClientId,
    },
    /// Nothing is kept of a client any more.
    Forgotten {
        /// Who it was.
        client_id: ClientId,
    },
    /// A message is retained, in place of another one of its topic.
    Retained(StoredRetained),
    /// Nothing is retained of a topic any more.
    RetainedGone {
        /// The topic.
        topic: String,
    },
    /// A client identifier was assigned.
    Assigned {
        /// The number of the next one.
        next: u64,
    },
    /// What was recorded since the last one of these belongs together.
    Committed,
}

/// A filter, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StoredFilter {
    /// As in the SUBSCRIBE.
    pub filter: String,
    /// Whether it is a shared subscription, which 3.1 and 3.1.1 do not know.
    pub is_shared: bool,
}

/// A subscription, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StoredSubscription {
    /// What was subscribed to.
    pub filter: StoredFilter,
    /// What was granted.
    pub granted: Granted,
    /// Whether retained messages are still to be sent. If it is restored they are sent from the first
    /// one on, also those that had been sent.
    pub replays: bool,
}

/// A retained message, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StoredRetained {
    /// The message.
    pub message: Message,
    /// Who published it; `None` for the application.
    pub publisher: Option<ClientId>,
    /// Since when it is retained.
    pub since: Instant,
}

/// A session, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StoredSession {
    /// Messages, will and expiry.
    pub session: Snapshot,
    /// Whether its client has shown that it knows of this session.
    pub is_confirmed: bool,
    /// By filter.
    pub subscriptions: Vec<StoredSubscription>,
}

impl StoredSession {
    fn new() -> Self {
        let session = Server::new(SessionOptions::new()).snapshot();
        Self { session, is_confirmed: true, subscriptions: Vec::new() }
    }

    pub(super) fn insert(&mut self, subscription: StoredSubscription) {
        let all = &mut self.subscriptions;
        match all.binary_search_by(|other| other.filter.cmp(&subscription.filter)) {
            Ok(at) => {
                if let Some(place) = all.get_mut(at) {
                    *place = subscription;
                }
            }
            Err(at) => all.insert(at, subscription),
        }
    }

    fn find(&self, filter: &StoredFilter) -> Option<usize> {
        self.subscriptions.binary_search_by(|other| other.filter.cmp(filter)).ok()
    }
}

/// What outlives the connections of a broker at one moment, to be stored or moved.
///
/// The same broker always gives the same snapshot, and [`Self::apply`] brings it up to date by what the
/// journal tells. A store need not keep it as one value: records name the client or the topic that they
/// are about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct BrokerSnapshot {
    /// The sessions.
    pub sessions: BTreeMap<ClientId, StoredSession>,
    /// What is retained, by topic.
    pub retained: BTreeMap<String, StoredRetained>,
    /// The number of the next client identifier that is assigned.
    pub next_assigned: u64,
    /// Records that are not known to be whole.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(super) open: Vec<BrokerRecord>,
}

impl BrokerSnapshot {
    /// That of a broker of which nothing is known.
    pub const fn new() -> Self {
        Self {
            sessions: BTreeMap::new(),
            retained: BTreeMap::new(),
            next_assigned: 1,
            open: Vec::new(),
        }
    }

    /// Brings it up to date by a change that was recorded after it was taken. Changes count when
    /// [`BrokerRecord::Committed`] comes behind them: what was written half before a crash is as if it
    /// had not happened, which is so for the clients too.
    pub fn apply(&mut self, record: BrokerRecord) -> Result<(), RestoreError> {
        if record != BrokerRecord::Committed {
            self.open.push(record);
            return Ok(());
        }
        for record in core::mem::take(&mut self.open) {
            self.change(record)?;
        }
        Ok(())
    }

    fn change(&mut self, record: BrokerRecord) -> Result<(), RestoreError> {
        match record {
            BrokerRecord::Session { client_id, record } => {
                let stored = self.sessions.entry(client_id.clone());
                let session = &mut stored.or_insert_with(StoredSession::new).session;
                let applied = session.apply(record);
                applied.map_err(|error| RestoreError::Session { client_id, error })?;
            }
            BrokerRecord::Begun { client_id } => {
                let stored = self.sessions.entry(client_id);
                stored.or_insert_with(StoredSession::new).is_confirmed = false;
            }
            BrokerRecord::Confirmed { client_id } => self.of(&client_id)?.is_confirmed = true,
            BrokerRecord::Subscribed { client_id, subscription } => {
                self.of(&client_id)?.insert(subscription);
            }
            BrokerRecord::Replayed { client_id, filter } => {
                let stored = self.of(&client_id)?;
                let at = stored.find(&filter).ok_or(RestoreError::Unknown(client_id))?;
                if let Some(subscription) = stored.subscriptions.get_mut(at) {
                    subscription.replays = false;
                }
            }
            BrokerRecord::Unsubscribed { client_id, filter } => {
                let stored = self.of(&client_id)?;
                let at = stored.find(&filter).ok_or(RestoreError::Unknown(client_id))?;
                stored.subscriptions.remove(at);
            }
            BrokerRecord::UnsubscribedAll { client_id } => {
                self.of(&client_id)?.subscriptions.clear();
            }
            BrokerRecord::Forgotten { client_id } => {
                self.sessions.remove(&client_id);
            }
            BrokerRecord::Retained(retained) => {
                self.retained.insert(retained.message.topic().as_str().into(), retained);
            }
            BrokerRecord::RetainedGone { topic } => {
                self.retained.remove(&topic);
            }
            BrokerRecord::Assigned { next } => self.next_assigned = next,
            BrokerRecord::Committed => {}
        }
        Ok(())
    }

    fn of(&mut self, client_id: &ClientId) -> Result<&mut StoredSession, RestoreError> {
        let stored = self.sessions.get_mut(client_id);
        stored.ok_or_else(|| RestoreError::Unknown(client_id.clone()))
    }
}

impl Default for BrokerSnapshot {
    fn default() -> Self {
        Self::new()
    }
}
