//! Neither passwords nor payloads show in `Debug`.

use crate::end::{End, at, id, message, online, serving};
use mqtt_pure::{
    Binary, Client, ClientAction, Connect, QoS, Server, ServerAction, SessionOptions, Text,
    TopicName, Version, Will,
};

const SECRET: &str = "hunter2";

fn check(shown: &str) {
    let bytes = format!("{:?}", SECRET.as_bytes());
    let hidden = [SECRET, bytes.trim_matches(['[', ']'])];
    assert!(hidden.iter().all(|hidden| !shown.contains(hidden)), "{shown}");
}

#[test]
fn nothing_secret_is_shown() {
    let mut connect = Connect::new(Version::V3_1_1, Text::new("c").unwrap());
    connect.user_name = Some(Text::new("u").unwrap());
    connect.password = Some(Binary::new(SECRET.as_bytes()).unwrap());
    connect.will = Some(Will {
        topic: TopicName::new("w").unwrap(),
        payload: Binary::new(SECRET.as_bytes()).unwrap(),
        properties: mqtt_pure::Properties::EMPTY,
        qos: QoS::AtLeastOnce,
        retain: false,
    });
    check(&format!("{connect:?}"));
    let mut client = Client::new(SessionOptions::new());
    client.keep_journal();
    client.opened(at(0), &connect).unwrap();
    let sent = client.written(at(0));
    check(&format!("{client:?}"));

    let mut server = Server::new(SessionOptions::new());
    server.keep_journal();
    server.opened(at(0));
    for told in server.hear(at(0), &sent) {
        check(&told);
    }
    server.accept(at(0), mqtt_pure::Properties::EMPTY).unwrap();
    client.hear(at(0), &server.written(at(0)));
    for number in 0..3 {
        client.publish(at(0), message(QoS::ExactlyOnce, SECRET)).unwrap();
        server.publish(at(number), message(QoS::AtLeastOnce, SECRET), QoS::AtLeastOnce).unwrap();
    }
    check(&format!("{:?}", client.transmit(at(0))));
    for told in server.hear(at(0), &client.written(at(0))) {
        check(&told);
    }
    check(&format!("{client:?} {:?}", client.snapshot()));
    check(&format!("{:?}", client.journal(at(0))));
    check(&format!("{server:?} {:?}", server.snapshot()));
    check(&format!("{:?}", server.journal(at(0))));
}

#[test]
fn actions_show_no_payload() {
    let mut client = online(Version::V3_1_1, SessionOptions::new());
    let mut input = &b"\x30\x0a\0\x01thunter2"[..];
    let Some(action @ ClientAction::Message(_)) = client.receive(at(0), &mut input) else {
        panic!("no message");
    };
    check(&format!("{action:?}"));
    let mut server = serving(Version::V3_1_1, SessionOptions::new());
    let mut input = &b"\x32\x0c\0\x01t\0\x01hunter2"[..];
    let Some(ServerAction::Message(received)) = server.receive(at(0), &mut input) else {
        panic!("no message");
    };
    assert_eq!(received.publish.packet_id(), Some(id(1)));
    check(&format!("{received:?} {:?}", received.to_message()));
}

/// Whoever looks at a session sees where it stands.
#[test]
fn debug_tells_how_a_session_stands() {
    let mut client = online(Version::V3_1_1, SessionOptions::new());
    client.publish(at(0), message(QoS::AtLeastOnce, "")).unwrap();
    let shown = format!("{client:?}");
    assert!(shown.contains("Online") && shown.contains("in_flight: 1"), "{shown}");
    let server = Server::new(SessionOptions::new());
    let shown = format!("{server:?}");
    assert!(shown.contains("Closed") && shown.contains("queued: 0"), "{shown}");
}
