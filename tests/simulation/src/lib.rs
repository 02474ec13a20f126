//! A simulation of clients and servers of `mqtt-pure`: one seed decides who takes part, what goes wrong
//! and when; invariants are checked after every event, and at the end everything promised has to be
//! kept.
//!
//! There are two modes. In the one each client has a server session of its own, and a broker of the
//! simulation knows just enough to connect them: what is judged are sessions. In the other
//! ([`Run::of_brokers`]) there is a whole `Broker` with a store, up to six clients, some of whom fight
//! for one client identifier, and a model that is written from the standard alone. The model sees the
//! packets that the broker takes, in their order, and tells who is to get which message how often, in
//! which order and with which flags and identifiers, which wills are due, what is retained, and which
//! session goes on.

mod broker;
mod brokers;
pub mod bugs;
mod counter;
mod customer;
mod ground;
mod hostile;
mod letter;
mod machine;
mod node;
mod plan;
pub mod regression;
mod rng;
mod script;
mod wire;
mod world;

pub use counter::{Counters, Sometimes};
pub use ground::Driver;
pub use plan::Plan;
use std::hash::Hasher;
use world::World;

/// How a run is done.
#[derive(Clone, Debug, Default)]
pub struct Run {
    pub seed: u64,
    /// Whole brokers, in place of sessions.
    pub brokers: bool,
    /// The events of the script that do not happen.
    pub skipped: Vec<usize>,
    /// Cut what is received into calls in another way, which is to change nothing.
    pub chunks: bool,
    /// How the driver goes about persisting.
    pub driver: Driver,
    /// Keep the last events.
    pub is_verbose: bool,
}

/// What has come of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub result: Result<(), String>,
    pub counters: Counters,
    pub events: u64,
    /// Of everything that was told.
    pub digest: u64,
    pub history: String,
}

impl Run {
    pub fn of(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// One of whole brokers.
    pub fn of_brokers(seed: u64) -> Self {
        Self { brokers: true, ..Self::of(seed) }
    }

    pub fn run(&self) -> Outcome {
        if self.brokers {
            return brokers::run(self);
        }
        let mut world = World::new(self.seed, Plan::new(self.seed), &self.skipped);
        world.ground.is_verbose = self.is_verbose;
        world.ground.driver = self.driver;
        world.ground.chunks = self.chunks.then(|| rng::Rng::of(self.seed, 9));
        let mut result = world.run();
        let mut digest = world.ground.digest.finish();
        let mut of_hostile = Vec::new();
        if result.is_ok() {
            let log = self.is_verbose.then_some(&mut of_hostile);
            match hostile::run(self.seed, &mut world.ground.counters, log) {
                Ok(other) => digest ^= other,
                Err(text) => result = Err(text),
            }
        }
        Outcome {
            result,
            counters: world.ground.counters.clone(),
            events: world.ground.events,
            digest,
            history: world.ground.history() + &of_hostile.join("\n"),
        }
    }
}

/// One seed in this many is run again, to see that it does the same.
const AGAIN: u64 = 16;

/// A run that does not panic, and is the same when it is done again, however what is received is cut
/// into calls (I15).
pub fn check(run: &Run) -> Outcome {
    let caught = std::panic::catch_unwind(|| run.run());
    let mut outcome = caught.unwrap_or_else(|_| Outcome {
        result: Err("panics".to_owned()),
        counters: Counters::default(),
        events: 0,
        digest: 0,
        history: String::new(),
    });
    if outcome.result.is_ok() && run.seed.is_multiple_of(AGAIN) {
        for chunks in [false, true] {
            let again = Run { chunks, ..run.clone() }.run();
            // A broker goes on with retained messages after each call, so that these and what is
            // published meanwhile come in the one order or the other; all else holds.
            let is_alike = run.brokers && chunks || again.digest == outcome.digest;
            if again.result != outcome.result || !is_alike {
                let how = if chunks { "with other chunks" } else { "the second time" };
                outcome.result = Err(format!("something else happens {how} (I15)"));
            }
        }
    }
    outcome
}

/// The options of a seed.
pub fn describe(run: &Run) -> String {
    let seed = run.seed;
    if run.brokers {
        return brokers::describe(seed);
    }
    let plan = Plan::new(seed);
    let mut text = format!(
        "faults {:?}, delay {} ms, timers {} ms late, max_outgoing {}, capacity {}, heals at {} ms",
        plan.faults, plan.delay, plan.late, plan.max_outgoing, plan.capacity, plan.heals_at
    );
    for client in &plan.clients {
        text.push_str(&format!("\n{client:?}"));
    }
    text
}

/// The same failure with as few events as can be.
pub fn shrink(run: &Run) -> Run {
    let fails = |skipped: &[usize]| {
        check(&Run { skipped: skipped.to_vec(), ..run.clone() }).result.is_err()
    };
    let count = match run.brokers {
        true => brokers::script_len(run.seed),
        false => Plan::new(run.seed).script.len(),
    };
    let mut skipped = run.skipped.clone();
    let mut step = count.next_power_of_two();
    while step > 0 {
        for start in (0..count).step_by(step) {
            let mut more = skipped.clone();
            more.extend((start..count.min(start + step)).filter(|at| !skipped.contains(at)));
            if more.len() > skipped.len() && fails(&more) {
                skipped = more;
            }
        }
        step /= 2;
    }
    skipped.sort_unstable();
    Run { skipped, ..run.clone() }
}
