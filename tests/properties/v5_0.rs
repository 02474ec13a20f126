//! Properties and shared subscriptions of 5.0.

use crate::{
    generate::{held, version},
    tables::{Holder, packet, prefixed},
    topics::is_filter,
    values::{properties_of, property, with_properties},
};
use mqtt_pure::{
    DecodeOptions, Packet, PacketId, Properties, Property, PropertyId, QoS, Subscribe,
    Subscription, TopicFilter, Unsubscribe, Version,
};
use proptest::{collection::vec, prelude::*};

/// What the getter of this property finds.
fn got<'a>(properties: &Properties<'a>, id: u8) -> Vec<Property<'a>> {
    let p = properties;
    let one = match id {
        0x01 => p.payload_format_indicator().map(Property::PayloadFormatIndicator),
        0x02 => p.message_expiry_interval().map(Property::MessageExpiryInterval),
        0x03 => p.content_type().map(Property::ContentType),
        0x08 => p.response_topic().map(Property::ResponseTopic),
        0x09 => p.correlation_data().map(Property::CorrelationData),
        0x0b => {
            return p.subscription_identifiers().map(Property::SubscriptionIdentifier).collect();
        }
        0x11 => p.session_expiry_interval().map(Property::SessionExpiryInterval),
        0x12 => p.assigned_client_identifier().map(Property::AssignedClientIdentifier),
        0x13 => p.server_keep_alive().map(Property::ServerKeepAlive),
        0x15 => p.authentication_method().map(Property::AuthenticationMethod),
        0x16 => p.authentication_data().map(Property::AuthenticationData),
        0x17 => p.request_problem_information().map(Property::RequestProblemInformation),
        0x18 => p.will_delay_interval().map(Property::WillDelayInterval),
        0x19 => p.request_response_information().map(Property::RequestResponseInformation),
        0x1a => p.response_information().map(Property::ResponseInformation),
        0x1c => p.server_reference().map(Property::ServerReference),
        0x1f => p.reason_string().map(Property::ReasonString),
        0x21 => p.receive_maximum().map(Property::ReceiveMaximum),
        0x22 => p.topic_alias_maximum().map(Property::TopicAliasMaximum),
        0x23 => p.topic_alias().map(Property::TopicAlias),
        0x24 => p.maximum_qos().map(Property::MaximumQos),
        0x25 => p.retain_available().map(Property::RetainAvailable),
        0x26 => return p.user_properties().map(Property::UserProperty).collect(),
        0x27 => p.maximum_packet_size().map(Property::MaximumPacketSize),
        0x28 => p.wildcard_subscription_available().map(Property::WildcardSubscriptionAvailable),
        0x29 => {
            p.subscription_identifiers_available().map(Property::SubscriptionIdentifiersAvailable)
        }
        0x2a => p.shared_subscription_available().map(Property::SharedSubscriptionAvailable),
        other => panic!("0x{other:02x}"),
    };
    one.into_iter().collect()
}

/// The parts of a shared subscription as section 4.8.2 describes them: the literal, a name without
/// wildcards, and a topic filter.
fn share(filter: &str) -> Option<(&str, &str)> {
    let mut parts = filter.splitn(3, '/');
    let (literal, name, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let is_name = !name.is_empty() && !name.contains(['+', '#']);
    (literal == "$share" && is_name && is_filter(rest)).then_some((name, rest))
}

/// Strings that are shared subscriptions, or nearly.
fn share_like() -> impl Strategy<Value = String> {
    let level = prop_oneof!["", "g", "é", "\\+", "#", "g\\+", "\\$share", "a"];
    let first =
        prop_oneof![4 => Just("$share"), 1 => Just("$SHARE"), 1 => Just("$shared"), 1 => Just("")];
    (first, vec(level, 0..5)).prop_map(|(first, rest)| {
        let levels: Vec<&str> = std::iter::once(first).chain(rest.iter().map(|s| &**s)).collect();
        levels.join("/")
    })
}

#[test]
fn examples_of_shared_subscriptions() {
    for (filter, parts) in [
        ("$share/g/sport/tennis/+", Some(("g", "sport/tennis/+"))),
        ("$share/g//finance", Some(("g", "/finance"))),
        ("$share/g/#", Some(("g", "#"))),
        ("$share/g/$SYS/#", Some(("g", "$SYS/#"))),
        ("$share/g", None),
        ("$share/g/", None),
        ("$share//a", None),
        ("$share/+/a", None),
        ("$SHARE/g/a", None),
        ("$shared/g/a", None),
        ("$share", None),
    ] {
        assert_eq!(share(filter), parts, "{filter}");
        let found = TopicFilter::new(filter).unwrap().share();
        assert_eq!(found.map(|share| (share.name.as_str(), share.filter.as_str())), parts);
    }
}

#[test]
fn what_may_be_left_out_is_left_out() {
    for (long, short) in [
        (&b"\x40\x03\0\x01\0"[..], &b"\x40\x02\0\x01"[..]),
        (b"\x40\x04\0\x01\0\0", b"\x40\x02\0\x01"),
        (b"\x50\x04\0\x01\x10\0", b"\x50\x03\0\x01\x10"),
        (b"\x62\x04\0\x01\x92\0", b"\x62\x03\0\x01\x92"),
        (b"\x70\x03\0\x01\0", b"\x70\x02\0\x01"),
        (b"\xe0\x01\0", b"\xe0\0"),
        (b"\xe0\x02\0\0", b"\xe0\0"),
        (b"\xe0\x02\x82\0", b"\xe0\x01\x82"),
    ] {
        let options = DecodeOptions::new(Version::V5_0);
        let packets =
            [long, short].map(|bytes| Packet::read(&mut &bytes[..], options).unwrap().unwrap());
        assert_eq!(packets[0], packets[1]);
        for packet in packets {
            let mut out = Vec::new();
            packet.encode(Version::V5_0, &mut out).unwrap();
            assert_eq!((&out[..], packet.encoded_len(Version::V5_0)), (short, Ok(short.len())));
        }
    }
}

proptest! {
    /// Bytes on one side, values on the other, neither made from the other by the crate.
    #[test]
    fn properties_are_read_and_written_as_they_are((holder, samples, bytes) in held()) {
        let values: Vec<Property<'_>> =
            samples.iter().map(|sample| property(sample.id, &sample.value)).collect();
        let written = Properties::from(&values[..]);
        let read = Packet::read(&mut &bytes[..], DecodeOptions::new(Version::V5_0));
        let packet = read.unwrap().unwrap();
        let found = properties_of(&packet, holder);
        prop_assert_eq!(found.iter().collect::<Vec<_>>(), &values[..]);
        prop_assert_eq!((found.len(), found.iter().len()), (values.len(), values.len()));
        prop_assert_eq!(found, written);
        let made = with_properties(holder, written, Version::V5_0);
        prop_assert_eq!(made, packet);
        // An acknowledgement without properties is shorter, see above.
        let is_short = samples.is_empty() && matches!(
            holder,
            Holder::Puback | Holder::Pubrec | Holder::Pubrel | Holder::Pubcomp | Holder::Disconnect
        );
        for packet in [made, packet] {
            let mut out = Vec::new();
            packet.encode(Version::V5_0, &mut out).unwrap();
            prop_assert_eq!(packet.encoded_len(Version::V5_0), Ok(out.len()));
            prop_assert_eq!(out == bytes, !is_short, "{:02x?} {:02x?}", out, bytes);
        }
    }

    #[test]
    fn getters_find_what_iterating_finds((holder, samples, bytes) in held()) {
        let values: Vec<Property<'_>> =
            samples.iter().map(|sample| property(sample.id, &sample.value)).collect();
        let packet = Packet::read(&mut &bytes[..], DecodeOptions::new(Version::V5_0));
        let packet = packet.unwrap().unwrap();
        for properties in [properties_of(&packet, holder), Properties::from(&values[..])] {
            prop_assert_eq!(properties.is_empty(), samples.is_empty());
            for id in PropertyId::ALL {
                let here = samples.iter().zip(&values).filter(|(s, _)| s.id == id.number());
                let expected: Vec<Property<'_>> = here.map(|(_, value)| *value).collect();
                prop_assert_eq!(got(&properties, id.number()), expected, "{}", id);
            }
        }
    }

    #[test]
    fn shared_subscriptions_are_what_the_standard_says(
        filter in share_like(),
        version in version(),
        unsubscribes in any::<bool>(),
    ) {
        let made = TopicFilter::new(&filter);
        prop_assert_eq!(made.is_ok(), is_filter(&filter), "{}", filter);
        if let Ok(made) = made {
            let parts = made.share().map(|share| (share.name.as_str(), share.filter.as_str()));
            prop_assert_eq!(parts, share(&filter));
            prop_assert_eq!(made.is_shared(), filter.starts_with("$share/"));
        }
        let is_5_0 = version == Version::V5_0;
        let is_malformed = is_5_0 && filter.starts_with("$share/") && share(&filter).is_none();
        let properties: &[u8] = if is_5_0 { b"\0" } else { b"" };
        let body = [b"\0\x01", properties, &prefixed(&filter)].concat();
        let bytes = match unsubscribes {
            true => packet(0xa2, &body),
            false => packet(0x82, &[&body[..], b"\0"].concat()),
        };
        let read = Packet::read(&mut &bytes[..], DecodeOptions::new(version));
        prop_assert_eq!(read.is_ok(), is_filter(&filter) && !is_malformed, "{} {:?}", filter, read);
        // What is read can be written, and what cannot be read cannot be written either.
        if let Ok(made) = made {
            let filters = [made];
            let id = PacketId::MIN;
            let asked = filters.map(|filter| Subscription::new(filter, QoS::AtMostOnce));
            let len = if unsubscribes {
                Unsubscribe::new(id, &filters).encoded_len(version)
            } else {
                Subscribe::new(id, &asked).encoded_len(version)
            };
            prop_assert_eq!(len.ok(), (!is_malformed).then_some(bytes.len()), "{}", filter);
        }
    }
}
