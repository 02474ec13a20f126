//! Packets of 5.0 cost no memory either, whatever properties they have.

use crate::{
    measure::allocations,
    tables::{HOLDERS, Holder, PROPERTIES, holding, required, sample},
};
use bytes::BytesMut;
use mqtt_pure::{
    DecodeOptions, Packet, PacketId, Properties, Property, Puback, ReasonCode, StreamDecoder, Text,
    UserProperty, Version,
};

fn options() -> DecodeOptions {
    DecodeOptions::new(Version::V5_0)
}

/// Every packet with all properties that it may have, user properties among them repeated, and the
/// shortest and longest forms of those that may leave something out.
fn packets() -> Vec<Vec<u8>> {
    let full = HOLDERS.iter().map(|(holder, allowed)| {
        let mut block: Vec<u8> = allowed.iter().flat_map(|id| sample(*id)).collect();
        block.extend(sample(0x26));
        holding(*holder, &block).0
    });
    let bare = HOLDERS.iter().map(|(holder, _)| holding(*holder, required(*holder)).0);
    let others: [&[u8]; 9] = [
        b"\x40\x02\0\x0a",
        b"\x50\x03\0\x0a\x10",
        b"\x62\x03\0\x0a\x92",
        b"\xe0\0",
        b"\xe0\x01\x04",
        b"\xc0\0",
        b"\xd0\0",
        b"\x30\x06\0\0\x03\x23\0\x01",
        b"\x10\x20\0\x04MQTT\x05\xce\0\x0a\0\0\x02c1\0\0\x01w\0\x03bye\0\x01u\0\x03\xff\0p",
    ];
    full.chain(bare).chain(others.map(<[u8]>::to_vec)).collect()
}

/// Reads all that a packet has to tell.
fn walk(packet: &Packet<'_>) -> usize {
    let count = |properties: &Properties<'_>| {
        let pairs = properties.user_properties().map(|pair| pair.name.len() + pair.value.len());
        let ids = properties.subscription_identifiers().count();
        let one = properties.reason_string().map_or(0, Text::len);
        properties.iter().count() + pairs.sum::<usize>() + ids + one
    };
    match packet {
        Packet::Connect(p) => count(&p.properties) + p.will.map_or(0, |w| count(&w.properties)),
        Packet::Connack(p) => count(&p.properties),
        Packet::Publish(p) => count(&p.properties),
        Packet::Puback(p) => count(&p.properties),
        Packet::Pubrec(p) => count(&p.properties),
        Packet::Pubrel(p) => count(&p.properties),
        Packet::Pubcomp(p) => count(&p.properties),
        Packet::Subscribe(p) => {
            let shares = p.subscriptions.iter().filter_map(|entry| entry.filter.share());
            count(&p.properties) + shares.count()
        }
        Packet::Suback(p) => count(&p.properties) + p.codes.iter().count(),
        Packet::Unsubscribe(p) => count(&p.properties) + p.filters.iter().count(),
        Packet::Unsuback(p) => count(&p.properties) + p.codes.iter().count(),
        Packet::Disconnect(p) => count(&p.properties),
        Packet::Auth(p) => count(&p.properties),
        Packet::Pingreq(_) | Packet::Pingresp(_) => 0,
    }
}

#[test]
fn decoding_iterating_and_encoding_allocate_nothing() {
    for bytes in packets() {
        // The long form of an acknowledgement is not how it is written.
        let mut out = Vec::with_capacity(bytes.len());
        let mut frame = BytesMut::with_capacity(bytes.len());
        let mut len = Ok(0);
        let (count, peak) = allocations(|| {
            let packet = Packet::read(&mut &bytes[..], options()).unwrap().unwrap();
            let things = walk(&packet);
            len = packet.encoded_len(Version::V5_0);
            packet.encode(Version::V5_0, &mut out).unwrap();
            packet.encode(Version::V5_0, &mut frame).unwrap();
            things
        });
        assert_eq!((count, peak), (0, 0), "{bytes:02x?}");
        assert_eq!((len, &frame[..]), (Ok(out.len()), &out[..]));
        let again = Packet::read(&mut &out[..], options());
        assert_eq!(again, Packet::read(&mut &bytes[..], options()));
    }
}

#[test]
fn a_hundred_thousand_user_properties_allocate_nothing() {
    for holder in [Holder::Publish, Holder::Will, Holder::Subscribe, Holder::Auth] {
        let user = b"\x26\0\x01n\0\x01v".repeat(100_000);
        let (bytes, _) = holding(holder, &[required(holder), &user].concat());
        let mut out = Vec::with_capacity(bytes.len());
        let (count, _) = allocations(|| {
            let packet = Packet::read(&mut &bytes[..], options()).unwrap().unwrap();
            assert!(walk(&packet) >= 300_000);
            packet.encode(Version::V5_0, &mut out).unwrap();
        });
        assert_eq!(count, 0, "{holder:?}");
        assert!(out == bytes, "{holder:?}");
    }
}

#[test]
fn values_are_encoded_where_they_lie() {
    let text = Text::new("text").unwrap();
    let values = [Property::UserProperty(UserProperty::new(text, text)); 1000];
    let mut puback = Puback::new(PacketId::MIN);
    puback.reason = ReasonCode::NO_MATCHING_SUBSCRIBERS;
    puback.properties = Properties::from(&values);
    let len = puback.encoded_len(Version::V5_0).unwrap();
    let mut out = Vec::with_capacity(len);
    let (count, _) = allocations(|| puback.encode(Version::V5_0, &mut out).unwrap());
    assert_eq!((count, out.len()), (0, len));
}

#[test]
fn refusing_allocates_nothing() {
    for (holder, allowed) in HOLDERS {
        for (id, _) in PROPERTIES.iter().filter(|(id, _)| !allowed.contains(id)) {
            let (bytes, _) = holding(holder, &[&sample(*id), required(holder)].concat());
            let read = || Packet::read(&mut &bytes[..], options()).is_err();
            assert!(read());
            assert_eq!(allocations(read).0, 0, "{bytes:02x?}");
        }
    }
}

/// A property length is as much an announcement as a Remaining Length.
#[test]
fn an_announced_property_length_earns_no_memory() {
    let options = options().with_max_packet_size(DecodeOptions::MAX_PACKET_SIZE);
    for fed in [
        &b"\x30\xff\xff\xff\x7f\0\x01a\xf0\xff\xff\x7f\x26\xff\xff"[..],
        b"\x82\xff\xff\xff\x7f\0\x01\xf0\xff\xff\x7f\x0b",
        b"\x40\xff\xff\xff\x7f\0\x01\x80\xf8\xff\xff\x7f\x1f\xff\xff",
    ] {
        let (_, peak) = allocations(|| {
            let mut decoder = StreamDecoder::new(options);
            assert_eq!(decoder.feed(fed).next(), Ok(None), "{fed:02x?}");
            decoder
        });
        assert!(peak <= 2 * fed.len() + 64, "{peak}");
    }
}

#[test]
fn a_stream_holds_what_has_arrived() {
    for bytes in packets() {
        for len in 0..bytes.len() {
            for piece in [1, bytes.len()] {
                let (_, peak) = allocations(|| {
                    let mut decoder = StreamDecoder::new(options());
                    for chunk in bytes[..len].chunks(piece) {
                        assert_eq!(decoder.feed(chunk).next(), Ok(None), "{bytes:02x?} {len}");
                    }
                    assert_eq!(decoder.buffered(), len);
                });
                assert!(peak <= 2 * len + 64, "{peak} for {len} bytes");
            }
        }
    }
}
