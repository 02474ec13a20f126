//! Where the standards say what: statements by fault, sections by field.

use super::{DecodeError, ErrorKind as K, Field, PacketType as P, PropertyId as Id};
use crate::types::Version;

/// One of the standards.
struct Standard {
    statement: fn(K, Option<P>, Field, u32) -> Option<&'static str>,
    section: fn(Field, P) -> &'static str,
}

impl Standard {
    fn of(version: Version) -> &'static Self {
        const V3_1: &Standard = &Standard { statement: |_, _, _, _| None, section: section_3_1 };
        const V3_1_1: &Standard = &Standard { statement: statement_3_1_1, section: section_3_1_1 };
        const V5_0: &Standard = &Standard { statement: statement_5_0, section: section_5_0 };
        version.pick(V3_1, V3_1_1, V5_0)
    }
}

/// The numbered statement that is broken; 3.1 has no numbers at all.
pub(crate) fn statement(error: &DecodeError) -> Option<&'static str> {
    let standard = Standard::of(error.version);
    (standard.statement)(error.kind, error.packet_type, error.field, error.value)
}

/// The section that describes the field in this packet.
pub(crate) fn section(field: Field, packet: P, version: Version) -> &'static str {
    (Standard::of(version).section)(field, packet)
}

const PLUS: u32 = 0x2b;
const SLASH: u32 = 0x2f;
const WILL_QOS: u32 = 0x18;

/// The statement of 3.1.1 that forbids this in this field. Where the standard has text but no numbered
/// statement there is none.
fn statement_3_1_1(kind: K, packet: Option<P>, field: Field, value: u32) -> Option<&'static str> {
    Some(match (kind, packet, field) {
        (K::ReservedFlags, Some(P::Pubrel), _) => "MQTT-3.6.1-1",
        (K::ReservedFlags, Some(P::Subscribe), _) => "MQTT-3.8.1-1",
        (K::ReservedFlags, Some(P::Unsubscribe), _) => "MQTT-3.10.1-1",
        (K::ReservedFlags, Some(P::Disconnect), _) => "MQTT-3.14.1-1",
        (K::ReservedFlags, ..) => "MQTT-2.2.2-2",
        (K::PacketIdZero, ..) => "MQTT-2.3.1-1",
        (K::InvalidQos, Some(P::Connect), _) => "MQTT-3.1.2-14",
        (K::InvalidQos, Some(P::Subscribe), _) => "MQTT-3.8.3-4",
        (K::InvalidQos, ..) => "MQTT-3.3.1-4",
        (K::IllFormedUtf8, ..) => "MQTT-1.5.3-1",
        (K::HasNul, _, Field::TopicName | Field::TopicFilter | Field::WillTopic) => "MQTT-4.7.3-2",
        (K::HasNul, ..) => "MQTT-1.5.3-2",
        (K::EmptyTopic, ..) => "MQTT-4.7.3-1",
        (K::WildcardInTopicName, Some(P::Publish), _) => "MQTT-3.3.2-2",
        (K::WildcardInTopicName, ..) => "MQTT-4.7.1-1",
        (K::MisplacedWildcard, ..) if value == PLUS => "MQTT-4.7.1-3",
        (K::MisplacedWildcard, ..) => "MQTT-4.7.1-2",
        (K::ProtocolName, ..) => "MQTT-3.1.2-1",
        (K::ProtocolLevel, ..) => "MQTT-3.1.2-2",
        (K::ReservedConnectFlag, ..) => "MQTT-3.1.2-3",
        (K::WillFlagsWithoutWill, ..) if value & WILL_QOS != 0 => "MQTT-3.1.2-13",
        (K::WillFlagsWithoutWill, ..) => "MQTT-3.1.2-15",
        (K::PasswordWithoutUserName, ..) => "MQTT-3.1.2-22",
        (K::ClientId, ..) => "MQTT-3.1.3-8",
        (K::SessionPresentOnError, ..) => "MQTT-3.2.2-4",
        (K::InvalidReasonCode, Some(P::Suback), _) => "MQTT-3.9.3-2",
        (K::DupAtQos0, ..) => "MQTT-3.3.1-2",
        (K::NoFilters, Some(P::Unsubscribe), _) => "MQTT-3.10.3-2",
        (K::NoFilters, ..) => "MQTT-3.8.3-3",
        (K::ReservedSubscriptionBits, ..) => "MQTT-3.8.3-4",
        (K::TruncatedField, _, Field::WillTopic | Field::WillPayload) => "MQTT-3.1.2-9",
        (K::TruncatedField, _, Field::ClientId) => "MQTT-3.1.3-3",
        (K::TruncatedField, _, Field::UserName) => "MQTT-3.1.2-19",
        (K::TruncatedField, _, Field::Password) => "MQTT-3.1.2-21",
        (K::TruncatedField, _, Field::TopicName) => "MQTT-3.3.2-1",
        (K::TruncatedField, _, Field::PacketId) => "MQTT-2.3.1-1",
        (K::TrailingBytes | K::TruncatedField, Some(P::Connect), _) => "MQTT-3.1.4-1",
        _ => return None,
    })
}

/// The same of 5.0.
fn statement_5_0(kind: K, packet: Option<P>, field: Field, value: u32) -> Option<&'static str> {
    Some(match (kind, packet, field) {
        (K::ReservedFlags, Some(P::Pubrel), _) => "MQTT-3.6.1-1",
        (K::ReservedFlags, Some(P::Subscribe), _) => "MQTT-3.8.1-1",
        (K::ReservedFlags, Some(P::Unsubscribe), _) => "MQTT-3.10.1-1",
        (K::ReservedFlags, Some(P::Disconnect), _) => "MQTT-3.14.1-1",
        (K::ReservedFlags, Some(P::Auth), _) => "MQTT-3.15.1-1",
        (K::ReservedFlags, ..) => "MQTT-2.1.3-1",
        (K::NonMinimalLength, ..) => "MQTT-1.5.5-1",
        (K::PacketIdZero, Some(P::Publish | P::Subscribe | P::Unsubscribe), _) => "MQTT-2.2.1-3",
        (K::PacketIdZero, Some(P::Suback | P::Unsuback), _) => "MQTT-2.2.1-6",
        (K::PacketIdZero, ..) => "MQTT-2.2.1-5",
        (K::InvalidQos, Some(P::Connect), _) => "MQTT-3.1.2-12",
        (
            K::InvalidQos | K::RetainHandling | K::ReservedSubscriptionBits,
            Some(P::Subscribe),
            _,
        ) => "MQTT-3.8.3-5",
        (K::InvalidQos, ..) => "MQTT-3.3.1-4",
        (K::IllFormedUtf8 | K::HasNul, _, Field::Property(Id::UserProperty)) => "MQTT-1.5.7-1",
        (K::IllFormedUtf8, ..) => "MQTT-1.5.4-1",
        (
            K::HasNul,
            _,
            Field::TopicName
            | Field::TopicFilter
            | Field::WillTopic
            | Field::Property(Id::ResponseTopic),
        ) => "MQTT-4.7.3-2",
        (K::HasNul, ..) => "MQTT-1.5.4-2",
        (K::EmptyTopic, ..) => "MQTT-4.7.3-1",
        (K::WildcardInTopicName, _, Field::TopicName) => "MQTT-3.3.2-2",
        (K::WildcardInTopicName, _, Field::Property(_)) => "MQTT-3.3.2-14",
        (K::WildcardInTopicName, ..) => "MQTT-4.7.0-1",
        (K::MisplacedWildcard, ..) if value == PLUS => "MQTT-4.7.1-2",
        (K::MisplacedWildcard, ..) => "MQTT-4.7.1-1",
        (K::ProtocolName, ..) => "MQTT-3.1.2-1",
        (K::ProtocolLevel, ..) => "MQTT-3.1.2-2",
        (K::ReservedConnectFlag, ..) => "MQTT-3.1.2-3",
        (K::WillFlagsWithoutWill, ..) if value & WILL_QOS != 0 => "MQTT-3.1.2-11",
        (K::WillFlagsWithoutWill, ..) => "MQTT-3.1.2-13",
        (K::ClientId, ..) => "MQTT-3.1.3-8",
        (K::ReservedConnackFlags, ..) => "MQTT-3.2.2-1",
        (K::SessionPresentOnError, ..) => "MQTT-3.2.2-6",
        (K::DupAtQos0, ..) => "MQTT-3.3.1-2",
        (K::NoFilters, Some(P::Unsubscribe), _) => "MQTT-3.10.3-2",
        (K::NoFilters, ..) => "MQTT-3.8.3-2",
        (K::NoLocalOnShared, ..) => "MQTT-3.8.3-4",
        // The name is empty if it is at its beginning that it ends.
        (K::SharedSubscription, ..) if value == SLASH => "MQTT-4.8.2-1",
        (K::SharedSubscription, ..) => "MQTT-4.8.2-2",
        (K::PropertyOfOtherSide, _, Field::Property(Id::SubscriptionIdentifier)) => "MQTT-3.3.4-6",
        (K::PropertyOfOtherSide, _, Field::Property(Id::SessionExpiryInterval)) => "MQTT-3.14.2-2",
        (K::PropertyValue, _, Field::Property(Id::TopicAlias)) => "MQTT-3.3.2-8",
        // Without an alias the empty topic is one.
        (K::PropertyMissing, _, Field::Property(Id::TopicAlias)) => "MQTT-4.7.3-1",
        (K::InvalidReasonCode, Some(packet), _) => return reason_statement(packet),
        (K::TruncatedField, _, field) => return truncated_statement(packet, field),
        (K::TrailingBytes, Some(P::Connect), _) => "MQTT-3.1.4-1",
        _ => return None,
    })
}

/// Which codes a packet of 5.0 may carry.
const fn reason_statement(packet: P) -> Option<&'static str> {
    Some(match packet {
        P::Connack => "MQTT-3.2.2-8",
        P::Puback => "MQTT-3.4.2-1",
        P::Pubrec => "MQTT-3.5.2-1",
        P::Pubrel => "MQTT-3.6.2-1",
        P::Pubcomp => "MQTT-3.7.2-1",
        P::Suback => "MQTT-3.9.3-2",
        P::Unsuback => "MQTT-3.11.3-2",
        P::Disconnect => "MQTT-3.14.2-1",
        P::Auth => "MQTT-3.15.2-1",
        _ => return None,
    })
}

/// What of 5.0 demands that the field be there.
const fn truncated_statement(packet: Option<P>, field: Field) -> Option<&'static str> {
    Some(match (packet, field) {
        (_, Field::PropertyLength) => "MQTT-2.2.2-1",
        (_, Field::WillTopic | Field::WillPayload | Field::WillPropertyLength) => "MQTT-3.1.2-9",
        (_, Field::ClientId) => "MQTT-3.1.3-3",
        (_, Field::UserName) => "MQTT-3.1.2-17",
        (_, Field::Password) => "MQTT-3.1.2-19",
        (_, Field::TopicName) => "MQTT-3.3.2-1",
        (Some(P::Connect), _) => "MQTT-3.1.4-1",
        _ => return None,
    })
}

fn section_3_1(field: Field, packet: P) -> &'static str {
    match field {
        Field::FixedHeader | Field::RemainingLength => "2.1",
        _ => packet.section(),
    }
}

fn section_3_1_1(field: Field, packet: P) -> &'static str {
    match (field, packet) {
        (Field::RemainingLength, _) => "2.2.3",
        (Field::ProtocolName, _) => "3.1.2.1",
        (Field::ProtocolLevel, _) => "3.1.2.2",
        (Field::ConnectFlags, _) => "3.1.2.3",
        (Field::KeepAlive, _) => "3.1.2.10",
        (Field::ClientId, _) => "3.1.3.1",
        (Field::WillTopic, _) => "3.1.3.2",
        (Field::WillPayload, _) => "3.1.3.3",
        (Field::UserName, _) => "3.1.3.4",
        (Field::Password, _) => "3.1.3.5",
        (Field::AcknowledgeFlags, _) => "3.2.2.1",
        (Field::ReturnCode, P::Connack) => "3.2.2.3",
        (Field::ReturnCode, _) => "3.9.3",
        (Field::TopicName, _) => "3.3.2.1",
        (Field::Payload, _) => "3.3.3",
        (Field::TopicFilter, P::Unsubscribe) => "3.10.3",
        (Field::TopicFilter | Field::RequestedQos, _) => "3.8.3",
        (Field::PacketId, P::Publish) => "3.3.2.2",
        (Field::PacketId, _) => variable_header(packet),
        _ => packet.section(),
    }
}

/// The section of the variable header, which 3.1.1 and 5.0 number alike.
const fn variable_header(packet: P) -> &'static str {
    match packet {
        P::Connect => "3.1.2",
        P::Connack => "3.2.2",
        P::Publish => "3.3.2",
        P::Puback => "3.4.2",
        P::Pubrec => "3.5.2",
        P::Pubrel => "3.6.2",
        P::Pubcomp => "3.7.2",
        P::Subscribe => "3.8.2",
        P::Suback => "3.9.2",
        P::Unsubscribe => "3.10.2",
        P::Unsuback => "3.11.2",
        P::Disconnect => "3.14.2",
        P::Auth => "3.15.2",
        P::Pingreq | P::Pingresp => packet.section(),
    }
}

fn section_5_0(field: Field, packet: P) -> &'static str {
    match (field, packet) {
        (Field::RemainingLength, _) => "2.1.4",
        (Field::ProtocolName, _) => "3.1.2.1",
        (Field::ProtocolLevel, _) => "3.1.2.2",
        (Field::ConnectFlags, _) => "3.1.2.3",
        (Field::KeepAlive, _) => "3.1.2.10",
        (Field::ClientId, _) => "3.1.3.1",
        (Field::WillPropertyLength, _) => "3.1.3.2",
        (Field::WillTopic, _) => "3.1.3.3",
        (Field::WillPayload, _) => "3.1.3.4",
        (Field::UserName, _) => "3.1.3.5",
        (Field::Password, _) => "3.1.3.6",
        (Field::AcknowledgeFlags, _) => "3.2.2.1",
        (Field::ReasonCode, P::Connack) => "3.2.2.2",
        (Field::ReasonCode, P::Puback) => "3.4.2.1",
        (Field::ReasonCode, P::Pubrec) => "3.5.2.1",
        (Field::ReasonCode, P::Pubrel) => "3.6.2.1",
        (Field::ReasonCode, P::Pubcomp) => "3.7.2.1",
        (Field::ReasonCode, P::Suback) => "3.9.3",
        (Field::ReasonCode, P::Unsuback) => "3.11.3",
        (Field::ReasonCode, P::Disconnect) => "3.14.2.1",
        (Field::ReasonCode, P::Auth) => "3.15.2.1",
        (Field::TopicName, _) => "3.3.2.1",
        (Field::Payload, _) => "3.3.3",
        (Field::TopicFilter, P::Unsubscribe) => "3.10.3",
        (Field::TopicFilter, _) => "3.8.3",
        (Field::SubscriptionOptions, _) => "3.8.3.1",
        (Field::PacketId, P::Publish) => "3.3.2.2",
        (Field::PropertyLength | Field::Properties | Field::Property(_), P::Connect) => match field
        {
            Field::Property(id) if id.is_of_will() => "3.1.3.2",
            _ => "3.1.2.11",
        },
        (Field::PropertyLength | Field::Properties | Field::Property(_), _) => properties(packet),
        (Field::PacketId, _) => variable_header(packet),
        _ => packet.section(),
    }
}

/// The section of the properties of 5.0.
const fn properties(packet: P) -> &'static str {
    match packet {
        P::Connack => "3.2.2.3",
        P::Publish => "3.3.2.3",
        P::Puback => "3.4.2.2",
        P::Pubrec => "3.5.2.2",
        P::Pubrel => "3.6.2.2",
        P::Pubcomp => "3.7.2.2",
        P::Subscribe => "3.8.2.1",
        P::Suback => "3.9.2.1",
        P::Unsubscribe => "3.10.2.1",
        P::Unsuback => "3.11.2.1",
        P::Disconnect => "3.14.2.2",
        P::Auth => "3.15.2.2",
        _ => packet.section(),
    }
}
