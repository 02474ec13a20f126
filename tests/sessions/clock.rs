//! Keep alive at its edges, and clocks that stand still, run backwards or leap.

use crate::end::{End, at, connack, connect_bytes, message, online, serving};
use mqtt_pure::{
    Client, Connect, Deadline, Instant, Properties, Property, QoS, ReasonCode, Server,
    SessionOptions, Text, Version,
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
