//! Every property of 5.0 in every packet, and everything that can be wrong with one.

use crate::{
    tables::{Form, HOLDERS, Holder, PROPERTIES, form, holding, may_repeat, required, sample},
    v5_0::verdict,
};
use mqtt_pure::{DecodeOptions, Field, Packet, PropertyId, ReasonCode, Version};

fn options() -> DecodeOptions {
    DecodeOptions::new(Version::V5_0)
}

fn name(holder: Holder, id: u8) -> String {
    format!("0x{id:02x} in {holder:?}")
}

fn property(id: u8) -> Field {
    Field::Property(PropertyId::new(id).unwrap())
}

/// Something that is not what the standard asks for, and where in the block it begins.
struct Fault {
    block: Vec<u8>,
    /// The offset in the block, and how many bytes of the block settle it.
    at: usize,
    settled: usize,
    code: &'static str,
    reason: ReasonCode,
}

fn expect(holder: Holder, id: u8, fault: &Fault) {
    let (bytes, start) = holding(holder, &fault.block);
    let name = format!("{}: {}", name(holder, id), fault.code);
    let (settled, error) = verdict(&name, &bytes, options());
    assert_eq!((error.code(), error.reason_code()), (fault.code, fault.reason), "{name}");
    assert_eq!(settled, start + fault.settled, "{name}: {bytes:02x?}");
    assert_eq!(usize::try_from(error.offset()), Ok(start + fault.at), "{name}: {bytes:02x?}");
    assert_eq!(error.version(), Version::V5_0);
}

#[test]
fn each_packet_takes_its_own_properties() {
    for (holder, allowed) in HOLDERS {
        for (id, _) in PROPERTIES {
            let block = if required(holder).starts_with(&[id]) {
                sample(id)
            } else {
                [&sample(id)[..], required(holder), b"\x26\0\0\0\x01z"].concat()
            };
            if allowed.contains(&id) {
                // A CONNECT that has data of an authentication needs the method too.
                let with_method = [&block[..], b"\x15\0\x01m"].concat();
                let needs_method = holder == Holder::Connect && id == 0x16;
                let block = if needs_method { &with_method } else { &block };
                let (bytes, _) = holding(holder, block);
                let mut input = &bytes[..];
                let read = Packet::read(&mut input, options());
                assert!(matches!(read, Ok(Some(_))), "{}: {read:?}", name(holder, id));
                let mut out = Vec::new();
                read.unwrap().unwrap().encode(Version::V5_0, &mut out).unwrap();
                assert_eq!(out, bytes, "{}", name(holder, id));
                continue;
            }
            let (code, reason) = ("property.not_allowed", ReasonCode::MALFORMED_PACKET);
            expect(holder, id, &Fault { block, at: 0, settled: 1, code, reason });
        }
    }
}

#[test]
fn identifiers_that_do_not_exist() {
    let known: Vec<u8> = PROPERTIES.iter().map(|(id, _)| *id).collect();
    for (holder, _) in HOLDERS {
        for id in (0..=u8::MAX).filter(|id| !known.contains(id)) {
            let block = [&[id, 0, 0, 0, 0], required(holder), b"\x26\0\0\0\0"].concat();
            let (code, reason) = ("property.unknown", ReasonCode::MALFORMED_PACKET);
            expect(holder, id, &Fault { block, at: 0, settled: 1, code, reason });
        }
    }
}

#[test]
fn what_may_be_there_once_is_refused_the_second_time() {
    for (holder, allowed) in HOLDERS {
        for id in allowed.iter().copied() {
            let first = [required(holder), &sample(id)].concat();
            let is_method = required(holder).starts_with(&[id]);
            let first = if is_method { sample(id) } else { first };
            let needs_method = holder == Holder::Connect && id == 0x16;
            let first = if needs_method { [b"\x15\0\x01m", &first[..]].concat() } else { first };
            let at = first.len();
            let block = [first, sample(id)].concat();
            if may_repeat(holder, id) {
                let (bytes, _) = holding(holder, &block);
                let read = Packet::read(&mut &bytes[..], options());
                assert!(matches!(read, Ok(Some(_))), "{}: {read:?}", name(holder, id));
                continue;
            }
            let (code, reason) = ("property.duplicate", ReasonCode::PROTOCOL_ERROR);
            expect(holder, id, &Fault { block, at, settled: at + 1, code, reason });
        }
    }
}

/// Wherever a block ends within a property, though the packet goes on.
#[test]
fn a_block_that_ends_within_a_property() {
    for (holder, allowed) in HOLDERS {
        for id in allowed.iter().copied() {
            let whole = sample(id);
            for len in 1..whole.len() {
                let block = [required(holder), &whole[..len]].concat();
                let (bytes, _) = holding(holder, &block);
                let name = format!("{} cut to {len}", name(holder, id));
                let (_, error) = verdict(&name, &bytes, options());
                let codes = ["packet.truncated_field", "property.duplicate", "property.missing"];
                let is_known = codes.contains(&error.code());
                // A method that is there already is there twice, cut or not.
                assert!(is_known, "{name}: {error}");
                if error.code() != "packet.truncated_field" {
                    assert!(matches!(id, 0x15 | 0x16), "{name}: {error}");
                }
            }
        }
    }
}

/// The values that a property cannot have: its bytes, how many of them settle it, where the fault is.
fn bad_values(id: u8) -> Vec<(&'static [u8], usize, usize)> {
    match form(id) {
        Form::Bit => vec![(b"\x02", 1, 0), (b"\x80", 1, 0), (b"\xff", 1, 0)],
        Form::NonZeroU16 => vec![(b"\0\0", 2, 0)],
        Form::NonZeroU32 => vec![(b"\0\0\0\0", 4, 0)],
        Form::Varint => vec![(b"\0", 1, 0)],
        _ => vec![],
    }
}

#[test]
fn values_that_a_property_cannot_have() {
    let mut count = 0;
    for (holder, allowed) in HOLDERS {
        for id in allowed.iter().copied() {
            for (value, settled, at) in bad_values(id) {
                let block = [&[id], value, required(holder), b"\x26\0\0\0\0"].concat();
                // [MQTT-3.3.2-8] names the code of a topic alias.
                let reason = match id {
                    0x23 => ReasonCode::TOPIC_ALIAS_INVALID,
                    _ => ReasonCode::PROTOCOL_ERROR,
                };
                let (settled, at, code) = (settled + 1, at + 1, "property.value");
                expect(holder, id, &Fault { block, at, settled, code, reason });
                count += 1;
            }
        }
    }
    // Eight bits in nine places, receive maximum and maximum packet size in two each, the alias, and
    // the subscription identifier in two.
    assert_eq!(count, 9 * 3 + 2 + 2 + 1 + 2);
}

/// A string of four bytes, where in it the fault is, and with how many of its bytes it shows.
const BAD_STRINGS: [(&[u8; 4], usize, usize, &str); 9] = [
    (b"a\xc0\x80b", 1, 2, "string.ill_formed_utf8"),
    (b"\xed\xa0\x80b", 0, 2, "string.ill_formed_utf8"),
    (b"\xf4\x90\x80\x80", 0, 2, "string.ill_formed_utf8"),
    (b"\xe0\x80\x80b", 0, 2, "string.ill_formed_utf8"),
    (b"\x80abc", 0, 1, "string.ill_formed_utf8"),
    (b"ab\xe2\x82", 2, 3, "string.ill_formed_utf8"),
    (b"abc\xc3", 3, 4, "string.ill_formed_utf8"),
    (b"\0abc", 0, 1, "string.has_nul"),
    (b"abc\0", 3, 4, "string.has_nul"),
];

#[test]
fn strings_that_are_none() {
    let mut statements = Vec::new();
    for (holder, allowed) in HOLDERS {
        for id in allowed.iter().copied() {
            // What comes before the string.
            let places: &[&[u8]] = match form(id) {
                Form::Text | Form::TopicName => &[b""],
                // Name, and value.
                Form::Pair => &[b"", b"\0\x01n"],
                _ => &[],
            };
            for before in places {
                for (string, at, settled, code) in BAD_STRINGS {
                    let head = [&[id], *before, b"\0\x04"].concat();
                    let is_name = form(id) == Form::Pair && before.is_empty();
                    let after: &[u8] = if is_name { b"\0\0" } else { b"" };
                    let method = if id == 0x15 { b"" } else { required(holder) };
                    let block = [&head, &string[..], after, method, b"\x26\0\0\0\0"].concat();
                    let (at, settled) = (head.len() + at, head.len() + settled);
                    let reason = ReasonCode::MALFORMED_PACKET;
                    expect(holder, id, &Fault { block: block.clone(), at, settled, code, reason });
                    let (bytes, _) = holding(holder, &block);
                    let error = Packet::read(&mut &bytes[..], options()).unwrap_err();
                    assert_eq!(error.field(), property(id));
                    statements.push((id, code, error.statement()));
                }
            }
        }
    }
    for (id, code, statement) in statements {
        let expected = match (id, code) {
            (0x26, _) => "MQTT-1.5.7-1",
            (0x08, "string.has_nul") => "MQTT-4.7.3-2",
            (_, "string.has_nul") => "MQTT-1.5.4-2",
            _ => "MQTT-1.5.4-1",
        };
        assert_eq!(statement, Some(expected), "0x{id:02x}: {code}");
    }
}

/// Correlation data and authentication data are bytes of any value.
#[test]
fn bytes_are_not_strings() {
    for (holder, allowed) in HOLDERS {
        for id in allowed.iter().copied().filter(|id| form(*id) == Form::Binary) {
            for (bytes, ..) in BAD_STRINGS {
                let method: &[u8] =
                    if holder == Holder::Connect { b"\x15\0\x01m" } else { required(holder) };
                let block = [method, &[id, 0, 4], bytes].concat();
                let (packet, _) = holding(holder, &block);
                let read = Packet::read(&mut &packet[..], options());
                assert!(matches!(read, Ok(Some(_))), "{}: {read:?}", name(holder, id));
            }
        }
    }
}
