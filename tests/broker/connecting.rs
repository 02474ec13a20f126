//! Who is whom: accepted, refused, taken over, resumed.

use crate::hub::{Hub, connect_bytes, hub, keep, options, text};
use bytes::Buf;
use mqtt_pure::{
    Accept, AllowAll, Broker, BrokerAction, BrokerError, CloseReason, Connect, Deadline, Fault,
    Instant, Properties, Property, QoS, ReasonCode, Version,
};

const NOW: Instant = Instant::from_millis(5);

/// A connection with a CONNECT that waits for an answer.
fn asked(broker: &mut Broker<AllowAll>, connect: &Connect<'_>) -> mqtt_pure::ConnectionId {
    let id = broker.opened(NOW).unwrap();
    let bytes = connect_bytes(connect);
    let mut input = &bytes[..];
    let action = broker.receive(NOW, id, &mut input);
    assert!(matches!(action, Some(BrokerAction::Connect(_))), "{action:?}");
    assert!(input.is_empty());
    id
}

fn written(broker: &mut Broker<AllowAll>, id: mqtt_pure::ConnectionId) -> Vec<u8> {
    let out = broker.transmit(NOW, id);
    out.copy_to_bytes(out.remaining()).to_vec()
}

#[test]
fn a_stranger_takes_nothing_over() {
    let mut broker = Broker::new(options(), AllowAll);
    let connect = Connect::new(Version::V5_0, text("c"));
    let one = asked(&mut broker, &connect);
    broker.accept(NOW, one, Accept::new(())).unwrap();
    let two = asked(&mut broker, &connect);
    assert_eq!(broker.closing(one), None);
    broker
        .refuse(NOW, two, Some(ReasonCode::BAD_USER_NAME_OR_PASSWORD), Properties::EMPTY)
        .unwrap();
    assert_eq!((broker.closing(one), broker.closing(two)), (None, Some(CloseReason::Refused)));
    assert_eq!(written(&mut broker, two), b"\x20\x03\0\x86\0");
    // What it sends behind is nobody's.
    let mut input: &[u8] = b"\x30\x05\0\x01thi";
    assert_eq!(broker.receive(NOW, two, &mut input), None);
    assert!(input.is_empty());
    assert_eq!(broker.counters().messages_in, 0);
}

/// [MQTT-3.1.4-2] [MQTT-3.1.4-3]
#[test]
fn a_client_takes_its_session_over() {
    for version in Version::ALL {
        let mut hub = hub();
        let one = hub.keeping(version, "c");
        hub.subscribe(one, "t", QoS::AtLeastOnce);
        hub.told(one);
        let two = hub.keeping(version, "c");
        assert_eq!(hub.peers[one].closed, Some(CloseReason::TakenOver));
        let is_5_0 = version == Version::V5_0;
        assert_eq!(hub.told(one), if is_5_0 { vec!["disconnected 8e"] } else { vec![] });
        assert_eq!(hub.broker.counters().subscriptions, 1);
        if is_5_0 {
            // This client has no session that it could go on with.
            assert!(matches!(hub.peers[two].closed, None | Some(CloseReason::Fault(_))));
        } else {
            hub.publish(two, "t", "x", QoS::AtLeastOnce);
            assert_eq!(hub.messages(two), ["t=x q1"]);
        }
        assert_eq!(hub.broker.counters().taken_over, 1);
        assert_eq!(hub.broker.counters().sessions, 1);
    }
}

#[test]
fn sessions_are_resumed_or_begun() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let mut hub = hub();
        let client = hub.keeping(version, "c");
        hub.subscribe(client, "t", QoS::AtLeastOnce);
        hub.cut(client);
        hub.broker.publish(hub.at(), &crate::hub::message("t", "x", QoS::AtLeastOnce)).unwrap();
        hub.resume(client, version, "c");
        let told = hub.told(client);
        assert_eq!(told[2..], ["connected present", "t=x q1"], "{told:?}");
        hub.cut(client);
        // [MQTT-3.1.2-6]
        hub.connect(client, &Connect::new(version, text("c")));
        assert_eq!(hub.told(client), ["connected new"]);
        assert_eq!(hub.broker.counters().subscriptions, 0);
        hub.cut(client);
        assert_eq!(hub.broker.counters().sessions, 0);
    }
}

#[test]
fn sessions_end_in_time() {
    for (version, seconds) in [(Version::V3_1_1, 86_400), (Version::V5_0, 3_600)] {
        let mut hub = hub();
        let client = hub.keeping(version, "c");
        hub.subscribe(client, "t", QoS::AtLeastOnce);
        hub.cut(client);
        hub.advance(seconds * 1_000 - 1);
        assert_eq!(hub.broker.counters().sessions, 1);
        hub.advance(1);
        let counters = hub.broker.counters();
        assert_eq!((counters.sessions, counters.subscriptions, counters.sessions_ended), (0, 0, 1));
        assert_eq!(hub.broker.deadline(), None);
    }
}

#[test]
fn what_is_longer_than_allowed_is_told() {
    let mut broker = Broker::new(options(), AllowAll);
    let properties = [Property::SessionExpiryInterval(u32::MAX)];
    let mut connect = Connect::new(Version::V5_0, text(""));
    connect.keep_alive = 0;
    connect.properties = Properties::from(&properties);
    let id = asked(&mut broker, &connect);
    broker.accept(NOW, id, Accept::new(())).unwrap();
    let bytes = written(&mut broker, id);
    let options = mqtt_pure::DecodeOptions::new(Version::V5_0);
    let Ok(Some(mqtt_pure::Packet::Connack(connack))) =
        mqtt_pure::Packet::read(&mut &bytes[..], options)
    else {
        panic!("{bytes:02x?}")
    };
    assert_eq!(connack.properties.session_expiry_interval(), Some(86_400));
    assert_eq!(connack.properties.server_keep_alive(), Some(3_600));
    let name = connack.properties.assigned_client_identifier().unwrap();
    assert_eq!(name.as_str(), "auto-1");
    assert!(broker.session("auto-1").is_some());
    // The next one has another name.
    let id = asked(&mut broker, &connect);
    broker.accept(NOW, id, Accept::new(())).unwrap();
    assert!(broker.session("auto-2").is_some());
}

#[test]
fn the_application_may_name_the_session() {
    let mut broker = Broker::new(options(), AllowAll);
    let id = asked(&mut broker, &Connect::new(Version::V3_1_1, text("c")));
    let mut accept = Accept::new(());
    accept.client_id = Some("tenant/c");
    broker.accept(NOW, id, accept).unwrap();
    assert_eq!(
        broker.sessions().map(|info| info.client_id.as_str().to_owned()).collect::<Vec<_>>(),
        ["tenant/c"]
    );
}

#[test]
fn limits_of_connecting_are_told() {
    let mut options = options();
    (options.max_connections, options.max_sessions, options.max_client_id) = (4, 1, 3);
    options.refuse_long_keep_alive = true;
    let mut broker = Broker::new(options, AllowAll);
    let id = asked(&mut broker, &Connect::new(Version::V5_0, text("one")));
    broker.accept(NOW, id, Accept::new(())).unwrap();

    let id = asked(&mut broker, &Connect::new(Version::V5_0, text("two")));
    let full = broker.accept(NOW, id, Accept::new(()));
    assert_eq!(full, Err(BrokerError::SessionsFull(1)));
    assert_eq!(written(&mut broker, id), b"\x20\x03\0\x97\0");

    let id = asked(&mut broker, &Connect::new(Version::V3_1_1, text("four")));
    let long = broker.accept(NOW, id, Accept::new(()));
    assert_eq!(long, Err(BrokerError::ClientIdTooLong { len: 4, most: 3 }));
    assert_eq!(written(&mut broker, id), b"\x20\x02\0\x02");

    let mut connect = Connect::new(Version::V3_1_1, text("one"));
    connect.keep_alive = 0;
    let id = asked(&mut broker, &connect);
    assert_eq!(broker.accept(NOW, id, Accept::new(())), Err(BrokerError::KeepAlive(0)));

    // Those that are to be closed count until they are.
    assert_eq!(broker.opened(NOW), Err(BrokerError::ConnectionsFull(4)));
    broker.closed(NOW, id);
    assert!(broker.opened(NOW).is_ok());
    assert_eq!(broker.counters().turned_away, 1);
    // The one that was there is not disturbed.
    assert!(broker.session("one").unwrap().connection.is_some());
}

#[test]
fn a_wrong_accept_changes_nothing() {
    let mut broker = Broker::new(options(), AllowAll);
    let id = asked(&mut broker, &Connect::new(Version::V3_1_1, text("c")));
    let properties = [Property::ServerKeepAlive(7)];
    let mut accept = Accept::new(());
    accept.properties = Properties::from(&properties);
    assert!(matches!(broker.accept(NOW, id, accept), Err(BrokerError::Command(_))));
    broker.accept(NOW, id, Accept::new(())).unwrap();
    assert_eq!(written(&mut broker, id), b"\x20\x02\0\0");
    assert!(matches!(broker.accept(NOW, id, Accept::new(())), Err(BrokerError::NoConnection)));
}

/// Should the CONNACK be lost, the client would take the session for its older one the next time.
#[test]
fn a_session_that_its_client_may_not_know_is_not_presented() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let mut hub = hub();
        let bytes = keep(version, "c", connect_bytes);
        let stays = [Property::SessionExpiryInterval(60)];
        let properties = if version == Version::V5_0 { &stays[..] } else { &[] };
        let clean = Connect::new(version, text("c"));
        let clean = Connect { properties: Properties::from(properties), ..clean };
        let clean = connect_bytes(&clean);
        // The client connects, may say something, and is cut off.
        let mut presented = |connect: &[u8], says: &[u8]| {
            let raw = hub.raw();
            let connack = hub.send(raw, connect);
            hub.send(raw, says);
            hub.cut(raw);
            connack[2] == 1
        };
        assert!(!presented(&bytes, b""));
        assert!(!presented(&bytes, b""), "{version}");
        // Any packet shows that the client knows.
        assert!(!presented(&bytes, b"\xc0\0"), "{version}");
        assert!(presented(&bytes, b""), "{version}");
        // And then it stays, whatever the client says the next time.
        assert!(presented(&bytes, b""), "{version}");
        // Clean start over it is a new session again, which 5.0 keeps.
        assert!(!presented(&clean, b""));
        assert!(!presented(&bytes, b""), "{version}");
        assert_eq!(hub.broker.counters().sessions, 1, "{version}");
        // Until it expires it is there, as a will may wait with it.
        let raw = hub.raw();
        hub.send(raw, &clean);
        hub.cut(raw);
        let kept = u64::from(version == Version::V5_0);
        assert_eq!(hub.broker.counters().sessions, kept, "{version}");
        hub.advance(60_000);
        assert_eq!(hub.broker.counters().sessions, 0, "{version}");
    }
}

/// AUTH goes through until the application accepts, and again when the client begins anew.
#[test]
fn authentication_passes_through() {
    let mut broker = Broker::new(options(), AllowAll);
    let properties = [Property::AuthenticationMethod(text("m"))];
    let mut connect = Connect::new(Version::V5_0, text("c"));
    connect.properties = Properties::from(&properties);
    let id = asked(&mut broker, &connect);
    let more = ReasonCode::CONTINUE_AUTHENTICATION;
    broker.authenticate(NOW, id, more, Properties::EMPTY).unwrap();
    assert_eq!(broker.next_ready(), Some(id));
    // It answers before it has read what it was sent: both come out in their order.
    let auth = b"\xf0\x06\x18\x04\x15\0\x01m";
    let mut input = &auth[..];
    assert!(matches!(broker.receive(NOW, id, &mut input), Some(BrokerAction::Auth(_))));
    broker.accept(NOW, id, Accept::new(())).unwrap();
    let first = written(&mut broker, id);
    assert_eq!(first, auth);
    assert_eq!(written(&mut broker, id)[0], 0x20);
    let mut input: &[u8] = b"\xf0\x06\x19\x04\x15\0\x01m";
    assert!(matches!(broker.receive(NOW, id, &mut input), Some(BrokerAction::Auth(_))));
    broker.authenticate(NOW, id, ReasonCode::SUCCESS, Properties::EMPTY).unwrap();
    assert_eq!(written(&mut broker, id), b"\xf0\x06\0\x04\x15\0\x01m");
}

/// Q18
#[test]
fn who_does_not_connect_in_time_is_closed() {
    let mut hub = hub();
    let silent = hub.raw();
    let dripping = hub.raw();
    let authenticating = {
        let properties = [Property::AuthenticationMethod(text("m"))];
        let mut connect = Connect::new(Version::V5_0, text("c"));
        connect.properties = Properties::from(&properties);
        let id = hub.broker.opened(hub.at()).unwrap();
        let bytes = connect_bytes(&connect);
        assert!(hub.broker.receive(hub.at(), id, &mut &bytes[..]).is_some());
        let more = ReasonCode::CONTINUE_AUTHENTICATION;
        hub.broker.authenticate(hub.at(), id, more, Properties::EMPTY).unwrap();
        id
    };
    for byte in b"\x10\x0d\0\x04MQ" {
        hub.advance(1_000);
        hub.send(dripping, &[*byte]);
    }
    hub.advance(3_999);
    assert!(hub.peers[silent].connection.is_some());
    hub.advance(1);
    let late = CloseReason::Fault(Fault::Late(Deadline::Connect));
    assert_eq!(hub.peers[silent].closed, Some(late));
    assert_eq!(hub.peers[dripping].closed, Some(late));
    assert_eq!(hub.broker.closing(authenticating), Some(late));
}

#[test]
fn a_client_that_is_silent_is_closed() {
    let mut hub = Hub::new(options(), AllowAll);
    let raw = hub.raw();
    hub.send(raw, b"\x10\x0d\0\x04MQTT\x04\x02\0\x0a\0\x01c");
    hub.advance(14_999);
    assert!(hub.peers[raw].connection.is_some());
    hub.send(raw, b"\xc0\0");
    hub.advance(14_999);
    assert!(hub.peers[raw].connection.is_some());
    hub.advance(1);
    assert_eq!(hub.peers[raw].closed, Some(CloseReason::Fault(Fault::Late(Deadline::KeepAlive))));
}

/// C13: everything in one segment; what is refused is not heard.
#[test]
fn packets_behind_the_connect_wait_for_the_answer() {
    let mut hub = hub();
    let raw = hub.raw();
    let out = hub.send(
        raw,
        b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c\x82\x06\0\x01\0\x01t\0\x30\x05\0\x01thi",
    );
    assert_eq!(out, b"\x20\x02\0\0\x90\x03\0\x01\0\x30\x05\0\x01thi");
}
