//! What was read is written and read again as the same value; canonical bytes come back as they
//! were, others do not. In 5.0 there are two exceptions: an empty AUTH is read and never written, and
//! the refusal by a server of 3.1.1 gets longer.

use super::{
    decode::PROFILES,
    model::{Rules, is_canonical},
};
use mqtt_pure::{DecodeOptions, EncodeError, Packet, PacketType, PropertyId, Version};

pub fn fixpoint(data: &[u8]) {
    for version in Version::ALL {
        for strictness in PROFILES {
            check(data, DecodeOptions::new(version).with_strictness(strictness));
        }
    }
}

fn check(data: &[u8], options: DecodeOptions) {
    let mut input = data;
    while let Ok(Some(packet)) = {
        let before = input;
        let read = Packet::read(&mut input, options);
        if let Ok(Some(packet)) = read {
            rewrite(packet, &before[..before.len() - input.len()], options);
        }
        read
    } {
        let _ = format!("{packet:?}");
    }
}

fn rewrite(packet: Packet<'_>, bytes: &[u8], options: DecodeOptions) {
    let mut out = Vec::new();
    if let ([0xf0, 0], Packet::Auth(_)) = (bytes, packet) {
        // It is taken as what it says, and nobody is to say it: the method is missing.
        let property_id = PropertyId::AuthenticationMethod;
        let missing = EncodeError::PropertyMissing { packet_type: PacketType::Auth, property_id };
        assert_eq!(packet.encode(options.version, &mut out), Err(missing));
        assert!(out.is_empty());
        return;
    }
    packet.encode(options.version, &mut out).unwrap_or_else(|error| panic!("{error}: {packet:?}"));
    assert_eq!(packet.encoded_len(options.version), Ok(out.len()));
    assert_eq!(out == bytes, is_canonical(bytes, Rules::new(options)), "{bytes:02x?} {out:02x?}");
    assert!(is_canonical(&out, Rules::new(options)), "{out:02x?}");
    if options.version == Version::V5_0 && matches!(bytes[..], [_, 2, 0, 1]) && bytes[0] >> 4 == 2 {
        // How a server refuses that knows 3.1.1 alone, in the words of 5.0.
        assert_eq!(out, b"\x20\x03\x00\x84\x00");
    } else {
        assert!(out.len() <= bytes.len());
    }

    let strictest = options.with_strictness(mqtt_pure::Strictness::DEFAULT);
    let mut rest = &out[..];
    assert_eq!(Packet::read(&mut rest, strictest), Ok(Some(packet)), "{out:02x?}");
    assert!(rest.is_empty());

    let mut exact = vec![0; out.len()];
    assert_eq!(packet.encode(options.version, &mut exact.as_mut_slice()), Ok(()));
    assert_eq!(exact, out);
    let mut short = vec![0xaa; out.len() - 1];
    assert!(packet.encode(options.version, &mut short.as_mut_slice()).is_err());
    assert!(short.iter().all(|byte| *byte == 0xaa), "an error left bytes behind");
    if let Packet::Publish(publish) = packet {
        let mut parts = Vec::new();
        let written = publish.encode_header(options.version, publish.payload.len(), &mut parts);
        assert_eq!(written, Ok(()));
        parts.extend_from_slice(publish.payload);
        assert_eq!(parts, out);
    }
}
