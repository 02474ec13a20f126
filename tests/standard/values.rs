//! Values and packets that the crate makes, to be held against bytes that it has not made.

use crate::tables::Holder;
use mqtt_pure::{
    Auth, Binary, Connack, Connect, Disconnect, Packet, PacketId, PacketType, Properties, Property,
    Puback, Pubcomp, Publish, Pubrec, Pubrel, QoS, ReasonCode, Suback, Subscribe, Subscription,
    SubscriptionId, Text, TopicFilter, TopicName, Unsuback, Unsubscribe, UserProperty, Version,
    Will,
};
use std::{
    num::{NonZeroU16, NonZeroU32},
    sync::LazyLock,
};

/// A number of as many bytes as there are.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, byte| value * 256 + u32::from(*byte))
}

fn number_u16(bytes: &[u8]) -> u16 {
    u16::try_from(number(bytes)).unwrap()
}

/// A string field and what follows it.
fn split_string(bytes: &[u8]) -> (&[u8], &[u8]) {
    let len = usize::from(number_u16(&bytes[..2]));
    bytes[2..].split_at(len)
}

fn text(bytes: &[u8]) -> Text<'_> {
    Text::new(std::str::from_utf8(bytes).unwrap()).unwrap()
}

/// The value that these bytes stand for, made by the crate's constructors.
pub fn property(id: u8, value: &[u8]) -> Property<'_> {
    let string = || text(split_string(value).0);
    let binary = || Binary::new(split_string(value).0).unwrap();
    let (flag, u16, u32) = (|| value == [1], || number_u16(value), || number(value));
    match id {
        0x01 => Property::PayloadFormatIndicator(flag()),
        0x02 => Property::MessageExpiryInterval(u32()),
        0x03 => Property::ContentType(string()),
        0x08 => Property::ResponseTopic(TopicName::new(string().as_str()).unwrap()),
        0x09 => Property::CorrelationData(binary()),
        0x0b => {
            let sevens = value.iter().rev().fold(0, |sum, byte| sum * 128 + u32::from(byte & 0x7f));
            Property::SubscriptionIdentifier(SubscriptionId::new(sevens).unwrap())
        }
        0x11 => Property::SessionExpiryInterval(u32()),
        0x12 => Property::AssignedClientIdentifier(string()),
        0x13 => Property::ServerKeepAlive(u16()),
        0x15 => Property::AuthenticationMethod(string()),
        0x16 => Property::AuthenticationData(binary()),
        0x17 => Property::RequestProblemInformation(flag()),
        0x18 => Property::WillDelayInterval(u32()),
        0x19 => Property::RequestResponseInformation(flag()),
        0x1a => Property::ResponseInformation(string()),
        0x1c => Property::ServerReference(string()),
        0x1f => Property::ReasonString(string()),
        0x21 => Property::ReceiveMaximum(NonZeroU16::new(u16()).unwrap()),
        0x22 => Property::TopicAliasMaximum(u16()),
        0x23 => Property::TopicAlias(NonZeroU16::new(u16()).unwrap()),
        0x24 => Property::MaximumQos(if flag() { QoS::AtLeastOnce } else { QoS::AtMostOnce }),
        0x25 => Property::RetainAvailable(flag()),
        0x26 => {
            let (name, rest) = split_string(value);
            let (value, _) = split_string(rest);
            Property::UserProperty(UserProperty::new(text(name), text(value)))
        }
        0x27 => Property::MaximumPacketSize(NonZeroU32::new(u32()).unwrap()),
        0x28 => Property::WildcardSubscriptionAvailable(flag()),
        0x29 => Property::SubscriptionIdentifiersAvailable(flag()),
        0x2a => Property::SharedSubscriptionAvailable(flag()),
        other => panic!("0x{other:02x}"),
    }
}

/// The properties of the packet, or of its will.
pub fn properties_of<'a>(packet: &Packet<'a>, holder: Holder) -> Properties<'a> {
    match packet {
        Packet::Connect(connect) if holder == Holder::Will => connect.will.unwrap().properties,
        Packet::Connect(packet) => packet.properties,
        Packet::Connack(packet) => packet.properties,
        Packet::Publish(packet) => packet.properties,
        Packet::Puback(packet) => packet.properties,
        Packet::Pubrec(packet) => packet.properties,
        Packet::Pubrel(packet) => packet.properties,
        Packet::Pubcomp(packet) => packet.properties,
        Packet::Subscribe(packet) => packet.properties,
        Packet::Suback(packet) => packet.properties,
        Packet::Unsubscribe(packet) => packet.properties,
        Packet::Unsuback(packet) => packet.properties,
        Packet::Disconnect(packet) => packet.properties,
        Packet::Auth(packet) => packet.properties,
        Packet::Pingreq(_) | Packet::Pingresp(_) => panic!("{packet:?} has none"),
    }
}

static FILTERS: LazyLock<[TopicFilter<'static>; 1]> =
    LazyLock::new(|| [TopicFilter::new("a").unwrap()]);
static ASKED: LazyLock<[Subscription<'static>; 1]> =
    LazyLock::new(|| FILTERS.map(|filter| Subscription::new(filter, QoS::AtMostOnce)));

/// What `tables::holding` puts around properties. CONNECT is of this version.
pub fn with_properties<'a>(
    holder: Holder,
    properties: Properties<'a>,
    version: Version,
) -> Packet<'a> {
    let packet_id = PacketId::new(10).unwrap();
    let (reason, codes) = (ReasonCode::SUCCESS, &[ReasonCode::SUCCESS]);
    let connect = Connect::new(version, Text::new("a").unwrap());
    match holder {
        Holder::Connect => Packet::Connect(Connect { properties, ..connect }),
        Holder::Will => {
            let (topic, payload) = (TopicName::new("w").unwrap(), Binary::new(b"bye").unwrap());
            let qos = QoS::AtMostOnce;
            let will = Some(Will { topic, payload, qos, retain: false, properties });
            Packet::Connect(Connect { will, ..connect })
        }
        Holder::Connack => Packet::Connack(Connack { properties, ..Connack::accepted(false) }),
        Holder::Publish => {
            let publish = Publish::new(TopicName::new("a").unwrap(), b"hi");
            Packet::Publish(Publish { properties, ..publish })
        }
        Holder::Puback => Packet::Puback(Puback { properties, ..Puback::new(packet_id) }),
        Holder::Pubrec => Packet::Pubrec(Pubrec { properties, ..Pubrec::new(packet_id) }),
        Holder::Pubrel => Packet::Pubrel(Pubrel { properties, ..Pubrel::new(packet_id) }),
        Holder::Pubcomp => Packet::Pubcomp(Pubcomp { properties, ..Pubcomp::new(packet_id) }),
        Holder::Subscribe => {
            Packet::Subscribe(Subscribe { properties, ..Subscribe::new(packet_id, &*ASKED) })
        }
        Holder::Suback => Packet::Suback(Suback { properties, ..Suback::new(packet_id, codes) }),
        Holder::Unsubscribe => Packet::Unsubscribe(Unsubscribe {
            properties,
            ..Unsubscribe::new(packet_id, &*FILTERS)
        }),
        Holder::Unsuback => {
            Packet::Unsuback(Unsuback { properties, ..Unsuback::with_codes(packet_id, codes) })
        }
        Holder::Disconnect => Packet::Disconnect(Disconnect { reason, properties }),
        Holder::Auth => Packet::Auth(Auth::new(ReasonCode::CONTINUE_AUTHENTICATION, properties)),
    }
}

/// The type of the packet that holds them.
pub fn packet_type(holder: Holder) -> PacketType {
    match holder {
        Holder::Connect | Holder::Will => PacketType::Connect,
        Holder::Connack => PacketType::Connack,
        Holder::Publish => PacketType::Publish,
        Holder::Puback => PacketType::Puback,
        Holder::Pubrec => PacketType::Pubrec,
        Holder::Pubrel => PacketType::Pubrel,
        Holder::Pubcomp => PacketType::Pubcomp,
        Holder::Subscribe => PacketType::Subscribe,
        Holder::Suback => PacketType::Suback,
        Holder::Unsubscribe => PacketType::Unsubscribe,
        Holder::Unsuback => PacketType::Unsuback,
        Holder::Disconnect => PacketType::Disconnect,
        Holder::Auth => PacketType::Auth,
    }
}
