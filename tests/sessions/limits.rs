//! Peers that do not read, and packets that are too large.

use crate::end::{
    End, at, connect, connect_bytes, id, message, online, packets, payloads, publish, serving,
    with_connect,
};
use bytes::{Buf, Bytes};
use mqtt_pure::{
    Client, CommandError, Connect, Message, Oversize, Properties, Property, Published, QoS, Role,
    Server, SessionOptions, Text, TopicName, Version,
};

/// The limit, and what is still written by the call that reaches it.
const MOST: usize = 64;

fn small() -> SessionOptions {
    let mut options = SessionOptions::new();
    (options.max_outgoing, options.max_in_flight) = (MOST, 1_000);
    options
}

#[test]
fn a_server_waits_for_a_client_that_does_not_read() {
    let mut server = serving(Version::V3_1_1, small());
    let pings = [0xc0, 0].repeat(1_000);
    let mut input = &pings[..];
    let mut answers = 0;
    while !input.is_empty() {
        let before = input.len();
        assert_eq!(server.receive(at(1), &mut input), None);
        assert!(server.transmit(at(1)).remaining() <= MOST + 2);
        assert!(server.is_blocked() || input.is_empty());
        // As long as nothing is written nothing more is taken.
        let left = input.len();
        assert_eq!(server.receive(at(1), &mut input), None);
        assert!(left == input.len() && left < before);
        answers += server.written(at(1)).len() / 2;
    }
    assert_eq!(answers, 1_000);
    assert!(!server.is_blocked());
}

#[test]
fn a_client_pings_no_server_without_end_that_does_not_read() {
    for (timeout, pings) in [(None, 1), (Some(u64::MAX), 3)] {
        let mut options = small();
        (options.max_outgoing, options.ping_timeout) = (2, timeout);
        let mut client = online(Version::V3_1_1, options);
        for round in 1..=3 {
            client.timeout(at(round * 60_000));
        }
        assert_eq!(client.written(at(180_000)), [0xc0, 0].repeat(pings), "{timeout:?}");
        client.timeout(at(240_000));
        assert_eq!(client.written(at(240_000)), [0xc0, 0]);
    }
}

#[test]
fn a_client_loses_nothing_to_a_server_that_does_not_read() {
    let mut client = online(Version::V5_0, small());
    for number in 0..500 {
        let published = client.publish(at(1), message(QoS::AtLeastOnce, &number.to_string()));
        assert!(matches!(published, Ok(Published::Sent { .. } | Published::Queued { .. })));
    }
    assert_eq!(
        client.publish(at(1), message(QoS::AtMostOnce, "")),
        Err(CommandError::OutgoingFull)
    );
    assert!(client.queued() > 400);
    let mut bytes = Vec::new();
    while client.transmit(at(1)).has_remaining() {
        assert!(client.transmit(at(1)).remaining() <= MOST + 16);
        bytes.extend(client.written(at(1)));
    }
    let all: Vec<_> = (0..500).map(|number: u32| number.to_string()).collect();
    assert_eq!(payloads(&bytes, Version::V5_0, Role::Client), all);
    assert_eq!((client.in_flight(), client.queued()), (500, 0));
}

#[test]
fn received_messages_wait_for_their_answers_to_be_written() {
    let mut client = online(Version::V3_1_1, small());
    let stream: Vec<u8> = (1..=300_u16)
        .flat_map(|number| [&b"\x32\x05\0\x01t"[..], &number.to_be_bytes()].concat())
        .collect();
    let mut input = &stream[..];
    let (mut messages, mut acknowledged) = (0, Vec::new());
    while !input.is_empty() {
        while client.receive(at(1), &mut input).is_some() {
            messages += 1;
        }
        assert!(client.transmit(at(1)).remaining() <= MOST + 4);
        acknowledged.extend(client.written(at(1)).chunks(4).map(<[u8]>::to_vec));
    }
    let expected = (1..=300_u16).map(|number| [&[0x40, 2], &number.to_be_bytes()[..]].concat());
    assert_eq!((messages, acknowledged), (300, expected.collect::<Vec<_>>()));
}

fn sized(version: Version, qos: u8, payload: usize) -> Vec<u8> {
    publish(version, 0x30 | qos << 1, "t", 5, &[], &"x".repeat(payload))
}

fn skipping() -> SessionOptions {
    let mut options = SessionOptions::new();
    (options.max_packet_size, options.oversize) = (40, Oversize::Skip);
    options
}

#[test]
fn a_message_that_is_too_large_is_skipped_told_and_answered() {
    for version in [Version::V3_1_1, Version::V5_0] {
        for qos in 0..=2 {
            let stream = [sized(version, qos, 100), sized(version, 0, 1)].concat();
            for size in 1..=stream.len() {
                let mut client = online(version, skipping());
                let mut buffer = Vec::new();
                let mut told = Vec::new();
                for piece in stream.chunks(size) {
                    buffer.extend_from_slice(piece);
                    let mut input = &buffer[..];
                    while let Some(action) = client.receive(at(1), &mut input) {
                        told.push(format!("{action:?}"));
                    }
                    buffer = input.to_vec();
                    assert!(buffer.len() <= 40, "{} bytes are kept", buffer.len());
                }
                let [skipped, message] = &told[..] else { panic!("{told:?}") };
                assert!(skipped.starts_with("Skipped(") && message.starts_with("Message("));
                let refused = if version == Version::V5_0 { &[0x97][..] } else { &[] };
                let answer =
                    match qos {
                        0 => vec![],
                        1 => [&[0x40, 2 + u8::try_from(refused.len()).unwrap(), 0, 5], refused]
                            .concat(),
                        _ => [&[0x50, 2 + u8::try_from(refused.len()).unwrap(), 0, 5], refused]
                            .concat(),
                    };
                assert_eq!(client.written(at(1)), answer, "{version:?} {qos} {size}");
            }
        }
    }
}

/// Before 5.0 it can't be refused, so its identifier is known until PUBREL.
#[test]
fn a_message_of_qos_2_that_is_skipped_is_released() {
    let mut client = online(Version::V3_1_1, skipping());
    assert_eq!(client.hear(at(1), &sized(Version::V3_1_1, 2, 100)).len(), 1);
    assert_eq!(client.snapshot().received, [id(5)]);
    assert_eq!(client.written(at(1)), [0x50, 2, 0, 5]);
    assert_eq!(client.hear(at(1), b"\x62\x02\0\x05"), [""; 0]);
    assert_eq!(client.written(at(1)), [0x70, 2, 0, 5]);
    assert_eq!(client.snapshot().received, []);
}

#[test]
fn a_large_packet_that_is_no_message_ends_the_connection() {
    let mut client = online(Version::V3_1_1, skipping());
    let suback = [&[0x90, 60, 0, 1][..], &[0; 58]].concat();
    let told = client.hear(at(1), &suback);
    assert!(told[0].starts_with("Close("), "{told:?}");
}

#[test]
fn what_is_too_large_for_the_peer_after_a_reconnect_is_dropped() {
    let mut client = Client::new(SessionOptions::new());
    connect(&mut client, Version::V5_0, false, false);
    let large = "x".repeat(100);
    let token = client.publish(at(1), message(QoS::AtLeastOnce, &large)).unwrap().token().unwrap();
    client.publish(at(1), message(QoS::AtLeastOnce, "small")).unwrap();
    client.closed(at(2));
    with_connect(Version::V5_0, false, |c| client.opened(at(3), &c)).unwrap();
    client.written(at(3));
    let told = client.hear(at(3), b"\x20\x08\x01\0\x05\x27\0\0\0\x20");
    let failed = format!("Failed {{ token: {token:?}, failure: Dropped(TooLarge) }}");
    assert!(told[0].starts_with("Connected(") && told[1..] == [failed], "{told:?}");
    let sent = packets(&client.written(at(3)), Version::V5_0, Role::Client);
    assert!(sent.len() == 1 && sent[0].contains("dup: true"), "{sent:?}");
}

#[test]
fn what_the_application_tells_in_connack_holds() {
    let mut options = SessionOptions::new();
    (options.receive_maximum, options.max_packet_size) = (1, 50);
    options.manual_acknowledgement = true;
    let mut server = Server::new(options);
    server.opened(at(0));
    server.hear(at(0), &connect_bytes(Version::V5_0, true));
    let more = [
        Property::ReceiveMaximum(2.try_into().unwrap()),
        Property::MaximumPacketSize(100.try_into().unwrap()),
    ];
    server.accept(at(0), Properties::from(&more[..])).unwrap();
    let large = |id| publish(Version::V5_0, 0x32, "t", id, &[], &"x".repeat(60));
    for id in [1, 2] {
        let told = server.hear(at(1), &large(id));
        assert!(told[0].starts_with("Message("), "{told:?}");
    }
    assert_eq!(server.hear(at(1), &large(3)), ["Close(Fault(Identifier(TooMany(2))))"]);
}

#[test]
fn a_receive_maximum_of_none_is_one() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let mut options = SessionOptions::new();
        (options.receive_maximum, options.manual_acknowledgement) = (0, true);
        let mut server = serving(version, options);
        let told = server.hear(at(1), &publish(version, 0x32, "t", 1, &[], ""));
        assert!(told[0].starts_with("Message("), "{version}: {told:?}");
    }
}

#[test]
fn topic_aliases_keep_no_payloads() {
    let mut client = Client::new(SessionOptions::client());
    with_connect(Version::V5_0, true, |connect| client.opened(at(0), &connect)).unwrap();
    client.written(at(0));
    client.hear(at(0), &[0x20, 6, 0, 0, 3, 0x22, 0xff, 0xff]);
    for alias in 1..=3_u16 {
        let payload = Bytes::from(vec![0; 10_000]);
        let properties = [Property::TopicAlias(alias.try_into().unwrap())];
        let message = Message::new(TopicName::new("t").unwrap(), payload.clone())
            .with_properties(Properties::from(&properties[..]))
            .unwrap();
        assert_eq!(client.publish(at(1), message), Ok(Published::Written));
        client.written(at(1));
        assert!(payload.is_unique());
    }
}

/// Resumes with a client that takes so many bytes; what is written, without the CONNACK.
fn resume_with(server: &mut Server, max_packet_size: u32) -> Vec<u8> {
    server.closed(at(1));
    let mut bytes = Vec::new();
    let properties = [
        Property::SessionExpiryInterval(u32::MAX),
        Property::MaximumPacketSize(max_packet_size.try_into().unwrap()),
    ];
    let mut connect = Connect::new(Version::V5_0, Text::new("c").unwrap());
    (connect.clean_session, connect.properties) = (false, Properties::from(&properties[..]));
    connect.encode(Version::V5_0, &mut bytes).unwrap();
    server.opened(at(1));
    server.hear(at(1), &bytes);
    server.accept(at(1), Properties::EMPTY).unwrap();
    let written = server.written(at(1));
    written[2 + usize::from(written[1])..].to_vec()
}

/// The client may have the message, and would take another with its identifier for a repetition.
#[test]
fn the_identifier_of_a_dropped_message_of_qos_2_is_not_free() {
    let qos = QoS::ExactlyOnce;
    let mut server = serving(Version::V5_0, SessionOptions::new());
    server.keep_journal();
    let mut stored = server.snapshot();
    let token = server.publish(at(0), message(qos, &"x".repeat(60)), qos).unwrap().token().unwrap();
    server.written(at(0));
    assert_eq!(resume_with(&mut server, 40), [0x62, 2, 0, 1]);
    assert_eq!(
        server.told(),
        [format!("Failed {{ token: {token:?}, failure: Dropped(TooLarge) }}")]
    );
    for record in server.journal(at(1)) {
        stored.apply(record).unwrap();
    }
    assert_eq!(stored, server.snapshot());
    let restored = Server::restore(SessionOptions::new(), stored, at(1)).unwrap();
    for (mut server, max) in [(server, 40), (restored, 400)] {
        // It is sent again as any other.
        assert_eq!(resume_with(&mut server, max), [0x62, 2, 0, 1]);
        for round in 0..40 {
            let published = server.publish(at(2), message(qos, "m"), qos);
            let Ok(Published::Sent { packet_id, .. }) = published else { panic!("{published:?}") };
            assert_ne!(packet_id, id(1), "{round}");
            let [high, low] = packet_id.get().to_be_bytes();
            assert_eq!(server.hear(at(2), &[0x50, 2, high, low]), [""; 0]);
            let done = server.hear(at(2), &[0x70, 2, high, low]);
            assert!(done.len() == 1 && done[0].starts_with("Done"), "{done:?}");
            server.written(at(2));
        }
        // Its end was told, and is not told again.
        assert_eq!(server.hear(at(2), &[0x70, 3, 0, 1, 0x92]), [""; 0]);
        assert_eq!((server.in_flight(), server.told()), (0, vec![]));
    }
}

#[test]
fn a_message_that_was_dropped_is_not_lost_with_its_session() {
    let mut server = serving(Version::V5_0, SessionOptions::new());
    let qos = QoS::ExactlyOnce;
    server.publish(at(0), message(qos, &"x".repeat(60)), qos).unwrap();
    resume_with(&mut server, 40);
    assert_eq!(server.told().len(), 1);
    server.closed(at(2));
    server.expire_session().unwrap();
    assert_eq!(server.told(), ["SessionEnded"]);
}
