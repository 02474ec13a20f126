//! Three people chat for a day, in milliseconds: clients, servers and a switch between them in one
//! process, without network, under a clock of its own.
//!
//! Every packet that is written is shown as a line. `--drop` cuts connections in the middle of what is
//! on its way; at the end it is counted whether every message was delivered as its QoS promises.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a simulation: people are numbered, and counters of its events do not overflow"
)]

mod args;
#[path = "../common/color.rs"]
mod color;
mod ledger;
mod link;
mod person;
#[path = "../common/protocol.rs"]
mod protocol;
mod random;
mod trace;
mod world;

use args::Args;
use clap::Parser;
use std::{
    io::{self, Write},
    process::ExitCode,
    time::Instant,
};
use world::World;

fn main() -> ExitCode {
    let args = Args::parse();
    let start = Instant::now();
    let out = args.color.stdout();
    let mut world = World::new(&args, out);
    match world.run().and_then(|()| world.summary()) {
        Ok((is_kept, mut out)) => {
            // Not part of the output, which is the same each time.
            let _ = out.flush();
            anstream::eprintln!("{} ms of real time", start.elapsed().as_millis());
            ExitCode::from(u8::from(!is_kept))
        }
        // A pager or `head` that has seen enough is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("{}error:{:#} cannot write: {error}", trace::BAD, trace::BAD);
            ExitCode::from(2)
        }
    }
}
