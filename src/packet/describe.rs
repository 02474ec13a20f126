//! Faults in words.

use super::{DecodeError, ErrorKind, Field};
use core::fmt;

/// What is wrong; `value` is the offending value where one is known.
pub(crate) fn describe(error: &DecodeError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    use ErrorKind as K;
    let (field, value) = (error.field, error.value);
    match error.kind {
        K::ReservedType => write!(f, "packet type {value} is reserved"),
        K::ReservedFlags => write!(f, "flags 0b{value:04b} are not those of the packet"),
        K::RemainingLengthTooLong => f.write_str("remaining length of more than 4 bytes"),
        K::NonMinimalLength => write!(f, "{field} {value} is not in its shortest form"),
        K::VarintTooLong => write!(f, "{field} of more than 4 bytes"),
        K::PacketTooLarge => write!(f, "packet is over the limit of {value} bytes"),
        K::TruncatedField => write!(f, "packet ends before the end of the {field}"),
        K::TrailingBytes if matches!(field, Field::RemainingLength) => {
            f.write_str("remaining length is more than the packet can have")
        }
        K::TrailingBytes => f.write_str("bytes after the last field"),
        K::PacketIdZero => f.write_str("packet identifier is zero"),
        K::InvalidQos => write!(f, "QoS 3 in the {field}"),
        K::IllFormedUtf8 => write!(f, "{field} is not UTF-8"),
        K::HasNul => write!(f, "{field} contains U+0000"),
        K::DiscouragedCharacter => {
            write!(f, "{field} contains a control character or a non-character")
        }
        K::EmptyTopic => write!(f, "{field} is empty"),
        K::WildcardInTopicName => write!(f, "{field} contains a wildcard"),
        K::MisplacedWildcard => write!(f, "{field} contains a misplaced wildcard"),
        K::ProtocolName => f.write_str("protocol name is not that of MQTT"),
        K::ProtocolLevel => write!(f, "protocol level {value} is not supported"),
        K::ReservedConnectFlag => f.write_str("connect flags bit 0 must be zero"),
        K::WillFlagsWithoutWill => f.write_str("will QoS or will retain without a will"),
        K::PasswordWithoutUserName => f.write_str("password without user name"),
        K::ClientId => f.write_str("client identifier has to be refused"),
        K::ReservedConnackFlags => f.write_str("reserved acknowledge flags are set"),
        K::SessionPresentOnError => f.write_str("session present in a refusal"),
        K::ConnackOfOtherVersion => {
            write!(f, "connection refused by an MQTT 5.0 CONNACK, reason 0x{value:02X}")
        }
        K::InvalidReasonCode => write!(f, "{field} 0x{value:02X} is reserved"),
        K::DupAtQos0 => f.write_str("DUP is set at QoS 0"),
        K::NoFilters => f.write_str("no topic filter"),
        K::NoReasonCodes => write!(f, "no {field}"),
        K::ReservedSubscriptionBits => {
            write!(f, "reserved bits are set in {field} 0x{value:02X}")
        }
        K::WrongDirection => f.write_str("packet flows the other way"),
        K::PropertyUnknown => write!(f, "property 0x{value:02X} does not exist"),
        K::PropertyNotAllowed => write!(f, "{field} is not allowed here"),
        K::PropertyOfOtherSide => write!(f, "{field} is for the other side to send"),
        K::PropertyRepeated => write!(f, "{field} is there more than once"),
        K::PropertyValue => write!(f, "{field} cannot be {value}"),
        K::PropertyMissing => write!(f, "{field} is missing"),
        K::TooManyUserProperties => {
            write!(f, "more user properties than the limit of {value}")
        }
        K::RetainHandling => f.write_str("retain handling 3"),
        K::NoLocalOnShared => f.write_str("no local is set for a shared subscription"),
        K::SharedSubscription => f.write_str("topic filter is a malformed shared subscription"),
    }
}
