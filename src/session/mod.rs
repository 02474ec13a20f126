//! What to do next, given what has happened: events in, actions out, and promises that hold.

mod action;
mod aliases;
mod client;
mod exchange;
mod fault;
mod form;
mod ids;
mod inbound;
mod input;
mod journal;
mod message;
mod method;
mod options;
mod outbound;
mod outgoing;
mod queue;
mod requests;
mod server;
mod snapshot;
mod take;
mod transition;
mod will;

pub use action::{ClientAction, Failure, Published, Received, Requested, ServerAction, Token};
pub use client::Client;
pub use fault::{CloseReason, CommandError, Deadline, Dropped, Fault};
pub use inbound::{Acknowledgement, Arrival, Inbound, InboundError};
pub use journal::Record;
pub use message::Message;
pub use options::SessionOptions;
pub use outbound::{Answered, Outbound, Request, Resend, Unsent, WhyUnsent, WrongAnswer};
pub use outgoing::Outgoing;
pub use server::Server;
pub use snapshot::{QueuedMessage, SentMessage, Snapshot, SnapshotError, StoredWill};
pub use transition::{Answer, Awaited};

use crate::{packet::PacketType, types::QoS};

/// How a message is delivered that has an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flow {
    /// QoS 1.
    AtLeastOnce,
    /// QoS 2.
    ExactlyOnce,
}

impl Flow {
    /// What messages of a QoS have that are answered.
    #[inline]
    const fn of(qos: QoS) -> Option<Self> {
        match qos {
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce => Some(Self::AtLeastOnce),
            QoS::ExactlyOnce => Some(Self::ExactlyOnce),
        }
    }

    /// What a PUBLISH is answered by.
    #[inline]
    const fn answer(self) -> PacketType {
        match self {
            Self::AtLeastOnce => PacketType::Puback,
            Self::ExactlyOnce => PacketType::Pubrec,
        }
    }
}
