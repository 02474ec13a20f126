//! Whole packets of 3.1.1, read by this codec and by two others. Verdicts and fields agree, apart from the
//! differences that are written down here, each with its reason.

use super::model::remaining_length;
use bytes::BytesMut;
use mqtt_pure::{DecodeError, DecodeOptions, ErrorKind, Packet, PacketType, Version, Versions};

/// A difference that is right as it is.
pub struct Difference {
    pub reason: &'static str,
    pub applies: fn(&Case<'_>) -> bool,
}

/// A whole packet and what this codec makes of it.
pub struct Case<'a> {
    pub bytes: &'a [u8],
    pub ours: Result<Packet<'a>, DecodeError>,
}

impl Case<'_> {
    pub fn is_refused_for(&self, kinds: &[ErrorKind]) -> bool {
        self.ours.is_err_and(|error| kinds.contains(&error.kind()))
    }

    pub fn is_refused_in(&self, kind: ErrorKind, packet_type: PacketType) -> bool {
        self.ours.is_err_and(|e| e.kind() == kind && e.packet_type() == Some(packet_type))
    }

    /// An empty topic or filter that ends the packet is refused because a character has no place.
    fn has_an_empty_topic_at_the_end(&self) -> bool {
        let [first, .., a, b, c] = *self.bytes else { return false };
        let body =
            remaining_length(&self.bytes[1..]).map_or(&[][..], |(_, len)| &self.bytes[1 + len..]);
        let ends = match first >> 4 {
            1 => {
                let fixed = if body.starts_with(&[0, 6]) { 12 } else { 10 };
                let id = body.get(fixed..).unwrap_or_default();
                let [high, low, rest @ ..] = id else { return false };
                let len = usize::from(*high) * 256 + usize::from(*low);
                rest.get(len..).is_some_and(|rest| rest.starts_with(&[0, 0]))
            }
            3 => body.starts_with(&[0, 0]),
            8 => [a, b] == [0, 0],
            10 => [b, c] == [0, 0],
            _ => false,
        };
        ends && self.is_refused_for(&[ErrorKind::TruncatedField])
    }

    fn is_connect_of_3_1(&self) -> bool {
        matches!(self.ours, Ok(Packet::Connect(c)) if c.version == Version::V3_1)
    }
}

/// mqtt-proto 0.4 takes what this codec refuses.
const PROTO_ACCEPTS: [Difference; 10] = [
    Difference {
        reason: "it does not look at what follows `+` in the last level [MQTT-4.7.1-3]",
        applies: |case| {
            case.ours.is_err_and(|e| {
                let at = usize::try_from(e.offset()).unwrap();
                e.kind() == ErrorKind::MisplacedWildcard
                    && e.value() == u32::from(b'+')
                    && case.bytes.get(at + 1).is_some_and(|after| *after != b'/')
            })
        },
    },
    Difference {
        reason: "it reads the fields and leaves what follows them in the packet (A5)",
        applies: |case| case.is_refused_for(&[ErrorKind::TrailingBytes]),
    },
    Difference {
        reason: "it does not look for U+0000 outside topics [MQTT-1.5.3-2]",
        applies: |case| case.is_refused_in(ErrorKind::HasNul, PacketType::Connect),
    },
    Difference {
        reason: "it takes an empty topic name, which 5.0 has a use for [MQTT-4.7.3-1]",
        applies: |case| {
            case.is_refused_for(&[ErrorKind::EmptyTopic]) || case.has_an_empty_topic_at_the_end()
        },
    },
    Difference {
        reason: "it takes DUP at QoS 0 [MQTT-3.3.1-2]",
        applies: |case| case.is_refused_for(&[ErrorKind::DupAtQos0]),
    },
    Difference {
        reason: "it takes a password without a user name, as 5.0 does [MQTT-3.1.2-22]",
        applies: |case| case.is_refused_for(&[ErrorKind::PasswordWithoutUserName]),
    },
    Difference {
        reason: "it checks Will QoS but not Will Retain without a will [MQTT-3.1.2-15]",
        applies: |case| case.is_refused_for(&[ErrorKind::WillFlagsWithoutWill]),
    },
    Difference {
        reason: "it leaves an empty client identifier to the server [MQTT-3.1.3-8]",
        applies: |case| case.is_refused_for(&[ErrorKind::ClientId]),
    },
    Difference {
        reason: "it takes Session Present in a refusal [MQTT-3.2.2-4]",
        applies: |case| case.is_refused_for(&[ErrorKind::SessionPresentOnError]),
    },
    Difference {
        reason: "it takes a SUBACK without a code",
        applies: |case| case.is_refused_for(&[ErrorKind::NoReasonCodes]),
    },
];

/// mqtt-proto 0.4 refuses what this codec takes.
const PROTO_REFUSES: [Difference; 2] = [
    Difference {
        reason: "3.1 has unused bits, and lets user name and password be missing (B11, B12, G2)",
        applies: |case| case.is_connect_of_3_1(),
    },
    Difference {
        reason: "it applies the shared subscriptions of 5.0 to 3.1.1, where `$share` is a level",
        applies: |case| match case.ours {
            Ok(Packet::Subscribe(packet)) => {
                packet.subscriptions.iter().any(|s| s.filter.as_bytes().starts_with(b"$share/"))
            }
            Ok(Packet::Unsubscribe(packet)) => {
                packet.filters.iter().any(|filter| filter.as_bytes().starts_with(b"$share/"))
            }
            _ => false,
        },
    },
];

/// rumqttc 0.25 takes what this codec refuses.
const RUMQTTC_ACCEPTS: [Difference; 8] = [
    Difference {
        reason: "it ignores the flags in the first byte of all packets but PUBLISH [MQTT-2.2.2-2]",
        applies: |case| case.is_refused_for(&[ErrorKind::ReservedFlags, ErrorKind::DupAtQos0]),
    },
    Difference {
        reason: "it leaves surplus bytes unread (A5)",
        applies: |case| case.is_refused_for(&[ErrorKind::TrailingBytes]),
    },
    Difference {
        reason: "it checks packet identifiers in PUBLISH only [MQTT-2.3.1-1]",
        applies: |case| {
            case.is_refused_for(&[ErrorKind::PacketIdZero])
                && !case.is_refused_in(ErrorKind::PacketIdZero, PacketType::Publish)
        },
    },
    Difference {
        reason: "a string is any UTF-8 to it, topics included [MQTT-1.5.3-2] [MQTT-4.7.1-1]",
        applies: |case| {
            case.is_refused_for(&[
                ErrorKind::HasNul,
                ErrorKind::EmptyTopic,
                ErrorKind::WildcardInTopicName,
                ErrorKind::MisplacedWildcard,
            ]) || case.has_an_empty_topic_at_the_end()
        },
    },
    Difference {
        reason: "of the connect flags it checks those of the will [MQTT-3.1.2-3] [MQTT-3.1.2-22]",
        applies: |case| {
            case.is_refused_for(&[
                ErrorKind::ReservedConnectFlag,
                ErrorKind::PasswordWithoutUserName,
                ErrorKind::ClientId,
            ])
        },
    },
    Difference {
        reason: "it reads a CONNECT of 5.0 as one of 3.1.1 with another level",
        applies: |case| {
            case.ours.is_err_and(|e| e.kind() == ErrorKind::ProtocolLevel && e.value() == 5)
        },
    },
    Difference {
        reason: "it does not check the acknowledge flags of CONNACK [MQTT-3.2.2-4]",
        applies: |case| {
            case.is_refused_for(&[
                ErrorKind::ReservedConnackFlags,
                ErrorKind::SessionPresentOnError,
            ])
        },
    },
    Difference {
        reason: "it ignores the upper bits of a requested QoS and takes an empty UNSUBSCRIBE",
        applies: |case| {
            case.is_refused_for(&[ErrorKind::ReservedSubscriptionBits])
                || case.is_refused_in(ErrorKind::NoFilters, PacketType::Unsubscribe)
        },
    },
];

/// rumqttc 0.25 refuses what this codec takes.
const RUMQTTC_REFUSES: [Difference; 2] = [
    Difference { reason: "it knows nothing of 3.1", applies: |case| case.is_connect_of_3_1() },
    Difference {
        reason: "it takes a password for a string (A4)",
        applies: |case| {
            matches!(case.ours, Ok(Packet::Connect(c)) if c.password.is_some_and(|password| {
                std::str::from_utf8(password.as_bytes()).is_err()
            }))
        },
    },
];

pub fn differential(data: &[u8]) {
    super::differential5::differential5(data);
    let Some(bytes) = whole_packet(data) else { return };
    let options =
        DecodeOptions::new(Version::V3_1_1).with_versions(Versions::ALL.without(Version::V5_0));
    let ours = match Packet::read(&mut &bytes[..], options) {
        Ok(Some(packet)) => Ok(packet),
        Ok(None) => panic!("more is wanted of a whole packet"),
        Err(error) => Err(error),
    };
    let case = Case { bytes, ours };
    // It writes the failure code of SUBACK as 3.
    let misspells = |packet: &Packet<'_>| matches!(packet, Packet::Suback(suback) if suback.codes.iter().any(|c| c.is_failure()));
    compare("mqtt-proto", &case, proto(bytes), &PROTO_ACCEPTS, &PROTO_REFUSES, misspells);
    let loses = |packet: &Packet<'_>| {
        // It makes no difference between an empty user name or password and none.
        matches!(packet, Packet::Connect(c) if c.user_name.is_some_and(|name| name.is_empty())
            || c.password.is_some_and(|password| password.is_empty()))
    };
    compare("rumqttc", &case, rumqttc(bytes), &RUMQTTC_ACCEPTS, &RUMQTTC_REFUSES, loses);
}

/// The packet at the front, if it is whole and of a size that is worth the trial.
pub fn whole_packet(data: &[u8]) -> Option<&[u8]> {
    let (len, bytes) = remaining_length(data.get(1..)?)?;
    (len < 1_000_000).then(|| data.get(..1 + bytes + len))?
}

/// What another codec makes of the packet, as it would write it itself.
pub type Theirs = Result<Vec<u8>, String>;

fn compare(
    name: &str,
    case: &Case<'_>,
    theirs: Theirs,
    accepts: &[Difference],
    refuses: &[Difference],
    loses: impl Fn(&Packet<'_>) -> bool,
) {
    let explain = |list: &[Difference]| {
        let found = list.iter().find(|difference| (difference.applies)(case));
        found.map(|difference| difference.reason)
    };
    let (bytes, ours) = (case.bytes, &case.ours);
    match (ours, &theirs) {
        (Err(_), Err(_)) => {}
        (Err(error), Ok(_)) => {
            assert!(explain(accepts).is_some(), "{name} takes {bytes:02x?}: {error}");
        }
        (Ok(packet), Err(error)) => {
            assert!(explain(refuses).is_some(), "{name} refuses {bytes:02x?}: {error}, {packet:?}");
        }
        (Ok(packet), Ok(rewritten)) => {
            let mut out = Vec::new();
            packet.encode(Version::V3_1_1, &mut out).unwrap();
            assert!(out == *rewritten || loses(packet), "{name}: {out:02x?} {rewritten:02x?}");
        }
    }
}

fn proto(bytes: &[u8]) -> Theirs {
    match mqtt_proto::v3::Packet::decode(bytes) {
        Ok(Some(packet)) => match packet.encode() {
            Ok(out) => Ok(out.as_ref().to_vec()),
            Err(error) => Err(format!("cannot write what it read: {error:?}")),
        },
        // A field that leads out of the packet makes it ask for more.
        Ok(None) => Err("asks for more".to_owned()),
        Err(error) => Err(format!("{error:?}")),
    }
}

fn rumqttc(bytes: &[u8]) -> Theirs {
    let mut stream = BytesMut::from(bytes);
    let packet = rumqttc::mqttbytes::v4::Packet::read(&mut stream, 1_000_000);
    let mut out = BytesMut::new();
    let written = packet.and_then(|packet| packet.write(&mut out, 1_100_000));
    written.map(|_| out.to_vec()).map_err(|error| format!("{error:?}"))
}
