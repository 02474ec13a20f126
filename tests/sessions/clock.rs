//! Keep alive at its edges, and clocks that stand still, run backwards or leap.

use crate::end::{End, at, connack, connect_bytes, id, message, online, serving};
use bytes::Buf;
use mqtt_pure::{
    Client, Connect, Deadline, DecodeOptions, Instant, Message, Packet, Properties, Property, QoS,
    ReasonCode, Record, Server, SessionOptions, Suback, Text, Version,
};

fn client(keep_alive: u16) -> Client {
    let mut client = Client::new(SessionOptions::new());
    let mut connect = Connect::new(Version::V3_1_1, Text::new("c").unwrap());
    connect.keep_alive = keep_alive;
    client.opened(at(0), &connect).unwrap();
    client.hear(at(0), &connack(Version::V3_1_1, false));
    client.written(at(0));
    client
}

#[test]
fn a_client_pings_when_it_has_sent_nothing_for_the_keep_alive() {
    let mut client = client(20);
    assert_eq!(client.deadline(), Some((at(20_000), Deadline::Ping)));
    client.timeout(at(19_999));
    assert_eq!(client.written(at(19_999)), []);
    client.publish(at(19_999), message(QoS::AtMostOnce, "")).unwrap();
    client.written(at(19_999));
    assert_eq!(client.deadline(), Some((at(39_999), Deadline::Ping)));
    // What the server sends is not what the client has to.
    client.hear(at(30_000), b"\x30\x03\0\x01t");
    client.timeout(at(39_999));
    assert_eq!(client.written(at(39_999)), [0xc0, 0]);
    assert_eq!(client.deadline(), Some((at(49_999), Deadline::Pingresp)));
    client.hear(at(40_000), b"\xd0\0");
    assert_eq!(client.deadline(), Some((at(59_999), Deadline::Ping)));
    client.timeout(at(59_999));
    assert_eq!(client.written(at(59_999)), [0xc0, 0]);
    // No PINGRESP, whatever else comes and goes.
    client.publish(at(60_000), message(QoS::AtMostOnce, "")).unwrap();
    client.hear(at(60_000), b"\x30\x03\0\x01t");
    assert_eq!(client.deadline(), Some((at(69_999), Deadline::Pingresp)));
    client.timeout(at(69_999));
    let told = client.told();
    assert!(told[0].starts_with("Close(Fault(Late(Pingresp)"), "{told:?}");
    assert_eq!(client.deadline(), None);
}

/// Whoever writes slowly is not told that the server does not answer what it has not got.
#[test]
fn a_ping_behind_much_that_is_to_be_written_has_its_time() {
    let write = |client: &mut Client, now, count| client.transmit(at(now)).advance(count);
    let late = |client: &mut Client| client.told()[0].starts_with("Close(Fault(Late(Pingresp)");
    let slow = || {
        let mut client = client(20);
        client.publish(at(0), message(QoS::AtLeastOnce, &"x".repeat(4_992))).unwrap();
        assert_eq!(client.transmit(at(0)).remaining(), 5_000);
        write(&mut client, 1_000, 1_000);
        client.timeout(at(20_000));
        assert_eq!(client.transmit(at(20_000)).remaining(), 4_002);
        assert_eq!(client.deadline(), Some((at(30_000), Deadline::Pingresp)));
        write(&mut client, 29_000, 1_000);
        client.timeout(at(30_000));
        assert_eq!(client.deadline(), Some((at(40_000), Deadline::Pingresp)));
        client
    };
    // Nothing moves any more.
    let mut client = slow();
    client.timeout(at(40_000));
    assert!(late(&mut client));
    // It is written, and not answered.
    let mut client = slow();
    write(&mut client, 39_000, 3_002);
    client.timeout(at(40_000));
    assert_eq!(client.deadline(), Some((at(50_000), Deadline::Pingresp)));
    client.timeout(at(50_000));
    assert!(late(&mut client));
    // It is answered in the end.
    let mut client = slow();
    write(&mut client, 39_000, 3_002);
    client.timeout(at(40_000));
    client.hear(at(45_000), b"\xd0\0");
    assert_eq!(client.deadline(), Some((at(60_000), Deadline::Ping)));
}

#[test]
fn without_keep_alive_nothing_is_due() {
    assert_eq!(client(0).deadline(), None);
    let longest = client(u16::MAX).deadline();
    assert_eq!(longest, Some((at(65_535_000), Deadline::Ping)));
}

#[test]
fn a_server_waits_for_one_and_a_half_times_the_keep_alive() {
    let mut server = serving(Version::V3_1_1, SessionOptions::new());
    assert_eq!(server.deadline(), Some((at(90_000), Deadline::KeepAlive)));
    server.timeout(at(89_999));
    assert_eq!(server.told(), [""; 0]);
    // Part of a packet is nothing yet.
    server.hear(at(80_000), b"\xc0");
    assert_eq!(server.deadline(), Some((at(90_000), Deadline::KeepAlive)));
    server.hear(at(80_000), b"\xc0\0");
    assert_eq!(server.deadline(), Some((at(170_000), Deadline::KeepAlive)));
    server.timeout(at(170_000));
    assert!(server.told()[0].starts_with("Close(Fault(Late(KeepAlive)"));
}

/// What is not taken while the application thinks about something else may have come in time.
#[test]
fn a_client_is_not_late_because_its_server_does_not_listen() {
    let mut options = SessionOptions::new();
    options.max_requests = 0;
    let mut server = Server::new(options);
    server.opened(at(0));
    server.hear(at(0), &connect_bytes(Version::V3_1_1, false));
    server.accept(at(200_000), Properties::EMPTY).unwrap();
    assert_eq!(server.deadline(), Some((at(290_000), Deadline::KeepAlive)));
    let mut bytes: &[u8] = b"\x82\x06\0\x01\0\x01a\0\xc0\0";
    assert!(server.receive(at(210_000), &mut bytes).is_some());
    assert_eq!((server.receive(at(211_000), &mut bytes), bytes), (None, &b"\xc0\0"[..]));
    assert_eq!(server.deadline(), None);
    let codes = [ReasonCode::SUCCESS];
    server.grant(at(400_000), &Suback::new(id(1), &codes[..])).unwrap();
    assert_eq!(server.deadline(), Some((at(490_000), Deadline::KeepAlive)));
    server.hear(at(410_000), bytes);
    assert_eq!(server.deadline(), Some((at(500_000), Deadline::KeepAlive)));
}

#[test]
fn a_server_may_choose_the_keep_alive() {
    let mut server = Server::new(SessionOptions::new());
    server.opened(at(0));
    server.hear(at(0), &connect_bytes(Version::V5_0, true));
    server.accept(at(0), Properties::from(&[Property::ServerKeepAlive(2)])).unwrap();
    assert_eq!(server.deadline(), Some((at(3_000), Deadline::KeepAlive)));
    let mut client = Client::new(SessionOptions::new());
    let connect = Connect::new(Version::V5_0, Text::new("c").unwrap());
    client.opened(at(0), &connect).unwrap();
    let connack = server.written(at(0));
    client.hear(at(0), &connack);
    assert_eq!(client.deadline(), Some((at(2_000), Deadline::Ping)));
}

#[test]
fn a_clock_that_stands_still_keeps_everything() {
    let mut client = client(10);
    for _ in 0..100 {
        client.timeout(at(0));
    }
    assert_eq!((client.written(at(0)), client.told()), (vec![], vec![]));
    let mut server = serving(Version::V3_1_1, SessionOptions::new());
    for _ in 0..100 {
        server.timeout(at(0));
    }
    assert!(server.is_connected());
}

#[test]
fn a_clock_that_runs_backwards_is_late_and_no_more() {
    let mut client = client(10);
    client.publish(at(1_000_000), message(QoS::AtLeastOnce, "")).unwrap();
    client.timeout(at(5));
    assert!(client.is_connected());
    assert_eq!(client.deadline(), Some((at(1_010_000), Deadline::Ping)));
    client.publish(at(5), message(QoS::AtLeastOnce, "")).unwrap();
    assert_eq!(client.deadline(), Some((at(10_005), Deadline::Ping)));
}

/// At its last moment nothing is due later, and what has no end has not come to it.
#[test]
fn a_clock_at_its_end_ends_nothing_that_has_none() {
    let end = Instant::from_millis(u64::MAX);
    let mut server = serving(Version::V3_1_1, SessionOptions::new());
    server.publish(at(1), message(QoS::AtLeastOnce, ""), QoS::AtLeastOnce).unwrap();
    server.publish(end, message(QoS::AtLeastOnce, ""), QoS::AtLeastOnce).unwrap();
    assert!(server.is_connected() && server.has_session());
    server.timeout(end);
    assert!(server.told()[0].starts_with("Close(Fault(Late(KeepAlive)"));
    assert!(server.has_session());
    assert_eq!(server.deadline(), None);
    server.publish(end, message(QoS::AtLeastOnce, ""), QoS::AtLeastOnce).unwrap();
    assert_eq!((server.in_flight(), server.queued()), (2, 1));

    let mut client = online(Version::V5_0, SessionOptions::new());
    client.publish(end, message(QoS::ExactlyOnce, "")).unwrap();
    client.timeout(end);
    client.closed(end);
    assert_eq!((client.deadline(), client.in_flight()), (None, 1));
}

/// What was due long ago is done by one call, so that nobody has to ask twice.
#[test]
fn one_call_does_all_that_is_due() {
    let mut client = client(5);
    client.timeout(at(5_000));
    client.timeout(at(60_000));
    assert!(client.told()[0].starts_with("Close(Fault(Late(Pingresp)"));
    assert_eq!(client.deadline(), None);
}

#[test]
fn a_server_waits_for_the_next_step_of_an_authentication() {
    let mut server = Server::new(SessionOptions::new());
    server.opened(at(0));
    let told = server.hear(at(0), b"\x10\x12\0\x04MQTT\x05\x02\0\0\x04\x15\0\x01m\0\x01c");
    assert!(told[0].starts_with("Connect("), "{told:?}");
    // The application takes its time.
    assert_eq!(server.deadline(), None);
    let more = ReasonCode::CONTINUE_AUTHENTICATION;
    server.authenticate(at(60_000), more, Properties::EMPTY).unwrap();
    assert_eq!(server.deadline(), Some((at(70_000), Deadline::Connect)));
    server.timeout(at(70_000));
    let told = server.told();
    assert!(told[0].starts_with("Close(Fault(Late(Connect)"), "{told:?}");
}

fn lasting(qos: QoS, seconds: u32) -> Message {
    let properties = [Property::MessageExpiryInterval(seconds)];
    message(qos, "m").with_properties(Properties::from(&properties[..])).unwrap()
}

/// The Message Expiry Intervals of the PUBLISHes that a new connection of the client brings.
fn intervals_at(server: &mut Server, now: Instant) -> Vec<Option<u32>> {
    server.closed(now);
    server.opened(now);
    server.hear(now, &connect_bytes(Version::V5_0, false));
    server.accept(now, Properties::EMPTY).unwrap();
    let bytes = server.written(now);
    let (mut rest, mut intervals) = (&bytes[..], Vec::new());
    while let Some(packet) = Packet::read(&mut rest, DecodeOptions::new(Version::V5_0)).unwrap() {
        if let Packet::Publish(publish) = packet {
            assert!(publish.dup());
            intervals.push(publish.properties.message_expiry_interval());
        }
    }
    intervals
}

/// [MQTT-3.3.2-6], but a message that the peer may already have is not dropped.
#[test]
fn what_is_sent_again_carries_what_is_left_of_its_time() {
    let mut server = serving(Version::V5_0, SessionOptions::new());
    for (now, qos, seconds) in [
        (1_900, QoS::AtLeastOnce, 100),
        (11_900, QoS::ExactlyOnce, 1_000),
        (11_900, QoS::AtLeastOnce, 0),
    ] {
        server.publish(at(now), lasting(qos, seconds), QoS::ExactlyOnce).unwrap();
    }
    server.publish(at(11_900), message(QoS::AtLeastOnce, "m"), QoS::ExactlyOnce).unwrap();
    server.written(at(11_900));
    assert_eq!(intervals_at(&mut server, at(21_900)), [Some(80), Some(990), Some(0), None]);
    assert_eq!(intervals_at(&mut server, at(31_900)), [Some(70), Some(980), Some(0), None]);
    assert_eq!(intervals_at(&mut server, at(5_000_000)), [Some(1), Some(1), Some(0), None]);
    // A clock that runs backwards.
    assert_eq!(intervals_at(&mut server, at(0)), [Some(100), Some(1_000), Some(0), None]);
    let stored = server.snapshot();
    let since: Vec<_> = stored.sent.iter().map(|sent| sent.since).collect();
    assert_eq!(since, [Some(at(1_000)), Some(at(11_000)), Some(at(11_000)), None]);
    let mut restored = Server::restore(SessionOptions::new(), stored, at(0)).unwrap();
    assert_eq!(intervals_at(&mut restored, at(21_900)), [Some(80), Some(990), Some(0), None]);
}

/// The time in the queue counts, and the journal knows of it.
#[test]
fn what_has_waited_before_it_was_sent_has_waited_all_that_time() {
    let mut server = serving(Version::V5_0, SessionOptions::new());
    server.keep_journal();
    let mut stored = server.snapshot();
    server.closed(at(1_000));
    server.publish(at(2_000), lasting(QoS::ExactlyOnce, 100), QoS::ExactlyOnce).unwrap();
    server.opened(at(12_000));
    server.hear(at(12_000), &connect_bytes(Version::V5_0, false));
    server.accept(at(12_000), Properties::EMPTY).unwrap();
    for record in server.journal(at(12_000)) {
        if let Record::Sent { since, was_queued, .. } = &record {
            assert_eq!((*since, *was_queued), (Some(at(2_000)), true));
        }
        stored.apply(record).unwrap();
    }
    server.written(at(12_000));
    assert_eq!(stored, server.snapshot());
    assert_eq!(stored.sent.len(), 1);
    let mut restored = Server::restore(SessionOptions::new(), stored, at(13_000)).unwrap();
    for server in [&mut server, &mut restored] {
        assert_eq!(intervals_at(server, at(32_000)), [Some(70)]);
        server.hear(at(32_000), &[0x50, 2, 0, 1]);
        assert_eq!(server.snapshot().sent[0].since, None);
    }
}
