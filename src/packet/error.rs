//! Why bytes are not a packet: where, by which rule, and what the peer may be told.

use super::{Field, PacketType, PropertyId, describe::describe, standard};
use crate::types::{ConnectReturnCode, ReasonCode, Version};
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
    /// A variable byte integer has more than four bytes.
    VarintTooLong,
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
    /// A SUBACK or UNSUBACK without any code.
    NoReasonCodes,
    /// Reserved bits of the requested QoS byte, or of the subscription options, are set.
    ReservedSubscriptionBits,
    /// The packet flows the other way.
    WrongDirection,
    /// A property identifier that does not exist.
    PropertyUnknown,
    /// The property may not be in this packet, or not in a will.
    PropertyNotAllowed,
    /// The property may be in this packet, but only the other side may send it.
    PropertyOfOtherSide,
    /// A property is there twice that may be there once.
    PropertyRepeated,
    /// A property has a value that it cannot have.
    PropertyValue,
    /// A property is missing that has to be there.
    PropertyMissing,
    /// There are more user properties than the limit of [`DecodeOptions`](super::DecodeOptions).
    TooManyUserProperties,
    /// A Retain Handling of 3.
    RetainHandling,
    /// No Local is set for a shared subscription.
    NoLocalOnShared,
    /// A topic filter begins with `$share/` and is no shared subscription.
    SharedSubscription,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 41] = [
        Self::ReservedType,
        Self::ReservedFlags,
        Self::RemainingLengthTooLong,
        Self::NonMinimalLength,
        Self::VarintTooLong,
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
        Self::WrongDirection,
        Self::PropertyUnknown,
        Self::PropertyNotAllowed,
        Self::PropertyOfOtherSide,
        Self::PropertyRepeated,
        Self::PropertyValue,
        Self::PropertyMissing,
        Self::TooManyUserProperties,
        Self::RetainHandling,
        Self::NoLocalOnShared,
        Self::SharedSubscription,
    ];

    /// The stable name that the conformance vectors use.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ReservedType => "frame.reserved_type",
            Self::ReservedFlags => "frame.reserved_flags",
            Self::RemainingLengthTooLong => "frame.remaining_length_too_long",
            Self::NonMinimalLength => "varint.non_minimal",
            Self::VarintTooLong => "varint.too_long",
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
            Self::WrongDirection => "packet.direction",
            Self::PropertyUnknown => "property.unknown",
            Self::PropertyNotAllowed => "property.not_allowed",
            Self::PropertyOfOtherSide => "property.direction",
            Self::PropertyRepeated => "property.duplicate",
            Self::PropertyValue => "property.value",
            Self::PropertyMissing => "property.missing",
            Self::TooManyUserProperties => "limit.user_properties",
            Self::RetainHandling => "subscribe.retain_handling",
            Self::NoLocalOnShared => "subscribe.no_local_on_shared",
            Self::SharedSubscription => "topic.shared_subscription",
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
    pub fn statement(&self) -> Option<&'static str> {
        standard::statement(self)
    }

    /// What the peer may be told in a DISCONNECT of 5.0, or in the CONNACK that answers a CONNECT:
    /// [`ReasonCode::MALFORMED_PACKET`], [`ReasonCode::PROTOCOL_ERROR`], or what says more.
    pub const fn reason_code(&self) -> ReasonCode {
        use ErrorKind as K;
        match (self.kind, self.field) {
            (K::PacketTooLarge, _) => ReasonCode::PACKET_TOO_LARGE,
            // [MQTT-3.1.2-1] [MQTT-3.1.2-2]
            (K::ProtocolName | K::ProtocolLevel | K::ConnackOfOtherVersion, _) => {
                ReasonCode::UNSUPPORTED_PROTOCOL_VERSION
            }
            // [MQTT-3.1.3-8]
            (K::ClientId, _) => ReasonCode::CLIENT_IDENTIFIER_NOT_VALID,
            // [MQTT-3.3.2-8]
            (K::PropertyValue, Field::Property(PropertyId::TopicAlias)) => {
                ReasonCode::TOPIC_ALIAS_INVALID
            }
            (K::TooManyUserProperties, _) => ReasonCode::QUOTA_EXCEEDED,
            // [MQTT-3.8.3-5]
            (K::InvalidQos, Field::SubscriptionOptions)
            | (K::EmptyTopic, Field::TopicName)
            | (
                K::EmptyTopic | K::WildcardInTopicName,
                Field::Property(PropertyId::ResponseTopic),
            ) => ReasonCode::PROTOCOL_ERROR,
            (
                K::ReservedType
                | K::WrongDirection
                | K::SessionPresentOnError
                | K::InvalidReasonCode
                | K::NoFilters
                | K::NoReasonCodes
                | K::PropertyOfOtherSide
                | K::PropertyRepeated
                | K::PropertyValue
                | K::PropertyMissing
                | K::RetainHandling
                | K::NoLocalOnShared
                | K::SharedSubscription,
                _,
            ) => ReasonCode::PROTOCOL_ERROR,
            _ => ReasonCode::MALFORMED_PACKET,
        }
    }

    /// Whether 5.0 calls this a protocol error (section 4.13): neither a malformed packet nor what a server
    /// may refuse though it is none.
    pub const fn is_protocol_error(&self) -> bool {
        !matches!(
            self.reason_code(),
            ReasonCode::MALFORMED_PACKET
                | ReasonCode::UNSUPPORTED_PROTOCOL_VERSION
                | ReasonCode::CLIENT_IDENTIFIER_NOT_VALID
                | ReasonCode::QUOTA_EXCEEDED
        )
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
        describe(self, f)?;
        write!(f, " at byte {}", self.offset)?;
        match self.statement() {
            Some(statement) => write!(f, " [{statement}]"),
            None => Ok(()),
        }
    }
}
