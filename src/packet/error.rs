//! Why bytes are not a packet: where, by which rule, and what the peer may be told. Why a packet
//! cannot be written.

use super::{Field, PacketType};
use crate::types::{ConnectReturnCode, Version};
use core::fmt;

/// What is wrong with bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The packet type is 0, or one that the version does not have.
    ReservedType,
    /// The flags in the first byte are not those of the packet type.
    ReservedFlags,
    /// The Remaining Length has more than four bytes.
    RemainingLengthTooLong,
    /// A variable byte integer is longer than its value needs.
    NonMinimalLength,
    /// The packet is larger than the limit of [`DecodeOptions`](super::DecodeOptions).
    PacketTooLarge,
    /// The packet ends before the field does.
    TruncatedField,
    /// Bytes follow the last field.
    TrailingBytes,
    /// A packet identifier of zero.
    PacketIdZero,
    /// A QoS of 3.
    InvalidQos,
    /// A string is no UTF-8.
    IllFormedUtf8,
    /// A string contains U+0000.
    HasNul,
    /// A string contains a control character or a non-character.
    DiscouragedCharacter,
    /// A topic name or topic filter without any character.
    EmptyTopic,
    /// A topic name contains a wildcard.
    WildcardInTopicName,
    /// A wildcard of a topic filter stands where it may not.
    MisplacedWildcard,
    /// The protocol name of CONNECT is no known one.
    ProtocolName,
    /// The protocol level is not supported together with the protocol name.
    ProtocolLevel,
    /// Bit 0 of the connect flags is set.
    ReservedConnectFlag,
    /// Will QoS or Will Retain is set without the Will Flag.
    WillFlagsWithoutWill,
    /// The Password Flag is set without the User Name Flag.
    PasswordWithoutUserName,
    /// A client identifier that has to be refused.
    ClientId,
    /// A reserved bit of the acknowledge flags of CONNACK is set.
    ReservedConnackFlags,
    /// A CONNACK that refuses has Session Present set.
    SessionPresentOnError,
    /// The CONNACK has the form of MQTT 5.0 and refuses the connection.
    ConnackOfOtherVersion,
    /// A return code or reason code that the packet cannot have.
    InvalidReasonCode,
    /// DUP is set at QoS 0.
    DupAtQos0,
    /// A SUBSCRIBE or UNSUBSCRIBE without any topic filter.
    NoFilters,
    /// A SUBACK without any return code.
    NoReasonCodes,
    /// Reserved bits of the requested QoS byte are set.
    ReservedSubscriptionBits,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 29] = [
        Self::ReservedType,
        Self::ReservedFlags,
        Self::RemainingLengthTooLong,
        Self::NonMinimalLength,
        Self::PacketTooLarge,
        Self::TruncatedField,
        Self::TrailingBytes,
        Self::PacketIdZero,
        Self::InvalidQos,
        Self::IllFormedUtf8,
        Self::HasNul,
        Self::DiscouragedCharacter,
        Self::EmptyTopic,
        Self::WildcardInTopicName,
        Self::MisplacedWildcard,
        Self::ProtocolName,
        Self::ProtocolLevel,
        Self::ReservedConnectFlag,
        Self::WillFlagsWithoutWill,
        Self::PasswordWithoutUserName,
        Self::ClientId,
        Self::ReservedConnackFlags,
        Self::SessionPresentOnError,
        Self::ConnackOfOtherVersion,
        Self::InvalidReasonCode,
        Self::DupAtQos0,
        Self::NoFilters,
        Self::NoReasonCodes,
        Self::ReservedSubscriptionBits,
    ];

    /// The stable name that the conformance vectors use.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ReservedType => "frame.reserved_type",
            Self::ReservedFlags => "frame.reserved_flags",
            Self::RemainingLengthTooLong => "frame.remaining_length_too_long",
            Self::NonMinimalLength => "varint.non_minimal",
            Self::PacketTooLarge => "limit.packet_too_large",
            Self::TruncatedField => "packet.truncated_field",
            Self::TrailingBytes => "packet.trailing_bytes",
            Self::PacketIdZero => "packet_id.zero",
            Self::InvalidQos => "qos.invalid",
            Self::IllFormedUtf8 => "string.ill_formed_utf8",
            Self::HasNul => "string.has_nul",
            Self::DiscouragedCharacter => "string.disallowed_codepoint",
            Self::EmptyTopic => "topic.empty",
            Self::WildcardInTopicName => "topic.name_has_wildcard",
            Self::MisplacedWildcard => "topic.filter_wildcard",
            Self::ProtocolName => "connect.protocol_name",
            Self::ProtocolLevel => "connect.protocol_level",
            Self::ReservedConnectFlag => "connect.reserved_flag",
            Self::WillFlagsWithoutWill => "connect.will_flags_without_will",
            Self::PasswordWithoutUserName => "connect.password_without_username",
            Self::ClientId => "connect.client_id",
            Self::ReservedConnackFlags => "connack.reserved_flags",
            Self::SessionPresentOnError => "connack.session_present_on_error",
            Self::ConnackOfOtherVersion => "connack.other_version",
            Self::InvalidReasonCode => "reason_code.invalid",
            Self::DupAtQos0 => "publish.dup_with_qos0",
            Self::NoFilters => "subscribe.no_filters",
            Self::NoReasonCodes => "suback.no_codes",
            Self::ReservedSubscriptionBits => "subscribe.reserved_options",
        }
    }

    /// The statement of 3.1.1 that forbids this in this field. Where the standard has text but no
    /// numbered statement there is none; 3.1 has no numbers at all.
    const fn statement(
        self,
        packet: Option<PacketType>,
        field: Field,
        value: u32,
    ) -> Option<&'static str> {
        use PacketType as P;
        const PLUS: u32 = 0x2b;
        const WILL_QOS: u32 = 0x18;
        Some(match (self, packet, field) {
            (Self::ReservedFlags, Some(P::Pubrel), _) => "MQTT-3.6.1-1",
            (Self::ReservedFlags, Some(P::Subscribe), _) => "MQTT-3.8.1-1",
            (Self::ReservedFlags, Some(P::Unsubscribe), _) => "MQTT-3.10.1-1",
            (Self::ReservedFlags, Some(P::Disconnect), _) => "MQTT-3.14.1-1",
            (Self::ReservedFlags, ..) => "MQTT-2.2.2-2",
            (Self::PacketIdZero, ..) => "MQTT-2.3.1-1",
            (Self::InvalidQos, Some(P::Connect), _) => "MQTT-3.1.2-14",
            (Self::InvalidQos, Some(P::Subscribe), _) => "MQTT-3.8.3-4",
            (Self::InvalidQos, ..) => "MQTT-3.3.1-4",
            (Self::IllFormedUtf8, ..) => "MQTT-1.5.3-1",
            (Self::HasNul, _, Field::TopicName | Field::TopicFilter | Field::WillTopic) => {
                "MQTT-4.7.3-2"
            }
            (Self::HasNul, ..) => "MQTT-1.5.3-2",
            (Self::EmptyTopic, ..) => "MQTT-4.7.3-1",
            (Self::WildcardInTopicName, Some(P::Publish), _) => "MQTT-3.3.2-2",
            (Self::WildcardInTopicName, ..) => "MQTT-4.7.1-1",
            (Self::MisplacedWildcard, ..) if value == PLUS => "MQTT-4.7.1-3",
            (Self::MisplacedWildcard, ..) => "MQTT-4.7.1-2",
            (Self::ProtocolName, ..) => "MQTT-3.1.2-1",
            (Self::ProtocolLevel, ..) => "MQTT-3.1.2-2",
            (Self::ReservedConnectFlag, ..) => "MQTT-3.1.2-3",
            (Self::WillFlagsWithoutWill, ..) if value & WILL_QOS != 0 => "MQTT-3.1.2-13",
            (Self::WillFlagsWithoutWill, ..) => "MQTT-3.1.2-15",
            (Self::PasswordWithoutUserName, ..) => "MQTT-3.1.2-22",
            (Self::ClientId, ..) => "MQTT-3.1.3-8",
            (Self::SessionPresentOnError, ..) => "MQTT-3.2.2-4",
            (Self::InvalidReasonCode, Some(P::Suback), _) => "MQTT-3.9.3-2",
            (Self::DupAtQos0, ..) => "MQTT-3.3.1-2",
            (Self::NoFilters, Some(P::Unsubscribe), _) => "MQTT-3.10.3-2",
            (Self::NoFilters, ..) => "MQTT-3.8.3-3",
            (Self::ReservedSubscriptionBits, ..) => "MQTT-3.8.3-4",
            (Self::TruncatedField, _, Field::WillTopic | Field::WillPayload) => "MQTT-3.1.2-9",
            (Self::TruncatedField, _, Field::ClientId) => "MQTT-3.1.3-3",
            (Self::TruncatedField, _, Field::UserName) => "MQTT-3.1.2-19",
            (Self::TruncatedField, _, Field::Password) => "MQTT-3.1.2-21",
            (Self::TruncatedField, _, Field::TopicName) => "MQTT-3.3.2-1",
            (Self::TruncatedField, _, Field::PacketId) => "MQTT-2.3.1-1",
            (Self::TrailingBytes | Self::TruncatedField, Some(P::Connect), _) => "MQTT-3.1.4-1",
            _ => return None,
        })
    }

    /// What is wrong, in words; `value` is the offending value where one is known.
    fn describe(self, error: &DecodeError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (field, value) = (error.field, error.value);
        match self {
            Self::ReservedType => write!(f, "packet type {value} is reserved"),
            Self::ReservedFlags => write!(f, "flags 0b{value:04b} are not those of the packet"),
            Self::RemainingLengthTooLong => f.write_str("remaining length of more than 4 bytes"),
            Self::NonMinimalLength => write!(f, "{field} {value} is not in its shortest form"),
            Self::PacketTooLarge => write!(f, "packet is over the limit of {value} bytes"),
            Self::TruncatedField => write!(f, "packet ends before the end of the {field}"),
            Self::TrailingBytes if matches!(field, Field::RemainingLength) => {
                f.write_str("remaining length is more than the packet can have")
            }
            Self::TrailingBytes => f.write_str("bytes after the last field"),
            Self::PacketIdZero => f.write_str("packet identifier is zero"),
            Self::InvalidQos => write!(f, "QoS 3 in the {field}"),
            Self::IllFormedUtf8 => write!(f, "{field} is not UTF-8"),
            Self::HasNul => write!(f, "{field} contains U+0000"),
            Self::DiscouragedCharacter => {
                write!(f, "{field} contains a control character or a non-character")
            }
            Self::EmptyTopic => write!(f, "{field} is empty"),
            Self::WildcardInTopicName => write!(f, "{field} contains a wildcard"),
            Self::MisplacedWildcard => write!(f, "{field} contains a misplaced wildcard"),
            Self::ProtocolName => f.write_str("protocol name is not that of MQTT"),
            Self::ProtocolLevel => write!(f, "protocol level {value} is not supported"),
            Self::ReservedConnectFlag => f.write_str("connect flags bit 0 must be zero"),
            Self::WillFlagsWithoutWill => f.write_str("will QoS or will retain without a will"),
            Self::PasswordWithoutUserName => f.write_str("password without user name"),
            Self::ClientId => f.write_str("client identifier has to be refused"),
            Self::ReservedConnackFlags => f.write_str("reserved acknowledge flags are set"),
            Self::SessionPresentOnError => f.write_str("session present in a refusal"),
            Self::ConnackOfOtherVersion => {
                write!(f, "connection refused by an MQTT 5.0 CONNACK, reason 0x{value:02X}")
            }
            Self::InvalidReasonCode => write!(f, "{field} 0x{value:02X} is reserved"),
            Self::DupAtQos0 => f.write_str("DUP is set at QoS 0"),
            Self::NoFilters => f.write_str("no topic filter"),
            Self::NoReasonCodes => f.write_str("no return code"),
            Self::ReservedSubscriptionBits => {
                write!(f, "reserved bits are set in requested QoS 0x{value:02X}")
            }
        }
    }
}

/// Why bytes are not a packet.
///
/// It is a small plain value and carries none of the bytes, so it shows no secret. Its `Display`
/// is one sentence:
///
/// ```
/// use mqtt_pure::{DecodeOptions, Packet, Version};
///
/// let connect = b"\x10\x0d\x00\x04MQTT\x04\x03\x00\x3c\x00\x01a";
/// let error = Packet::read(&mut &connect[..], DecodeOptions::new(Version::V3_1_1)).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "CONNECT: connect flags bit 0 must be zero at byte 9 [MQTT-3.1.2-3]"
/// );
/// assert_eq!(error.code(), "connect.reserved_flag");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub struct DecodeError {
    pub(crate) kind: ErrorKind,
    pub(crate) packet_type: Option<PacketType>,
    pub(crate) field: Field,
    pub(crate) version: Version,
    pub(crate) offset: u32,
    pub(crate) value: u32,
}

impl DecodeError {
    #[cold]
    pub(crate) fn new(
        kind: ErrorKind,
        packet_type: Option<PacketType>,
        field: Field,
        version: Version,
        offset: usize,
        value: u32,
    ) -> Self {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        Self { kind, packet_type, field, version, offset, value }
    }

    /// What is wrong.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The byte of the packet, counted from its first, at which it is wrong. A field that is
    /// missing altogether is wrong where the packet ends.
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    /// The type of the packet; `None` where the first byte names no type.
    pub const fn packet_type(&self) -> Option<PacketType> {
        self.packet_type
    }

    /// The field that is wrong.
    pub const fn field(&self) -> Field {
        self.field
    }

    /// The version whose rules were applied.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The offending number: the flags, the level or the code; of a packet that is too large the
    /// limit; 0 where there is none.
    pub const fn value(&self) -> u32 {
        self.value
    }

    /// The stable name of the fault that the conformance vectors use, such as
    /// `connect.reserved_flag`.
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// The normative statement that is broken, such as `MQTT-3.1.2-3`. `None` where the standard has
    /// no numbered statement, as in all of 3.1.
    pub const fn statement(&self) -> Option<&'static str> {
        match self.version {
            Version::V3_1 => None,
            Version::V3_1_1 => self.kind.statement(self.packet_type, self.field, self.value),
        }
    }

    /// The return code that a server answers in a CONNACK before it closes the connection; `None`
    /// where it closes without an answer [MQTT-3.1.4-1].
    pub const fn return_code(&self) -> Option<ConnectReturnCode> {
        match self.kind {
            // [MQTT-3.1.2-2]
            ErrorKind::ProtocolLevel => Some(ConnectReturnCode::UnacceptableProtocolVersion),
            // [MQTT-3.1.3-8] [MQTT-3.1.3-9]
            ErrorKind::ClientId => Some(ConnectReturnCode::IdentifierRejected),
            _ => None,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(packet_type) = self.packet_type {
            write!(f, "{packet_type}: ")?;
        }
        self.kind.describe(self, f)?;
        write!(f, " at byte {}", self.offset)?;
        match self.statement() {
            Some(statement) => write!(f, " [{statement}]"),
            None => Ok(()),
        }
    }
}

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
        /// The number of bytes after the fixed header.
        remaining_length: usize,
    },
    /// A SUBSCRIBE or UNSUBSCRIBE without any topic filter [MQTT-3.8.3-3] [MQTT-3.10.3-2], or a
    /// SUBACK without any return code.
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
    /// The buffer cannot take the packet.
    #[error("the buffer has room for {available} bytes, the packet has {needed}")]
    NoRoom {
        /// What the packet needs.
        needed: usize,
        /// What the buffer can take.
        available: usize,
    },
}
