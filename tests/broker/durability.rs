//! What survives a crash, wherever it comes.

use crate::hub::{Hub, Peer, hub, keep, message, options};
use mqtt_pure::{
    AllowAll, Broker, BrokerOptions, BrokerRecord, BrokerSnapshot, Instant, Properties, Property,
    QoS, RestoreError, SubscriptionOptions, Version,
};

fn journaled() -> BrokerOptions {
    let mut options = options();
    options.keep_journal = true;
    options
}

/// A day with everything in it.
fn a_day(hub: &mut Hub<AllowAll>) {
    let old = hub.keeping(Version::V3_1_1, "old");
    let new = hub.keeping(Version::V5_0, "new");
    let clean = hub.clean(Version::V3_1, "clean");
    hub.subscribe(old, "a/#", QoS::ExactlyOnce);
    let mut options = SubscriptionOptions::new(QoS::ExactlyOnce);
    options.retain_as_published = true;
    hub.subscribe_with(new, "#", options, Some(7));
    hub.subscribe(new, "$share/g/a/+", QoS::AtLeastOnce);
    hub.subscribe(clean, "a/b", QoS::AtLeastOnce);
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        hub.publish_message(clean, message("a/b", "x", qos).with_retain(true));
    }
    hub.cut(old);
    hub.cut(new);
    hub.publish(clean, "a/b", "y", QoS::ExactlyOnce);
    let expiry = [Property::MessageExpiryInterval(5)];
    let kept = message("a/c", "z", QoS::ExactlyOnce).with_retain(true);
    hub.broker
        .publish(hub.at(), &kept.with_properties(Properties::from(&expiry)).unwrap())
        .unwrap();
    hub.advance(1_000);
    hub.resume(new, Version::V5_0, "new");
    hub.unsubscribe(new, "$share/g/a/+");
    hub.leave(clean);
    hub.publish_message(new, message("a/b", "", QoS::AtMostOnce).with_retain(true));
    hub.advance(10_000);
    hub.settle();
}

#[test]
fn records_bring_a_snapshot_up_to_date() {
    let mut hub = Hub::new(journaled(), AllowAll);
    a_day(&mut hub);
    assert!(hub.records.len() > 80, "{}", hub.records.len());
    assert_eq!(hub.store, hub.broker.snapshot());
    assert_eq!(hub.records.last(), Some(&BrokerRecord::Committed));
    let now = hub.at();
    // Connections end when it is restored, and nothing else changes.
    let mut restored = Broker::restore(journaled(), AllowAll, hub.store.clone(), now).unwrap();
    let mut store = hub.store.clone();
    for record in restored.journal(now) {
        store.apply(record).unwrap();
    }
    assert_eq!(store, restored.snapshot());
    let new = hub.peers[1].connection.unwrap();
    hub.broker.closed(now, new);
    assert_eq!(restored.snapshot(), hub.broker.snapshot());
    let again = Broker::restore(journaled(), AllowAll, store.clone(), now).unwrap();
    assert_eq!(again.snapshot(), store);
}

/// Snapshots and records can be stored as text.
#[test]
fn what_is_stored_can_be_read_again() {
    let mut hub = Hub::new(journaled(), AllowAll);
    a_day(&mut hub);
    let text = serde_json::to_string(&hub.store).unwrap();
    assert_eq!(serde_json::from_str::<BrokerSnapshot>(&text).unwrap(), hub.store);
    for record in &hub.records {
        let text = serde_json::to_string(record).unwrap();
        assert_eq!(&serde_json::from_str::<BrokerRecord>(&text).unwrap(), record);
    }
}

/// A store that was taken at any moment is brought up to date by what came after.
#[test]
fn a_base_and_later_records_are_the_whole() {
    let mut hub = Hub::new(journaled(), AllowAll);
    a_day(&mut hub);
    let commits: Vec<_> = hub
        .records
        .iter()
        .enumerate()
        .filter(|(_, record)| **record == BrokerRecord::Committed)
        .map(|(at, _)| at + 1)
        .collect();
    for cut in commits {
        let mut base = BrokerSnapshot::new();
        for record in &hub.records[..cut] {
            base.apply(record.clone()).unwrap();
        }
        let now = Instant::from_millis(0);
        // Every base is that of a broker.
        let restored = Broker::restore(journaled(), AllowAll, base.clone(), now).unwrap();
        assert_eq!(restored.counters().retained, u64::try_from(base.retained.len()).unwrap());
        for record in &hub.records[cut..] {
            base.apply(record.clone()).unwrap();
        }
        assert_eq!(base, hub.broker.snapshot());
    }
}

/// The broker crashes when any number of records is persisted, and what it had written with the last
/// whole batch is what has gone out: every message of QoS 2 arrives once.
#[test]
fn exactly_once_across_a_crash_at_any_record() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let mut crashes = 0;
        for cut in 0..400 {
            if !crash_at(version, cut) {
                break;
            }
            crashes += 1;
        }
        assert!(crashes > 35, "{crashes} crashes");
    }
}

/// Runs until so many records were persisted, crashes in the middle of writing the next batch, restores
/// and goes on. Whether it came to that.
fn crash_at(version: Version, cut: usize) -> bool {
    let mut hub = Hub::new(journaled(), AllowAll);
    let subscriber = hub.keeping(version, "s");
    let publisher = hub.keeping(version, "p");
    hub.subscribe(subscriber, "t", QoS::ExactlyOnce);
    // A session whose client has sent nothing would not go on.
    hub.subscribe(publisher, "nothing", QoS::AtMostOnce);
    hub.told(subscriber);
    let mut has_crashed = false;
    let mut store = BrokerSnapshot::new();
    let mut persisted = 0;
    for record in std::mem::take(&mut hub.records) {
        store.apply(record).unwrap();
    }
    for number in 0..5 {
        let now = hub.at();
        let client = hub.peers[publisher].client.as_mut().unwrap();
        client.publish(now, message("t", &number.to_string(), QoS::ExactlyOnce)).unwrap();
        loop {
            let moved = hub.take_all();
            let batch = hub.broker.journal(hub.at());
            let mut is_whole = true;
            for record in batch {
                if !has_crashed && persisted == cut {
                    is_whole = false;
                    break;
                }
                persisted += 1;
                store.apply(record).unwrap();
            }
            if !is_whole {
                has_crashed = true;
                // Nothing of this batch was written to anybody.
                hub.crash(&store, version, &[(subscriber, "s"), (publisher, "p")]);
                store = hub.store.clone();
                continue;
            }
            if !hub.write_all() && !moved {
                break;
            }
        }
    }
    let messages = hub.messages(subscriber);
    let expected: Vec<_> = (0..5).map(|number| format!("t={number} q2")).collect();
    assert_eq!(messages, expected, "{version}, after {cut} records");
    has_crashed
}

impl Hub<AllowAll> {
    /// What clients have written goes to the broker.
    fn take_all(&mut self) -> bool {
        let mut moved = false;
        for at in 0..self.peers.len() {
            moved |= self.take_from(at);
        }
        moved
    }

    /// All transports are gone, and there is another broker.
    fn crash(&mut self, store: &BrokerSnapshot, version: Version, clients: &[(usize, &str)]) {
        let now = self.at();
        // What was not whole is forgotten.
        let mut stored = BrokerSnapshot::new();
        (stored.sessions, stored.retained) = (store.sessions.clone(), store.retained.clone());
        self.broker = Broker::restore(journaled(), AllowAll, stored.clone(), now).unwrap();
        for peer in &mut self.peers {
            peer.client.as_mut().unwrap().closed(now);
            peer.input.clear();
        }
        for (at, id) in clients {
            let connection = self.broker.opened(now).unwrap();
            let peer: &mut Peer = &mut self.peers[*at];
            peer.connection = Some(connection);
            let client = peer.client.as_mut().unwrap();
            keep(version, id, |connect| client.opened(now, connect)).unwrap();
        }
        self.store = stored;
    }
}

#[test]
fn retained_messages_that_were_not_sent_are_after_a_crash() {
    let mut hub = Hub::new(journaled(), AllowAll);
    for number in 0..100 {
        let kept = message(&format!("t/{number:02}"), "x", QoS::AtLeastOnce).with_retain(true);
        hub.broker.publish(hub.at(), &kept).unwrap();
    }
    let bytes = keep(Version::V3_1_1, "c", crate::hub::connect_bytes);
    let raw = hub.raw();
    hub.send(raw, &bytes);
    hub.send(raw, b"\x82\x06\0\x01\0\x01#\x01");
    assert!(hub.store.sessions["c"].subscriptions[0].replays);
    let now = hub.at();
    let mut restored =
        Hub::with(Broker::restore(journaled(), AllowAll, hub.store.clone(), now).unwrap());
    let raw = restored.raw();
    let out = restored.send(raw, &bytes);
    assert_eq!(out[2], 1);
    // Those on their way, and as soon as these are acknowledged, all.
    assert_eq!(out.windows(2).filter(|two| two == b"t/").count(), 20);
}

#[test]
fn wills_and_expiry_go_on_after_a_crash() {
    let mut hub = Hub::new(journaled(), AllowAll);
    let client = hub.keeping(Version::V5_0, "c");
    hub.subscribe(client, "t", QoS::AtLeastOnce);
    hub.now = 1_000;
    let store = hub.store.clone();
    let restored = Broker::restore(journaled(), AllowAll, store, hub.at()).unwrap();
    let mut hub = Hub::with(restored);
    hub.now = 1_000;
    hub.advance(3_599_999);
    assert_eq!(hub.broker.counters().sessions, 1);
    hub.advance(1);
    assert_eq!(hub.broker.counters().sessions, 0);
}

/// Q21
#[test]
fn what_is_stored_is_not_believed() {
    let mut hub = Hub::new(journaled(), AllowAll);
    a_day(&mut hub);
    let store = hub.store;
    let now = Instant::from_millis(0);
    let restore = |store: &BrokerSnapshot, options| {
        Broker::restore(options, AllowAll, store.clone(), now).err()
    };
    assert_eq!(restore(&store, journaled()), None);
    let mut options = journaled();
    options.max_sessions = 1;
    assert_eq!(restore(&store, options), Some(RestoreError::SessionsFull(2)));
    let mut wrong = store.clone();
    wrong.sessions.get_mut("old").unwrap().subscriptions[0].filter.filter = "a/#/b".to_owned();
    assert!(matches!(restore(&wrong, journaled()), Some(RestoreError::Subscription { .. })));
    let mut wrong = store.clone();
    wrong.sessions.get_mut("old").unwrap().session.format = 99;
    assert!(matches!(restore(&wrong, journaled()), Some(RestoreError::Session { .. })));
    let mut wrong = store.clone();
    wrong.sessions.get_mut("old").unwrap().session.has_session = false;
    assert!(matches!(restore(&wrong, journaled()), Some(RestoreError::NoSession(_))));
    let mut wrong = store;
    let since = now;
    let other = mqtt_pure::StoredRetained {
        message: message("x", "y", QoS::AtMostOnce),
        publisher: None,
        since,
    };
    wrong.retained.insert("z".to_owned(), other);
    assert!(matches!(restore(&wrong, journaled()), Some(RestoreError::Retained(_))));
    let mut empty = BrokerSnapshot::new();
    empty.apply(BrokerRecord::Confirmed { client_id: "c".into() }).unwrap();
    assert!(empty.apply(BrokerRecord::Committed).is_err());
}

/// As much as is recorded before the journal is taken has a limit, and nobody is forgotten at it.
#[test]
fn a_journal_that_is_not_taken_holds_up_who_fills_it() {
    let mut broker = Broker::new(journaled(), AllowAll);
    let now = Instant::from_millis(0);
    let id = broker.opened(now).unwrap();
    let connect = keep(Version::V3_1_1, "c", crate::hub::connect_bytes);
    assert!(broker.receive(now, id, &mut &connect[..]).is_some());
    broker.accept(now, id, mqtt_pure::Accept::new(())).unwrap();
    let bytes = b"\x31\x04\0\x01tx".repeat(100_000);
    let mut input = &bytes[..];
    assert_eq!(broker.receive(now, id, &mut input), None);
    assert!(input.len() > 100_000);
    assert!(broker.journal(now).len() < 66_000);
    assert_eq!(broker.next_ready(), Some(id));
    assert_eq!(broker.receive(now, id, &mut input), None);
    assert_eq!((input.len(), broker.counters().messages_in), (0, 100_000));
}

#[test]
fn without_a_journal_there_are_no_records() {
    let mut hub = hub();
    a_day(&mut hub);
    assert!(hub.records.is_empty());
}
