//! Whole brokers: clients of all versions, one broker with a store, and a model of what the standard
//! says that everybody is to get.

mod copies;
mod customer;
mod host;
mod model;
mod plan;
mod world;

use crate::{Outcome, Run, rng::Rng};
use plan::Setup;
use std::hash::Hasher;
use world::World;

pub fn run(run: &Run) -> Outcome {
    let mut world = World::new(run.seed, Setup::new(run.seed), &run.skipped);
    world.ground.is_verbose = run.is_verbose;
    world.ground.driver = run.driver;
    world.ground.chunks = run.chunks.then(|| Rng::of(run.seed, 9));
    let result = world.run();
    Outcome {
        result,
        counters: world.ground.counters.clone(),
        events: world.ground.events,
        digest: world.ground.digest.finish(),
        history: world.ground.history(),
    }
}

/// How many events the script of a seed has.
pub fn script_len(seed: u64) -> usize {
    Setup::new(seed).script.len()
}

/// The options of a seed.
pub fn describe(seed: u64) -> String {
    let setup = Setup::new(seed);
    let plan = &setup.plan;
    let mut text = format!(
        "faults {:?}, delay {} ms, timers {} ms late, capacity {}, heals at {} ms\n{:?}",
        plan.faults, plan.delay, plan.late, plan.capacity, plan.heals_at, setup.options
    );
    for (client, device) in plan.clients.iter().zip(&setup.devices) {
        text.push_str(&format!("\n{client:?}\n  {device:?}"));
    }
    text
}
