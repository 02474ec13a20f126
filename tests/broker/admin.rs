//! What an application does beside connecting clients.

use crate::hub::{hub, message};
use mqtt_pure::{
    BrokerError, CloseReason, CommandError, QoS, ReasonCode, SubscribedTo, TopicName, Version,
};

#[test]
fn sessions_can_be_looked_at_and_ended() {
    let mut hub = hub();
    let b = hub.keeping(Version::V5_0, "b");
    let a = hub.keeping(Version::V3_1_1, "a");
    hub.subscribe(a, "x/#", QoS::ExactlyOnce);
    hub.subscribe(b, "$share/g/x", QoS::AtLeastOnce);
    let names: Vec<_> = hub.broker.sessions().map(|info| info.client_id.to_string()).collect();
    assert_eq!(names, ["a", "b"]);
    let info = hub.broker.session("a").unwrap();
    assert_eq!((info.version, info.subscriptions), (Version::V3_1_1, 1));
    assert_eq!(info.connection, hub.peers[a].connection);
    let mut filters = Vec::new();
    hub.broker.for_each_subscription("b", |to, granted| {
        let SubscribedTo::Share(share) = to else { panic!("{to:?}") };
        filters.push((share.name.as_str().to_owned(), granted.qos()));
    });
    assert_eq!(filters, [("g".to_owned(), QoS::AtLeastOnce)]);

    let here = BrokerError::Command(CommandError::Connected);
    assert_eq!(hub.broker.expire_session(hub.at(), "a"), Err(here));
    hub.broker.disconnect(hub.at(), "a", ReasonCode::ADMINISTRATIVE_ACTION).unwrap();
    hub.settle();
    assert_eq!(hub.peers[a].closed, Some(CloseReason::Disconnected));
    hub.broker.expire_session(hub.at(), "a").unwrap();
    assert!(hub.broker.session("a").is_none());
    assert_eq!(hub.broker.expire_session(hub.at(), "a"), Err(BrokerError::NoSession));
    assert_eq!(
        hub.broker.disconnect(hub.at(), "a", ReasonCode::SUCCESS),
        Err(BrokerError::NoSession)
    );
    assert_eq!(hub.broker.counters().subscriptions, 1);
}

#[test]
fn the_application_publishes() {
    let mut hub = hub();
    let client = hub.clean(Version::V3_1_1, "c");
    hub.subscribe(client, "$SYS/#", QoS::AtLeastOnce);
    hub.told(client);
    let up = message("$SYS/up", "1", QoS::AtLeastOnce).with_retain(true);
    assert_eq!(hub.broker.publish(hub.at(), &up), Ok(1));
    hub.settle();
    assert_eq!(hub.messages(client), ["$SYS/up=1 q1"]);
    let name = TopicName::new("$SYS/up").unwrap();
    assert_eq!(hub.broker.retained(name), Some(&up));
}

#[test]
fn what_there_is_is_counted() {
    let mut hub = hub();
    let one = hub.keeping(Version::V3_1_1, "1");
    let two = hub.clean(Version::V5_0, "2");
    hub.subscribe(one, "t", QoS::AtLeastOnce);
    hub.publish(two, "t", "x", QoS::AtLeastOnce);
    hub.cut(one);
    let counters = hub.broker.counters();
    assert_eq!((counters.connections, counters.sessions, counters.subscriptions), (1, 2, 1));
    assert_eq!((counters.opened, counters.accepted, counters.messages_in), (2, 2, 1));
    assert_eq!((counters.messages_out, counters.acknowledged), (1, 1));
    assert!(counters.bytes_in > 40);
}
