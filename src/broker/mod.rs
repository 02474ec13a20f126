//! A broker without I/O: many sessions, who subscribes to what, and what is retained.

mod accept;
mod actions;
mod admin;
mod client_id;
mod connection;
mod counters;
mod deliver;
mod error;
mod events;
mod granted;
mod journal;
mod options;
mod output;
mod policy;
mod publish;
mod record;
mod replay;
mod replays;
mod restore;
mod retained;
mod sessions;
mod subscribe;
mod timers;

pub use accept::Accept;
pub use admin::SessionInfo;
pub use client_id::ClientId;
pub use connection::ConnectionId;
pub use counters::Counters;
pub use error::{BrokerError, RestoreError};
pub use events::{Broker, BrokerAction};
pub use granted::Granted;
pub use options::{BrokerOptions, Overlapping, RefusedPublish};
pub use policy::{AllowAll, Forwarding, Policy, Publication, Subject};
pub use record::{
    BrokerRecord, BrokerSnapshot, StoredFilter, StoredRetained, StoredSession, StoredSubscription,
};
