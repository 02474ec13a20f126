//! What an application decides, and when it is asked.

use crate::hub::{Hub, Known, connect_bytes, message, options, text};
use mqtt_pure::{
    Binary, Connect, Forwarding, Policy, Properties, Publication, QoS, ReasonCode, RefusedPublish,
    Subject, Subscription, TopicName, Version, Will,
};
use std::collections::BTreeSet;

/// Who may do what, by user and topic; what is not forbidden is allowed. Users are known by the user
/// name, or are nobody.
#[derive(Default)]
struct Rights {
    may_not_write: BTreeSet<(String, String)>,
    may_not_read: BTreeSet<(String, String)>,
    may_not_subscribe: BTreeSet<(String, String)>,
    /// Of anybody who is subscribed.
    most: Option<QoS>,
    wills: usize,
}

fn pair(user: &str, topic: &str) -> (String, String) {
    (user.to_owned(), topic.to_owned())
}

fn user(subject: &Subject<'_, String>) -> String {
    subject.client.cloned().unwrap_or_else(|| format!("?{}", subject.client_id))
}

impl Policy for Rights {
    type Client = String;

    fn publish(
        &mut self,
        by: Subject<'_, String>,
        publication: &Publication<'_>,
    ) -> Result<(), ReasonCode> {
        self.wills += usize::from(publication.is_will);
        if self.may_not_write.contains(&pair(&user(&by), publication.topic.as_str())) {
            return Err(ReasonCode::NOT_AUTHORIZED);
        }
        Ok(())
    }

    fn subscribe(
        &mut self,
        by: Subject<'_, String>,
        subscription: &Subscription<'_>,
    ) -> Result<QoS, ReasonCode> {
        if self.may_not_subscribe.contains(&pair(&user(&by), subscription.filter.as_str())) {
            return Err(ReasonCode::NOT_AUTHORIZED);
        }
        Ok(self.most.unwrap_or(subscription.options.qos))
    }

    fn receive(&mut self, to: Subject<'_, String>, forwarding: &Forwarding<'_>) -> bool {
        let topic = forwarding.message.topic();
        // Whoever has lost the right to write has lost what is retained of it.
        let publisher = forwarding.publisher.map(|id| id.to_string()).unwrap_or_default();
        let is_revoked = forwarding.is_retained
            && self.may_not_write.contains(&pair(&publisher, topic.as_str()));
        !is_revoked && !self.may_not_read.contains(&pair(&user(&to), topic.as_str()))
    }
}

impl Known for Rights {
    fn know(&mut self, connect: &Connect<'_>) -> String {
        connect.user_name.map_or(connect.client_id, |name| name).as_str().to_owned()
    }
}

fn rights() -> Hub<Rights> {
    Hub::new(options(), Rights::default())
}

/// [MQTT-3.3.5-2]
#[test]
fn who_may_not_publish_is_told_if_possible() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        for version in Version::ALL {
            let mut hub = rights();
            hub.broker.policy_mut().may_not_write.insert(pair("p", "t"));
            let watcher = hub.clean(Version::V5_0, "w");
            hub.subscribe(watcher, "#", QoS::ExactlyOnce);
            let publisher = hub.clean(version, "p");
            hub.told(publisher);
            hub.publish_message(publisher, message("t", "x", qos).with_retain(true));
            let expected: &[&str] = match (qos, version) {
                (QoS::AtMostOnce, _) => &[],
                (_, Version::V5_0) => &["failed 87"],
                _ => &["done 00"],
            };
            assert_eq!(hub.told(publisher), expected, "{qos:?} {version}");
            assert_eq!(hub.messages(watcher), Vec::<String>::new());
            let counters = hub.broker.counters();
            assert_eq!((counters.publish_refused, counters.retained), (1, 0));
        }
    }
}

#[test]
fn who_may_not_publish_may_be_thrown_out() {
    let mut options = options();
    options.refused_publish = RefusedPublish::Close;
    let mut hub = Hub::new(options, Rights::default());
    hub.broker.policy_mut().may_not_write.insert(pair("p", "t"));
    let old = hub.clean(Version::V3_1_1, "p");
    hub.publish(old, "t", "x", QoS::AtMostOnce);
    assert!(hub.peers[old].closed.is_some());
    let new = hub.clean(Version::V5_0, "p");
    hub.told(new);
    hub.publish(new, "t", "x", QoS::AtLeastOnce);
    assert_eq!(hub.told(new), ["failed 87"]);
}

#[test]
fn who_may_not_subscribe_is_told() {
    for (version, code) in [(Version::V3_1, "80"), (Version::V3_1_1, "80"), (Version::V5_0, "87")] {
        let mut hub = rights();
        hub.broker.policy_mut().may_not_subscribe.insert(pair("c", "secret"));
        hub.broker.policy_mut().most = Some(QoS::AtLeastOnce);
        let client = hub.clean(version, "c");
        hub.told(client);
        hub.subscribe(client, "secret", QoS::ExactlyOnce);
        hub.subscribe(client, "open", QoS::ExactlyOnce);
        hub.subscribe(client, "low", QoS::AtMostOnce);
        let expected =
            [format!("subscribed [{code}]"), "subscribed [01]".into(), "subscribed [00]".into()];
        assert_eq!(hub.told(client), expected);
        hub.broker.publish(hub.at(), &message("secret", "x", QoS::AtMostOnce)).unwrap();
        hub.settle();
        assert_eq!(hub.messages(client), Vec::<String>::new());
        let counters = hub.broker.counters();
        assert_eq!((counters.subscriptions, counters.subscriptions_refused), (2, 1));
    }
}

/// Q14: a will whose client has lost the right since it connected.
#[test]
fn a_will_is_asked_for_when_it_is_published() {
    let mut hub = rights();
    let watcher = hub.clean(Version::V3_1_1, "w");
    hub.subscribe(watcher, "#", QoS::AtMostOnce);
    let mut connect = Connect::new(Version::V3_1_1, text("c"));
    connect.will = Some(Will {
        topic: TopicName::new("t").unwrap(),
        payload: Binary::new(b"gone").unwrap(),
        properties: Properties::EMPTY,
        qos: QoS::AtMostOnce,
        retain: false,
    });
    for is_revoked in [false, true] {
        let client = hub.client(Version::V3_1_1, &connect);
        if is_revoked {
            hub.broker.policy_mut().may_not_write.insert(pair("c", "t"));
        }
        hub.cut(client);
        assert_eq!(hub.messages(watcher).len(), usize::from(!is_revoked));
    }
    assert_eq!(hub.broker.policy().wills, 2);
}

/// Q14: retained by somebody who may not publish it any more, or for somebody who may not read it.
#[test]
fn retained_messages_are_asked_for_when_they_are_sent() {
    let mut hub = rights();
    for publisher in ["p", "q"] {
        let at = hub.clean(Version::V3_1_1, publisher);
        hub.publish_message(at, message(publisher, "x", QoS::AtMostOnce).with_retain(true));
    }
    hub.broker.policy_mut().may_not_write.insert(pair("p", "p"));
    let reader = hub.clean(Version::V3_1_1, "r");
    hub.subscribe(reader, "#", QoS::AtMostOnce);
    assert_eq!(hub.messages(reader), ["q=x q0 r"]);
    hub.broker.policy_mut().may_not_read.insert(pair("r", "q"));
    hub.subscribe(reader, "#", QoS::AtMostOnce);
    assert_eq!(hub.messages(reader), Vec::<String>::new());
}

/// Q14: rights that are lost count for messages that come, for those that wait, and for subscriptions
/// that were made before.
#[test]
fn a_session_is_under_the_rights_of_who_is_back() {
    let mut hub = rights();
    let connect = |user: &'static str| {
        let mut connect = Connect::new(Version::V3_1_1, text("c"));
        connect.clean_session = false;
        connect.user_name = Some(text(user));
        connect
    };
    let client = hub.client(Version::V3_1_1, &connect("good"));
    for filter in ["a", "b", "c"] {
        hub.subscribe(client, filter, QoS::AtLeastOnce);
    }
    hub.cut(client);
    let publish = |hub: &mut Hub<Rights>, payload: &str| {
        for topic in ["a", "b", "c"] {
            hub.broker.publish(hub.at(), &message(topic, payload, QoS::AtLeastOnce)).unwrap();
        }
        hub.settle();
    };
    publish(&mut hub, "1");
    hub.broker.policy_mut().may_not_read.insert(pair("good", "c"));
    publish(&mut hub, "2");
    hub.broker.policy_mut().may_not_read.insert(pair("bad", "a"));
    hub.broker.policy_mut().may_not_subscribe.insert(pair("bad", "b"));
    hub.told(client);
    hub.connect(client, &connect("bad"));
    publish(&mut hub, "3");
    assert_eq!(hub.messages(client), ["b=1 q1", "c=1 q1", "b=2 q1", "c=3 q1"]);
    assert_eq!(hub.broker.counters().subscriptions, 2);
    // Of `a`: one as it came, two that waited, one as it came later. Of `c`: one.
    assert_eq!(hub.broker.counters().receive_refused, 4);
}

#[test]
fn of_a_group_somebody_is_chosen_who_may_have_it() {
    let mut hub = rights();
    hub.broker.policy_mut().may_not_read.insert(pair("a", "t"));
    let [a, b] = ["a", "b"].map(|id| hub.clean(Version::V5_0, id));
    for client in [a, b] {
        hub.subscribe(client, "$share/g/t", QoS::AtMostOnce);
    }
    for _ in 0..4 {
        hub.broker.publish(hub.at(), &message("t", "x", QoS::AtMostOnce)).unwrap();
    }
    hub.settle();
    assert_eq!((hub.messages(a).len(), hub.messages(b).len()), (0, 4));
}

/// What the application knows of a client can change.
#[test]
fn clients_can_be_changed() {
    let mut hub = rights();
    hub.broker.policy_mut().may_not_write.insert(pair("demoted", "t"));
    let client = hub.clean(Version::V5_0, "c");
    hub.told(client);
    hub.publish(client, "t", "x", QoS::AtLeastOnce);
    *hub.broker.client_mut("c").unwrap() = "demoted".to_owned();
    hub.publish(client, "t", "x", QoS::AtLeastOnce);
    assert_eq!(hub.told(client), ["done 10", "failed 87"]);
}

/// A password is asked about, and kept nowhere.
#[test]
fn secrets_are_not_kept() {
    let mut options = options();
    options.keep_journal = true;
    let mut hub = Hub::new(options, Rights::default());
    let mut connect = Connect::new(Version::V3_1_1, text("c"));
    connect.clean_session = false;
    connect.user_name = Some(text("user"));
    connect.password = Some(Binary::new(b"canary").unwrap());
    let raw = hub.raw();
    hub.send(raw, &connect_bytes(&connect));
    hub.send(raw, b"\xc0\0");
    assert_eq!(hub.broker.session("c").unwrap().client.map(String::as_str), Some("user"));
    let shown = format!("{:?}{:?}{:?}", hub.broker, hub.records, hub.broker.snapshot());
    assert!(!shown.contains("canary") && !shown.contains("99, 97, 110"));
}
