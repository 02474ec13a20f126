//! A client for the command line: publishes and subscribes over TCP, TLS and WebSocket.
//!
//! It shows what a real client adds to [`mqtt_pure::Client`], which has no I/O: `transport` opens
//! byte streams, `connection` moves bytes between one of them and the session, `store` keeps the
//! session in a file, `session` connects again and again. `--help` tells the rest.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "select! counts its branches, and counters of messages do not overflow"
)]

mod args;
#[path = "../common/clock.rs"]
mod clock;
mod connection;
mod failure;
#[path = "../common/log.rs"]
mod log;
#[path = "../common/protocol.rs"]
mod protocol;
mod publish;
mod session;
mod store;
mod subscribe;
mod transport;
mod url;

use anstyle::{AnsiColor, Style};
use args::{Args, Command};
use clap::Parser;
use failure::Failure;
use std::process::ExitCode;

const BAD: Style = AnsiColor::Red.on_default().bold();

fn main() -> ExitCode {
    let args = Args::parse();
    log::start(args.verbose);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(&args)),
        Err(error) => Err(Failure::Input(format!("cannot start: {error}"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // A pager or `head` that has seen enough is no failure.
        Err(Failure::OutputClosed) => ExitCode::SUCCESS,
        Err(failure) => {
            anstream::eprintln!("{BAD}error:{BAD:#} {failure}");
            ExitCode::from(failure.status())
        }
    }
}

async fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Publish(options) => {
            session::run(&options.connection, |store| publish::Publisher::new(options, store)).await
        }
        Command::Subscribe(options) => {
            session::run(&options.connection, |_| subscribe::Subscriber::new(options)).await
        }
    }
}
