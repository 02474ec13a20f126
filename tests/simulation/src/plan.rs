//! What a run is made of: who takes part, what may go wrong, and what happens when.

use crate::rng::Rng;
use mqtt_pure::{Property, QoS, Version};
use std::num::NonZeroU16;

/// What may go wrong. Each run switches off a random half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Cut,
    HalfOpen,
    Stall,
    Split,
    SlowReader,
    CrashClient,
    CrashBroker,
    TakeOver,
    ClientLeaves,
    ServerLeaves,
    CleanStart,
    LateTimers,
    Unsubscribe,
    ExpireSession,
    Refuse,
    SmallOutgoing,
    SmallPackets,
}

const FAULTS: [Fault; 17] = [
    Fault::Cut,
    Fault::HalfOpen,
    Fault::Stall,
    Fault::Split,
    Fault::SlowReader,
    Fault::CrashClient,
    Fault::CrashBroker,
    Fault::TakeOver,
    Fault::ClientLeaves,
    Fault::ServerLeaves,
    Fault::CleanStart,
    Fault::LateTimers,
    Fault::Unsubscribe,
    Fault::ExpireSession,
    Fault::Refuse,
    Fault::SmallOutgoing,
    Fault::SmallPackets,
];

/// What a client is like.
#[derive(Clone, Debug)]
pub struct ClientPlan {
    pub version: Version,
    /// Whether it connects with a clean session always.
    pub is_clean: bool,
    /// The Session Expiry Interval of 5.0.
    pub expiry: u32,
    pub keep_alive: u16,
    /// Of 5.0.
    pub receive_maximum: u16,
    pub max_in_flight: u16,
    pub max_queued: u32,
    pub is_manual: bool,
    /// How many topic aliases it takes, and sends.
    pub aliases: u16,
    /// QoS and delay.
    pub will: Option<(QoS, u32)>,
    /// The clients to whose messages it subscribes, and with which QoS.
    pub wants: Vec<(usize, QoS)>,
    /// The broker's side of it.
    pub peer_in_flight: u16,
    pub peer_receive_maximum: u16,
    pub peer_queued: u32,
    pub peer_is_manual: bool,
    /// What the server keeps sessions before 5.0 for.
    pub peer_expiry: u32,
    /// Server Keep Alive.
    pub peer_keep_alive: Option<u16>,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub clients: Vec<ClientPlan>,
    pub faults: Vec<Fault>,
    /// How long a piece of bytes is on its way at most.
    pub delay: u64,
    /// How late timers are at most.
    pub late: u64,
    /// How many bytes wait to be written at most, and on their way.
    pub max_outgoing: usize,
    pub capacity: usize,
    pub script: Vec<Event>,
    /// When the faults end.
    pub heals_at: u64,
}

/// Something that the seed makes happen.
#[derive(Clone, Copy, Debug)]
pub struct Event<W = What> {
    pub at: u64,
    pub client: usize,
    pub what: W,
    /// Decides the details.
    pub seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Publish,
    Subscribe,
    Unsubscribe,
    Cut,
    HalfOpen,
    Stall,
    TakeOver,
    CleanStart,
    ClientLeaves,
    ServerLeaves,
    ExpireSession,
    CrashClient,
    CrashBroker,
    Probe,
}

const QOS: [QoS; 6] = [
    QoS::AtMostOnce,
    QoS::AtLeastOnce,
    QoS::AtLeastOnce,
    QoS::ExactlyOnce,
    QoS::ExactlyOnce,
    QoS::ExactlyOnce,
];

/// The QoS of a message or a subscription.
pub fn qos(rng: &mut Rng) -> QoS {
    rng.pick(&QOS)
}

impl Plan {
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::of(seed, 1);
        let faults: Vec<_> = FAULTS.into_iter().filter(|_| rng.chance(500)).collect();
        let has = |fault| faults.contains(&fault);
        let count = rng.range(2, 4) as usize;
        let clients = (0..count).map(|at| ClientPlan::new(&mut rng, at, count, &has)).collect();
        let heals_at = rng.range(10_000, 60_000);
        let (late, capacity) = (
            if has(Fault::LateTimers) { rng.range(1, 8_000) } else { 0 },
            if has(Fault::SlowReader) { rng.range(8, 200) as usize } else { 1 << 16 },
        );
        let max_outgoing =
            if has(Fault::SmallOutgoing) { rng.range(20, 200) as usize } else { 1 << 16 };
        let delay = rng.pick(&[0, 5, 100, 1_500]);
        let script = script(&mut rng, count, heals_at, &faults);
        Self { clients, faults, delay, late, max_outgoing, capacity, script, heals_at }
    }

    pub fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }
}

impl ClientPlan {
    /// What its CONNECT says of it in 5.0.
    pub fn properties(&self) -> Vec<Property<'static>> {
        let mut properties = Vec::new();
        if self.version == Version::V5_0 {
            properties.push(Property::SessionExpiryInterval(self.expiry));
            properties.extend(NonZeroU16::new(self.receive_maximum).map(Property::ReceiveMaximum));
            properties.push(Property::TopicAliasMaximum(self.aliases));
        }
        properties
    }

    pub fn new(rng: &mut Rng, at: usize, count: usize, has: &impl Fn(Fault) -> bool) -> Self {
        let version = rng.pick(&[
            Version::V3_1,
            Version::V3_1_1,
            Version::V3_1_1,
            Version::V5_0,
            Version::V5_0,
            Version::V5_0,
        ]);
        let small = |rng: &mut Rng| {
            let few = rng.range(1, 4);
            rng.pick(&[few, few, 20, 1_000])
        };
        let mut wants = Vec::new();
        for other in 0..count {
            if rng.chance(if other == at { 200 } else { 700 }) {
                wants.push((other, qos(rng)));
            }
        }
        // Without the bit Session Present a client does not see that its session is gone.
        let may_expire = version != Version::V3_1 && has(Fault::ExpireSession);
        Self {
            version,
            is_clean: rng.chance(120),
            expiry: rng.pick(&[0, 3, 30, 600, u32::MAX, u32::MAX]),
            keep_alive: rng.pick(&[0, 0, 2, 10, 60]),
            receive_maximum: small(rng) as u16,
            max_in_flight: small(rng) as u16,
            max_queued: small(rng) as u32 * 4,
            is_manual: rng.chance(300),
            aliases: if rng.chance(500) { rng.range(1, 3) as u16 } else { 0 },
            will: rng.chance(600).then(|| (qos(rng), rng.pick(&[0, 0, 2, 20, 1_000]))),
            wants,
            peer_in_flight: small(rng) as u16,
            peer_receive_maximum: small(rng) as u16,
            peer_queued: small(rng) as u32 * 4,
            peer_is_manual: rng.chance(200),
            peer_expiry: if may_expire && rng.chance(500) {
                rng.range(1, 20) as u32
            } else {
                u32::MAX
            },
            peer_keep_alive: rng.chance(200).then(|| rng.pick(&[0, 1, 5])),
        }
    }
}

fn script(rng: &mut Rng, clients: usize, heals_at: u64, faults: &[Fault]) -> Vec<Event> {
    let mut whats = vec![What::Publish; 12];
    whats.extend([What::Subscribe, What::Probe]);
    for fault in faults {
        whats.extend(match fault {
            Fault::Cut => [What::Cut; 2],
            Fault::HalfOpen => [What::HalfOpen; 2],
            Fault::Stall => [What::Stall; 2],
            Fault::CrashClient => [What::CrashClient; 2],
            Fault::CrashBroker => [What::CrashBroker; 2],
            Fault::TakeOver => [What::TakeOver; 2],
            Fault::ClientLeaves => [What::ClientLeaves; 2],
            Fault::ServerLeaves => [What::ServerLeaves, What::Publish],
            Fault::CleanStart => [What::CleanStart, What::Publish],
            Fault::Unsubscribe => [What::Unsubscribe; 2],
            Fault::ExpireSession => [What::ExpireSession; 2],
            Fault::Split
            | Fault::SlowReader
            | Fault::LateTimers
            | Fault::Refuse
            | Fault::SmallOutgoing
            | Fault::SmallPackets => [What::Publish; 2],
        });
    }
    events(rng, &whats, 120, clients, heals_at)
}

/// From 20 to so many events, each of which happens to one of so many clients.
pub fn events<W: Copy>(
    rng: &mut Rng,
    whats: &[W],
    most: u64,
    clients: usize,
    heals_at: u64,
) -> Vec<Event<W>> {
    let count = rng.range(20, most);
    let mut events: Vec<_> = (0..count)
        .map(|_| Event {
            at: rng.below(heals_at),
            client: rng.index(clients),
            what: rng.pick(whats),
            seed: rng.next(),
        })
        .collect();
    // Faults come close upon what they disturb, too.
    for at in 1..events.len() {
        if rng.chance(400) {
            events[at].at = events[at - 1].at + rng.below(40);
            events[at].client = events[at - 1].client;
        }
    }
    events.sort_by_key(|event| event.at);
    events
}
