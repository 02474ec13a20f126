//! Retained messages: kept, replaced, cleared, and sent to those who subscribe.

use crate::hub::{Hub, connect_bytes, hub, message, options};
use mqtt_pure::{
    AllowAll, Message, Properties, Property, QoS, RetainHandling, SubscriptionOptions, Version,
};

fn retained(topic: &str, payload: &str, qos: QoS) -> Message {
    message(topic, payload, qos).with_retain(true)
}

/// [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT-3.3.1-8] [MQTT-3.3.1-9]
#[test]
fn the_last_one_is_kept_until_it_is_cleared() {
    for version in Version::ALL {
        let mut hub = hub();
        let publisher = hub.clean(version, "p");
        let live = hub.clean(version, "live");
        hub.subscribe(live, "a/#", QoS::ExactlyOnce);
        hub.told(live);
        for payload in ["1", "2"] {
            hub.publish_message(publisher, retained("a/b", payload, QoS::AtLeastOnce));
        }
        assert_eq!(hub.messages(live), ["a/b=1 q1", "a/b=2 q1"]);
        let late = hub.clean(version, "late");
        hub.subscribe(late, "+/b", QoS::ExactlyOnce);
        assert_eq!(hub.told(late), ["connected new", "subscribed [02]", "a/b=2 q1 r"]);
        // Subscribing again brings it again.
        hub.subscribe(late, "+/b", QoS::AtMostOnce);
        assert_eq!(hub.told(late), ["subscribed [00]", "a/b=2 q0 r"]);
        assert_eq!(hub.broker.counters().retained, 1);
        hub.publish_message(publisher, retained("a/b", "", QoS::AtMostOnce));
        assert_eq!(hub.messages(late), ["a/b= q0"]);
        let counters = hub.broker.counters();
        assert_eq!((counters.retained, counters.retained_bytes), (0, 0));
        hub.subscribe(late, "+/b", QoS::AtMostOnce);
        assert_eq!(hub.told(late), ["subscribed [00]"]);
        // P07: nothing is kept of topics that are cleared.
        for number in 0..100 {
            hub.publish_message(publisher, retained(&format!("n/{number}"), "", QoS::AtMostOnce));
        }
        assert_eq!(hub.broker.counters().retained, 0);
    }
}

/// [MQTT-3.3.1-10] [MQTT-3.3.1-11] [MQTT-3.3.1-12] [MQTT-3.3.1-13]
#[test]
fn retain_handling_and_retain_as_published() {
    let mut hub = hub();
    let client = hub.clean(Version::V5_0, "c");
    hub.broker.publish(hub.at(), &retained("t", "old", QoS::AtMostOnce)).unwrap();
    hub.told(client);
    let mut options = SubscriptionOptions::new(QoS::AtMostOnce);
    options.retain_as_published = true;
    for (handling, expected) in [
        (RetainHandling::DoNotSend, &[][..]),
        (RetainHandling::SendIfNew, &[]),
        (RetainHandling::SendAlways, &["t=old q0 r"]),
    ] {
        options.retain_handling = handling;
        hub.subscribe_with(client, "t", options, None);
        assert_eq!(hub.messages(client), expected, "{handling:?}");
    }
    hub.unsubscribe(client, "t");
    options.retain_handling = RetainHandling::SendIfNew;
    hub.subscribe_with(client, "t", options, None);
    assert_eq!(hub.messages(client), ["t=old q0 r"]);
    hub.publish_message(client, retained("t", "new", QoS::AtMostOnce));
    hub.publish_message(client, retained("t", "", QoS::AtMostOnce));
    hub.publish(client, "t", "plain", QoS::AtMostOnce);
    assert_eq!(hub.messages(client), ["t=new q0 r", "t= q0 r", "t=plain q0"]);
}

/// [MQTT-3.3.2-5] [MQTT-3.3.2-6]
#[test]
fn what_is_left_of_its_time_is_told() {
    let mut hub = hub();
    let publisher = hub.clean(Version::V5_0, "p");
    let expiry = [Property::MessageExpiryInterval(10)];
    let message = retained("t", "x", QoS::AtLeastOnce);
    hub.publish_message(publisher, message.with_properties(Properties::from(&expiry)).unwrap());
    hub.advance(2_500);
    let client = hub.clean(Version::V5_0, "c");
    hub.subscribe_with(client, "t", SubscriptionOptions::new(QoS::AtLeastOnce), Some(9));
    assert_eq!(hub.messages(client), ["t=x q1 r #9 8s"]);
    assert_eq!(hub.broker.deadline().map(mqtt_pure::Instant::as_millis), Some(10_000));
    hub.advance(7_500);
    let counters = hub.broker.counters();
    assert_eq!((counters.retained, counters.retained_bytes, counters.retained_expired), (0, 0, 1));
    hub.subscribe(client, "t", QoS::AtLeastOnce);
    assert_eq!(hub.messages(client), Vec::<String>::new());
}

#[test]
fn a_newer_one_lasts_as_long_as_it_says() {
    let mut hub = hub();
    let publisher = hub.clean(Version::V5_0, "p");
    for seconds in [10, 20] {
        let expiry = [Property::MessageExpiryInterval(seconds)];
        let message = retained("t", "x", QoS::AtMostOnce);
        hub.publish_message(publisher, message.with_properties(Properties::from(&expiry)).unwrap());
    }
    hub.advance(10_000);
    assert_eq!(hub.broker.counters().retained, 1);
    hub.advance(10_000);
    assert_eq!(hub.broker.counters().retained, 0);
}

/// Q15: there is a limit of count and one of bytes, and whoever can be told is.
#[test]
fn a_flood_ends_at_the_limits() {
    let mut options = options();
    options.retained.max_entries = 3;
    let mut hub = Hub::new(options.clone(), AllowAll);
    let new = hub.clean(Version::V5_0, "new");
    let old = hub.clean(Version::V3_1_1, "old");
    hub.subscribe(old, "#", QoS::AtMostOnce);
    hub.told(old);
    for number in 0..3 {
        hub.publish_message(new, retained(&number.to_string(), "x", QoS::AtLeastOnce));
    }
    hub.told(new);
    hub.messages(old);
    hub.publish_message(new, retained("3", "x", QoS::AtLeastOnce));
    hub.publish_message(new, retained("4", "x", QoS::ExactlyOnce));
    assert_eq!(hub.told(new), ["failed 97", "failed 97"]);
    assert_eq!(hub.messages(old), Vec::<String>::new());
    // Who can't be told is heard, though not kept.
    hub.publish_message(old, retained("5", "x", QoS::AtMostOnce));
    assert_eq!(hub.messages(old), ["5=x q0"]);
    // Replacing is possible.
    hub.publish_message(new, retained("0", "y", QoS::AtLeastOnce));
    assert_eq!(hub.told(new), ["done 00"]);
    let counters = hub.broker.counters();
    assert_eq!((counters.retained, counters.retained_full), (3, 3));

    options.retained.max_entries = usize::MAX;
    options.max_retained_bytes = 10_000;
    let mut hub = Hub::new(options, AllowAll);
    let new = hub.clean(Version::V5_0, "new");
    for number in 0..100 {
        let payload = "x".repeat(1_000);
        hub.publish_message(new, retained(&number.to_string(), &payload, QoS::AtMostOnce));
    }
    let counters = hub.broker.counters();
    assert_eq!((counters.retained, counters.retained_full), (8, 92));
    assert!(counters.retained_bytes <= 10_000);
    assert!(
        hub.broker.publish(hub.at(), &retained("x", &"x".repeat(9_000), QoS::AtMostOnce)).is_err()
    );
}

/// U09: each SUBSCRIBE brings all of them, and none is lost however slowly they are taken.
#[test]
fn many_are_sent_as_they_are_taken() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let mut options = options();
        options.session.max_outgoing = 2_000;
        options.session.max_queued = 2;
        let mut hub = Hub::new(options, AllowAll);
        for number in 0..3_000 {
            let message = retained(&format!("t/{number:04}"), &number.to_string(), qos);
            hub.broker.publish(hub.at(), &message).unwrap();
        }
        let client = hub.clean(Version::V3_1_1, "c");
        let other = hub.clean(Version::V3_1_1, "o");
        hub.told(other);
        hub.peers[client].is_deaf = true;
        hub.told(client);
        let now = hub.at();
        let filter = mqtt_pure::TopicFilter::new("#").unwrap();
        let list = [mqtt_pure::Subscription::new(filter, qos)];
        let peer = hub.peers[client].client.as_mut().unwrap();
        peer.subscribe(now, &list[..], Properties::EMPTY).unwrap();
        hub.settle();
        // A client that does not read is sent no more than its output holds.
        assert!(hub.broker.counters().messages_out < 200);
        assert!(hub.broker.session("c").unwrap().queued <= 1);
        // Others do not notice.
        hub.subscribe(other, "t/0000", QoS::AtMostOnce);
        assert_eq!(hub.messages(other), ["t/0000=0 q0 r"]);
        hub.hear(client);
        let messages = hub.messages(client);
        let level = qos.level();
        let expected: Vec<_> =
            (0..3_000).map(|number| format!("t/{number:04}={number} q{level} r")).collect();
        assert_eq!(messages, expected);
        assert_eq!(hub.broker.counters().dropped_full, 0);
        assert_eq!(hub.broker.deadline().map(|due| due > now), Some(true));
    }
}

/// A retained message never comes after a newer one of its topic.
#[test]
fn a_live_message_lets_the_retained_one_go_first() {
    for version in Version::ALL {
        for is_retained in [false, true] {
            let mut options = options();
            options.session.max_outgoing = 300;
            let mut hub = Hub::new(options, AllowAll);
            for number in 0..100 {
                let topic = format!("t/{number:02}");
                hub.broker.publish(hub.at(), &retained(&topic, "old", QoS::AtLeastOnce)).unwrap();
            }
            let client = hub.clean(version, "c");
            hub.told(client);
            hub.peers[client].is_deaf = true;
            let now = hub.at();
            let filter = mqtt_pure::TopicFilter::new("t/#").unwrap();
            let list = [mqtt_pure::Subscription::new(filter, QoS::AtLeastOnce)];
            let peer = hub.peers[client].client.as_mut().unwrap();
            peer.subscribe(now, &list[..], Properties::EMPTY).unwrap();
            hub.settle();
            // The replay has not come to the one, and is past the other.
            for topic in ["t/99", "t/00", "t/99"] {
                let new = message(topic, "new", QoS::AtLeastOnce).with_retain(is_retained);
                hub.broker.publish(now, &new).unwrap();
            }
            hub.hear(client);
            let messages = hub.messages(client);
            let of = |topic: &str| -> Vec<_> {
                messages.iter().filter(|told| told.starts_with(topic)).cloned().collect()
            };
            assert_eq!(of("t/00"), ["t/00=old q1 r", "t/00=new q1"], "{version} {is_retained}");
            assert_eq!(of("t/99"), ["t/99=old q1 r", "t/99=new q1", "t/99=new q1"]);
            assert_eq!(of("t/50"), ["t/50=old q1 r"]);
            assert_eq!(messages.len(), 103);
            // Who subscribes later gets what is retained then.
            let late = hub.clean(version, "late");
            hub.subscribe(late, "t/99", QoS::AtLeastOnce);
            let expected = if is_retained { "t/99=new q1 r" } else { "t/99=old q1 r" };
            assert_eq!(hub.messages(late), [expected]);
        }
    }
}

#[test]
fn a_replay_goes_on_with_the_next_connection() {
    let mut hub = hub();
    for number in 0..500 {
        let message = retained(&format!("t/{number:03}"), "x", QoS::AtLeastOnce);
        hub.broker.publish(hub.at(), &message).unwrap();
    }
    // It answers nothing, so that no more than the window of 20 is sent.
    let raw = hub.raw();
    let bytes = crate::hub::keep(Version::V3_1_1, "c", connect_bytes);
    hub.send(raw, &bytes);
    let out = hub.send(raw, b"\x82\x06\0\x01\0\x01#\x01");
    assert_eq!(out.windows(2).filter(|two| two == b"t/").count(), 20);
    hub.cut(raw);
    let client = hub.peers.len();
    hub.peers.push(crate::hub::Peer {
        client: Some(mqtt_pure::Client::new(mqtt_pure::SessionOptions::client())),
        ..Default::default()
    });
    hub.resume(client, Version::V3_1_1, "c");
    let messages = hub.messages(client);
    let topics: std::collections::BTreeSet<_> = messages.iter().collect();
    assert_eq!((messages.len(), topics.len()), (500, 500));
    // Nothing is left of it.
    assert!(!hub.broker.snapshot().sessions["c"].subscriptions[0].replays);
}
