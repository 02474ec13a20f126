//! Whole packets of 5.0, read by this codec and by another. Verdicts and fields agree, and properties
//! by their values, apart from the differences that are written down here, each with its reason.

use super::{
    differential::{Case, Difference, whole_packet},
    model5,
};
use mqtt_protocol_core::mqtt::{
    packet::{self, v5_0 as theirs},
    prelude::PropertyValueAccess,
    result_code::MqttError,
};
use mqtt_pure::{
    DecodeError, DecodeOptions, ErrorKind, Field, Packet, PacketType, Properties, Property,
    PropertyId, ReasonCode, Version, Versions,
};
use std::sync::Arc;

/// mqtt-protocol-core 0.7 takes what this codec refuses.
const ACCEPTS: [Difference; 14] = [
    Difference {
        reason: "its parsers are given the body of a packet; flags are not looked at [MQTT-2.1.3-1]",
        applies: |case| case.is_refused_for(&[ErrorKind::ReservedFlags, ErrorKind::DupAtQos0]),
    },
    Difference {
        reason: "it takes variable byte integers that are longer than need be [MQTT-1.5.5-1]",
        applies: |case| case.is_refused_for(&[ErrorKind::NonMinimalLength]),
    },
    Difference {
        reason: "a string is any UTF-8 to it [MQTT-1.5.4-2]",
        applies: |case| case.is_refused_for(&[ErrorKind::HasNul]),
    },
    Difference {
        reason: "a topic is any string to it [MQTT-4.7.1-1] [MQTT-4.7.3-1] [MQTT-3.3.2-14]",
        applies: |case| {
            case.is_refused_for(&[
                ErrorKind::EmptyTopic,
                ErrorKind::WildcardInTopicName,
                ErrorKind::MisplacedWildcard,
            ]) || lacks_room_for_a_topic(case)
        },
    },
    Difference {
        reason: "only its builders look at shared subscriptions [MQTT-4.8.2-2] [MQTT-3.8.3-4]",
        applies: |case| {
            case.is_refused_for(&[ErrorKind::SharedSubscription, ErrorKind::NoLocalOnShared])
        },
    },
    Difference {
        reason: "it lets AUTH say success, and authentication data be, without a method",
        applies: |case| {
            let field = Field::Property(PropertyId::AuthenticationMethod);
            case.is_refused_for(&[ErrorKind::PropertyMissing])
                && case.ours.is_err_and(|e| e.field() == field)
        },
    },
    Difference {
        reason: "it takes an AUTH with a reason code and no property length (3.15.2.1)",
        applies: |case| matches!(case.bytes, [_, 1, 0]) && case.bytes[0] >> 4 == 15,
    },
    Difference {
        reason: "it ignores the reserved acknowledge flags of CONNACK [MQTT-3.2.2-1]",
        applies: |case| case.is_refused_for(&[ErrorKind::ReservedConnackFlags]),
    },
    Difference {
        reason: "it leaves the topic alias for an empty topic to the connection",
        applies: |case| {
            let is_alias = |e: DecodeError| e.field() == Field::Property(PropertyId::TopicAlias);
            case.is_refused_for(&[ErrorKind::PropertyMissing]) && case.ours.is_err_and(is_alias)
        },
    },
    Difference {
        reason: "a PUBLISH may end before its property length to it [MQTT-2.2.2-1]",
        applies: |case| {
            case.is_refused_in(ErrorKind::TruncatedField, PacketType::Publish)
                && case.ours.is_err_and(|e| e.field() == Field::PropertyLength)
        },
    },
    Difference {
        reason: "of packet identifiers it looks only at those of acknowledgements [MQTT-2.2.1-3]",
        applies: |case| {
            let types = [
                PacketType::Publish,
                PacketType::Subscribe,
                PacketType::Suback,
                PacketType::Unsubscribe,
                PacketType::Unsuback,
            ];
            types.into_iter().any(|kind| case.is_refused_in(ErrorKind::PacketIdZero, kind))
        },
    },
    Difference {
        reason: "it takes any number of subscription identifiers in a SUBSCRIBE (3.8.2.1.2)",
        applies: |case| case.is_refused_in(ErrorKind::PropertyRepeated, PacketType::Subscribe),
    },
    Difference {
        reason: "only its builders look at Session Present of a refusal [MQTT-3.2.2-6]",
        applies: |case| case.is_refused_for(&[ErrorKind::SessionPresentOnError]),
    },
    Difference {
        reason: "it looks at no flags of CONNECT [MQTT-3.1.2-3] [MQTT-3.1.2-11] [MQTT-3.1.2-12]",
        applies: |case| {
            case.is_refused_for(&[ErrorKind::ReservedConnectFlag, ErrorKind::WillFlagsWithoutWill])
                || case.is_refused_in(ErrorKind::InvalidQos, PacketType::Connect)
        },
    },
];

/// An empty topic is refused because a character has no place in what is left.
fn lacks_room_for_a_topic(case: &Case<'_>) -> bool {
    let topics = [
        Field::TopicFilter,
        Field::SubscriptionOptions,
        Field::WillTopic,
        Field::Property(PropertyId::ResponseTopic),
    ];
    // What must follow a Will Topic is counted with it.
    let follow_a_will = [Field::WillPayload, Field::UserName, Field::Password];
    let is_connect = case.bytes[0] >> 4 == 1;
    let is_lack = |e: DecodeError| {
        let field = e.field();
        let is_field = topics.contains(&field) || is_connect && follow_a_will.contains(&field);
        e.kind() == ErrorKind::TruncatedField && is_field
    };
    case.ours.is_err_and(is_lack)
}

/// mqtt-protocol-core 0.7 refuses what this codec takes.
const REFUSES: [Difference; 3] = [
    Difference {
        reason: "it knows no answer of servers of 3.1.1 (A14)",
        applies: |case| matches!(case.bytes, [_, 2, 0, 1]) && case.bytes[0] >> 4 == 2,
    },
    Difference {
        reason: "of the two tables that disagree on 0x8C in a DISCONNECT it follows the other one",
        applies: |case| {
            let code = ReasonCode::BAD_AUTHENTICATION_METHOD;
            matches!(case.ours, Ok(Packet::Disconnect(packet)) if packet.reason == code)
        },
    },
    Difference {
        reason: "it wants a user name with a password, as 3.1.1 does",
        applies: |case| {
            matches!(case.ours, Ok(Packet::Connect(packet))
                if packet.password.is_some() && packet.user_name.is_none())
        },
    },
];

pub fn differential5(data: &[u8]) {
    let Some(bytes) = whole_packet(data) else { return };
    let versions = Versions::NONE.with(Version::V5_0);
    let options = DecodeOptions::new(Version::V5_0).with_versions(versions);
    let ours = match Packet::read(&mut &bytes[..], options) {
        Ok(Some(packet)) => Ok(packet),
        Ok(None) => panic!("more is wanted of a whole packet"),
        Err(error) => Err(error),
    };
    let case = Case { bytes, ours };
    let explain = |list: &[Difference]| {
        let found = list.iter().find(|difference| (difference.applies)(&case));
        found.map(|difference| difference.reason)
    };
    match (&case.ours, read(bytes)) {
        (Err(_), Err(_)) => {}
        (Err(error), Ok(_)) => {
            assert!(explain(&ACCEPTS).is_some(), "it takes {bytes:02x?}: {error}");
        }
        (Ok(packet), Err(error)) => {
            let reason = explain(&REFUSES);
            assert!(reason.is_some(), "it refuses {bytes:02x?}: {error:?}, {packet:?}");
        }
        (Ok(packet), Ok(read)) => compare(packet, &read, bytes),
    }
}

/// What the other codec has read: the packet as it would write it, and the properties of the packet
/// and of its will.
struct Read {
    rewritten: Vec<u8>,
    properties: Vec<(u8, String)>,
    of_will: Vec<(u8, String)>,
}

fn compare(packet: &Packet<'_>, read: &Read, bytes: &[u8]) {
    assert_eq!(properties_of(packet), read.properties, "{bytes:02x?}");
    let of_will = match packet {
        Packet::Connect(connect) => connect.will.map(|will| values(&will.properties)),
        _ => None,
    };
    assert_eq!(of_will.unwrap_or_default(), read.of_will, "{bytes:02x?}");
    let mut out = Vec::new();
    if bytes == b"\xf0\x00" {
        // An AUTH that this codec reads and never writes.
        assert_eq!(read.rewritten, bytes);
        return;
    }
    packet.encode(Version::V5_0, &mut out).unwrap();
    // It writes what can be left out if it was there.
    let body = &bytes[bytes.len() - body_len(bytes)..];
    let is_short = bytes[0] >> 4 == 1 || model5::is_canonical(bytes[0], body);
    assert_eq!(out == read.rewritten, is_short, "{bytes:02x?} {:02x?} {out:02x?}", read.rewritten);
}

fn body_len(bytes: &[u8]) -> usize {
    super::model::remaining_length(&bytes[1..]).unwrap().0
}

/// The properties of the packet that say something, each as a number and as text.
fn properties_of(packet: &Packet<'_>) -> Vec<(u8, String)> {
    values(match packet {
        Packet::Connect(packet) => &packet.properties,
        Packet::Connack(packet) => &packet.properties,
        Packet::Publish(packet) => &packet.properties,
        Packet::Puback(packet) => &packet.properties,
        Packet::Pubrec(packet) => &packet.properties,
        Packet::Pubrel(packet) => &packet.properties,
        Packet::Pubcomp(packet) => &packet.properties,
        Packet::Subscribe(packet) => &packet.properties,
        Packet::Suback(packet) => &packet.properties,
        Packet::Unsubscribe(packet) => &packet.properties,
        Packet::Unsuback(packet) => &packet.properties,
        Packet::Disconnect(packet) => &packet.properties,
        Packet::Auth(packet) => &packet.properties,
        Packet::Pingreq(_) | Packet::Pingresp(_) => return Vec::new(),
    })
}

fn values(properties: &Properties<'_>) -> Vec<(u8, String)> {
    properties.iter().map(|property| (property.id().number(), value(property))).collect()
}

fn value(property: Property<'_>) -> String {
    use Property as P;
    match property {
        P::PayloadFormatIndicator(bit)
        | P::RequestProblemInformation(bit)
        | P::RequestResponseInformation(bit)
        | P::RetainAvailable(bit)
        | P::WildcardSubscriptionAvailable(bit)
        | P::SubscriptionIdentifiersAvailable(bit)
        | P::SharedSubscriptionAvailable(bit) => u8::from(bit).to_string(),
        P::MaximumQos(qos) => qos.level().to_string(),
        P::ServerKeepAlive(number) | P::TopicAliasMaximum(number) => number.to_string(),
        P::ReceiveMaximum(number) | P::TopicAlias(number) => number.to_string(),
        P::MessageExpiryInterval(number)
        | P::SessionExpiryInterval(number)
        | P::WillDelayInterval(number) => number.to_string(),
        P::MaximumPacketSize(number) => number.to_string(),
        P::SubscriptionIdentifier(number) => number.to_string(),
        P::ContentType(text)
        | P::AssignedClientIdentifier(text)
        | P::AuthenticationMethod(text)
        | P::ResponseInformation(text)
        | P::ServerReference(text)
        | P::ReasonString(text) => text.as_str().to_owned(),
        P::ResponseTopic(topic) => topic.as_str().to_owned(),
        P::CorrelationData(data) | P::AuthenticationData(data) => {
            format!("{:02x?}", data.as_bytes())
        }
        P::UserProperty(pair) => format!("{} = {}", pair.name.as_str(), pair.value.as_str()),
        other => panic!("a property that is not known here: {other:?}"),
    }
}

fn their_values(properties: &[packet::Property]) -> Vec<(u8, String)> {
    let value = |property: &packet::Property| {
        let number = property.as_u8().map(u32::from);
        let number = number.or(property.as_u16().map(u32::from)).or(property.as_u32());
        let text = number.map(|number| number.to_string());
        let text = text.or(property.as_str().map(str::to_owned));
        let text = text.or(property.as_bytes().map(|bytes| format!("{bytes:02x?}")));
        let pair = property.as_key_value().map(|(name, value)| format!("{name} = {value}"));
        text.or(pair).unwrap_or_else(|| panic!("no value: {property:?}"))
    };
    properties.iter().map(|property| (property.id().as_u8(), value(property))).collect()
}

/// Reads the body of a packet to its end, and takes the properties out of it.
macro_rules! read {
    ($name:ident, $body:expr, |$packet:ident| $properties:expr) => {{
        let ($packet, consumed) = theirs::$name::parse($body)?;
        if consumed != $body.len() {
            return Err(MqttError::MalformedPacket);
        }
        let properties = their_values($properties);
        Read { rewritten: $packet.to_continuous_buffer(), properties, of_will: Vec::new() }
    }};
}

fn read(bytes: &[u8]) -> Result<Read, MqttError> {
    let body = &bytes[bytes.len() - body_len(bytes)..];
    Ok(match bytes[0] >> 4 {
        1 => {
            let of_will = their_values(&theirs::Connect::parse(body)?.0.will_props);
            Read { of_will, ..read!(Connect, body, |packet| &packet.props) }
        }
        2 => read!(Connack, body, |packet| &packet.props),
        3 => {
            let (packet, _) = theirs::Publish::parse(bytes[0] & 15, Arc::from(body))?;
            let properties = their_values(&packet.props);
            Read { rewritten: packet.to_continuous_buffer(), properties, of_will: Vec::new() }
        }
        4 => read!(Puback, body, |packet| packet.props.as_deref().unwrap_or_default()),
        5 => read!(Pubrec, body, |packet| packet.props.as_deref().unwrap_or_default()),
        6 => read!(Pubrel, body, |packet| packet.props.as_deref().unwrap_or_default()),
        7 => read!(Pubcomp, body, |packet| packet.props.as_deref().unwrap_or_default()),
        8 => read!(Subscribe, body, |packet| &packet.props),
        9 => read!(Suback, body, |packet| &packet.props),
        10 => read!(Unsubscribe, body, |packet| &packet.props),
        11 => read!(Unsuback, body, |packet| &packet.props),
        12 => read!(Pingreq, body, |packet| &[]),
        13 => read!(Pingresp, body, |packet| &[]),
        14 => read!(Disconnect, body, |packet| packet.props.as_deref().unwrap_or_default()),
        15 => read!(Auth, body, |packet| packet.props.as_deref().unwrap_or_default()),
        _ => return Err(MqttError::MalformedPacket),
    })
}
