//! What a broker may take up, and its choices where the standard leaves one.

use crate::{session::SessionOptions, topic::TreeLimits};
use alloc::string::String;

/// The limits and choices of a broker.
///
/// Every limit that is reached is counted, and told to the client where the version has words for it.
/// The defaults are safe for a broker that is open to the world.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokerOptions {
    /// Of each session. [`SessionOptions::session_expiry`] is the longest time for which any session is
    /// kept, by default a day; of 5.0 the client is told. Messages are acknowledged by the broker,
    /// whatever [`SessionOptions::manual_acknowledgement`] says.
    pub session: SessionOptions,
    /// Of subscriptions: of one client, of all, and of each filter.
    pub subscriptions: TreeLimits,
    /// Of the topics of retained messages, and how many there may be.
    pub retained: TreeLimits,
    /// How many bytes retained messages take up together.
    pub max_retained_bytes: usize,
    /// How many connections there may be, with those that are not accepted yet or about to close.
    pub max_connections: usize,
    /// How many sessions there may be, with those whose clients are away.
    pub max_sessions: usize,
    /// The largest CONNECT, and the largest AUTH before the connection is accepted.
    pub max_connect_size: u32,
    /// The length of a client identifier.
    pub max_client_id: usize,
    /// The longest keep alive in seconds, told to clients of 5.0; 0 for any.
    pub max_keep_alive: u16,
    /// Whether a client of 3.1 or 3.1.1 that wants a longer one is refused, as it can't be told.
    pub refuse_long_keep_alive: bool,
    /// How many filters a SUBSCRIBE or UNSUBSCRIBE may have.
    pub max_filters: usize,
    /// How a message comes that matches more than one subscription of a client.
    pub overlapping: Overlapping,
    /// What happens to a client that can't be told that it may not publish.
    pub refused_publish: RefusedPublish,
    /// What client identifiers begin with that the broker assigns; a number follows. Whoever can
    /// guess one can take its session unless the application looks after who may connect by it.
    pub client_id_prefix: String,
    /// By what the places of filters are hidden from those who subscribe, see
    /// [`FilterTree::with_seed`](crate::FilterTree::with_seed); without one it is random with the
    /// feature `std`, and known without.
    pub seed: Option<u64>,
    /// Whether changes are recorded, see [`Broker::journal`](super::Broker::journal).
    pub keep_journal: bool,
}

/// How a message comes that matches more than one subscription of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlapping {
    /// Once, with the highest QoS and all subscription identifiers [MQTT-3.3.4-2].
    #[default]
    Once,
    /// Once for each subscription.
    Each,
}

/// What happens to a client that can't be told that it may not publish: one of 3.1 or 3.1.1
/// [MQTT-3.3.5-2].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefusedPublish {
    /// The message is acknowledged, and goes nowhere.
    #[default]
    Acknowledge,
    /// The connection is closed.
    Close,
}

impl BrokerOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            session: SessionOptions {
                session_expiry: 86_400,
                topic_alias_maximum: 16,
                ..SessionOptions::new()
            },
            subscriptions: TreeLimits::new().with_max_entries(1_000_000),
            retained: TreeLimits::new().with_max_entries(100_000),
            max_retained_bytes: 64 * 1_048_576,
            max_connections: 10_000,
            max_sessions: 10_000,
            max_connect_size: 65_536,
            max_client_id: 1_024,
            max_keep_alive: 3_600,
            refuse_long_keep_alive: false,
            max_filters: 1_000,
            overlapping: Overlapping::Once,
            refused_publish: RefusedPublish::Acknowledge,
            client_id_prefix: "auto-".into(),
            seed: None,
            keep_journal: false,
        }
    }
}

impl Default for BrokerOptions {
    fn default() -> Self {
        Self::new()
    }
}
