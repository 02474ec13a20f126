//! What of a session is to survive a crash.

use super::{action::Token, message::Message};
use crate::{time::Instant, types::PacketId};

/// A change of the part of a session that outlives its connections.
///
/// Persist what a session has recorded before you write what it wants to have written: then a crash
/// loses no message and no message of QoS 2 is delivered twice. [`Snapshot::apply`](super::Snapshot)
/// brings a snapshot up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Record {
    /// A message of QoS 1 or 2 is sent for the first time.
    Sent {
        /// Its identifier.
        packet_id: PacketId,
        /// Its name in later actions.
        token: Token,
        /// The message.
        message: Message,
        /// Since when its Message Expiry Interval runs, to the second; `None` if it has none.
        since: Option<Instant>,
        /// Whether it is the one that has waited longest, and waits no more.
        was_queued: bool,
    },
    /// PUBREC came: the message is the peer's and never sent again, PUBREL is.
    Released {
        /// Its identifier.
        packet_id: PacketId,
    },
    /// A message of QoS 2 that was sent is not sent again, as the new connection does not take it, and this
    /// was told. The peer may have it, so PUBREL is sent and the identifier in use until PUBCOMP.
    Dropped {
        /// Its identifier.
        packet_id: PacketId,
    },
    /// A message of this side is over, its identifier free.
    Done {
        /// Its identifier.
        packet_id: PacketId,
    },
    /// A message of QoS 2 was taken from the peer, and is not to be delivered again.
    Received {
        /// Its identifier.
        packet_id: PacketId,
    },
    /// PUBREL came: the identifier is free.
    Completed {
        /// Its identifier.
        packet_id: PacketId,
    },
    /// A message waits to be sent.
    Queued {
        /// Its name in later actions.
        token: Token,
        /// The message.
        message: Message,
        /// Since when.
        since: Instant,
    },
    /// The message that has waited longest is dropped.
    Unqueued,
    /// Nothing is on its way any more; nor does anything wait, if so it says.
    Cleared {
        /// Whether messages that waited are gone too.
        waiting: bool,
    },
    /// There is a session, as a connection was accepted.
    Connected {
        /// For how many seconds it is kept after the connection.
        expiry: u32,
        /// The will of the client, and after how many seconds it is to be published (servers).
        will: Option<(Message, u32)>,
    },
    /// The will is not to be published any more, or has been.
    WillOver,
    /// The connection was lost or closed.
    Disconnected {
        /// When, of the client of a server: from then on session and will wait.
        at: Option<Instant>,
        /// For how many seconds the session is kept from then on.
        expiry: u32,
    },
    /// There is no session any more.
    Ended,
}
