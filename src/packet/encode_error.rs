//! Why a packet cannot be written.

use super::{Field, PacketType, PropertyId};
use crate::types::{ReasonCode, Version};

/// Why a packet cannot be written. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The version has no way to say this.
    #[error("{field} of {packet_type} has a value that MQTT {version} cannot express")]
    NotInVersion {
        /// The packet.
        packet_type: PacketType,
        /// The field.
        field: Field,
        /// The version.
        version: Version,
    },
    /// The Remaining Length would be more than 268,435,455.
    #[error("{packet_type} with a remaining length of {remaining_length} bytes is too large")]
    PacketTooLarge {
        /// The packet.
        packet_type: PacketType,
        /// The number of bytes after the fixed header; of the properties, where these alone are too many.
        remaining_length: usize,
    },
    /// A SUBSCRIBE or UNSUBSCRIBE without any topic filter [MQTT-3.8.3-3] [MQTT-3.10.3-2], or a
    /// SUBACK or UNSUBACK without any code.
    #[error("{packet_type} without any entry")]
    Empty {
        /// The packet.
        packet_type: PacketType,
    },
    /// A password without a user name [MQTT-3.1.2-22].
    #[error("password without user name [MQTT-3.1.2-22]")]
    PasswordWithoutUserName,
    /// An empty client identifier without clean session [MQTT-3.1.3-7], or at all in 3.1.
    #[error("empty client identifier that the server would have to refuse [MQTT-3.1.3-7]")]
    EmptyClientId,
    /// A CONNACK that refuses has Session Present set [MQTT-3.2.2-4].
    #[error("session present in a refusal [MQTT-3.2.2-4]")]
    SessionPresentOnError,
    /// A reason code that the packet cannot carry.
    #[error("{packet_type} cannot carry the reason code 0x{:02X}", reason.get())]
    InvalidReasonCode {
        /// The packet.
        packet_type: PacketType,
        /// The code.
        reason: ReasonCode,
    },
    /// A property that the packet, or its will, cannot carry.
    #[error("{packet_type} cannot carry the property {property_id}")]
    PropertyNotAllowed {
        /// The packet.
        packet_type: PacketType,
        /// The property.
        property_id: PropertyId,
    },
    /// A property is there twice that may be there once.
    #[error("{packet_type} carries the property {property_id} more than once")]
    PropertyRepeated {
        /// The packet.
        packet_type: PacketType,
        /// The property.
        property_id: PropertyId,
    },
    /// A property has a value that is not to be sent.
    #[error("the property {property_id} of {packet_type} has a value that cannot be sent")]
    PropertyValue {
        /// The packet.
        packet_type: PacketType,
        /// The property.
        property_id: PropertyId,
    },
    /// A property is missing that has to be there: the authentication method of AUTH, or of a
    /// CONNECT with authentication data.
    #[error("{packet_type} needs the property {property_id}")]
    PropertyMissing {
        /// The packet.
        packet_type: PacketType,
        /// The property.
        property_id: PropertyId,
    },
    /// A PUBLISH without a topic and without a topic alias [MQTT-4.7.3-1].
    #[error("PUBLISH with neither topic nor topic alias [MQTT-4.7.3-1]")]
    NoTopic,
    /// A topic filter that begins with `$share/` and is no shared subscription [MQTT-4.8.2-1]
    /// [MQTT-4.8.2-2].
    #[error("{packet_type} with a malformed shared subscription [MQTT-4.8.2-2]")]
    SharedSubscription {
        /// The packet.
        packet_type: PacketType,
    },
    /// No Local for a shared subscription [MQTT-3.8.3-4].
    #[error("no local with a shared subscription [MQTT-3.8.3-4]")]
    NoLocalOnShared,
    /// The buffer cannot take the packet.
    #[error("the buffer has room for {available} bytes, the packet has {needed}")]
    NoRoom {
        /// What the packet needs.
        needed: usize,
        /// What the buffer can take.
        available: usize,
    },
}
