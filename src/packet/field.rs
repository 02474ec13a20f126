//! The parts of packets: their names, and where the standard describes them.

use super::PacketType;
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
    /// The return code of CONNACK, or one of SUBACK.
    ReturnCode,
    /// The reason code of a packet of which 3.1 and 3.1.1 can only say success.
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
            Self::End => "end of the packet",
        }
    }

    /// The section of the standard that describes the field in this packet.
    pub const fn section(self, packet: PacketType, version: Version) -> &'static str {
        match version {
            Version::V3_1 => self.section_3_1(packet),
            Version::V3_1_1 => self.section_3_1_1(packet),
        }
    }

    const fn section_3_1(self, packet: PacketType) -> &'static str {
        match self {
            Self::FixedHeader | Self::RemainingLength => "2.1",
            _ => packet.section(),
        }
    }

    const fn section_3_1_1(self, packet: PacketType) -> &'static str {
        use PacketType as P;
        match (self, packet) {
            (Self::RemainingLength, _) => "2.2.3",
            (Self::FixedHeader | Self::ReasonCode | Self::Properties | Self::End, _) => {
                packet.section()
            }
            (Self::ProtocolName, _) => "3.1.2.1",
            (Self::ProtocolLevel, _) => "3.1.2.2",
            (Self::ConnectFlags, _) => "3.1.2.3",
            (Self::KeepAlive, _) => "3.1.2.10",
            (Self::ClientId, _) => "3.1.3.1",
            (Self::WillTopic, _) => "3.1.3.2",
            (Self::WillPayload, _) => "3.1.3.3",
            (Self::UserName, _) => "3.1.3.4",
            (Self::Password, _) => "3.1.3.5",
            (Self::AcknowledgeFlags, _) => "3.2.2.1",
            (Self::ReturnCode, P::Connack) => "3.2.2.3",
            (Self::ReturnCode, _) => "3.9.3",
            (Self::TopicName, _) => "3.3.2.1",
            (Self::Payload, _) => "3.3.3",
            (Self::TopicFilter, P::Unsubscribe) => "3.10.3",
            (Self::TopicFilter | Self::RequestedQos, _) => "3.8.3",
            (Self::PacketId, P::Publish) => "3.3.2.2",
            (Self::PacketId, P::Puback) => "3.4.2",
            (Self::PacketId, P::Pubrec) => "3.5.2",
            (Self::PacketId, P::Pubrel) => "3.6.2",
            (Self::PacketId, P::Pubcomp) => "3.7.2",
            (Self::PacketId, P::Subscribe) => "3.8.2",
            (Self::PacketId, P::Suback) => "3.9.2",
            (Self::PacketId, P::Unsubscribe) => "3.10.2",
            (Self::PacketId, P::Unsuback) => "3.11.2",
            (Self::PacketId, _) => "2.3.1",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
