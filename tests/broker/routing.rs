//! Who gets what, and how.

use crate::hub::{Hub, hub, message, options};
use mqtt_pure::{
    AllowAll, Overlapping, Properties, Property, QoS, SubscriptionOptions, UserProperty, Version,
};

const QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

#[test]
fn all_versions_understand_each_other_at_every_qos() {
    for of_publisher in Version::ALL {
        for of_subscriber in Version::ALL {
            for published in QOS {
                for granted in QOS {
                    let mut hub = hub();
                    let subscriber = hub.clean(of_subscriber, "s");
                    let publisher = hub.clean(of_publisher, "p");
                    hub.subscribe(subscriber, "a/+", granted);
                    hub.publish(publisher, "a/b", "x", published);
                    let level = published.min(granted).level();
                    let case = format!("{of_publisher} {of_subscriber} {published:?} {granted:?}");
                    let told = [
                        "connected new".to_owned(),
                        format!("subscribed [{:02x}]", granted.level()),
                        format!("a/b=x q{level}"),
                    ];
                    assert_eq!(hub.told(subscriber), told, "{case}");
                    let told = hub.told(publisher);
                    let done = if published == QoS::AtMostOnce { 1 } else { 2 };
                    assert_eq!(told.len(), done, "{case}: {told:?}");
                    let info = hub.broker.session("s").unwrap();
                    assert_eq!((info.in_flight, info.queued), (0, 0), "{case}");
                }
            }
        }
    }
}

#[test]
fn properties_pass_to_5_0_and_are_left_out_before() {
    let mut hub = hub();
    let old = hub.clean(Version::V3_1_1, "old");
    let new = hub.clean(Version::V5_0, "new");
    let publisher = hub.clean(Version::V5_0, "p");
    for subscriber in [old, new] {
        hub.subscribe(subscriber, "t", QoS::AtLeastOnce);
    }
    let pair = |name, value| {
        let [name, value] = [name, value].map(crate::hub::text);
        Property::UserProperty(UserProperty::new(name, value))
    };
    let all = [pair("k", "1"), Property::MessageExpiryInterval(10), pair("k", "2")];
    let message = message("t", "x", QoS::AtLeastOnce);
    hub.publish_message(publisher, message.with_properties(Properties::from(&all)).unwrap());
    assert_eq!(hub.messages(old), ["t=x q1"]);
    assert_eq!(hub.messages(new), ["t=x q1 10s k:1 k:2"]);
}

/// [MQTT-3.3.5-1] [MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4]
#[test]
fn overlapping_subscriptions_give_one_copy_with_all_identifiers() {
    for version in Version::ALL {
        let id = |id| (version == Version::V5_0).then_some(id);
        let mut hub = hub();
        let subscriber = hub.clean(version, "s");
        for (filter, qos, identifier) in
            [("#", QoS::AtMostOnce, 1), ("a/#", QoS::ExactlyOnce, 2), ("a/b", QoS::AtLeastOnce, 3)]
        {
            let options = SubscriptionOptions::new(qos);
            hub.subscribe_with(subscriber, filter, options, id(identifier));
        }
        hub.publish(subscriber, "a/b", "x", QoS::ExactlyOnce);
        let expected = if version == Version::V5_0 { "a/b=x q2 #1 #2 #3" } else { "a/b=x q2" };
        assert_eq!(hub.messages(subscriber), [expected]);

        hub.publish(subscriber, "b", "y", QoS::ExactlyOnce);
        let expected = if version == Version::V5_0 { "b=y q0 #1" } else { "b=y q0" };
        assert_eq!(hub.messages(subscriber), [expected]);
    }
}

#[test]
fn overlapping_subscriptions_give_a_copy_each_if_wanted() {
    let mut options = options();
    options.overlapping = Overlapping::Each;
    let mut hub = Hub::new(options, AllowAll);
    let subscriber = hub.clean(Version::V5_0, "s");
    for (filter, qos, id) in [("#", QoS::AtMostOnce, 1), ("a/#", QoS::AtLeastOnce, 2)] {
        hub.subscribe_with(subscriber, filter, SubscriptionOptions::new(qos), Some(id));
    }
    hub.publish(subscriber, "a/b", "x", QoS::AtLeastOnce);
    let mut messages = hub.messages(subscriber);
    messages.sort();
    assert_eq!(messages, ["a/b=x q0 #1", "a/b=x q1 #2"]);
}

/// [MQTT-3.8.3-3]
#[test]
fn no_local_keeps_own_messages_away() {
    let mut hub = hub();
    let one = hub.clean(Version::V5_0, "1");
    let two = hub.clean(Version::V5_0, "2");
    let mut no_local = SubscriptionOptions::new(QoS::AtLeastOnce);
    no_local.no_local = true;
    for client in [one, two] {
        hub.subscribe_with(client, "#", no_local, None);
    }
    hub.publish(one, "t", "x", QoS::AtLeastOnce);
    assert_eq!(hub.messages(one), Vec::<String>::new());
    assert_eq!(hub.messages(two), ["t=x q1"]);
    // Another subscription of the same client lets it through.
    hub.subscribe(one, "t", QoS::AtMostOnce);
    hub.publish(one, "t", "y", QoS::AtLeastOnce);
    assert_eq!(hub.messages(one), ["t=y q0"]);
}

/// [MQTT-4.7.2-1]
#[test]
fn wildcards_at_the_front_do_not_match_dollar_topics() {
    let mut hub = hub();
    let subscriber = hub.clean(Version::V3_1_1, "s");
    for filter in ["#", "+/x"] {
        hub.subscribe(subscriber, filter, QoS::AtMostOnce);
    }
    let of_application = message("$SYS/x", "1", QoS::AtMostOnce);
    assert_eq!(hub.broker.publish(hub.at(), &of_application), Ok(0));
    hub.subscribe(subscriber, "$SYS/#", QoS::AtMostOnce);
    assert_eq!(hub.broker.publish(hub.at(), &of_application), Ok(1));
    hub.settle();
    assert_eq!(hub.messages(subscriber), ["$SYS/x=1 q0"]);
}

/// What 5.0 is told of a message that nobody wants.
#[test]
fn no_matching_subscribers() {
    let mut hub = hub();
    for (version, qos, expected) in [
        (Version::V5_0, QoS::AtLeastOnce, "done 10"),
        (Version::V5_0, QoS::ExactlyOnce, "done 00"),
        (Version::V3_1_1, QoS::AtLeastOnce, "done 00"),
    ] {
        let publisher = hub.clean(version, "p");
        hub.told(publisher);
        hub.publish(publisher, "t", "x", qos);
        assert_eq!(hub.told(publisher), [expected]);
        hub.cut(publisher);
    }
    assert_eq!(hub.broker.counters().unmatched, 3);
    // On the wire, PUBREC says it.
    let raw = hub.raw();
    hub.send(raw, b"\x10\x0e\0\x04MQTT\x05\x02\0\x3c\0\0\x01r");
    assert_eq!(hub.send(raw, b"\x34\x06\0\x01t\0\x01\0"), b"\x50\x03\0\x01\x10");
    assert_eq!(hub.send(raw, b"\x62\x02\0\x01"), b"\x70\x02\0\x01");
}

#[test]
fn order_holds_for_each_publisher_and_topic() {
    for qos in QOS {
        let mut hub = hub();
        let subscriber = hub.keeping(Version::V5_0, "s");
        let publisher = hub.clean(Version::V3_1_1, "p");
        hub.subscribe(subscriber, "#", QoS::ExactlyOnce);
        hub.told(subscriber);
        for number in 0..200 {
            hub.publish(publisher, "t", &number.to_string(), qos);
            // A part of it waits for a client that is away.
            if qos > QoS::AtMostOnce && number == 50 {
                hub.cut(subscriber);
            }
            if qos > QoS::AtMostOnce && number == 150 {
                hub.resume(subscriber, Version::V5_0, "s");
            }
        }
        let level = qos.level();
        let expected: Vec<_> = (0..200).map(|number| format!("t={number} q{level}")).collect();
        assert_eq!(hub.messages(subscriber), expected);
    }
}

#[test]
fn messages_wait_for_a_client_within_limits() {
    let mut options = options();
    options.session.max_queued = 3;
    let mut hub = Hub::new(options, AllowAll);
    let subscriber = hub.keeping(Version::V3_1_1, "s");
    let publisher = hub.clean(Version::V5_0, "p");
    hub.subscribe(subscriber, "t", QoS::ExactlyOnce);
    hub.cut(subscriber);
    hub.publish(publisher, "t", "dropped", QoS::AtMostOnce);
    for number in 0..5 {
        hub.publish(publisher, "t", &number.to_string(), QoS::AtLeastOnce);
    }
    hub.resume(subscriber, Version::V3_1_1, "s");
    assert_eq!(hub.messages(subscriber), ["t=0 q1", "t=1 q1", "t=2 q1"]);
    let counters = hub.broker.counters();
    assert_eq!((counters.dropped_full, counters.dropped_away), (2, 1));
}

#[test]
fn one_message_to_many_is_stored_once() {
    let mut hub = hub();
    let payload = "x".repeat(100_000);
    for number in 0..50 {
        let client = hub.keeping(Version::V5_0, &format!("s{number}"));
        let id = (number % 2 == 0).then_some(7);
        hub.subscribe_with(client, "t", SubscriptionOptions::new(QoS::AtLeastOnce), id);
        hub.cut(client);
    }
    let publisher = hub.clean(Version::V5_0, "p");
    hub.publish(publisher, "t", &payload, QoS::AtLeastOnce);
    let snapshot = hub.broker.snapshot();
    let queued = snapshot.sessions.values().flat_map(|stored| &stored.session.queued);
    let places: std::collections::BTreeSet<_> =
        queued.map(|queued| queued.message.payload().as_ptr()).collect();
    assert_eq!((places.len(), hub.broker.counters().messages_out), (1, 50));
}

/// [MQTT-3.10.4-1] [MQTT-3.10.4-5]
#[test]
fn unsubscribing_is_by_the_same_filter_alone() {
    for version in Version::ALL {
        let mut hub = hub();
        let client = hub.clean(version, "c");
        hub.subscribe(client, "a/b", QoS::AtMostOnce);
        hub.told(client);
        hub.unsubscribe(client, "a/+");
        hub.publish(client, "a/b", "1", QoS::AtMostOnce);
        hub.unsubscribe(client, "a/b");
        hub.publish(client, "a/b", "2", QoS::AtMostOnce);
        let codes = if version == Version::V5_0 {
            ["unsubscribed [11]", "unsubscribed [00]"]
        } else {
            ["unsubscribed []"; 2]
        };
        assert_eq!(hub.told(client), [codes[0], "a/b=1 q0", codes[1]]);
        assert_eq!(hub.broker.counters().subscriptions, 0);
    }
}
