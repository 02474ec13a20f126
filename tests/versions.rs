//! What a version cannot say is an error that names it, before the first byte is written; and what it
//! can say is said.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test"
)]

#[path = "versions/codes.rs"]
mod codes;
#[path = "versions/held.rs"]
mod held;
#[allow(dead_code, reason = "other tests need the rest")]
#[path = "standard/tables.rs"]
mod tables;
#[allow(dead_code, reason = "other tests need the rest")]
#[path = "standard/values.rs"]
mod values;

use mqtt_pure::{
    Auth, Binary, Connack, Connect, ConnectReturnCode, DecodeOptions, Delivery, Disconnect,
    EncodeError, Field, Packet, PacketId, PacketType, Pingreq, Pingresp, Properties, Property,
    Puback, Pubcomp, Publish, Pubrec, Pubrel, QoS, ReasonCode, RetainHandling, Suback, Subscribe,
    Subscription, SubscriptionOptions, Text, TopicFilter, TopicName, Unsuback, Unsubscribe,
    Version, Will,
};
use std::num::NonZeroU16;

/// The versions that know less.
const OLD: [Version; 2] = [Version::V3_1, Version::V3_1_1];

fn id() -> PacketId {
    PacketId::new(10).unwrap()
}

fn text(text: &str) -> Text<'_> {
    Text::new(text).unwrap()
}

/// The bytes of a packet that can be written.
fn encoded(packet: &Packet<'_>, version: Version) -> Vec<u8> {
    let mut out = b"before".to_vec();
    packet
        .encode(version, &mut out)
        .unwrap_or_else(|error| panic!("{version}: {packet:?}: {error}"));
    let bytes = out.split_off(6);
    assert_eq!(out, b"before");
    assert_eq!(packet.encoded_len(version), Ok(bytes.len()), "{packet:?}");
    bytes
}

/// Why a packet cannot be written, of which then nothing is.
fn refused(packet: &Packet<'_>, version: Version) -> EncodeError {
    let mut out = b"before".to_vec();
    let Err(error) = packet.encode(version, &mut out) else {
        panic!("{version}: {packet:?} is written: {out:02x?}")
    };
    assert_eq!(out, b"before", "{version}: {packet:?}");
    assert_eq!(packet.encoded_len(version), Err(error), "{version}: {packet:?}");
    error
}

fn not_in(version: Version, packet_type: PacketType, field: Field) -> EncodeError {
    EncodeError::NotInVersion { packet_type, field, version }
}

/// A packet and its bytes in 3.1, 3.1.1 and 5.0.
fn check(packet: Packet<'_>, bytes: [&[u8]; 3]) {
    for (version, expected) in Version::ALL.into_iter().zip(bytes) {
        let packet = match packet {
            Packet::Connect(connect) => Packet::Connect(Connect { version, ..connect }),
            other => other,
        };
        assert_eq!(encoded(&packet, version), expected, "{version}: {packet:?}");
        let read = Packet::read(&mut &expected[..], DecodeOptions::new(version));
        assert_eq!(read, Ok(Some(packet)), "{version}");
    }
}

#[test]
fn what_all_versions_say_each_says_in_its_way() {
    let connect = Connect::new(Version::V3_1, text("c"));
    check(
        Packet::Connect(connect),
        [
            b"\x10\x0f\0\x06MQIsdp\x03\x02\0\x3c\0\x01c",
            b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c",
            b"\x10\x0e\0\x04MQTT\x05\x02\0\x3c\0\0\x01c",
        ],
    );
    let will = Will {
        topic: TopicName::new("w").unwrap(),
        payload: Binary::new(b"\xff\0").unwrap(),
        properties: Properties::EMPTY,
        qos: QoS::ExactlyOnce,
        retain: true,
    };
    let password = Some(Binary::new(b"p").unwrap());
    let user_name = Some(text("u"));
    check(
        Packet::Connect(Connect { will: Some(will), user_name, password, ..connect }),
        [
            b"\x10\x1c\0\x06MQIsdp\x03\xf6\0\x3c\0\x01c\0\x01w\0\x02\xff\0\0\x01u\0\x01p",
            b"\x10\x1a\0\x04MQTT\x04\xf6\0\x3c\0\x01c\0\x01w\0\x02\xff\0\0\x01u\0\x01p",
            b"\x10\x1c\0\x04MQTT\x05\xf6\0\x3c\0\0\x01c\0\0\x01w\0\x02\xff\0\0\x01u\0\x01p",
        ],
    );
    check(
        Packet::Connack(Connack::accepted(false)),
        [b"\x20\x02\0\0", b"\x20\x02\0\0", b"\x20\x03\0\0\0"],
    );
    check(
        Packet::Connack(Connack::new(ConnectReturnCode::NotAuthorized)),
        [b"\x20\x02\0\x05", b"\x20\x02\0\x05", b"\x20\x03\0\x87\0"],
    );
    let topic = TopicName::new("a/b").unwrap();
    let v3 = &b"\x30\x07\0\x03a/bhi"[..];
    check(Packet::Publish(Publish::new(topic, b"hi")), [v3, v3, b"\x30\x08\0\x03a/b\0hi"]);
    let delivery = Delivery::ExactlyOnce { packet_id: id(), dup: true };
    let publish = Publish { delivery, retain: true, ..Publish::new(topic, b"hi") };
    let v3 = &b"\x3d\x09\0\x03a/b\0\x0ahi"[..];
    check(Packet::Publish(publish), [v3, v3, b"\x3d\x0a\0\x03a/b\0\x0a\0hi"]);
    check(Packet::Puback(Puback::new(id())), [b"\x40\x02\0\x0a"; 3]);
    check(Packet::Pubrec(Pubrec::new(id())), [b"\x50\x02\0\x0a"; 3]);
    check(Packet::Pubrel(Pubrel::new(id())), [b"\x62\x02\0\x0a"; 3]);
    check(Packet::Pubcomp(Pubcomp::new(id())), [b"\x70\x02\0\x0a"; 3]);
    check(Packet::Pingreq(Pingreq), [b"\xc0\0"; 3]);
    check(Packet::Pingresp(Pingresp), [b"\xd0\0"; 3]);
    check(Packet::Disconnect(Disconnect::new()), [b"\xe0\0"; 3]);
}

#[test]
fn what_all_versions_ask_and_answer() {
    let filters = [TopicFilter::new("a/+").unwrap(), TopicFilter::new("$share/g/a").unwrap()];
    let asked = filters.map(|filter| Subscription::new(filter, QoS::ExactlyOnce));
    let v3 = &b"\x82\x15\0\x0a\0\x03a/+\x02\0\x0a$share/g/a\x02"[..];
    check(
        Packet::Subscribe(Subscribe::new(id(), &asked)),
        [v3, v3, b"\x82\x16\0\x0a\0\0\x03a/+\x02\0\x0a$share/g/a\x02"],
    );
    let v3 = &b"\xa2\x13\0\x0a\0\x03a/+\0\x0a$share/g/a"[..];
    check(
        Packet::Unsubscribe(Unsubscribe::new(id(), &filters)),
        [v3, v3, b"\xa2\x14\0\x0a\0\0\x03a/+\0\x0a$share/g/a"],
    );
    let codes = [0, 1, 2, 0x80].map(ReasonCode::new);
    let v3 = &b"\x90\x06\0\x0a\0\x01\x02\x80"[..];
    let v5 = b"\x90\x07\0\x0a\0\0\x01\x02\x80";
    check(Packet::Suback(Suback::new(id(), &codes)), [v3, v3, v5]);
}

/// The one packet that has no form in common: 3.1 and 3.1.1 have no codes, 5.0 has one at least.
#[test]
fn unsuback_has_codes_in_5_0_alone() {
    let codes = [0x00, 0x11].map(ReasonCode::new);
    let (bare, with_codes) = (Unsuback::new(id()), Unsuback::with_codes(id(), &codes));
    let (bare, with_codes) = (Packet::Unsuback(bare), Packet::Unsuback(with_codes));
    for version in OLD {
        assert_eq!(encoded(&bare, version), b"\xb0\x02\0\x0a");
        let error = not_in(version, PacketType::Unsuback, Field::ReasonCode);
        assert_eq!(refused(&with_codes, version), error);
    }
    let empty = EncodeError::Empty { packet_type: PacketType::Unsuback };
    assert_eq!(refused(&bare, Version::V5_0), empty);
    assert_eq!(encoded(&with_codes, Version::V5_0), b"\xb0\x05\0\x0a\0\0\x11");
}

#[test]
fn auth_is_of_5_0_alone() {
    let properties = [Property::AuthenticationMethod(text("m"))];
    for reason in [0x00, 0x18, 0x19] {
        let auth = Auth::new(ReasonCode::new(reason), Properties::from(&properties));
        let auth = Packet::Auth(auth);
        for version in OLD {
            let error = not_in(version, PacketType::Auth, Field::FixedHeader);
            assert_eq!(refused(&auth, version), error);
        }
        let bytes = [b"\xf0\x06", &[reason][..], b"\x04\x15\0\x01m"].concat();
        assert_eq!(encoded(&auth, Version::V5_0), bytes);
    }
}

#[test]
fn session_present_is_not_in_3_1() {
    let present = Packet::Connack(Connack::accepted(true));
    let error = not_in(Version::V3_1, PacketType::Connack, Field::AcknowledgeFlags);
    assert_eq!(refused(&present, Version::V3_1), error);
    assert_eq!(encoded(&present, Version::V3_1_1), b"\x20\x02\x01\0");
    assert_eq!(encoded(&present, Version::V5_0), b"\x20\x03\x01\0\0");
    // And in no version is there a session in a refusal.
    let mut refusal = Connack::new(ConnectReturnCode::ServerUnavailable);
    refusal.session_present = true;
    for version in Version::ALL {
        let error = refused(&Packet::Connack(refusal), version);
        assert_eq!(error, EncodeError::SessionPresentOnError, "{version}");
    }
}

/// All options, and the byte that they are in 5.0.
fn all_options() -> Vec<(SubscriptionOptions, u8)> {
    let mut all = Vec::new();
    for qos in 0..3_u8 {
        for (bits, handling) in (0..4_u8).flat_map(|bits| (0..3_u8).map(move |h| (bits, h))) {
            let mut options = SubscriptionOptions::new(QoS::new(qos).unwrap());
            options.no_local = bits & 1 != 0;
            options.retain_as_published = bits & 2 != 0;
            options.retain_handling = RetainHandling::new(handling).unwrap();
            all.push((options, qos | (bits * 4) | (handling * 16)));
        }
    }
    all
}

#[test]
fn subscription_options_are_of_5_0_alone() {
    let filter = TopicFilter::new("a").unwrap();
    for (options, byte) in all_options() {
        // What is said last counts as much as what is said first.
        let plain = Subscription::new(filter, QoS::AtMostOnce);
        for at in 0..2 {
            let mut asked = [plain; 2];
            asked[at].options = options;
            let made = Packet::Subscribe(Subscribe::new(id(), &asked));
            let mut bytes = b"\x82\x0b\0\x0a\0\0\x01a\0\0\x01a\0".to_vec();
            bytes[8 + 4 * at] = byte;
            assert_eq!(encoded(&made, Version::V5_0), bytes);
            let read = Packet::read(&mut &bytes[..], DecodeOptions::new(Version::V5_0));
            let read = read.unwrap().unwrap();
            assert_eq!(read, made);
            for (packet, version) in OLD.into_iter().flat_map(|v| [(made, v), (read, v)]) {
                if byte < 3 {
                    let mut bytes = b"\x82\x0a\0\x0a\0\x01a\0\0\x01a\0".to_vec();
                    bytes[7 + 4 * at] = byte;
                    assert_eq!(encoded(&packet, version), bytes);
                } else {
                    let field = Field::SubscriptionOptions;
                    let error = not_in(version, PacketType::Subscribe, field);
                    assert_eq!(refused(&packet, version), error, "{options:?}");
                }
            }
        }
    }
}

#[test]
fn shared_subscriptions_have_a_form_in_5_0_alone() {
    for filter in ["$share/g", "$share/", "$share//a", "$share/g/", "$share/+/a", "$share/#"] {
        let filters = [TopicFilter::new("a").unwrap(), TopicFilter::new(filter).unwrap()];
        let asked = filters.map(|filter| Subscription::new(filter, QoS::AtMostOnce));
        let made = [
            Packet::Subscribe(Subscribe::new(id(), &asked)),
            Packet::Unsubscribe(Unsubscribe::new(id(), &filters)),
        ];
        for packet in made {
            let packet_type = packet.packet_type();
            let error = EncodeError::SharedSubscription { packet_type };
            assert_eq!(refused(&packet, Version::V5_0), error, "{filter}");
            for version in OLD {
                let bytes = encoded(&packet, version);
                // Nor may one that was read by an older version be sent on.
                let read = Packet::read(&mut &bytes[..], DecodeOptions::new(version));
                assert_eq!(refused(&read.unwrap().unwrap(), Version::V5_0), error, "{filter}");
            }
        }
    }
    let filter = TopicFilter::new("$share/g/a").unwrap();
    for (mut options, byte) in all_options() {
        options.qos = QoS::AtMostOnce;
        let mut asked = [Subscription::new(filter, QoS::AtMostOnce)];
        asked[0].options = options;
        let packet = Packet::Subscribe(Subscribe::new(id(), &asked));
        if byte & 4 != 0 {
            assert_eq!(refused(&packet, Version::V5_0), EncodeError::NoLocalOnShared);
        } else {
            encoded(&packet, Version::V5_0);
        }
    }
}

#[test]
fn a_publish_without_a_topic_is_of_5_0_alone() {
    let bare = Publish { topic: None, ..Publish::new(TopicName::new("a").unwrap(), b"x") };
    let properties = [Property::TopicAlias(NonZeroU16::new(7).unwrap())];
    let with_alias = Publish { properties: Properties::from(&properties), ..bare };
    let other = [Property::MessageExpiryInterval(1)];
    let with_another = Publish { properties: Properties::from(&other), ..bare };
    for version in Version::ALL {
        assert_eq!(refused(&Packet::Publish(bare), version), EncodeError::NoTopic);
        assert_eq!(bare.encode_header(version, 1, &mut vec![]), Err(EncodeError::NoTopic));
    }
    for version in OLD {
        let error = not_in(version, PacketType::Publish, Field::Properties);
        assert_eq!(refused(&Packet::Publish(with_alias), version), error);
        assert_eq!(with_alias.encode_header(version, 1, &mut vec![]), Err(error));
    }
    let bytes = encoded(&Packet::Publish(with_alias), Version::V5_0);
    assert_eq!(bytes, b"\x30\x07\0\0\x03\x23\0\x07x");
    let error = refused(&Packet::Publish(with_another), Version::V5_0);
    assert_eq!(error, EncodeError::NoTopic);
}

#[test]
fn who_connects_without_a_name() {
    let password = Some(Binary::new(b"p").unwrap());
    for version in Version::ALL {
        let is_5_0 = version == Version::V5_0;
        for clean_session in [false, true] {
            let connect = Connect { clean_session, ..Connect::new(version, Text::EMPTY) };
            let connect = Packet::Connect(connect);
            // 3.1.1 takes it with a clean session, 3.1 never, 5.0 always.
            if is_5_0 || version == Version::V3_1_1 && clean_session {
                assert!(encoded(&connect, version).ends_with(b"\0\0"));
            } else {
                assert_eq!(refused(&connect, version), EncodeError::EmptyClientId);
            }
        }
        let alone = Packet::Connect(Connect { password, ..Connect::new(version, text("c")) });
        if is_5_0 {
            let bytes = b"\x10\x11\0\x04MQTT\x05\x42\0\x3c\0\0\x01c\0\x01p";
            assert_eq!(encoded(&alone, version), bytes);
        } else {
            assert_eq!(refused(&alone, version), EncodeError::PasswordWithoutUserName);
        }
    }
}

#[test]
fn a_connect_is_written_in_its_own_version() {
    for version in Version::ALL {
        let connect = Packet::Connect(Connect::new(version, text("c")));
        let written = Version::ALL.map(|other| encoded(&connect, other));
        assert!(written.iter().all(|bytes| *bytes == written[0]));
    }
}

#[test]
fn a_list_has_an_entry() {
    for version in Version::ALL {
        let subscribe = Subscribe::new(id(), &[]);
        let unsubscribe = Unsubscribe::new(id(), &[]);
        for packet in [
            Packet::Subscribe(subscribe),
            Packet::Unsubscribe(unsubscribe),
            Packet::Suback(Suback::new(id(), &[])),
        ] {
            let error = EncodeError::Empty { packet_type: packet.packet_type() };
            assert_eq!(refused(&packet, version), error, "{version}");
        }
    }
}
