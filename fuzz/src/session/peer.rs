//! Packets of a peer, out of a small alphabet.

use super::command::{EXPIRIES, PAYLOADS, TOPICS, pick, qos, reason};
use mqtt_pure::{
    Auth, Binary, Connack, Connect, Delivery, Disconnect, Packet, PacketId, Pingreq, Pingresp,
    Properties, Property, Puback, Pubcomp, Publish, Pubrec, Pubrel, QoS, ReasonCode, Role, Suback,
    Subscribe, Subscription, Text, TopicFilter, TopicName, Unsuback, Unsubscribe, Version, Will,
};
use std::num::{NonZeroU16, NonZeroU32};

/// A packet of this type; nothing if the version has none such.
pub fn packet(version: Version, sender: Role, number: u8, id: PacketId, a: u8, b: u8) -> Vec<u8> {
    let is_5_0 = version == Version::V5_0;
    let code = if is_5_0 { reason(a) } else { ReasonCode::SUCCESS };
    let method = [Property::AuthenticationMethod(text("m"))];
    let properties = Properties::EMPTY;
    match number % 14 {
        0 if sender == Role::Server => connack(version, a, b),
        0 => connect(version, a, b),
        1 | 2 => publish(version, id, a, b),
        3 => bytes(version, &Packet::Puback(Puback { packet_id: id, reason: code, properties })),
        4 => bytes(version, &Packet::Pubrec(Pubrec { packet_id: id, reason: code, properties })),
        5 => bytes(version, &Packet::Pubrel(Pubrel { packet_id: id, reason: code, properties })),
        6 => bytes(version, &Packet::Pubcomp(Pubcomp { packet_id: id, reason: code, properties })),
        7 if sender == Role::Server => {
            let codes =
                [ReasonCode::SUCCESS, ReasonCode::new(0x80), ReasonCode::granted(QoS::AtLeastOnce)];
            bytes(version, &Packet::Suback(Suback::new(id, &codes[..usize::from(a % 4)])))
        }
        7 => {
            let of = |filter| Subscription::new(TopicFilter::new(filter).unwrap(), qos(b));
            let filters = ["a/+", "#", "$share/g/t"].map(of);
            bytes(version, &Packet::Subscribe(Subscribe::new(id, &filters[..usize::from(a % 4)])))
        }
        8 if sender == Role::Server => {
            let codes = vec![ReasonCode::SUCCESS; if is_5_0 { usize::from(a % 4) } else { 0 }];
            bytes(version, &Packet::Unsuback(Unsuback::with_codes(id, &codes[..])))
        }
        8 => {
            let filters = ["a/+", "#"].map(|filter| TopicFilter::new(filter).unwrap());
            bytes(
                version,
                &Packet::Unsubscribe(Unsubscribe::new(id, &filters[..usize::from(a % 3)])),
            )
        }
        9 if sender == Role::Server => bytes(version, &Packet::Pingresp(Pingresp)),
        9 => bytes(version, &Packet::Pingreq(Pingreq)),
        10 => {
            let values: Vec<_> =
                pick(&EXPIRIES, b).map(Property::SessionExpiryInterval).into_iter().collect();
            let is_told = is_5_0 && sender == Role::Client;
            let properties =
                if is_told { Properties::from(&values[..]) } else { Properties::EMPTY };
            bytes(version, &Packet::Disconnect(Disconnect { reason: code, properties }))
        }
        11 => bytes(version, &Packet::Auth(Auth::new(code, Properties::from(&method[..])))),
        12 => bytes(version, &Packet::Auth(Auth::new(code, properties))),
        // What the other side alone may send.
        _ => packet(version, other(sender), a % 13, id, b, a),
    }
}

/// What a peer in order says to a message that is in this state.
pub fn answer(version: Version, id: PacketId, sent: Option<QoS>) -> Vec<u8> {
    let success = ReasonCode::SUCCESS;
    let properties = Properties::EMPTY;
    let packet = match sent {
        None => Packet::Pubcomp(Pubcomp { packet_id: id, reason: success, properties }),
        Some(QoS::ExactlyOnce) => {
            Packet::Pubrec(Pubrec { packet_id: id, reason: success, properties })
        }
        Some(_) => Packet::Puback(Puback { packet_id: id, reason: success, properties }),
    };
    bytes(version, &packet)
}

pub fn other(role: Role) -> Role {
    if role == Role::Client { Role::Server } else { Role::Client }
}

fn bytes(version: Version, packet: &Packet<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    if packet.encode(version, &mut out).is_err() {
        out.clear();
    }
    out
}

fn text(text: &str) -> Text<'_> {
    Text::new(text).unwrap()
}

fn connack(version: Version, a: u8, b: u8) -> Vec<u8> {
    let code = if a & 0x0e == 2 { ReasonCode::new(0x87) } else { ReasonCode::SUCCESS };
    let mut values = Vec::new();
    if version == Version::V5_0 {
        values.extend(NonZeroU16::new(u16::from(a >> 4 & 3)).map(Property::ReceiveMaximum));
        if a & 0x40 != 0 {
            values.extend(NonZeroU32::new(50).map(Property::MaximumPacketSize));
        }
        if a & 0x80 != 0 {
            values.push(Property::TopicAliasMaximum(2));
        }
        values.extend(pick(&EXPIRIES, b).map(Property::SessionExpiryInterval));
        if b & 4 != 0 {
            values.push(Property::ServerKeepAlive(3));
        }
        if b & 8 != 0 {
            values.push(Property::MaximumQos(QoS::AtLeastOnce));
        }
        if b & 0x10 != 0 {
            values.push(Property::RetainAvailable(false));
        }
        if b & 0x60 == 0x60 {
            values.push(Property::AuthenticationMethod(text("m")));
        }
    }
    let session_present = a & 1 != 0 && code == ReasonCode::SUCCESS;
    let properties = Properties::from(&values[..]);
    bytes(version, &Packet::Connack(Connack { session_present, reason: code, properties }))
}

fn connect(version: Version, a: u8, b: u8) -> Vec<u8> {
    let mut values = Vec::new();
    let mut of_will = Vec::new();
    if version == Version::V5_0 {
        values.extend(pick(&EXPIRIES, a >> 1).map(Property::SessionExpiryInterval));
        values.extend(NonZeroU16::new(u16::from(a >> 3 & 3)).map(Property::ReceiveMaximum));
        if a & 0x20 != 0 {
            values.extend(NonZeroU32::new(50).map(Property::MaximumPacketSize));
        }
        if a & 0x40 != 0 {
            values.push(Property::TopicAliasMaximum(2));
        }
        if a & 0x80 != 0 {
            values.push(Property::RequestProblemInformation(false));
        }
        if b & 0x80 != 0 {
            values.push(Property::AuthenticationMethod(text("m")));
        }
        of_will.extend(pick(&EXPIRIES, b >> 5).map(Property::WillDelayInterval));
    }
    let mut connect = Connect::new(version, text("c"));
    (connect.clean_session, connect.keep_alive) = (a & 1 != 0, pick(&[0, 1, 60, u16::MAX], b));
    connect.properties = Properties::from(&values[..]);
    if b & 4 != 0 {
        connect.will = Some(Will {
            topic: TopicName::new("w").unwrap(),
            payload: Binary::new(b"bye").unwrap(),
            properties: Properties::from(&of_will[..]),
            qos: qos(b >> 3),
            retain: b & 0x20 != 0,
        });
    }
    bytes(version, &Packet::Connect(connect))
}

fn publish(version: Version, packet_id: PacketId, a: u8, b: u8) -> Vec<u8> {
    let mut publish =
        Publish::new(TopicName::new(pick(&TOPICS, a >> 3)).unwrap(), pick(&PAYLOADS, a >> 5));
    let dup = a & 4 != 0;
    publish.delivery = match qos(a) {
        QoS::AtMostOnce => Delivery::AtMostOnce,
        QoS::AtLeastOnce => Delivery::AtLeastOnce { packet_id, dup },
        QoS::ExactlyOnce => Delivery::ExactlyOnce { packet_id, dup },
    };
    publish.retain = b & 8 != 0;
    let alias = NonZeroU16::new(u16::from(b & 3)).map(Property::TopicAlias);
    let values: Vec<_> = alias.filter(|_| version == Version::V5_0).into_iter().collect();
    publish.properties = Properties::from(&values[..]);
    if b & 4 != 0 && !values.is_empty() {
        publish.topic = None;
    }
    bytes(version, &Packet::Publish(publish))
}
