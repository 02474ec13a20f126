//! Shared subscriptions.

use crate::hub::{hub, tally};
use mqtt_pure::{QoS, SubscriptionOptions, Version};

#[test]
fn each_member_has_its_turn() {
    let mut hub = hub();
    let members = ["a", "b", "c"].map(|id| hub.clean(Version::V5_0, id));
    let alone = hub.clean(Version::V3_1_1, "alone");
    for member in members {
        hub.subscribe(member, "$share/g/t/+", QoS::AtLeastOnce);
    }
    // Another group, and somebody beside: each has its own copy.
    hub.subscribe(members[0], "$share/h/t/#", QoS::AtLeastOnce);
    hub.subscribe(alone, "t/#", QoS::AtLeastOnce);
    for number in 0..9 {
        hub.publish(alone, "t/1", &number.to_string(), QoS::AtLeastOnce);
    }
    assert_eq!(hub.messages(alone).len(), 9);
    let counts = members.map(|member| hub.messages(member).len());
    assert_eq!(counts, [12, 3, 3]);
}

#[test]
fn who_is_away_has_no_turn_while_another_is_there() {
    let mut hub = hub();
    let one = hub.keeping(Version::V5_0, "1");
    let two = hub.keeping(Version::V5_0, "2");
    for member in [one, two] {
        hub.subscribe(member, "$share/g/t", QoS::AtLeastOnce);
        hub.told(member);
    }
    let publisher = hub.clean(Version::V5_0, "p");
    hub.cut(one);
    for number in 0..4 {
        hub.publish(publisher, "t", &number.to_string(), QoS::AtLeastOnce);
    }
    assert_eq!(hub.messages(two).len(), 4);
    // When nobody is there, it waits for one of them.
    hub.cut(two);
    for number in 4..6 {
        hub.publish(publisher, "t", &number.to_string(), QoS::AtLeastOnce);
    }
    hub.resume(one, Version::V5_0, "1");
    hub.resume(two, Version::V5_0, "2");
    let mut all = hub.messages(one);
    assert_eq!(all.len(), 1);
    all.extend(hub.messages(two));
    all.sort();
    assert_eq!(all, ["t=4 q1", "t=5 q1"]);
}

#[test]
fn who_does_not_read_has_no_turn() {
    let mut hub = hub();
    let deaf = hub.clean(Version::V5_0, "1");
    let two = hub.clean(Version::V5_0, "2");
    for member in [deaf, two] {
        hub.subscribe(member, "$share/g/t", QoS::AtMostOnce);
        hub.told(member);
    }
    hub.peers[deaf].is_deaf = true;
    let payload = "x".repeat(100_000);
    for _ in 0..50 {
        hub.broker.publish(hub.at(), &crate::hub::message("t", &payload, QoS::AtMostOnce)).unwrap();
        hub.settle();
    }
    let of_two = hub.messages(two).len();
    hub.hear(deaf);
    assert_eq!((of_two + hub.messages(deaf).len(), hub.broker.counters().dropped_slow), (50, 0));
    assert!(of_two > 40);
}

/// No retained messages, and before 5.0 it is a filter like others.
#[test]
fn shares_are_of_5_0_alone() {
    let mut hub = hub();
    let old = hub.clean(Version::V3_1_1, "old");
    let new = hub.clean(Version::V5_0, "new");
    for (topic, payload) in [("t", "x"), ("$share/g/t", "y")] {
        let message = crate::hub::message(topic, payload, QoS::AtMostOnce).with_retain(true);
        hub.broker.publish(hub.at(), &message).unwrap();
    }
    for client in [old, new] {
        hub.told(client);
        hub.subscribe(client, "$share/g/t", QoS::AtMostOnce);
    }
    assert_eq!(hub.messages(old), ["$share/g/t=y q0 r"]);
    assert_eq!(hub.messages(new), Vec::<String>::new());
    hub.publish(old, "t", "z", QoS::AtMostOnce);
    assert_eq!(hub.messages(new), ["t=z q0"]);
    assert_eq!(hub.messages(old), Vec::<String>::new());
    hub.told(new);
    hub.unsubscribe(new, "$share/g/t");
    assert_eq!(hub.told(new), ["unsubscribed [00]"]);
    assert_eq!(hub.broker.counters().subscriptions, 1);
}

/// A group has the identifier of its member's subscription, and a copy apart from others.
#[test]
fn identifiers_belong_to_the_copy() {
    let mut hub = hub();
    let client = hub.clean(Version::V5_0, "c");
    for (filter, id) in [("$share/g/t", 1), ("t", 2), ("#", 3)] {
        hub.subscribe_with(client, filter, SubscriptionOptions::new(QoS::AtMostOnce), Some(id));
    }
    hub.publish(client, "t", "x", QoS::AtMostOnce);
    let messages = hub.messages(client);
    assert_eq!(tally(&messages), [("t=x q0 #1", 1), ("t=x q0 #2 #3", 1)].into());
}

/// [MQTT-4.8.2-4] [MQTT-4.8.2-5]: what was sent to a member is its alone.
#[test]
fn what_is_on_its_way_stays_with_the_member() {
    let mut hub = hub();
    let bytes = crate::hub::keep(Version::V5_0, "1", crate::hub::connect_bytes);
    let raw = hub.raw();
    hub.send(raw, &bytes);
    hub.send(raw, b"\x82\x10\0\x01\0\0\x0a$share/g/t\x02");
    let publisher = hub.clean(Version::V5_0, "p");
    hub.publish(publisher, "t", "x", QoS::ExactlyOnce);
    let two = hub.keeping(Version::V5_0, "2");
    hub.subscribe(two, "$share/g/t", QoS::ExactlyOnce);
    hub.cut(raw);
    hub.settle();
    assert_eq!(hub.messages(two), Vec::<String>::new());
    let raw = hub.raw();
    let out = hub.send(raw, &bytes);
    // PUBLISH with DUP behind the CONNACK.
    assert!(out.windows(2).any(|two| two == [0x3c, 0x07]), "{out:02x?}");
    hub.cut(raw);
    hub.advance(3_600_000);
    assert_eq!(hub.messages(two), Vec::<String>::new());
    assert_eq!(hub.broker.counters().lost, 1);
}
