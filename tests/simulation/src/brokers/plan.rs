//! What a run of whole brokers is made of.

use crate::{
    plan::{ClientPlan, Event, Fault, Plan, events, qos},
    rng::Rng,
};
use mqtt_pure::{BrokerOptions, Overlapping, QoS, Version};

/// Topics that everybody publishes to.
pub const TOPICS: [&str; 8] = ["a", "a/b", "a/c", "b", "b/c", "b/c/d", "$dev/a", "\u{e9}/x"];

/// What is subscribed to; many match the same topics.
pub const FILTERS: [&str; 10] =
    ["#", "a/#", "+", "+/b", "a/b", "b/#", "b/+/d", "$dev/#", "+/c", "\u{e9}/x"];

/// Shared subscriptions (5.0).
pub const SHARED: [&str; 4] = ["$share/g/a/#", "$share/g/#", "$share/h/+/c", "$share/h/a/b"];

/// A subscription that somebody asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    pub filter: &'static str,
    pub qos: QoS,
    pub no_local: bool,
    pub as_published: bool,
    pub handling: u8,
    /// The subscription identifier, 0 for none.
    pub identifier: u32,
}

impl Wish {
    pub fn new(rng: &mut Rng, version: Version) -> Self {
        let is_5_0 = version == Version::V5_0;
        let is_shared = is_5_0 && rng.chance(300);
        Self {
            filter: if is_shared { rng.pick(&SHARED) } else { rng.pick(&FILTERS) },
            qos: qos(rng),
            no_local: is_5_0 && !is_shared && rng.chance(200),
            as_published: is_5_0 && rng.chance(300),
            handling: if is_5_0 { rng.pick(&[0, 0, 1, 2]) } else { 0 },
            identifier: if is_5_0 && rng.chance(500) { rng.range(1, 300) as u32 } else { 0 },
        }
    }
}

/// A client, beside what every client is like.
#[derive(Clone, Debug)]
pub struct DevicePlan {
    /// Whose client identifier it has: two devices may fight for one.
    pub account: usize,
    /// What it subscribes to whenever it is connected.
    pub wishes: Vec<Wish>,
    /// The topic of its will, and whether that is retained.
    pub will: (u8, bool),
    /// It comes when all others are quiet.
    pub is_observer: bool,
    /// It does not come back when everything heals.
    pub is_rival: bool,
}

/// Something that the seed makes happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Publish,
    Clear,
    Announce,
    Subscribe,
    Unsubscribe,
    Cut,
    HalfOpen,
    Stall,
    TakeOver,
    CleanStart,
    ClientLeaves,
    BrokerThrowsOut,
    ExpireSession,
    CrashClient,
    CrashBroker,
    Probe,
}

#[derive(Clone, Debug)]
pub struct Setup {
    /// Faults, times and what every client is like.
    pub plan: Plan,
    pub devices: Vec<DevicePlan>,
    pub options: BrokerOptions,
    pub script: Vec<Event<What>>,
}

impl Setup {
    pub fn new(seed: u64) -> Self {
        let mut plan = Plan::new(seed);
        let mut rng = Rng::of(seed, 5);
        let faults = plan.faults.clone();
        let has = |fault: Fault| faults.contains(&fault);
        let count = rng.range(2, 6) as usize;
        plan.clients = (0..=count).map(|at| ClientPlan::new(&mut rng, at, count, &has)).collect();
        // The application of a client acknowledges by itself in the other mode.
        plan.clients.iter_mut().for_each(|client| client.is_manual = false);
        let mut devices: Vec<_> = (0..=count)
            .map(|at| DevicePlan {
                account: at,
                wishes: wishes(&mut rng, plan.clients[at].version),
                will: (rng.index(TOPICS.len()) as u8, rng.chance(300)),
                is_observer: at == count,
                is_rival: false,
            })
            .collect();
        let observer = &mut plan.clients[count];
        (observer.is_clean, observer.will, observer.keep_alive) = (true, None, 0);
        devices[count].wishes = ["#", "$dev/#"]
            .map(|filter| Wish {
                filter,
                qos: QoS::ExactlyOnce,
                no_local: false,
                as_published: false,
                handling: 0,
                identifier: 0,
            })
            .to_vec();
        if has(Fault::TakeOver) && rng.chance(400) {
            let (first, second) = (0, count - 1);
            (devices[second].account, devices[second].is_rival) = (first, true);
            // What one of them holds of a session the other can't know.
            for at in [first, second] {
                (plan.clients[at].is_clean, plan.clients[at].expiry) = (true, 0);
            }
        }
        let options = options(&mut rng, &plan, &has);
        let script = script(&mut rng, count, &plan);
        Self { plan, devices, options, script }
    }
}

fn wishes(rng: &mut Rng, version: Version) -> Vec<Wish> {
    let count = rng.below(5);
    let mut all: Vec<Wish> = Vec::new();
    for _ in 0..count {
        let wish = Wish::new(rng, version);
        if all.iter().all(|other| other.filter != wish.filter) {
            all.push(wish);
        }
    }
    all
}

fn options(rng: &mut Rng, plan: &Plan, has: &impl Fn(Fault) -> bool) -> BrokerOptions {
    let mut options = BrokerOptions::new();
    options.keep_journal = true;
    let few = rng.range(1, 4) as u16;
    options.session.max_in_flight = rng.pick(&[few, few, 20, 1_000]);
    options.session.receive_maximum = u16::MAX;
    options.session.max_queued = rng.pick(&[u32::from(few), 20, 1_000, 1_000, 1_000]);
    options.session.max_outgoing = plan.max_outgoing;
    options.session.topic_alias_maximum = rng.pick(&[0, 1, 16]);
    // Without the bit Session Present a client does not see that its session is gone.
    let may_expire = has(Fault::ExpireSession)
        && plan.clients.iter().all(|client| client.version != Version::V3_1);
    options.session.session_expiry = if may_expire { rng.pick(&[2, 20, 86_400]) } else { u32::MAX };
    options.max_keep_alive = rng.pick(&[0, 5, 3_600]);
    if rng.chance(300) {
        options.overlapping = Overlapping::Each;
    }
    options
}

fn script(rng: &mut Rng, devices: usize, plan: &Plan) -> Vec<Event<What>> {
    let mut whats = vec![What::Publish; 14];
    whats.extend([What::Subscribe, What::Subscribe, What::Unsubscribe, What::Probe]);
    whats.extend([What::Clear, What::Announce]);
    for fault in &plan.faults {
        whats.extend(match fault {
            Fault::Cut => [What::Cut; 2],
            Fault::HalfOpen => [What::HalfOpen; 2],
            Fault::Stall => [What::Stall; 2],
            Fault::CrashClient => [What::CrashClient; 2],
            Fault::CrashBroker => [What::CrashBroker; 2],
            Fault::TakeOver => [What::TakeOver; 2],
            Fault::ClientLeaves => [What::ClientLeaves; 2],
            Fault::ServerLeaves => [What::BrokerThrowsOut, What::Publish],
            Fault::CleanStart => [What::CleanStart, What::Publish],
            Fault::Unsubscribe => [What::Unsubscribe; 2],
            Fault::ExpireSession => [What::ExpireSession, What::Publish],
            _ => [What::Publish; 2],
        });
    }
    events(rng, &whats, 150, devices, plan.heals_at)
}

/// Whether a filter matches a topic, by section 4.7 of the standard.
pub fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['#', '+']) {
        return false;
    }
    let (mut wanted, mut levels) = (filter.split('/'), topic.split('/'));
    loop {
        match (wanted.next(), levels.next()) {
            (Some("#"), _) => return true,
            (Some("+"), Some(_)) => {}
            (Some(one), Some(other)) if one == other => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// The part of a filter behind `$share` and the name of the group, if it is of a shared subscription.
pub fn shared(filter: &str) -> Option<&str> {
    filter.strip_prefix("$share/")?.split_once('/').map(|(_, rest)| rest)
}

#[test]
fn matches_as_the_standard_says() {
    for (filter, topic, is_match) in [
        ("a/#", "a", true),
        ("a/#", "a/b", true),
        ("#", "$dev/a", false),
        ("+/b", "a/b", true),
        ("+", "a/b", false),
        ("b/+/d", "b/c/d", true),
        ("$dev/#", "$dev/a", true),
        ("a/b", "a/c", false),
    ] {
        assert_eq!(matches(filter, topic), is_match, "{filter} {topic}");
    }
}
