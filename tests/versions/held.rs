//! Which properties a packet can carry, in each version.

use crate::{
    OLD, encoded, not_in, refused,
    tables::{HOLDERS, Holder, PROPERTIES, holding, may_repeat, required, sample},
    values::{packet_type, properties_of, property, with_properties},
};
use mqtt_pure::{
    DecodeOptions, EncodeError, Field, Packet, Properties, Property, PropertyId, QoS, Version,
};

/// The property with a value that it may have, of which the bytes are kept by the caller.
fn made(bytes: &[u8]) -> Property<'_> {
    property(bytes[0], &bytes[1..])
}

fn property_id(id: u8) -> PropertyId {
    PropertyId::new(id).unwrap()
}

/// What else has to be there with a property, in wire order before it.
fn needed(holder: Holder, id: u8) -> Option<Vec<u8>> {
    let is_needed = holder == Holder::Auth || holder == Holder::Connect && id == 0x16;
    (is_needed && id != 0x15).then(|| sample(0x15))
}

fn version_of(packet: &Packet<'_>, version: Version) -> Version {
    match packet {
        Packet::Connect(connect) => connect.version,
        _ => version,
    }
}

/// Every holder with every property that it may have.
#[test]
fn properties_are_of_5_0_alone() {
    let mut count = 0;
    for (holder, allowed) in HOLDERS {
        for id in allowed.iter().copied() {
            let mut parts: Vec<Vec<u8>> = needed(holder, id).into_iter().collect();
            parts.push(sample(id));
            let values: Vec<Property<'_>> = parts.iter().map(|bytes| made(bytes)).collect();
            let values = Properties::from(&values[..]);
            let (bytes, _) = holding(holder, &parts.concat());
            let read = Packet::read(&mut &bytes[..], DecodeOptions::new(Version::V5_0));
            let read = read.unwrap().unwrap();
            assert_eq!(
                encoded(&with_properties(holder, values, Version::V5_0), Version::V5_0),
                bytes
            );
            assert_eq!(encoded(&read, Version::V5_0), bytes);
            let field = if holder == Holder::Auth { Field::FixedHeader } else { Field::Properties };
            for version in OLD {
                // Values in a slice, and the same as they were read.
                for properties in [values, properties_of(&read, holder)] {
                    let packet = with_properties(holder, properties, version);
                    let error = not_in(version, packet_type(holder), field);
                    assert_eq!(refused(&packet, version), error, "{id:02x} in {holder:?}");
                }
                if version_of(&read, version) == version {
                    let error = not_in(version, packet_type(holder), field);
                    assert_eq!(refused(&read, version), error, "{id:02x} in {holder:?}");
                }
            }
            count += 1;
        }
    }
    assert_eq!(count, 9 + 7 + 17 + 8 + 4 * 2 + 2 + 2 + 1 + 2 + 4 + 4);
}

#[test]
fn a_property_that_is_not_allowed_is_named() {
    for (holder, allowed) in HOLDERS {
        for (id, _) in PROPERTIES.iter().filter(|(id, _)| !allowed.contains(id)) {
            let bytes = [sample(0x26), sample(*id)];
            let values = [made(&bytes[0]), made(&bytes[1])];
            let packet = with_properties(holder, Properties::from(&values), Version::V5_0);
            let (packet_type, property_id) = (packet_type(holder), property_id(*id));
            let error = EncodeError::PropertyNotAllowed { packet_type, property_id };
            assert_eq!(refused(&packet, Version::V5_0), error, "{holder:?}");
        }
    }
}

#[test]
fn a_property_that_is_repeated_is_named() {
    for (holder, allowed) in HOLDERS {
        for id in allowed.iter().copied() {
            let bytes = [sample(id), sample(0x26), sample(id)];
            let method = needed(holder, id);
            let mut values: Vec<Property<'_>> = bytes.iter().map(|bytes| made(bytes)).collect();
            values.extend(method.as_deref().map(made));
            let packet = with_properties(holder, Properties::from(&values[..]), Version::V5_0);
            if may_repeat(holder, id) {
                encoded(&packet, Version::V5_0);
                continue;
            }
            let (packet_type, property_id) = (packet_type(holder), property_id(id));
            let error = EncodeError::PropertyRepeated { packet_type, property_id };
            assert_eq!(refused(&packet, Version::V5_0), error, "{holder:?}");
        }
    }
}

/// The types leave one property with a value that is not to be sent: without it, the maximum is 2.
#[test]
fn a_value_that_is_not_to_be_sent_is_named() {
    let values = [Property::MaximumQos(QoS::ExactlyOnce)];
    let packet = with_properties(Holder::Connack, Properties::from(&values), Version::V5_0);
    let packet_type = packet_type(Holder::Connack);
    let property_id = PropertyId::MaximumQos;
    let error = EncodeError::PropertyValue { packet_type, property_id };
    assert_eq!(refused(&packet, Version::V5_0), error);
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
        let values = [Property::MaximumQos(qos)];
        let packet = with_properties(Holder::Connack, Properties::from(&values), Version::V5_0);
        let bytes = [0x20, 5, 0, 0, 2, 0x24, qos.level()];
        assert_eq!(encoded(&packet, Version::V5_0), bytes);
    }
}

#[test]
fn a_property_that_is_missing_is_named() {
    let property_id = PropertyId::AuthenticationMethod;
    let missing =
        |holder| EncodeError::PropertyMissing { packet_type: packet_type(holder), property_id };
    let data = sample(0x16);
    for (holder, _) in HOLDERS {
        let none = with_properties(holder, Properties::EMPTY, Version::V5_0);
        let values = [made(&data)];
        let with_data = with_properties(holder, Properties::from(&values), Version::V5_0);
        match holder {
            Holder::Auth => {
                assert_eq!(refused(&none, Version::V5_0), missing(holder));
                assert_eq!(refused(&with_data, Version::V5_0), missing(holder));
            }
            Holder::Connect => {
                encoded(&none, Version::V5_0);
                assert_eq!(refused(&with_data, Version::V5_0), missing(holder));
            }
            // The standard asks for the method in CONNECT and AUTH.
            Holder::Connack => drop(encoded(&with_data, Version::V5_0)),
            _ => drop(encoded(&none, Version::V5_0)),
        }
    }
}

/// Properties that were read in one packet and are sent in another: that they were checked there does
/// not make them fit here.
#[test]
fn properties_that_move_are_checked_again() {
    for (from, ids) in HOLDERS {
        let block: Vec<u8> = ids.iter().flat_map(|id| sample(*id)).collect();
        let (bytes, _) = holding(from, &block);
        let read = Packet::read(&mut &bytes[..], DecodeOptions::new(Version::V5_0));
        let read = read.unwrap().unwrap();
        let properties = properties_of(&read, from);
        for (to, allowed) in HOLDERS {
            let packet = with_properties(to, properties, Version::V5_0);
            let (packet_type, bytes) = (packet_type(to), holding(to, &block).0);
            let stranger = ids.iter().find(|id| !allowed.contains(id));
            if let Some(id) = stranger {
                let property_id = property_id(*id);
                let error = EncodeError::PropertyNotAllowed { packet_type, property_id };
                assert_eq!(refused(&packet, Version::V5_0), error, "{from:?} to {to:?}");
            } else if !required(to).is_empty() && !ids.contains(&0x15) {
                let property_id = PropertyId::AuthenticationMethod;
                let error = EncodeError::PropertyMissing { packet_type, property_id };
                assert_eq!(refused(&packet, Version::V5_0), error, "{from:?} to {to:?}");
            } else {
                assert_eq!(encoded(&packet, Version::V5_0), bytes, "{from:?} to {to:?}");
            }
        }
    }
    // What may repeat there may not repeat here.
    let (bytes, _) = holding(Holder::Publish, b"\x0b\x01\x0b\x02");
    let read = Packet::read(&mut &bytes[..], DecodeOptions::new(Version::V5_0)).unwrap().unwrap();
    let properties = properties_of(&read, Holder::Publish);
    let packet = with_properties(Holder::Subscribe, properties, Version::V5_0);
    let error = EncodeError::PropertyRepeated {
        packet_type: packet_type(Holder::Subscribe),
        property_id: PropertyId::SubscriptionIdentifier,
    };
    assert_eq!(refused(&packet, Version::V5_0), error);
}
