//! Messages that are too large and skipped, and packets that come in many pieces.

use crate::end::{End, at, connack, connect, id, online, publish, serving};
use mqtt_pure::{
    Client, ClientAction, Connect, Oversize, PacketId, Properties, Property, QoS, ReasonCode,
    SessionOptions, Subscribe, Subscription, Text, TopicFilter, Version,
};
use std::time::Instant as Clock;

const ALIAS_1: [u8; 3] = [0x23, 0, 1];
const V3_1_1: Version = Version::V3_1_1;
const V5_0: Version = Version::V5_0;

fn large() -> String {
    "x".repeat(60)
}

fn skipping(manual: bool) -> SessionOptions {
    let mut options = SessionOptions::client();
    (options.max_packet_size, options.manual_acknowledgement) = (40, manual);
    assert_eq!(options.oversize, Oversize::Skip);
    options
}

/// A client of 5.0 whose session is kept, and that takes ten aliases.
fn connect_with_aliases(client: &mut Client, session_present: bool) {
    let properties = [Property::SessionExpiryInterval(u32::MAX), Property::TopicAliasMaximum(10)];
    let mut connect = Connect::new(V5_0, Text::new("c").unwrap());
    (connect.clean_session, connect.properties) = (false, Properties::from(&properties[..]));
    client.opened(at(0), &connect).unwrap();
    client.written(at(0));
    client.hear(at(0), &connack(V5_0, session_present));
    assert!(client.is_connected());
}

/// What a client is told, in short.
fn told(client: &mut Client, mut bytes: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(action) = client.receive(at(1), &mut bytes) {
        all.push(match action {
            ClientAction::Message(message) => {
                let payload = String::from_utf8_lossy(message.payload()).into_owned();
                format!("{} {payload}", message.topic().as_str())
            }
            ClientAction::Skipped(_) => "skipped".into(),
            other => format!("{other:?}"),
        });
    }
    all
}

#[test]
fn a_message_that_is_skipped_sets_its_topic_alias() {
    let mut client = Client::new(skipping(false));
    connect_with_aliases(&mut client, false);
    let stream = [
        publish(V5_0, 0x30, "a", 0, &ALIAS_1, "1"),
        publish(V5_0, 0x30, "b", 0, &ALIAS_1, &large()),
        publish(V5_0, 0x30, "", 0, &ALIAS_1, "2"),
    ]
    .concat();
    // [MQTT-3.3.2-10]
    assert_eq!(told(&mut client, &stream), ["a 1", "skipped", "b 2"]);
    // [MQTT-3.3.2-9]
    let beyond = publish(V5_0, 0x30, "b", 0, &[0x23, 0, 99], &large());
    assert_eq!(told(&mut client, &beyond)[0], "Close(Fault(TopicAlias(99)))");
}

#[test]
fn no_topic_is_guessed_where_an_alias_was_not_read() {
    let mut client = Client::new(skipping(false));
    connect_with_aliases(&mut client, false);
    let properties = [&ALIAS_1[..], &[0x03, 0, 40], "t".repeat(40).as_bytes()].concat();
    let stream = [
        publish(V5_0, 0x30, "a", 0, &ALIAS_1, "1"),
        publish(V5_0, 0x30, "b", 0, &properties, &large()),
        publish(V5_0, 0x30, "", 0, &ALIAS_1, "2"),
    ]
    .concat();
    let told = told(&mut client, &stream);
    assert_eq!(told, ["a 1", "skipped", "Close(Fault(TopicAlias(1)))"]);
}

#[test]
fn a_repetition_that_is_skipped_is_answered_as_the_first_was() {
    let mut client = Client::new(skipping(false));
    connect_with_aliases(&mut client, false);
    let (topic, payload) = ("a/topic/of/thirty/bytes/length", "twenty bytes payload");
    let stream = [
        publish(V5_0, 0x30, topic, 0, &ALIAS_1, ""),
        publish(V5_0, 0x34, "", 1, &ALIAS_1, payload),
    ]
    .concat();
    assert_eq!(told(&mut client, &stream).len(), 2);
    assert_eq!(client.written(at(1)), [0x50, 2, 0, 1]);
    // PUBREC is lost. The server sends it again, without the alias [MQTT-3.3.2-7], which is too large.
    client.closed(at(2));
    connect_with_aliases(&mut client, true);
    assert_eq!(told(&mut client, &publish(V5_0, 0x3c, topic, 1, &[], payload)), ["skipped"]);
    assert_eq!(client.written(at(3)), [0x50, 2, 0, 1]);
    // One that is new is refused, and its identifier is free [MQTT-4.3.3-9].
    assert_eq!(told(&mut client, &publish(V5_0, 0x34, topic, 2, &[], payload)), ["skipped"]);
    assert_eq!(client.written(at(3)), [0x50, 3, 0, 2, 0x97]);
    assert_eq!(told(&mut client, &publish(V5_0, 0x34, "t", 2, &[], "new")), ["t new"]);
}

/// Only who was told a limit has broken it.
#[test]
fn a_message_within_the_limit_that_was_told_is_skipped_if_it_is_too_large() {
    for (told_limit, is_skipped) in [(1_000, true), (41, true), (40, false), (39, false)] {
        let mut client = Client::new(skipping(false));
        let limit = [Property::MaximumPacketSize(told_limit.try_into().unwrap())];
        let mut connect = Connect::new(V5_0, Text::new("c").unwrap());
        connect.properties = Properties::from(&limit[..]);
        client.opened(at(0), &connect).unwrap();
        client.written(at(0));
        client.hear(at(0), &connack(V5_0, false));
        let told = told(&mut client, &publish(V5_0, 0x32, "t", 1, &[], &large()));
        let written = client.written(at(1));
        if is_skipped {
            assert_eq!((told, written), (vec!["skipped".into()], vec![0x40, 3, 0, 1, 0x97]));
        } else {
            assert!(told[0].starts_with("Close("), "{told_limit}: {told:?}");
            assert_eq!(written, [0xe0, 1, 0x95]);
        }
    }
}

#[test]
fn a_message_that_is_skipped_is_answered_in_its_turn() {
    for (version, qos) in [(V3_1_1, 1), (V5_0, 1), (V3_1_1, 2), (V5_0, 2)] {
        let (first, answer) = (0x30 | qos << 1, if qos == 1 { 0x40 } else { 0x50 });
        let mut client = online(version, skipping(true));
        client.hear(at(1), &publish(version, first, "t", 1, &[], "small"));
        client.hear(at(1), &publish(version, first, "t", 2, &[], &large()));
        // [MQTT-4.6.0-2] [MQTT-4.6.0-3]
        assert_eq!(client.written(at(1)), [0; 0], "{version} {qos}");
        let (qos, none) = (QoS::new(qos).unwrap(), Properties::EMPTY);
        client.acknowledge(at(2), id(1), qos, ReasonCode::SUCCESS, none).unwrap();
        let second: &[u8] =
            if version == V5_0 { &[answer, 3, 0, 2, 0x97] } else { &[answer, 2, 0, 2] };
        assert_eq!(client.written(at(2)), [&[answer, 2, 0, 1], second].concat(), "{version}");
    }
}

#[test]
fn a_repetition_that_is_skipped_is_not_taken_for_its_message() {
    let mut client = online(V3_1_1, skipping(true));
    client.hear(at(1), &publish(V3_1_1, 0x34, "t", 1, &[], "small"));
    client.hear(at(1), &publish(V3_1_1, 0x3c, "t", 1, &[], &large()));
    client.hear(at(1), &publish(V3_1_1, 0x34, "t", 2, &[], "small"));
    assert_eq!(client.written(at(1)), [0; 0]);
    for number in [1, 2] {
        let (qos, none) = (QoS::ExactlyOnce, Properties::EMPTY);
        client.acknowledge(at(2), id(number), qos, ReasonCode::SUCCESS, none).unwrap();
    }
    assert_eq!(client.written(at(2)), [0x50, 2, 0, 1, 0x50, 2, 0, 2]);
}

#[test]
fn keep_alive_begins_anew_with_the_last_byte_of_what_is_skipped() {
    let deadline = |max_packet_size| {
        let mut options = SessionOptions::new();
        (options.max_packet_size, options.oversize) = (max_packet_size, Oversize::Skip);
        let mut server = serving(V3_1_1, options);
        let packet = publish(V3_1_1, 0x30, "t", 0, &[], &large());
        let mut first = &packet[..30];
        assert!(server.receive(at(1_000), &mut first).is_some() == (max_packet_size == 40));
        // What was not taken comes again.
        let taken = 30 - first.len();
        server.hear(at(80_000), &packet[taken..]);
        server.deadline()
    };
    assert_eq!(deadline(40), deadline(400));
}

/// A SUBSCRIBE of so many filters.
fn subscribe(filters: usize) -> Vec<u8> {
    let filter = Subscription::new(TopicFilter::new("a").unwrap(), QoS::AtMostOnce);
    let mut bytes = Vec::new();
    let filters = vec![filter; filters];
    Subscribe::new(PacketId::MIN, &filters[..]).encode(V3_1_1, &mut bytes).unwrap();
    bytes
}

#[test]
fn a_packet_costs_in_proportion_to_its_size_however_it_is_cut() {
    let seconds = |filters| {
        let bytes = subscribe(filters);
        let run = || {
            let mut server = serving(V3_1_1, SessionOptions::new());
            let start = Clock::now();
            for len in 1..bytes.len() {
                assert_eq!(server.receive(at(1), &mut &bytes[..len]), None);
            }
            assert!(server.receive(at(1), &mut &bytes[..]).is_some());
            start.elapsed().as_secs_f64()
        };
        (0..3).map(|_| run()).fold(f64::INFINITY, f64::min)
    };
    let (once, eightfold) = (seconds(1_000), seconds(8_000));
    // In proportion to the square it would be 64.
    assert!(eightfold < 24.0 * once, "{eightfold} and {once} s");
}

#[test]
fn a_long_packet_gives_the_same_however_it_is_cut() {
    let mut wrong = subscribe(400);
    // A QoS of 3, of which no continuation makes a packet.
    wrong[1_000] = 3;
    assert_eq!(wrong[999], b'a');
    for bytes in [subscribe(400), wrong] {
        let hear = |step: usize| {
            let mut server = serving(V3_1_1, SessionOptions::new());
            let (mut start, mut all) = (0, Vec::new());
            for end in (1..bytes.len()).step_by(step).chain([bytes.len()]) {
                let mut input = &bytes[start..end];
                while let Some(action) = server.receive(at(1), &mut input) {
                    all.push(format!("{action:?}"));
                }
                start = end - input.len();
            }
            all
        };
        let whole = hear(bytes.len());
        assert_eq!(whole.len(), 1);
        for step in [1, 2, 3, 7, 100, 255, 256, 257, 1_000] {
            assert_eq!(hear(step), whole, "{step}");
        }
    }
}

#[test]
fn what_is_awaited_of_a_packet_is_forgotten_with_its_connection() {
    let mut client = online(V3_1_1, SessionOptions::new());
    let mut long = vec![0x32, 0xe8, 0x07, 0, 1, b't', 0, 1];
    long.resize(700, b'x');
    assert_eq!(client.receive(at(1), &mut &long[..]), None);
    client.closed(at(2));
    connect(&mut client, V3_1_1, false, true);
    assert_eq!(told(&mut client, &publish(V3_1_1, 0x32, "t", 1, &[], "hi")), ["t hi"]);
}
