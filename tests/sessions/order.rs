//! What may come when: what comes out of turn closes the connection and harms nothing.

use crate::end::{
    End, at, connack, connect_bytes, id, message, online, publish, serving, with_connect,
};
use mqtt_pure::{
    Binary, Client, Connect, DecodeOptions, Properties, Property, QoS, ReasonCode, Server,
    SessionOptions, Text, Version,
};

const VERSIONS: [Version; 2] = [Version::V3_1_1, Version::V5_0];

fn closes(told: &[String]) {
    assert!(told[0].starts_with("Close(Fault("), "{told:?}");
}

#[test]
fn nothing_but_connect_comes_first() {
    let packets: [&[u8]; 8] = [
        b"\x82\x06\0\x01\0\x01a\0",
        b"\x30\x03\0\x01a",
        b"\xc0\0",
        b"\xe0\0",
        b"\x20\x02\0\0",
        b"\xb0\x02\0\x01",
        b"\x90\x03\0\x01\0",
        b"\xd0\0",
    ];
    for packet in packets {
        let mut server = Server::new(SessionOptions::new());
        server.opened(at(0));
        closes(&server.hear(at(0), packet));
        assert_eq!(server.written(at(0)), []);
    }
}

#[test]
fn nothing_but_connack_or_auth_comes_first_to_a_client() {
    for packet in [&b"\x30\x03\0\x01a"[..], b"\xd0\0", b"\x40\x02\0\x01", b"\x62\x02\0\x01"] {
        let mut client = Client::new(SessionOptions::new());
        with_connect(Version::V3_1_1, false, |c| client.opened(at(0), &c)).unwrap();
        client.written(at(0));
        closes(&client.hear(at(0), packet));
        assert_eq!(client.written(at(0)), []);
    }
}

#[test]
fn a_second_connack_closes_and_loses_nothing() {
    for version in VERSIONS {
        let mut client = online(version, SessionOptions::new());
        client.publish(at(0), message(QoS::ExactlyOnce, "")).unwrap();
        closes(&client.hear(at(0), &connack(version, false)));
        assert_eq!(client.in_flight(), 1);
    }
}

#[test]
fn a_second_connect_closes() {
    for version in VERSIONS {
        let mut server = serving(version, SessionOptions::new());
        closes(&server.hear(at(0), &connect_bytes(version, false)));
        assert!(server.has_session());
    }
}

#[test]
fn a_session_that_is_present_after_a_clean_start_closes() {
    for version in VERSIONS {
        let mut client = Client::new(SessionOptions::new());
        with_connect(version, true, |c| client.opened(at(0), &c)).unwrap();
        closes(&client.hear(at(0), &connack(version, true)));
    }
}

#[test]
fn packets_of_the_wrong_side_close() {
    for packet in [&b"\x82\x06\0\x01\0\x01a\0"[..], b"\xc0\0", b"\x10\0", b"\xa2\x05\0\x01\0\x01a"]
    {
        let mut client = online(Version::V3_1_1, SessionOptions::new());
        closes(&client.hear(at(0), packet));
    }
    for packet in [&b"\x90\x03\0\x01\0"[..], b"\xd0\0", b"\x20\x02\0\0", b"\xb0\x02\0\x01"] {
        let mut server = serving(Version::V3_1_1, SessionOptions::new());
        closes(&server.hear(at(0), packet));
    }
}

/// Nothing but what the standard gives a return code is answered.
#[test]
fn a_malformed_connect_is_not_answered() {
    let mut connect = connect_bytes(Version::V3_1_1, true);
    connect[9] |= 1;
    let mut server = Server::new(SessionOptions::new());
    server.opened(at(0));
    closes(&server.hear(at(0), &connect));
    assert_eq!(server.written(at(0)), []);
    // A version that there is not is.
    let mut connect = connect_bytes(Version::V3_1_1, true);
    connect[8] = 9;
    server.opened(at(1));
    closes(&server.hear(at(1), &connect));
    assert_eq!(server.written(at(1)), [0x20, 2, 0, 1]);
}

#[test]
fn keep_alive_is_that_of_the_connection() {
    let mut server = serving(Version::V3_1_1, SessionOptions::new());
    assert!(server.deadline().is_some());
    server.closed(at(1));
    server.opened(at(2));
    let mut connect = Connect::new(Version::V3_1_1, Text::new("c").unwrap());
    connect.keep_alive = 0;
    let mut bytes = Vec::new();
    connect.encode(Version::V3_1_1, &mut bytes).unwrap();
    server.hear(at(2), &bytes);
    server.accept(at(2), Properties::EMPTY).unwrap();
    assert_eq!(server.deadline(), None);
}

#[test]
fn short_forms_of_5_0_are_read() {
    let mut client = online(Version::V5_0, SessionOptions::new());
    let told = client.hear(at(0), b"\xe0\0");
    assert!(told[0].starts_with("Disconnected(") && told[1] == "Close(PeerDisconnected)");
    let mut server = serving(Version::V5_0, SessionOptions::new());
    let told = server.hear(at(0), b"\xe0\0");
    assert!(told[0].starts_with("Disconnected(") && told[1] == "Close(PeerDisconnected)");
}

#[test]
fn a_password_is_bytes() {
    for version in VERSIONS {
        let mut connect = Connect::new(version, Text::new("c").unwrap());
        connect.user_name = Some(Text::new("u").unwrap());
        connect.password = Some(Binary::new(b"\xff\0\xc0").unwrap());
        let mut client = Client::new(SessionOptions::new());
        client.opened(at(0), &connect).unwrap();
        let mut server = Server::new(SessionOptions::new());
        server.opened(at(0));
        let bytes = client.written(at(0));
        let mut input = &bytes[..];
        let Some(mqtt_pure::ServerAction::Connect(read)) = server.receive(at(0), &mut input) else {
            panic!("refused");
        };
        assert_eq!(read.password, connect.password);
    }
}

#[test]
fn a_batch_behind_connect_waits_for_the_answer() {
    let mut server = Server::new(SessionOptions::new());
    server.opened(at(0));
    let stream = [&connect_bytes(Version::V3_1_1, true)[..], b"\xc0\0\x30\x03\0\x01a"].concat();
    let mut input = &stream[..];
    assert!(server.receive(at(0), &mut input).is_some());
    assert!(server.is_blocked());
    assert!(server.receive(at(0), &mut input).is_none());
    assert_eq!(input.len(), 7);
    server.refuse(at(0), Some(ReasonCode::NOT_AUTHORIZED), Properties::EMPTY).unwrap();
    assert_eq!(format!("{:?}", server.receive(at(0), &mut input)), "Some(Close(Refused))");
    assert_eq!(server.receive(at(0), &mut input), None);
    assert!(input.is_empty(), "what came behind a refused CONNECT is let go");
    assert_eq!(server.written(at(0)), [0x20, 2, 0, 5]);
}

/// When the session ends of a client of 5.0 that wants it to be kept so long, and says this when it leaves.
fn kept_for(allowed: u32, granted: Option<u32>, wanted: u32, last: u32) -> (Vec<u8>, Option<u64>) {
    let mut options = SessionOptions::new();
    options.session_expiry = allowed;
    options.max_packet_size = DecodeOptions::MAX_PACKET_SIZE;
    let mut server = Server::new(options);
    server.opened(at(0));
    let [a, b, c, d] = wanted.to_be_bytes();
    let connect = [0x10, 0x13, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 60, 5, 0x11, a, b, c, d];
    server.hear(at(0), &[&connect[..], b"\0\x01c"].concat());
    let granted: Vec<_> = granted.map(Property::SessionExpiryInterval).into_iter().collect();
    server.accept(at(0), Properties::from(&granted[..])).unwrap();
    let connack = server.written(at(0));
    let [a, b, c, d] = last.to_be_bytes();
    let told = server.hear(at(1_000), &[0xe0, 7, 0, 5, 0x11, a, b, c, d]);
    assert!(told[0].starts_with("Disconnected("), "{told:?}");
    (connack, server.deadline().map(|(due, _)| due.as_millis()))
}

#[test]
fn no_session_is_kept_longer_than_the_options_allow() {
    let told = |seconds| vec![0x20, 8, 0, 0, 5, 0x11, 0, 0, 0, seconds];
    let silent = vec![0x20, 3, 0, 0, 0];
    assert_eq!(kept_for(50, None, 20, 30), (silent.clone(), Some(31_000)));
    assert_eq!(kept_for(50, None, 20, 60), (silent, Some(51_000)));
    assert_eq!(kept_for(50, None, 60, 70), (told(50), Some(51_000)));
    assert_eq!(kept_for(50, None, u32::MAX, u32::MAX), (told(50), Some(51_000)));
    // What the application grants goes before.
    assert_eq!(kept_for(50, Some(80), 60, 90), (told(80), Some(81_000)));
    assert_eq!(kept_for(50, Some(10), 60, 90), (told(10), Some(11_000)));
    // The client did not want it to be so.
    assert_eq!(kept_for(0, None, 60, 60), (told(0), None));
}

#[test]
fn a_pubrel_may_come_though_a_repetition_is_not_answered() {
    for version in [Version::V3_1, Version::V3_1_1, Version::V5_0] {
        let mut options = SessionOptions::new();
        options.manual_acknowledgement = true;
        let mut server = serving(version, options);
        server.hear(at(1), &publish(version, 0x34, "t", 1, &[], "one"));
        let (qos, none) = (QoS::ExactlyOnce, Properties::EMPTY);
        server.acknowledge(at(1), id(1), qos, ReasonCode::SUCCESS, none).unwrap();
        assert_eq!(server.written(at(1)), [0x50, 2, 0, 1]);
        server.hear(at(1), &publish(version, 0x34, "t", 2, &[], "two"));
        // It has crossed the PUBREC, to which the PUBREL is the answer.
        server.hear(at(2), &publish(version, 0x3c, "t", 1, &[], "one"));
        assert_eq!(server.hear(at(2), &[0x62, 2, 0, 1]), [""; 0], "{version}");
        assert_eq!(server.written(at(2)), [0x70, 2, 0, 1]);
        server.acknowledge(at(3), id(2), qos, ReasonCode::SUCCESS, none).unwrap();
        assert_eq!(server.written(at(3)), [0x50, 2, 0, 2]);
    }
}
