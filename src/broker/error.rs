//! Why a broker refuses a command, or a snapshot.

use super::client_id::ClientId;
use crate::session::{CommandError, SnapshotError};

/// Why a command of the application is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// There are as many connections as may be.
    #[error("there are {0} connections, and may not be more")]
    ConnectionsFull(usize),
    /// There are as many sessions as may be: the client was refused.
    #[error("there are {0} sessions, and may not be more")]
    SessionsFull(usize),
    /// The client identifier is longer than it may be: the client was refused.
    #[error("a client identifier of {len} bytes, where at most {most} are allowed")]
    ClientIdTooLong {
        /// How long it is.
        len: usize,
        /// How long it may be.
        most: usize,
    },
    /// The client wants a longer keep alive than there may be, and can't be told: it was refused.
    #[error("a keep alive of {0} seconds, which is too long, or none")]
    KeepAlive(u16),
    /// There is no such connection.
    #[error("there is no such connection")]
    NoConnection,
    /// There is no session of this client.
    #[error("there is no such session")]
    NoSession,
    /// As many messages are retained as may be, or the topic may not be.
    #[error("the message can't be retained")]
    RetainedFull,
    /// The session refuses the command.
    #[error("{0}")]
    Command(#[from] CommandError),
}

/// Why a snapshot is not that of a broker, or does not fit the limits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// A session that is none.
    #[error("the session of {client_id:?}: {error}")]
    Session {
        /// Whose it is.
        client_id: ClientId,
        /// What is wrong with it.
        error: SnapshotError,
    },
    /// There are more sessions than may be.
    #[error("{0} sessions")]
    SessionsFull(usize),
    /// A filter that is none, or beyond the limits.
    #[error("the subscription of {client_id:?} to {filter:?}")]
    Subscription {
        /// Whose it is.
        client_id: ClientId,
        /// The filter.
        filter: alloc::string::String,
    },
    /// Subscriptions or other state without a session.
    #[error("{0:?} has no session")]
    NoSession(ClientId),
    /// A retained message beyond the limits, or one that is none.
    #[error("the retained message of {0:?}")]
    Retained(alloc::string::String),
    /// A change of something that is not there.
    #[error("a change of {0:?}, of which there is nothing")]
    Unknown(ClientId),
}
