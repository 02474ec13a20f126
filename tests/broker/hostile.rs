//! Peers that mean harm, clocks that are wrong, and readers that stop.

use crate::hub::{Hub, connect_bytes, hub, keep, options, text};
use bytes::Buf;
use mqtt_pure::{
    Accept, AllowAll, Broker, BrokerAction, CloseReason, Connect, Instant, QoS, Version,
};

/// Q09: nothing that an old connection sends late counts.
#[test]
fn late_bytes_of_an_old_connection_are_ignored() {
    let mut broker = Broker::new(options(), AllowAll);
    let now = Instant::from_millis(0);
    let connect = connect_bytes(&Connect::new(Version::V3_1_1, text("c")));
    let mut join = || {
        let id = broker.opened(now).unwrap();
        assert!(broker.receive(now, id, &mut &connect[..]).is_some());
        broker.accept(now, id, Accept::new(())).unwrap();
        id
    };
    let (old, new) = (join(), join());
    let mut input: &[u8] = b"\x30\x05\0\x01thi\xe0\0";
    assert_eq!(broker.receive(now, old, &mut input), None);
    assert!(input.is_empty());
    assert_eq!(broker.counters().messages_in, 0);
    broker.closed(now, old);
    broker.closed(now, old);
    assert!(broker.session("c").unwrap().connection == Some(new));
}

/// Q10: two clients that fight for one name.
#[test]
fn a_fight_for_a_name_costs_nothing() {
    for version in Version::ALL {
        let mut hub = hub();
        let bytes = keep(version, "c", connect_bytes);
        let mut last: Option<usize> = None;
        for round in 0..1_000 {
            let raw = hub.raw();
            hub.send(raw, &bytes);
            let subscribe: &[u8] = match (version, round % 2) {
                (Version::V5_0, 0) => b"\x82\x07\0\x01\0\0\x01a\x01",
                (Version::V5_0, _) => b"\x82\x0f\0\x01\0\0\x09$share/ga\x01",
                (_, 0) => b"\x82\x06\0\x01\0\x01a\x01",
                _ => b"\xa2\x05\0\x01\0\x01a",
            };
            if !(version == Version::V5_0 && round % 2 == 1) {
                hub.send(raw, subscribe);
            }
            if let Some(last) = last {
                assert_eq!(hub.peers[last].closed, Some(CloseReason::TakenOver), "{round}");
            }
            last = Some(raw);
        }
        let counters = hub.broker.counters();
        assert_eq!((counters.sessions, counters.connections, counters.taken_over), (1, 1, 999));
        assert!(counters.subscriptions <= 1);
        hub.cut(last.unwrap());
        hub.advance(86_400_000);
        let counters = hub.broker.counters();
        assert_eq!((counters.sessions, counters.connections, counters.subscriptions), (0, 0, 0));
        assert_eq!(hub.broker.deadline(), None);
    }
}

/// Q16: whoever does not read is not heard either, and costs no more than its output may.
#[test]
fn a_flood_without_a_reader_is_not_taken() {
    let mut hub = hub();
    let raw = hub.raw();
    hub.send(raw, &connect_bytes(&Connect::new(Version::V3_1_1, text("c"))));
    hub.peers[raw].is_deaf = true;
    let flood = b"\xc0\0\x82\x06\0\x01\0\x01a\x01\x62\x02\0\x09".repeat(100_000);
    hub.send(raw, &flood);
    let id = hub.peers[raw].connection.unwrap();
    let waiting = hub.broker.transmit(hub.at(), id).remaining();
    assert!((262_144..262_200).contains(&waiting), "{waiting}");
    assert!(hub.peers[raw].input.len() > 500_000);
    // When it reads, it is heard.
    hub.hear(raw);
    assert_eq!(hub.peers[raw].input.len(), 0);
    assert_eq!(hub.peers[raw].output.len(), 100_000 * 11);
}

/// A subscriber that does not read: messages of QoS 0 are dropped, others wait within limits, and the
/// publisher does not notice.
#[test]
fn a_subscriber_that_does_not_read_costs_no_more_than_it_may() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
        let mut hub = hub();
        let deaf = hub.clean(Version::V3_1_1, "deaf");
        let publisher = hub.clean(Version::V3_1_1, "p");
        hub.subscribe(deaf, "t", qos);
        hub.peers[deaf].is_deaf = true;
        let payload = "x".repeat(1_000);
        for _ in 0..3_000 {
            hub.publish(publisher, "t", &payload, qos);
        }
        let id = hub.peers[deaf].connection.unwrap();
        let waiting = hub.broker.transmit(hub.at(), id).remaining();
        assert!(waiting <= 264_000, "{waiting}");
        assert!(hub.broker.session("deaf").unwrap().queued <= 1_000);
        let counters = hub.broker.counters();
        assert!(counters.dropped_slow + counters.dropped_full > 1_900);
        assert_eq!(counters.messages_in, 3_000);
        hub.hear(deaf);
        let got = u64::try_from(hub.messages(deaf).len()).unwrap();
        assert_eq!(got, 3_000 - counters.dropped_slow - counters.dropped_full);
    }
}

/// Q17: names that never come again.
#[test]
fn names_without_end_are_refused() {
    let mut options = options();
    options.max_sessions = 100;
    let mut hub = Hub::new(options, AllowAll);
    for number in 0..1_000 {
        let raw = hub.raw();
        hub.send(raw, &keep(Version::V3_1_1, &format!("c{number}"), connect_bytes));
        hub.send(raw, b"\xc0\0");
        if hub.peers[raw].connection.is_some() {
            hub.cut(raw);
        }
    }
    let counters = hub.broker.counters();
    assert_eq!((counters.sessions, counters.sessions_full, counters.connections), (100, 900, 0));
}

/// U07 U08: filters without end.
#[test]
fn subscriptions_have_limits() {
    let mut options = options();
    options.subscriptions.max_per_subscriber = 3;
    options.max_filters = 5;
    let mut hub = Hub::new(options, AllowAll);
    let new = hub.clean(Version::V5_0, "new");
    let old = hub.clean(Version::V3_1_1, "old");
    for client in [new, old] {
        hub.told(client);
        for filter in ["1", "2", "3", "4", "1", &"+/".repeat(20)] {
            hub.subscribe(client, filter, QoS::AtMostOnce);
        }
    }
    let expected = ["00", "00", "00", "97", "00", "8f"].map(|code| format!("subscribed [{code}]"));
    assert_eq!(hub.told(new), expected);
    let expected = ["00", "00", "00", "80", "00", "80"].map(|code| format!("subscribed [{code}]"));
    assert_eq!(hub.told(old), expected);
    let counters = hub.broker.counters();
    assert_eq!((counters.subscriptions, counters.subscriptions_full), (6, 4));
    // More filters in one packet than may be.
    let raw = hub.raw();
    hub.send(raw, &connect_bytes(&Connect::new(Version::V3_1_1, text("many"))));
    hub.send(raw, b"\x82\x1a\0\x01\0\x01a\0\0\x01a\0\0\x01a\0\0\x01a\0\0\x01a\0\0\x01a\0");
    assert_eq!(hub.peers[raw].closed, Some(CloseReason::Disconnected));
    assert_eq!(hub.broker.counters().subscriptions, 6);
}

/// Q19: a clock that runs backwards, stands still, or leaps.
#[test]
fn no_clock_is_wrong_enough() {
    let moments = [5_000, 5_000, 0, u64::MAX, 7, u64::MAX - 1, 1];
    for start in 0..moments.len() {
        let mut hub = hub();
        hub.now = moments[start];
        let client = hub.keeping(Version::V5_0, "c");
        hub.subscribe(client, "#", QoS::ExactlyOnce);
        for moment in moments {
            hub.now = moment;
            let now = hub.at();
            hub.broker.timeout(now);
            let _ = hub
                .broker
                .publish(now, &crate::hub::message("t", "x", QoS::AtLeastOnce).with_retain(true));
            let _ = hub.broker.opened(now);
            hub.settle();
        }
        assert!(hub.broker.counters().retained == 1);
    }
}

/// Q20: after the end there is nothing, whatever comes.
#[test]
fn nothing_comes_of_a_connection_that_is_over() {
    let mut hub = hub();
    let raw = hub.raw();
    hub.send(raw, &connect_bytes(&Connect::new(Version::V3_1_1, text("c"))));
    let id = hub.peers[raw].connection.unwrap();
    hub.send(raw, b"\0\0");
    assert!(matches!(hub.peers[raw].closed, Some(CloseReason::Fault(_))));
    let now = hub.at();
    let mut input: &[u8] = b"\x30\x05\0\x01thi";
    assert_eq!(hub.broker.receive(now, id, &mut input), None);
    assert!(!hub.broker.transmit(now, id).has_remaining());
    assert!(hub.broker.accept(now, id, Accept::new(())).is_err());
    assert!(hub.broker.refuse(now, id, None, mqtt_pure::Properties::EMPTY).is_err());
    hub.broker.closed(now, id);
    assert_eq!((hub.broker.closing(id), hub.broker.next_ready()), (None, None));
    let counters = hub.broker.counters();
    assert_eq!((counters.connections, counters.sessions, counters.faults), (0, 0, 1));
}

/// The same events give the same bytes, however they are cut.
#[test]
fn it_is_deterministic() {
    let run = |step: usize| {
        let mut hub = hub();
        let mut bytes = keep(Version::V5_0, "c", connect_bytes);
        bytes.extend_from_slice(
            b"\x82\x13\0\x01\0\0\x01#\x01\0\x09$share/g/t\x02"[..].split_at(0).1,
        );
        let raw = hub.raw();
        let others: Vec<_> = (0..20)
            .map(|number| {
                let client = hub.clean(Version::ALL[number % 3], &format!("{number}"));
                hub.subscribe(client, "t", QoS::AtLeastOnce);
                client
            })
            .collect();
        for chunk in bytes.chunks(step) {
            hub.send(raw, chunk);
        }
        for client in &others {
            hub.publish(*client, "t", "x", QoS::AtLeastOnce);
        }
        hub.written
    };
    let one = run(1);
    assert!(one.len() > 1_000);
    assert_eq!(one, run(1));
    assert_eq!(one, run(1_000));
}

/// Everything at every moment, from bytes that are wrong as often as not.
#[test]
fn no_order_of_calls_is_wrong() {
    let mut seed = 1_u64;
    let mut next = move |most: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    let pieces: [&[u8]; 14] = [
        b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c",
        b"\x10\x0d\0\x04MQTT\x04\0\0\x01\0\x01d",
        b"\x10\x13\0\x04MQTT\x05\0\0\x3c\x05\x11\0\0\0\x05\0\x01c",
        b"\x10\x14\0\x04MQTT\x05\x06\0\x3c\0\0\x01e\0\0\x01t\0\0",
        b"\x82\x06\0\x01\0\x01t\x02",
        b"\x82\x07\0\x01\0\0\x01#\x01",
        b"\xa2\x05\0\x02\0\x01t",
        b"\x31\x05\0\x01thi",
        b"\x34\x07\0\x01t\0\x01hi",
        b"\x33\x07\0\x01t\0\x02\0h",
        b"\x62\x02\0\x01",
        b"\x40\x02\0\x01",
        b"\xe0\0",
        b"\0",
    ];
    let mut options = options();
    options.max_connections = 20;
    options.keep_journal = true;
    let mut broker = Broker::new(options, AllowAll);
    let mut ids = Vec::new();
    let mut now = 0;
    let mut store = mqtt_pure::BrokerSnapshot::new();
    for _ in 0..200_000 {
        now += next(200);
        let at = Instant::from_millis(now);
        let id = ids.get(usize::try_from(next(24)).unwrap()).copied();
        match (next(12), id) {
            (0, _) => ids.extend(broker.opened(at)),
            (1, Some(id)) => {
                broker.closed(at, id);
                ids.retain(|other| *other != id);
            }
            (2, Some(id)) => drop(broker.accept(at, id, Accept::new(()))),
            (3, Some(id)) if next(4) == 0 => {
                let reason = Some(mqtt_pure::ReasonCode::SERVER_BUSY);
                let _ = broker.refuse(at, id, reason, mqtt_pure::Properties::EMPTY);
            }
            (4, _) => broker.timeout(at),
            (5, _) => {
                let message = crate::hub::message("t", "x", QoS::ExactlyOnce);
                let _ = broker.publish(at, &message.with_retain(next(2) == 0));
            }
            (6, _) if next(8) == 0 => {
                let _ = broker.expire_session(at, "c");
                let _ = broker.disconnect(at, "d", mqtt_pure::ReasonCode::SERVER_BUSY);
            }
            (7, Some(id)) => {
                let out = broker.transmit(at, id);
                out.advance(usize::try_from(next(10)).unwrap());
            }
            (8, _) => {
                while let Some(id) = broker.next_ready() {
                    if broker.closing(id).is_some() {
                        broker.closed(at, id);
                        ids.retain(|other| *other != id);
                    }
                }
            }
            (9, _) => {
                for record in broker.journal(at) {
                    store.apply(record).unwrap();
                }
                if next(16) == 0 {
                    assert_eq!(store, broker.snapshot());
                }
            }
            (_, Some(id)) => {
                let mut input = pieces[usize::try_from(next(14)).unwrap()];
                while let Some(action) = broker.receive(at, id, &mut input) {
                    if let BrokerAction::Connect(_) = action {
                        let _ = broker.accept(at, id, Accept::new(()));
                    }
                }
            }
            _ => {}
        }
    }
    let counters = broker.counters();
    assert!(counters.accepted > 500 && counters.taken_over > 50, "{counters:?}");
    assert!(counters.wills > 20 && counters.messages_out > 1_000, "{counters:?}");
    assert!(counters.sessions <= 3 && counters.connections <= 20);
}
