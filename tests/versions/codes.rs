//! Which reason codes a packet can carry, in each version.

use crate::{
    OLD, encoded, id, not_in, refused,
    tables::{DISPUTED_IN_DISCONNECT, Holder, REASONS},
};
use mqtt_pure::{
    Auth, Connack, DecodeOptions, Disconnect, EncodeError, Field, Packet, PacketType, Properties,
    Property, Puback, Pubcomp, Pubrec, Pubrel, ReasonCode, Suback, Text, Unsuback, Version,
};

/// The reason codes that mean what the return codes of 3.1 and 3.1.1 mean, with these.
const RETURN_CODES: [(u8, u8); 6] =
    [(0x00, 0), (0x84, 1), (0x85, 2), (0x88, 3), (0x86, 4), (0x87, 5)];

/// What SUBACK can say in 3.1 and 3.1.1.
const GRANTED: [u8; 4] = [0x00, 0x01, 0x02, 0x80];

/// The packet with this code, and hands it on: some keep it in a list.
fn with_code<T>(holder: Holder, reason: ReasonCode, then: impl FnOnce(Packet<'_>) -> T) -> T {
    let packet_id = id();
    let (codes, properties) = ([ReasonCode::SUCCESS, reason], Properties::EMPTY);
    let method = [Property::AuthenticationMethod(Text::new("m").unwrap())];
    then(match holder {
        Holder::Connack => Packet::Connack(Connack { session_present: false, reason, properties }),
        Holder::Puback => Packet::Puback(Puback { packet_id, reason, properties }),
        Holder::Pubrec => Packet::Pubrec(Pubrec { packet_id, reason, properties }),
        Holder::Pubrel => Packet::Pubrel(Pubrel { packet_id, reason, properties }),
        Holder::Pubcomp => Packet::Pubcomp(Pubcomp { packet_id, reason, properties }),
        Holder::Suback => Packet::Suback(Suback::new(packet_id, &codes)),
        Holder::Unsuback => Packet::Unsuback(Unsuback::with_codes(packet_id, &codes)),
        Holder::Disconnect => Packet::Disconnect(Disconnect { reason, properties }),
        Holder::Auth => Packet::Auth(Auth::new(reason, Properties::from(&method))),
        other => panic!("{other:?} has no code"),
    })
}

/// The bytes of the packet in 5.0.
fn bytes_5_0(holder: Holder, code: u8) -> Vec<u8> {
    let ack = |first: u8| match code {
        0 => vec![first, 2, 0, 10],
        code => vec![first, 3, 0, 10, code],
    };
    match holder {
        Holder::Connack => vec![0x20, 3, 0, code, 0],
        Holder::Puback => ack(0x40),
        Holder::Pubrec => ack(0x50),
        Holder::Pubrel => ack(0x62),
        Holder::Pubcomp => ack(0x70),
        Holder::Suback => vec![0x90, 5, 0, 10, 0, 0, code],
        Holder::Unsuback => vec![0xb0, 5, 0, 10, 0, 0, code],
        Holder::Disconnect if code == 0 => vec![0xe0, 0],
        Holder::Disconnect => vec![0xe0, 1, code],
        Holder::Auth => vec![0xf0, 6, code, 4, 0x15, 0, 1, b'm'],
        other => panic!("{other:?} has no code"),
    }
}

fn is_disputed(holder: Holder, code: u8) -> bool {
    holder == Holder::Disconnect && code == DISPUTED_IN_DISCONNECT
}

#[test]
fn in_5_0_each_packet_has_its_codes() {
    for (holder, codes) in REASONS {
        for code in (0..=u8::MAX).filter(|code| !is_disputed(holder, *code)) {
            let reason = ReasonCode::new(code);
            with_code(holder, reason, |packet| {
                let packet_type = packet.packet_type();
                let bytes = bytes_5_0(holder, code);
                let read = Packet::read(&mut &bytes[..], DecodeOptions::new(Version::V5_0));
                if codes.contains(&code) {
                    assert_eq!(encoded(&packet, Version::V5_0), bytes, "{packet:?}");
                    assert_eq!(read, Ok(Some(packet)));
                } else {
                    let error = EncodeError::InvalidReasonCode { packet_type, reason };
                    assert_eq!(refused(&packet, Version::V5_0), error);
                    let read = read.unwrap_err();
                    assert_eq!(read.code(), "reason_code.invalid", "{packet:?}");
                    assert_eq!((read.field(), read.value()), (Field::ReasonCode, code.into()));
                }
            });
        }
    }
}

/// What a packet says in 3.1 and 3.1.1, or why it cannot say it.
fn expected(holder: Holder, code: u8, version: Version) -> Result<Vec<u8>, EncodeError> {
    let (_, known) = REASONS.iter().find(|(other, _)| *other == holder).unwrap();
    let (packet_type, reason) = (crate::values::packet_type(holder), ReasonCode::new(code));
    // What another version could say, this one cannot; what none can say is no code of the packet.
    let cannot = |field| {
        Err(if known.contains(&code) {
            not_in(version, packet_type, field)
        } else {
            EncodeError::InvalidReasonCode { packet_type, reason }
        })
    };
    match holder {
        Holder::Connack => match RETURN_CODES.iter().find(|(reason, _)| *reason == code) {
            Some((_, code)) => Ok(vec![0x20, 2, 0, *code]),
            None => cannot(Field::ReturnCode),
        },
        Holder::Suback if GRANTED.contains(&code) => Ok(vec![0x90, 4, 0, 10, 0, code]),
        Holder::Suback => cannot(Field::ReturnCode),
        // There are no codes, whichever they are.
        Holder::Unsuback => Err(not_in(version, packet_type, Field::ReasonCode)),
        // There is no such packet.
        Holder::Auth => Err(not_in(version, packet_type, Field::FixedHeader)),
        _ if code == 0 => Ok(bytes_5_0(holder, 0)),
        _ => cannot(Field::ReasonCode),
    }
}

#[test]
fn in_3_1_and_3_1_1_few_codes_can_be_said() {
    for (holder, _) in REASONS {
        for code in (0..=u8::MAX).filter(|code| !is_disputed(holder, *code)) {
            for version in OLD {
                with_code(holder, ReasonCode::new(code), |packet| {
                    match expected(holder, code, version) {
                        Ok(bytes) => {
                            assert_eq!(encoded(&packet, version), bytes, "{packet:?}");
                            let read = Packet::read(&mut &bytes[..], DecodeOptions::new(version));
                            assert_eq!(read, Ok(Some(packet)));
                        }
                        Err(error) => assert_eq!(refused(&packet, version), error, "{packet:?}"),
                    }
                });
            }
        }
    }
}

/// A packet that was read is no easier to write than one that was made.
#[test]
fn what_was_read_in_5_0_is_judged_like_what_was_made() {
    for (holder, codes) in REASONS {
        for code in codes.iter().copied() {
            let bytes = bytes_5_0(holder, code);
            let packet = Packet::read(&mut &bytes[..], DecodeOptions::new(Version::V5_0));
            let packet = packet.unwrap().unwrap();
            for version in OLD {
                match expected(holder, code, version) {
                    Ok(bytes) => assert_eq!(encoded(&packet, version), bytes),
                    Err(error) => assert_eq!(refused(&packet, version), error, "{packet:?}"),
                }
            }
        }
    }
}

#[test]
fn a_return_code_is_there_and_back() {
    for (reason, code) in RETURN_CODES {
        for version in OLD {
            let bytes = [0x20, 2, 0, code];
            let read = Packet::read(&mut &bytes[..], DecodeOptions::new(version));
            let Ok(Some(Packet::Connack(connack))) = read else { panic!("{read:?}") };
            assert_eq!(connack.reason.get(), reason);
            assert_eq!(connack.return_code().map(|code| code.get()), Some(code));
        }
    }
    assert_eq!(crate::values::packet_type(Holder::Connack), PacketType::Connack);
}
