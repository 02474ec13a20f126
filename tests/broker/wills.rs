//! Wills: when they are published, and when not.

use crate::hub::{Hub, hub, text};
use mqtt_pure::{
    AllowAll, Binary, Connect, Disconnect, Properties, Property, QoS, ReasonCode, TopicName,
    Version, Will,
};

/// A CONNECT with a will, in 5.0 with this delay and session expiry.
fn with_will<T>(
    version: Version,
    delay: u32,
    expiry: u32,
    run: impl FnOnce(&Connect<'_>) -> T,
) -> T {
    let delay = [Property::WillDelayInterval(delay)];
    let expiry = [Property::SessionExpiryInterval(expiry)];
    let mut connect = Connect::new(version, text("w"));
    let mut will = Will {
        topic: TopicName::new("will").unwrap(),
        payload: Binary::new(b"gone").unwrap(),
        properties: Properties::EMPTY,
        qos: QoS::AtLeastOnce,
        retain: true,
    };
    connect.clean_session = false;
    if version == Version::V5_0 {
        will.properties = Properties::from(&delay);
        connect.properties = Properties::from(&expiry);
    }
    connect.will = Some(will);
    run(&connect)
}

/// A watcher, and a client with a will that has sent something.
fn watched(version: Version, delay: u32, expiry: u32) -> (Hub<AllowAll>, usize, usize) {
    let (mut hub, watcher, client) = silent(version, delay, expiry);
    hub.subscribe(client, "nothing", QoS::AtMostOnce);
    (hub, watcher, client)
}

/// A watcher, and a client with a will that has sent nothing but its CONNECT.
fn silent(version: Version, delay: u32, expiry: u32) -> (Hub<AllowAll>, usize, usize) {
    let mut hub = hub();
    let mut connect = Connect::new(Version::V5_0, text("watcher"));
    connect.keep_alive = 0;
    let watcher = hub.client(Version::V5_0, &connect);
    hub.subscribe(watcher, "#", QoS::AtLeastOnce);
    hub.told(watcher);
    let client = with_will(version, delay, expiry, |connect| hub.client(version, connect));
    (hub, watcher, client)
}

const GONE: [&str; 1] = ["will=gone q1"];
const NOTHING: [&str; 0] = [];

/// [MQTT-3.1.2-8] [MQTT-3.1.2-10] [MQTT-3.14.4-3]
#[test]
fn a_will_is_for_those_who_go_without_a_word() {
    for version in Version::ALL {
        let (mut hub, watcher, client) = watched(version, 0, 0);
        hub.leave(client);
        assert_eq!(hub.messages(watcher), NOTHING);

        let (mut hub, watcher, client) = watched(version, 0, 0);
        hub.cut(client);
        assert_eq!(hub.messages(watcher), GONE);
        // It is retained, as it said.
        let late = hub.clean(version, "late");
        hub.subscribe(late, "will", QoS::AtMostOnce);
        assert_eq!(hub.messages(late), ["will=gone q0 r"]);
        assert_eq!(hub.broker.counters().wills, 1);
    }
}

/// Q12
#[test]
fn a_client_of_5_0_may_leave_with_its_will() {
    let (mut hub, watcher, client) = watched(Version::V5_0, 0, 0);
    let now = hub.at();
    let reason = ReasonCode::DISCONNECT_WITH_WILL_MESSAGE;
    let leaving = hub.peers[client].client.as_mut().unwrap();
    leaving.disconnect(now, &Disconnect { reason, ..Disconnect::new() }).unwrap();
    hub.settle();
    assert_eq!(hub.messages(watcher), GONE);
}

/// Q13 [MQTT-3.1.3-9]
#[test]
fn a_will_is_delayed_no_longer_than_the_session_lasts() {
    for (delay, expiry, waits) in [(10, 20, 10), (20, 10, 10), (10, 0, 0), (0, 20, 0)] {
        for begin in [watched, silent] {
            let (mut hub, watcher, client) = begin(Version::V5_0, delay, expiry);
            hub.cut(client);
            if waits > 0 {
                hub.advance(waits * 1_000 - 1);
                assert_eq!(hub.messages(watcher), NOTHING, "{delay} {expiry}");
                hub.advance(1);
            }
            assert_eq!(hub.messages(watcher), GONE, "{delay} {expiry}");
            hub.advance(60_000);
            assert_eq!(hub.messages(watcher), NOTHING);
        }
    }
    // Who is back in time has not gone.
    let (mut hub, watcher, client) = watched(Version::V5_0, 10, 20);
    hub.cut(client);
    hub.advance(9_999);
    with_will(Version::V5_0, 10, 20, |connect| hub.connect(client, connect));
    hub.advance(9_999);
    assert_eq!(hub.messages(watcher), NOTHING);
    assert!(hub.told(client).contains(&"connected present".to_owned()));
}

/// Q09: on take-over the old connection has gone without a word.
#[test]
fn a_will_is_published_on_take_over() {
    for version in Version::ALL {
        for (delay, clean, published) in [(0, false, true), (10, true, true), (10, false, false)] {
            let (mut hub, watcher, _) = watched(version, delay, 20);
            let raw = hub.raw();
            let mut connect = Connect::new(version, text("w"));
            connect.clean_session = clean;
            hub.send(raw, &crate::hub::connect_bytes(&connect));
            // Before 5.0 there is no delay.
            let published = published || version != Version::V5_0;
            let expected = if published { 1 } else { 0 };
            assert_eq!(hub.messages(watcher).len(), expected, "{version} {delay} {clean}");
            hub.advance(60_000);
            assert_eq!(hub.messages(watcher), NOTHING);
        }
    }
}

/// Q11: keep alive, the end of the transport and a take-over at one moment.
#[test]
fn a_will_is_published_once_whatever_comes_together() {
    for order in 0..6 {
        let (mut hub, watcher, client) = watched(Version::V3_1_1, 0, 0);
        let old = hub.peers[client].connection.take().unwrap();
        hub.now += 90_000;
        let now = hub.at();
        let connect = crate::hub::connect_bytes(&Connect::new(Version::V3_1_1, text("w")));
        let raw = hub.raw();
        let new = hub.peers[raw].connection.unwrap();
        let steps = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]][order];
        for step in steps {
            match step {
                0 => hub.broker.timeout(now),
                1 => hub.broker.closed(now, old),
                _ => {
                    assert!(hub.broker.receive(now, new, &mut &connect[..]).is_some());
                    hub.broker.accept(now, new, mqtt_pure::Accept::new(())).unwrap();
                }
            }
        }
        hub.settle();
        assert_eq!(hub.messages(watcher), GONE, "{steps:?}");
    }
}

#[test]
fn a_will_with_an_empty_payload_clears_what_is_retained() {
    let mut hub = hub();
    let mut connect = Connect::new(Version::V3_1_1, text("w"));
    connect.will = Some(Will {
        topic: TopicName::new("t").unwrap(),
        payload: Binary::new(b"").unwrap(),
        properties: Properties::EMPTY,
        qos: QoS::AtMostOnce,
        retain: true,
    });
    let client = hub.client(Version::V3_1_1, &connect);
    hub.publish_message(client, crate::hub::message("t", "x", QoS::AtMostOnce).with_retain(true));
    assert_eq!(hub.broker.counters().retained, 1);
    hub.cut(client);
    assert_eq!(hub.broker.counters().retained, 0);
}

/// F6: for a fault too.
#[test]
fn a_will_is_published_for_who_is_thrown_out() {
    let (mut hub, watcher, client) = watched(Version::V3_1_1, 0, 0);
    hub.send(client, b"\0\0");
    assert_eq!(hub.messages(watcher), GONE);
    let (mut hub, watcher, client) = watched(Version::V5_0, 0, 0);
    hub.broker.disconnect(hub.at(), "w", ReasonCode::ADMINISTRATIVE_ACTION).unwrap();
    hub.settle();
    assert_eq!(hub.messages(watcher), GONE);
    assert!(hub.told(client).contains(&"disconnected 98".to_owned()));
}
