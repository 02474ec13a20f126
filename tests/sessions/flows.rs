//! Messages of QoS 1 and 2 over connections that are lost: what other implementations got wrong.

use crate::end::{
    self, End, accept, at, connack, connect, id, message, online, packets, payloads, serving,
    with_connect,
};
use mqtt_pure::{
    Client, Properties, Property, Published, QoS, Record, Role, SessionOptions, Subscription,
    TopicFilter, Version,
};

const VERSIONS: [Version; 2] = [Version::V3_1_1, Version::V5_0];

fn publish(version: Version, first_byte: u8, payload: &str) -> Vec<u8> {
    end::publish(version, first_byte, "t", 1, &[], payload)
}

fn is_message(told: &[String]) -> bool {
    told.len() == 1 && told[0].starts_with("Message(")
}

/// Loses the connection and makes another.
fn again(client: &mut Client, version: Version, session_present: bool) -> Vec<String> {
    client.closed(at(1));
    with_connect(version, false, |connect| client.opened(at(2), &connect)).unwrap();
    client.written(at(2));
    client.hear(at(2), &connack(version, session_present))
}

#[test]
fn an_identifier_of_qos_2_is_new_in_a_new_session() {
    for version in VERSIONS {
        for clean in [false, true] {
            let mut client = online(version, SessionOptions::new());
            assert!(is_message(&client.hear(at(0), &publish(version, 0x34, "old"))));
            client.closed(at(1));
            connect(&mut client, version, clean, false);
            assert!(is_message(&client.hear(at(2), &publish(version, 0x34, "new"))));
            assert_eq!(client.written(at(2)), [0x50, 2, 0, 1]);
        }
    }
}

#[test]
fn what_was_published_without_a_connection_shares_no_identifier() {
    let mut client = Client::new(SessionOptions::new());
    for number in 0..3 {
        client.publish(at(0), message(QoS::ExactlyOnce, &number.to_string())).unwrap();
    }
    // Without an expiry, and lost before it is accepted; then with one.
    let connect = mqtt_pure::Connect::new(Version::V5_0, mqtt_pure::Text::new("c").unwrap());
    client.opened(at(0), &connect).unwrap();
    client.closed(at(0));
    end::connect(&mut client, Version::V5_0, false, false);
    client.publish(at(0), message(QoS::ExactlyOnce, "3")).unwrap();
    let sent = client.snapshot().sent;
    let ids: std::collections::BTreeSet<_> = sent.iter().map(|sent| sent.packet_id).collect();
    assert_eq!((sent.len(), ids.len()), (4, 4));
    let bytes = client.written(at(0));
    assert_eq!(payloads(&bytes, Version::V5_0, Role::Client), ["0", "1", "2", "3"]);
}

#[test]
fn a_reason_code_below_0x80_is_a_success() {
    let mut client = online(Version::V5_0, SessionOptions::new());
    client.publish(at(0), message(QoS::ExactlyOnce, "")).unwrap();
    client.written(at(0));
    assert_eq!(client.hear(at(0), b"\x50\x03\0\x01\x10"), [""; 0]);
    assert_eq!(client.written(at(0)), [0x62, 2, 0, 1]);
    assert_eq!(client.in_flight(), 1);
}

#[test]
fn pubrel_is_sent_again_and_never_the_publish() {
    for version in VERSIONS {
        let mut client = online(version, SessionOptions::new());
        client.publish(at(0), message(QoS::ExactlyOnce, "")).unwrap();
        client.written(at(0));
        client.hear(at(0), b"\x50\x02\0\x01");
        // PUBREL is lost with the connection, with and without a restart.
        for restart in [false, true] {
            if restart {
                client = Client::restore(SessionOptions::new(), client.snapshot()).unwrap();
            }
            assert_eq!(again(&mut client, version, true).len(), 1);
            assert_eq!(client.written(at(2)), [0x62, 2, 0, 1]);
        }
        let told = client.hear(at(2), b"\x70\x02\0\x01");
        assert!(told[0].starts_with("Done"), "{told:?}");
        assert_eq!(client.in_flight(), 0);
    }
}

#[test]
fn what_is_lost_with_a_session_is_told() {
    for version in VERSIONS {
        let mut client = online(version, SessionOptions::new());
        let token = client.publish(at(0), message(QoS::AtLeastOnce, "")).unwrap().token().unwrap();
        let told = again(&mut client, version, false);
        let lost = format!("Lost {{ token: {token:?} }}");
        let [ended, connected] = ["SessionEnded", "Connected("];
        assert!(told.contains(&lost) && told.contains(&ended.to_owned()), "{told:?}");
        assert!(told.iter().any(|told| told.starts_with(connected)));
        // And the client goes on.
        client.publish(at(2), message(QoS::AtLeastOnce, "next")).unwrap();
        assert_eq!(payloads(&client.written(at(2)), version, Role::Client), ["next"]);
    }
}

#[test]
fn a_message_of_qos_2_is_delivered_once_however_often_it_comes() {
    for version in VERSIONS {
        let mut client = online(version, SessionOptions::new());
        assert!(is_message(&client.hear(at(0), &publish(version, 0x34, "m"))));
        for first_byte in [0x3c, 0x3c, 0x34] {
            assert_eq!(client.hear(at(0), &publish(version, first_byte, "m")), [""; 0]);
        }
        assert_eq!(client.written(at(0)), [0x50, 2, 0, 1].repeat(4));
        // Over connections and restarts too.
        client = Client::restore(SessionOptions::new(), client.snapshot()).unwrap();
        again(&mut client, version, true);
        assert_eq!(client.hear(at(2), &publish(version, 0x3c, "m")), [""; 0]);
        assert_eq!(client.hear(at(2), b"\x62\x02\0\x01"), [""; 0]);
        assert_eq!(client.written(at(2)), [0x50, 2, 0, 1, 0x70, 2, 0, 1]);
        assert!(is_message(&client.hear(at(2), &publish(version, 0x34, "m"))));
    }
}

#[test]
fn a_message_of_qos_1_is_delivered_and_answered_whatever_dup_says() {
    for version in VERSIONS {
        let mut client = online(version, SessionOptions::new());
        for first_byte in [0x32, 0x3a, 0x3a] {
            assert!(is_message(&client.hear(at(0), &publish(version, first_byte, "m"))));
            assert_eq!(client.written(at(0)), [0x40, 2, 0, 1]);
        }
    }
}

#[test]
fn a_pubrel_for_nothing_is_answered() {
    for (version, answer) in
        [(Version::V3_1_1, &[0x70, 2, 0, 9][..]), (Version::V5_0, &[0x70, 3, 0, 9, 0x92])]
    {
        let mut client = online(version, SessionOptions::new());
        assert_eq!(client.hear(at(0), b"\x62\x02\0\x09"), [""; 0]);
        assert_eq!(client.written(at(0)), answer);
        assert!(client.is_connected());
    }
}

#[test]
fn a_pubrec_for_nothing_is_answered() {
    for (version, answer) in
        [(Version::V3_1_1, &[0x62, 2, 0, 9][..]), (Version::V5_0, &[0x62, 3, 0, 9, 0x92])]
    {
        let mut client = online(version, SessionOptions::new());
        assert_eq!(client.hear(at(0), b"\x50\x02\0\x09"), [""; 0]);
        assert_eq!(client.written(at(0)), answer);
        // The identifier is not in use by that.
        assert_eq!(client.in_flight(), 0);
    }
}

#[test]
fn acknowledgements_of_nothing_count_for_nothing() {
    let mut options = SessionOptions::new();
    options.max_in_flight = 1;
    let mut client = online(Version::V3_1_1, options);
    for _ in 0..3 {
        let told = client.hear(at(0), b"\x40\x02\0\x09\x70\x02\0\x09");
        assert!(told.len() == 2 && told.iter().all(|told| told.starts_with("Ignored")));
    }
    client.publish(at(0), message(QoS::AtLeastOnce, "1")).unwrap();
    let second = client.publish(at(0), message(QoS::AtLeastOnce, "2")).unwrap();
    assert!(matches!(second, Published::Queued { .. }), "one may be on its way: {second:?}");
}

#[test]
fn dup_is_set_on_what_is_sent_again_alone() {
    for version in VERSIONS {
        let mut client = online(version, SessionOptions::new());
        for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
            client.publish(at(0), message(qos, "first")).unwrap();
        }
        client.closed(at(1));
        client.publish(at(1), message(QoS::AtLeastOnce, "later")).unwrap();
        again(&mut client, version, true);
        let sent = packets(&client.written(at(2)), version, Role::Client);
        let dups: Vec<_> = sent.iter().map(|packet| packet.contains("dup: true")).collect();
        assert_eq!(dups, [true, true, false], "{sent:?}");
    }
}

#[test]
fn an_identifier_is_not_given_out_while_its_pubrel_is_not_answered() {
    let mut options = SessionOptions::new();
    options.max_in_flight = u16::MAX;
    let mut client = online(Version::V3_1_1, options);
    client.publish(at(0), message(QoS::ExactlyOnce, "")).unwrap();
    client.hear(at(0), b"\x50\x02\0\x01");
    for _ in 1..u16::MAX {
        let Ok(Published::Sent { packet_id, .. }) =
            client.publish(at(0), message(QoS::AtLeastOnce, ""))
        else {
            panic!("not sent");
        };
        assert_ne!(packet_id, id(1));
        client.written(at(0));
    }
    let last = client.publish(at(0), message(QoS::AtLeastOnce, "")).unwrap();
    assert!(matches!(last, Published::Queued { .. }), "{last:?}");
    let filters = [Subscription::new(TopicFilter::new("t").unwrap(), QoS::AtMostOnce)];
    let before = client.snapshot();
    let refused = client.subscribe(at(0), &filters[..], Properties::EMPTY);
    assert_eq!(refused, Err(mqtt_pure::CommandError::NoIdentifier));
    assert_eq!(client.snapshot(), before);
}

#[test]
fn requests_and_messages_share_no_identifier() {
    let mut client = online(Version::V3_1_1, SessionOptions::new());
    client.publish(at(0), message(QoS::AtLeastOnce, "")).unwrap();
    client.publish(at(0), message(QoS::ExactlyOnce, "")).unwrap();
    again(&mut client, Version::V3_1_1, true);
    let filters = [Subscription::new(TopicFilter::new("t").unwrap(), QoS::AtMostOnce)];
    let asked = client.subscribe(at(2), &filters[..], Properties::EMPTY).unwrap();
    let left = client.unsubscribe(at(2), &[TopicFilter::new("t").unwrap()][..], Properties::EMPTY);
    assert_eq!((asked.packet_id, left.unwrap().packet_id), (id(3), id(4)));
}

#[test]
fn an_answer_of_the_other_flow_is_a_fault() {
    for version in VERSIONS {
        for (qos, answer) in [
            (QoS::ExactlyOnce, b"\x40\x02\0\x01"),
            (QoS::AtLeastOnce, b"\x50\x02\0\x01"),
            (QoS::AtLeastOnce, b"\x70\x02\0\x01"),
            (QoS::ExactlyOnce, b"\x70\x02\0\x01"),
        ] {
            let mut client = online(version, SessionOptions::new());
            client.publish(at(0), message(qos, "")).unwrap();
            let told = client.hear(at(0), answer);
            assert!(told[0].starts_with("Close(Fault(WrongAnswer"), "{told:?}");
            // The message is not lost by it.
            again(&mut client, version, true);
            let sent = packets(&client.written(at(2)), version, Role::Client);
            assert!(sent.len() == 1 && sent[0].contains("dup: true"), "{sent:?}");
        }
    }
}

#[test]
fn a_refusal_makes_room_for_the_next_message() {
    let mut options = SessionOptions::new();
    options.max_in_flight = 1;
    let mut client = online(Version::V5_0, options);
    for number in 0..5 {
        client.publish(at(0), message(QoS::ExactlyOnce, &number.to_string())).unwrap();
    }
    for number in 0..5_u8 {
        let sent = client.written(at(0));
        assert_eq!(payloads(&sent, Version::V5_0, Role::Client), [number.to_string()]);
        let told = client.hear(at(0), &[0x50, 3, sent[5], sent[6], 0x97]);
        assert!(told[0].starts_with("Failed"), "{told:?}");
    }
    assert_eq!((client.in_flight(), client.queued()), (0, 0));
}

#[test]
fn new_identifiers_are_not_those_of_a_session_that_was_taken_up_again() {
    let mut client = online(Version::V3_1_1, SessionOptions::new());
    for _ in 0..3 {
        client.publish(at(0), message(QoS::ExactlyOnce, "old")).unwrap();
    }
    let mut client = Client::restore(SessionOptions::new(), client.snapshot()).unwrap();
    again(&mut client, Version::V3_1_1, true);
    for _ in 0..3 {
        client.publish(at(2), message(QoS::ExactlyOnce, "new")).unwrap();
    }
    let sent = client.snapshot().sent;
    let ids: Vec<_> = sent.iter().map(|sent| sent.packet_id.get()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn what_came_by_a_subscription_is_sent_on_without_its_identifier() {
    let mut client = online(Version::V5_0, SessionOptions::new());
    let mut input = &b"\x30\x06\0\x01t\x02\x0b\x07"[..];
    let Some(mqtt_pure::ClientAction::Message(received)) = client.receive(at(0), &mut input) else {
        panic!("no message");
    };
    let copy = received.to_message();
    assert!(copy.properties().is_empty());
    client.publish(at(0), copy.clone()).unwrap();
    let values = [Property::SubscriptionIdentifier(mqtt_pure::SubscriptionId::new(7).unwrap())];
    let of_server = copy.with_properties(Properties::from(&values)).unwrap();
    let refused = client.publish(at(0), of_server.clone());
    assert!(matches!(refused, Err(mqtt_pure::CommandError::Encode(_))), "{refused:?}");
    let mut server = serving(Version::V5_0, SessionOptions::new());
    assert_eq!(server.publish(at(0), of_server, QoS::AtMostOnce), Ok(Published::Written));
}

/// A server too sends on what was on its way, in its order.
#[test]
fn a_server_resends_in_the_order_of_the_first_sending() {
    let mut server = serving(Version::V3_1_1, SessionOptions::new());
    let numbers: Vec<_> = (0..8).map(|number: u32| number.to_string()).collect();
    for number in &numbers {
        server.publish(at(0), message(QoS::AtLeastOnce, number), QoS::ExactlyOnce).unwrap();
    }
    server.written(at(0));
    server.closed(at(1));
    accept(&mut server, Version::V3_1_1, false);
    // `accept` takes what is written with the CONNACK, so ask once more.
    server.closed(at(1));
    server.opened(at(2));
    server.hear(at(2), &end::connect_bytes(Version::V3_1_1, false));
    server.accept(at(2), Properties::EMPTY).unwrap();
    let written = server.written(at(2));
    assert_eq!(&written[..4], [0x20, 2, 1, 0]);
    assert_eq!(payloads(&written[4..], Version::V3_1_1, Role::Server), numbers);
}

/// The identifier is all that it takes to acknowledge.
#[test]
fn a_message_is_acknowledged_without_being_kept() {
    let mut options = SessionOptions::new();
    options.manual_acknowledgement = true;
    let mut client = online(Version::V3_1_1, options);
    client.keep_journal();
    assert!(is_message(&client.hear(at(0), &publish(Version::V3_1_1, 0x34, "m"))));
    assert_eq!(client.written(at(0)), []);
    let success = mqtt_pure::ReasonCode::SUCCESS;
    client.acknowledge(at(0), id(1), QoS::ExactlyOnce, success, Properties::EMPTY).unwrap();
    assert_eq!(client.journal(at(0)), [Record::Received { packet_id: id(1) }]);
    assert_eq!(client.written(at(0)), [0x50, 2, 0, 1]);
}

/// A stored session whose next token is one that is still to be heard of would give it out twice.
#[test]
fn a_token_that_is_still_to_come_is_not_restored() {
    let mut client = online(Version::V3_1_1, SessionOptions::new());
    client.publish(at(0), message(QoS::AtLeastOnce, "")).unwrap();
    let mut snapshot = client.snapshot();
    snapshot.is_connected = false;
    let next = snapshot.next_token;
    for token in [next.get(), next.get() + 5] {
        let token = mqtt_pure::Token::new(token).unwrap();
        snapshot.sent[0].token = Some(token);
        let refused = Client::restore(SessionOptions::new(), snapshot.clone()).err();
        assert_eq!(refused, Some(mqtt_pure::SnapshotError::Token(token)));
    }
    // Behind the last there is the first.
    snapshot.sent[0].token = mqtt_pure::Token::new(u32::MAX);
    snapshot.next_token = mqtt_pure::Token::new(3).unwrap();
    assert!(Client::restore(SessionOptions::new(), snapshot).is_ok());
}

#[test]
fn a_stored_message_that_could_not_be_sent_again_is_refused() {
    let alias = Property::TopicAlias(std::num::NonZeroU16::MIN);
    let mut client = online(Version::V5_0, SessionOptions::new());
    client.publish(at(0), message(QoS::AtLeastOnce, "")).unwrap();
    let mut snapshot = client.snapshot();
    let with = |property: Property<'_>| {
        message(QoS::AtLeastOnce, "").with_properties(Properties::from(&[property])).unwrap()
    };
    for property in
        [alias, Property::SubscriptionIdentifier(mqtt_pure::SubscriptionId::new(7).unwrap())]
    {
        snapshot.sent[0].message = Some(with(property));
        let refused = Client::restore(SessionOptions::new(), snapshot.clone()).err();
        assert_eq!(refused, Some(mqtt_pure::SnapshotError::Message), "{property:?}");
    }
    let lasting = with(Property::MessageExpiryInterval(10));
    for (message, since) in [
        (Some(lasting.clone()), None),
        (Some(lasting), Some(at(1_001))),
        (Some(message(QoS::AtLeastOnce, "")), Some(at(1_000))),
        (None, Some(at(1_000))),
    ] {
        (snapshot.sent[0].message, snapshot.sent[0].since) = (message, since);
        let refused = Client::restore(SessionOptions::new(), snapshot.clone()).err();
        assert_eq!(refused, Some(mqtt_pure::SnapshotError::Since(id(1))), "{since:?}");
    }
    snapshot.sent[0] = client.snapshot().sent.remove(0);
    snapshot.sent[0].token = None;
    let refused = Client::restore(SessionOptions::new(), snapshot).err();
    assert_eq!(refused, Some(mqtt_pure::SnapshotError::NoToken(id(1))));
}
