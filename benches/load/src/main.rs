//! The example broker under load beside mosquitto, and under faults: `load --help`.
//!
//! All clients share one thread, so that on two processors a broker has one of its own.

mod args;
mod client;
mod connections;
mod failure;
mod faults;
mod load;
mod message;
mod server;
mod table;

use args::{Args, What};
use clap::Parser;
use failure::{Failure, Result};
use std::process::ExitCode;
use tokio::task::LocalSet;

fn main() -> ExitCode {
    let faults = match run(&Args::parse()) {
        Ok(faults) => faults,
        Err(failure) => vec![failure.to_string()],
    };
    for fault in &faults {
        println!("does not hold: {fault}");
    }
    ExitCode::from(u8::from(!faults.is_empty()))
}

fn run(args: &Args) -> Result<Vec<String>> {
    // The brokers inherit it.
    rlimit::increase_nofile_limit(u64::MAX)?;
    let built;
    let program = match &args.broker {
        Some(program) => program,
        None => {
            built = server::build()?;
            &built
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut wrong = Vec::new();
    LocalSet::new().block_on(&runtime, async {
        if args.wants(What::Load) {
            wrong.extend(load::run(args, program).await?);
        }
        if args.wants(What::Connections) {
            wrong.extend(connections::run(args, program).await?);
        }
        if args.wants(What::Faults) {
            wrong.extend(faults::run(args, program).await?);
        }
        Ok::<_, Failure>(())
    })?;
    Ok(wrong)
}
