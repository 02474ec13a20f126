//! Makes sure, before anything is timed, that a codec does what it is asked to.

use crate::{
    Peer,
    measure::{Case, Input},
};
use mqtt_pure::{Connect, DecodeOptions, Delivery, Packet, Properties, Publish, Version};
use std::collections::BTreeSet;

/// Decodes every packet, from buffers and from a stream, and compares what encoding them gives.
/// Returns the ways in which it is other bytes: those that mean the same, for which 5.0 leaves room,
/// and a fault that does not matter to what is timed.
pub fn validate(peer: &mut dyn Peer, case: &Case, input: &Input) -> BTreeSet<&'static str> {
    let (name, count) = (peer.name(), input.packets.len());
    peer.load(&input.buffers);
    assert_eq!(peer.decode(), count, "{name} decodes");
    assert_eq!(peer.feed(&mut input.stream.chunks(1460)), count, "{name} takes pieces");
    let mut differences = BTreeSet::new();
    // Each alone, since some count on CONNECT to stand at the start of the output.
    for packet in input.packets {
        peer.keep(std::slice::from_ref(packet));
        peer.prepare();
        peer.encode();
        let encoded = peer.encoded();
        if encoded != *packet {
            let difference = difference(packet, &encoded, case.version);
            differences.insert(
                difference
                    .unwrap_or_else(|| panic!("{name} encodes {packet:02x?} as {encoded:02x?}")),
            );
        }
    }
    peer.keep(input.packets);
    peer.prepare();
    peer.encode();
    if differences.is_empty() {
        assert_eq!(peer.encoded().len(), input.stream.len(), "{name} encodes all");
    }
    differences
}

/// How two packets differ; `None` if it is no known way.
fn difference(sent: &[u8], encoded: &[u8], version: Version) -> Option<&'static str> {
    let options = DecodeOptions::new(version).with_max_packet_size(crate::MAX_SIZE as u32);
    let [sent, encoded] = [sent, encoded].map(|bytes| {
        let mut rest = bytes;
        let packet = Packet::read(&mut rest, options).ok()??;
        rest.is_empty().then_some(packet)
    });
    match (sent?, encoded?) {
        _ if version != Version::V5_0 => None,
        (sent, encoded) if sent == encoded => Some("writes what may be left out"),
        (sent, encoded) => {
            let (kept, sent) = apart(sent);
            let (found, encoded) = apart(encoded);
            let is_same = kept.len() == found.len()
                && kept.iter().all(|property| found.iter().any(|other| other == property));
            match is_same {
                true if sent == encoded => Some("reorders properties"),
                true if as_qos_1(sent) == encoded => Some("reads QoS 2 as QoS 1"),
                _ => None,
            }
        }
    }
}

/// What a PUBLISH at QoS 2 is if the QoS is taken for 1.
fn as_qos_1(packet: Packet<'_>) -> Packet<'_> {
    match packet {
        Packet::Publish(
            publish @ Publish { delivery: Delivery::ExactlyOnce { packet_id, dup }, .. },
        ) => Packet::Publish(Publish {
            delivery: Delivery::AtLeastOnce { packet_id, dup },
            ..publish
        }),
        other => other,
    }
}

/// The properties, and the packet without them.
fn apart(packet: Packet<'_>) -> (Properties<'_>, Packet<'_>) {
    let properties = Properties::default();
    match packet {
        Packet::Publish(publish) => {
            (publish.properties, Packet::Publish(Publish { properties, ..publish }))
        }
        Packet::Connect(connect) => {
            (connect.properties, Packet::Connect(Connect { properties, ..connect }))
        }
        other => (properties, other),
    }
}
