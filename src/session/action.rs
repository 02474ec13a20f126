//! What a session has to say to its application.

use super::{
    fault::{CloseReason, Dropped},
    message::Message,
};
use crate::{
    packet::{
        Auth, Connack, Connect, Disconnect, PacketType, Properties, Publish, Skipped, Suback,
        Subscribe, Unsuback, Unsubscribe,
    },
    topic::TopicName,
    types::{PacketId, ReasonCode},
};
use alloc::sync::Arc;
use core::{fmt, num::NonZeroU32};

/// The name of a message or request that was accepted for sending. One later action has it, and no
/// other message or request of the session has it before 4,294,967,295 more. Requests, which end with
/// their connection, are not in the journal: a session that is restored from it may use their names again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Token(NonZeroU32);

impl Token {
    /// The first.
    pub(super) const FIRST: Self = Self(NonZeroU32::MIN);

    /// The token with this number, such as one that was stored; there is none with 0.
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Its number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// Whether it was given out when this one comes next. Those of one session are close together.
    pub(super) const fn is_before(self, next: Self) -> bool {
        matches!(next.get().wrapping_sub(self.get()), 1..0x8000_0000)
    }

    /// The one after it.
    pub(super) const fn next(self) -> Self {
        match self.0.checked_add(1) {
            Some(number) => Self(number),
            None => Self::FIRST,
        }
    }
}

/// What became of a message at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// It is among what is to be written. At QoS 0 no more is heard of it.
    Written,
    /// It is among what is to be written, and waits for its acknowledgement.
    Sent {
        /// Its name in a later action.
        token: Token,
        /// Its identifier.
        packet_id: PacketId,
    },
    /// It waits until it may be sent.
    Queued {
        /// Its name in a later action.
        token: Token,
    },
}

impl Published {
    /// Its name in a later action, which a message of QoS 0 has not.
    pub const fn token(self) -> Option<Token> {
        match self {
            Self::Written => None,
            Self::Sent { token, .. } | Self::Queued { token } => Some(token),
        }
    }
}

/// A request that is among what is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requested {
    /// Its name in a later action.
    pub token: Token,
    /// Its identifier.
    pub packet_id: PacketId,
}

/// A message that was received.
#[derive(Clone, PartialEq, Eq)]
pub struct Received<'b> {
    /// The packet. Its topic is `None` if a topic alias stands for it; see [`Self::topic`].
    pub publish: Publish<'b>,
    /// The topic that an alias stands for.
    topic: Option<Arc<[u8]>>,
}

impl<'b> Received<'b> {
    #[inline]
    pub(super) const fn new(publish: Publish<'b>, topic: Option<Arc<[u8]>>) -> Self {
        Self { publish, topic }
    }

    /// The topic, in the packet or by its alias.
    pub fn topic(&self) -> TopicName<'_> {
        match (&self.topic, self.publish.topic) {
            (Some(topic), _) => TopicName::from_checked(topic),
            (None, Some(topic)) => topic,
            (None, None) => TopicName::from_checked(&[]),
        }
    }

    /// The payload.
    pub const fn payload(&self) -> &'b [u8] {
        self.publish.payload
    }

    /// A copy that outlives the bytes in which the message came, to be kept or sent on.
    pub fn to_message(&self) -> Message {
        Message::copy(self.topic(), &self.publish)
    }
}

impl fmt::Debug for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("topic", &self.topic())
            .field("publish", &self.publish)
            .finish()
    }
}

/// Why a message has come to its end without being taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure<'b> {
    /// The peer refuses it (5.0).
    Refused {
        /// Why.
        reason: ReasonCode,
        /// What else the peer says.
        properties: Properties<'b>,
    },
    /// It was not sent.
    Dropped(Dropped),
}

/// What has come to its end that had a token, or else is for both roles.
#[derive(Debug)]
pub(super) enum Common<'b> {
    Message(Received<'b>),
    Done { token: Token, reason: ReasonCode, properties: Properties<'b> },
    Failed { token: Token, failure: Failure<'b> },
    Lost { token: Token },
    Skipped(Skipped<'b>),
    Ignored { packet_type: PacketType, packet_id: PacketId },
    Close(CloseReason),
    SessionEnded,
    Will(Message),
}

/// An action of either role. What there is most of has a way of its own, as it would be moved otherwise.
pub(super) trait Told<'b>: From<Common<'b>> {
    /// A message has arrived, of which the peer says nothing.
    fn done(token: Token) -> Self;

    /// A message has come.
    fn message(received: Received<'b>) -> Self;
}

macro_rules! actions {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident($($value:ty),*),)* }
     $($common:ident)*) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name<'b> {
            $($(#[$variant_doc])* $variant($($value),*),)*
            /// A message has come. With automatic acknowledgement its answer is among what is to be
            /// written; so take care of the message before that is written.
            Message(Received<'b>),
            /// The message has arrived: its PUBACK or PUBCOMP has come.
            Done {
                /// What was named by it.
                token: Token,
                /// What the peer says (5.0).
                reason: ReasonCode,
                /// What else the peer says (5.0).
                properties: Properties<'b>,
            },
            /// The message has come to its end without being taken.
            Failed {
                /// What was named by it.
                token: Token,
                /// Why.
                failure: Failure<'b>,
            },
            /// The message has ended with the session, or the request with the connection: whether it
            /// has arrived is not known.
            Lost {
                /// What was named by it.
                token: Token,
            },
            /// A packet was larger than [`SessionOptions::max_packet_size`](super::SessionOptions)
            /// allows. It is skipped, and acknowledged if it is a message.
            Skipped(Skipped<'b>),
            /// An answer to nothing that is on its way, which changes nothing.
            Ignored {
                /// What came.
                packet_type: PacketType,
                /// Its identifier.
                packet_id: PacketId,
            },
            /// The transport is to be closed, after what is to be written has been.
            Close(CloseReason),
            /// The session is over. What was on its way is told before.
            SessionEnded,
        }

        impl<'b> Told<'b> for $name<'b> {
            #[inline(always)]
            fn done(token: Token) -> Self {
                let (reason, properties) = (ReasonCode::SUCCESS, Properties::none());
                Self::Done { token, reason, properties }
            }

            #[inline(always)]
            fn message(received: Received<'b>) -> Self {
                Self::Message(received)
            }
        }

        impl<'b> From<Common<'b>> for $name<'b> {
            fn from(common: Common<'b>) -> Self {
                match common {
                    Common::Message(received) => Self::Message(received),
                    Common::Done { token, reason, properties } => {
                        Self::Done { token, reason, properties }
                    }
                    Common::Failed { token, failure } => Self::Failed { token, failure },
                    Common::Lost { token } => Self::Lost { token },
                    Common::Skipped(skipped) => Self::Skipped(skipped),
                    Common::Ignored { packet_type, packet_id } => {
                        Self::Ignored { packet_type, packet_id }
                    }
                    Common::Close(reason) => Self::Close(reason),
                    Common::SessionEnded => Self::SessionEnded,
                    $(Common::$common(value) => Self::$common(value),)*
                    #[allow(unreachable_patterns, reason = "only servers have wills")]
                    Common::Will(_) => Self::SessionEnded,
                }
            }
        }
    };
}

actions! {
    /// What a [`Client`](super::Client) tells its application.
    ClientAction {
        /// The server has accepted the connection.
        Connected(Connack<'b>),
        /// The server has refused the connection; it is to be closed.
        Refused(Connack<'b>),
        /// The answer to a SUBSCRIBE, with a code for each filter.
        Subscribed(Token, Suback<'b>),
        /// The answer to an UNSUBSCRIBE; in 5.0 with a code for each filter.
        Unsubscribed(Token, Unsuback<'b>),
        /// The server closes the connection (5.0).
        Disconnected(Disconnect<'b>),
        /// The server goes on with the authentication (5.0); see
        /// [`authenticate`](super::Client::authenticate).
        Auth(Auth<'b>),
    }
}

actions! {
    /// What a [`Server`](super::Server) tells its application.
    ServerAction {
        /// A client wants to connect, which is to be answered by
        /// [`accept`](super::Server::accept), [`refuse`](super::Server::refuse) or
        /// [`authenticate`](super::Server::authenticate). Nothing further is taken in before.
        Connect(Connect<'b>),
        /// To be answered by [`grant`](super::Server::grant).
        Subscribe(Subscribe<'b>),
        /// To be answered by [`remove`](super::Server::remove).
        Unsubscribe(Unsubscribe<'b>),
        /// The will of the client is to be published now, if it may still publish it.
        Will(Message),
        /// The client leaves.
        Disconnected(Disconnect<'b>),
        /// The client begins to authenticate again, or goes on with it (5.0); see
        /// [`authenticate`](super::Server::authenticate).
        Auth(Auth<'b>),
    }
    Will
}
