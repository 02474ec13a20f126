//! What is told of messages and requests that are sent.

use crate::{
    session::transition::{Answer, Awaited},
    types::PacketId,
};

/// What follows from an answer of the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered<M> {
    /// The message has arrived, or the request was answered; its identifier is free.
    Done(M),
    /// The peer has not taken the message; its identifier is free [MQTT-4.3.3-4].
    Refused(M),
    /// PUBREL is to be sent, after it is recorded that the PUBLISH is not to be sent again. The
    /// message itself is needed no more; see [`Outbound::get_mut`](super::Outbound::get_mut).
    Release,
    /// PUBREL is to be sent again.
    ReleaseAgain,
    /// Nothing is known of the identifier: PUBREL is to be sent, in 5.0 with the reason code 0x92.
    ReleaseUnknown,
    /// Nothing is known of the identifier, and there is nothing to do.
    Unknown,
}

/// The peer gave an answer that does not belong to what was sent; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{answer:?} for packet identifier {id}, which waits for {awaited:?}")]
pub struct WrongAnswer {
    /// The identifier.
    pub id: PacketId,
    /// What the peer gave.
    pub answer: Answer,
    /// What it should have given.
    pub awaited: Awaited,
}

/// A message that was not taken, and why; it may be tried again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unsent<M> {
    /// The message.
    pub message: M,
    /// Why.
    pub why: WhyUnsent,
}

/// Why a message or a request can't be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WhyUnsent {
    /// There is no connection.
    #[error("there is no connection")]
    NotConnected,
    /// As many messages are on their way as the peer accepts [MQTT-4.9.0-2].
    #[error("no more messages may be on their way")]
    QuotaUsedUp,
    /// Older messages are to be sent again first [MQTT-4.6.0-1].
    #[error("older messages are to be sent again first")]
    Resending,
    /// All packet identifiers are in use [MQTT-2.3.1-2].
    #[error("no packet identifier is free")]
    NoIdentifier,
}

/// What is to be sent again on a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend<'o, M> {
    /// PUBLISH, with DUP [MQTT-3.3.1-1].
    Publish {
        /// The identifier that it had.
        id: PacketId,
        /// The message.
        message: &'o M,
    },
    /// PUBREL, and not the PUBLISH.
    Pubrel {
        /// The identifier of the message.
        id: PacketId,
    },
}

/// A request that has an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// SUBSCRIBE.
    Subscribe,
    /// UNSUBSCRIBE.
    Unsubscribe,
}
