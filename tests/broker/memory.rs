//! What a broker takes up.

use crate::hub::{connect_bytes, keep, message, options};
use crate::measure::live;
use bytes::Buf;
use mqtt_pure::{
    Accept, AllowAll, Broker, ClientId, ConnectionId, Granted, Instant, PacketId, QoS, Subscribe,
    Subscription, TopicFilter, Version,
};

const NOW: Instant = Instant::from_millis(1);

/// Takes all that is to be written, from everybody.
fn drain(broker: &mut Broker<AllowAll>) -> usize {
    let mut written = 0;
    while let Some(id) = broker.next_ready() {
        loop {
            let out = broker.transmit(NOW, id);
            let len = out.remaining();
            if len == 0 {
                break;
            }
            written += len;
            out.advance(len);
        }
        if broker.closing(id).is_some() {
            broker.closed(NOW, id);
        }
    }
    written
}

fn join(broker: &mut Broker<AllowAll>, name: &str, behind: &[u8]) -> ConnectionId {
    let id = broker.opened(NOW).unwrap();
    let bytes = keep(Version::V3_1_1, name, connect_bytes);
    assert!(broker.receive(NOW, id, &mut &bytes[..]).is_some());
    broker.accept(NOW, id, Accept::new(())).unwrap();
    assert!(broker.receive(NOW, id, &mut &behind[..]).is_none());
    drain(broker);
    id
}

fn roomy() -> Broker<AllowAll> {
    let mut options = options();
    (options.max_connections, options.max_sessions) = (100_000, 100_000);
    Broker::new(options, AllowAll)
}

/// HOSTILE: at most 1 KiB for an idle session, and less when its client is away.
#[test]
fn an_idle_session_is_small() {
    let mut broker = roomy();
    join(&mut broker, "first", b"\xc0\0");
    let before = live();
    let ids: Vec<_> =
        (0..20_000).map(|number| join(&mut broker, &format!("c{number:05}"), b"\xc0\0")).collect();
    let listed = isize::try_from(ids.capacity() * 8).unwrap();
    let online = (live() - before - listed) / 20_000;
    for id in ids {
        broker.closed(NOW, id);
    }
    let away = (live() - before) / 20_000;
    println!("{online} bytes for a client that is there, {away} for one that is away");
    assert!(online < 800, "{online}");
    assert!(away < 700, "{away}");
    assert_eq!(broker.counters().sessions, 20_001);
}

#[test]
fn nothing_is_left_of_connections_that_come_and_go() {
    let mut broker = roomy();
    let round = |broker: &mut Broker<AllowAll>| {
        for number in 0..50 {
            // Taken over by the next one.
            join(broker, "c", b"\x82\x06\0\x01\0\x01a\x01\x30\x05\0\x01ahi");
            let id = join(broker, &format!("{}", number % 3), b"\xe0\0");
            broker.closed(NOW, id);
        }
    };
    round(&mut broker);
    let before = live();
    for _ in 0..20 {
        round(&mut broker);
    }
    let after = live();
    assert!(after <= before + 256, "{before} {after}");
}

/// A subscription to many retained messages by a client that does not read.
#[test]
fn a_replay_takes_up_no_memory() {
    let mut broker = roomy();
    for number in 0..20_000 {
        let message = message(&format!("t/{number}"), "x", QoS::AtLeastOnce).with_retain(true);
        broker.publish(NOW, &message).unwrap();
    }
    let id = join(&mut broker, "c", b"\xc0\0");
    let before = live();
    let mut input: &[u8] = b"\x82\x06\0\x01\0\x01#\x00";
    broker.receive(NOW, id, &mut input);
    while broker.deadline().is_some_and(|due| due <= NOW) {
        broker.timeout(NOW);
    }
    let grown = live() - before;
    assert!(grown < 2 * 262_144 + 10_000, "{grown}");
    assert!(drain(&mut broker) > 180_000);
}

/// In the steady state one publication to many allocates what it itself needs.
#[test]
fn a_subscriber_more_is_no_allocation_more() {
    let count = |subscribers: usize| {
        let mut broker = roomy();
        for number in 0..subscribers {
            join(&mut broker, &format!("s{number}"), b"\x82\x06\0\x01\0\x01t\0");
        }
        let publisher = join(&mut broker, "p", b"\xc0\0");
        let mut publish = || {
            let mut input: &[u8] = b"\x30\x05\0\x01thi";
            broker.receive(NOW, publisher, &mut input);
            drain(&mut broker)
        };
        for _ in 0..3 {
            assert_eq!(publish(), subscribers * 7);
        }
        crate::measure::allocations(&mut publish).0
    };
    let (few, many) = (count(10), count(1_000));
    assert_eq!(few, many, "{few} {many}");
}

#[test]
#[cfg(target_pointer_width = "64")]
fn sizes() {
    assert_eq!(size_of::<Option<ConnectionId>>(), 8);
    assert_eq!(size_of::<ClientId>(), 16);
    assert_eq!(size_of::<Granted>(), 4);
    fn check<T: Send + Sync + Unpin>() {}
    check::<Broker<AllowAll>>();
}

/// The shortest of some times that it takes to ask for so many filters in a loop, `COUNT` in all.
fn asking_again(filters: usize) -> std::time::Duration {
    const COUNT: usize = 20_000;
    let all: Vec<_> = (0..filters).map(|number| format!("{number:04}")).collect();
    let all = all
        .iter()
        .map(|filter| Subscription::new(TopicFilter::new(filter).unwrap(), QoS::AtMostOnce));
    let all: Vec<_> = all.collect();
    let mut packet = Vec::new();
    let subscribe = Subscribe::new(PacketId::new(1).unwrap(), &all[..]);
    subscribe.encode(Version::V3_1_1, &mut packet).unwrap();
    let bytes = packet.repeat(COUNT / filters);
    let mut broker = roomy();
    let id = join(&mut broker, "c", b"");
    let time = |_| {
        let begin = std::time::Instant::now();
        assert!(broker.receive(NOW, id, &mut &bytes[..]).is_none());
        let took = begin.elapsed();
        drain(&mut broker);
        took
    };
    (0..5).map(time).min().unwrap()
}

/// Whoever subscribes again and again would otherwise hold up everybody: each time all that is retained
/// is to come anew, for each of its subscriptions.
#[test]
fn to_subscribe_again_takes_no_longer_with_many_subscriptions() {
    let (few, many) = (asking_again(20), asking_again(1_000));
    assert!(many < few * 10, "{few:?} with 20, {many:?} with 1,000");
}
