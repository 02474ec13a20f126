//! The parts of packets: their names, and where the standard describes them.

use super::{PacketType, PropertyId, standard};
use crate::types::Version;
use core::fmt;

/// A part of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The first byte: packet type and flags.
    FixedHeader,
    /// The Remaining Length.
    RemainingLength,
    /// The protocol name of CONNECT.
    ProtocolName,
    /// The protocol level of CONNECT.
    ProtocolLevel,
    /// The connect flags.
    ConnectFlags,
    /// The keep alive of CONNECT.
    KeepAlive,
    /// The client identifier.
    ClientId,
    /// The topic of the will.
    WillTopic,
    /// The payload of the will.
    WillPayload,
    /// The user name.
    UserName,
    /// The password.
    Password,
    /// The first byte of CONNACK.
    AcknowledgeFlags,
    /// The return code of CONNACK, or one of SUBACK, in 3.1 and 3.1.1.
    ReturnCode,
    /// The reason code, or one of several; of most packets 3.1 and 3.1.1 can only say success.
    ReasonCode,
    /// The properties, which 3.1 and 3.1.1 do not have.
    Properties,
    /// The topic name of PUBLISH.
    TopicName,
    /// The packet identifier.
    PacketId,
    /// The payload of PUBLISH.
    Payload,
    /// A topic filter of SUBSCRIBE or UNSUBSCRIBE.
    TopicFilter,
    /// The requested QoS of SUBSCRIBE.
    RequestedQos,
    /// The subscription options, which a SUBSCRIBE of 5.0 has in the place of the requested QoS.
    SubscriptionOptions,
    /// The length of the properties.
    PropertyLength,
    /// The length of the properties of the will.
    WillPropertyLength,
    /// A property.
    Property(PropertyId),
    /// What follows the last field.
    End,
}

impl Field {
    /// The name, in the standard's words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FixedHeader => "fixed header",
            Self::RemainingLength => "remaining length",
            Self::ProtocolName => "protocol name",
            Self::ProtocolLevel => "protocol level",
            Self::ConnectFlags => "connect flags",
            Self::KeepAlive => "keep alive",
            Self::ClientId => "client identifier",
            Self::WillTopic => "will topic",
            Self::WillPayload => "will message",
            Self::UserName => "user name",
            Self::Password => "password",
            Self::AcknowledgeFlags => "acknowledge flags",
            Self::ReturnCode => "return code",
            Self::ReasonCode => "reason code",
            Self::Properties => "properties",
            Self::TopicName => "topic name",
            Self::PacketId => "packet identifier",
            Self::Payload => "payload",
            Self::TopicFilter => "topic filter",
            Self::RequestedQos => "requested QoS",
            Self::SubscriptionOptions => "subscription options",
            Self::PropertyLength => "property length",
            Self::WillPropertyLength => "will property length",
            Self::Property(id) => id.name(),
            Self::End => "end of the packet",
        }
    }

    /// The section of the standard that describes the field in this packet.
    pub fn section(self, packet: PacketType, version: Version) -> &'static str {
        standard::section(self, packet, version)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
