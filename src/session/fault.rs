//! Why a connection comes to its end, and why a command is refused.

use super::{InboundError, WrongAnswer};
use crate::{
    packet::{DecodeError, EncodeError, PacketType},
    types::ReasonCode,
};

/// What the peer did that it may not do, for which the connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Bytes that are no packet.
    #[error("{0}")]
    Malformed(#[from] DecodeError),
    /// A packet that may not come now, or not from this side [MQTT-3.1.0-1] [MQTT-3.1.0-2].
    #[error("{0} may not come now")]
    Unexpected(PacketType),
    /// An answer that does not belong to what was sent.
    #[error("{0}")]
    WrongAnswer(#[from] WrongAnswer),
    /// A message or PUBREL with an identifier that may not be used so.
    #[error("{0}")]
    Identifier(#[from] InboundError),
    /// SUBACK or UNSUBACK with another number of codes than there were filters [MQTT-3.8.4-5].
    #[error("{given} codes for {asked} filters")]
    CodeCount {
        /// How many filters there were.
        asked: u32,
        /// How many codes came.
        given: u32,
    },
    /// A topic alias that is above the maximum or stands for no topic [MQTT-3.3.2-9].
    #[error("topic alias {0} is above the maximum, or stands for no topic")]
    TopicAlias(u16),
    /// The topics for which aliases stand take up too many bytes.
    #[error("topics with an alias take up more than {0} bytes")]
    AliasBytes(usize),
    /// An authentication method other than that of the CONNECT, or none where there has to be one
    /// [MQTT-4.12.0-5].
    #[error("not the authentication method of the CONNECT")]
    AuthenticationMethod,
    /// Session Present in a CONNACK though the client has no session [MQTT-3.2.2-4].
    #[error("session present, though this side has none")]
    SessionPresent,
    /// A QoS above the maximum that the server has told [MQTT-3.2.2-11].
    #[error("QoS above the maximum")]
    QosNotSupported,
    /// RETAIN though the server has told that it does not retain [MQTT-3.2.2-14].
    #[error("retain is not available")]
    RetainNotSupported,
    /// A DISCONNECT that makes a session last that was to end with its connection.
    #[error("session expiry interval in DISCONNECT after one of 0 in CONNECT")]
    SessionExpiry,
    /// Nothing came in time.
    #[error("{0}")]
    Late(Deadline),
}

impl Fault {
    /// What a peer of 5.0 is told.
    pub const fn reason(&self) -> ReasonCode {
        match self {
            Self::Malformed(error) => error.reason_code(),
            // [MQTT-3.3.4-9]
            Self::Identifier(InboundError::TooMany(_)) => ReasonCode::RECEIVE_MAXIMUM_EXCEEDED,
            Self::TopicAlias(_) => ReasonCode::TOPIC_ALIAS_INVALID,
            Self::AliasBytes(_) => ReasonCode::QUOTA_EXCEEDED,
            Self::QosNotSupported => ReasonCode::QOS_NOT_SUPPORTED,
            Self::RetainNotSupported => ReasonCode::RETAIN_NOT_SUPPORTED,
            Self::Late(Deadline::KeepAlive) => ReasonCode::KEEP_ALIVE_TIMEOUT,
            Self::Late(_) => ReasonCode::MAXIMUM_CONNECT_TIME,
            _ => ReasonCode::PROTOCOL_ERROR,
        }
    }
}

/// What a session waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Deadline {
    /// The CONNECT of the client; without it the connection is closed.
    #[error("no CONNECT in time")]
    Connect,
    /// The CONNACK of the server; without it the connection is closed.
    #[error("no CONNACK in time")]
    Connack,
    /// The next PINGREQ is to be sent [MQTT-3.1.2-23].
    #[error("PINGREQ is due")]
    Ping,
    /// The PINGRESP of the server; without it the connection is closed.
    #[error("no PINGRESP in time")]
    Pingresp,
    /// Any packet of the client; without one the connection is closed [MQTT-3.1.2-24].
    #[error("nothing came for one and a half times the keep alive")]
    KeepAlive,
    /// The will is to be published.
    #[error("the will is due")]
    Will,
    /// The session ends.
    #[error("the session ends")]
    SessionEnd,
}

/// Why the transport is to be closed, after what is to be written has been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer broke a rule, or was late.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// The application has said so.
    #[error("disconnected")]
    Disconnected,
    /// The peer has sent DISCONNECT.
    #[error("the peer has disconnected")]
    PeerDisconnected,
    /// The CONNECT was refused.
    #[error("the connection was refused")]
    Refused,
    /// The client has another connection [MQTT-3.1.4-2].
    #[error("the client has another connection")]
    TakenOver,
}

/// Why a command is refused; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// There is no connection on which this could be done, or not yet.
    #[error("there is no connection")]
    NotConnected,
    /// There is a connection already.
    #[error("there is a connection")]
    Connected,
    /// There is no session that could keep the message.
    #[error("there is no session")]
    NoSession,
    /// As many messages or bytes wait as may.
    #[error("the queue is full")]
    QueueFull,
    /// As many bytes wait to be written as may.
    #[error("too much waits to be written")]
    OutgoingFull,
    /// All packet identifiers are in use [MQTT-2.3.1-2].
    #[error("no packet identifier is free")]
    NoIdentifier,
    /// The peer does not take packets of this size [MQTT-3.1.2-24].
    #[error("the packet has {len} bytes, the peer takes {maximum}")]
    TooLarge {
        /// The size of the packet.
        len: usize,
        /// The Maximum Packet Size of the peer.
        maximum: u32,
    },
    /// The server does not take this QoS [MQTT-3.2.2-11].
    #[error("the server does not take this QoS")]
    QosNotSupported,
    /// The server does not retain messages [MQTT-3.2.2-14].
    #[error("the server does not retain messages")]
    RetainNotSupported,
    /// More filters than a request can have.
    #[error("too many filters")]
    TooManyFilters,
    /// There is no such message or request.
    #[error("nothing of this kind is to be answered")]
    Unknown,
    /// The number of codes is not the number of filters [MQTT-3.8.4-5] [MQTT-3.11.3-2].
    #[error("{given} codes for {asked} filters")]
    CodeCount {
        /// How many filters there were.
        asked: u32,
        /// How many codes were given.
        given: usize,
    },
    /// The CONNECT had no authentication method [MQTT-4.12.0-6].
    #[error("the CONNECT had no authentication method")]
    NoAuthenticationMethod,
    /// The reason code does not belong to this moment.
    #[error("reason code 0x{:02X} may not be sent now", .0.get())]
    Reason(ReasonCode),
    /// A session that ends with its connection can't be made to last by DISCONNECT.
    #[error("the session ends with its connection")]
    SessionExpiry,
    /// The packet can't be written.
    #[error("{0}")]
    Encode(#[from] EncodeError),
}

/// Why a message that was accepted for sending has come to its end without being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Dropped {
    /// Its Message Expiry Interval was over before it could be sent [MQTT-3.3.2-5].
    #[error("the message has expired")]
    Expired,
    /// The peer does not take packets of this size [MQTT-3.1.2-25].
    #[error("the peer does not take packets of this size")]
    TooLarge,
    /// The server does not take this QoS.
    #[error("the server does not take this QoS")]
    QosNotSupported,
    /// The server does not retain messages.
    #[error("the server does not retain messages")]
    RetainNotSupported,
}
