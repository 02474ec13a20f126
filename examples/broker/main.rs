//! A broker for the command line, over TCP, TLS and WebSocket.
//!
//! It shows what a real broker adds to [`mqtt_pure::Broker`], which has no I/O: `listener` takes
//! clients in, `connection` moves their bytes, `hub` gives these to the broker and hands out what
//! there is to be written, `store` and `committer` keep sessions and retained messages in a file,
//! `passwords`, `logins` and `access` decide who may do what. `--help` tells the rest.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "select! counts its branches, and counters of bytes do not overflow"
)]

mod access;
mod args;
#[path = "../common/clock.rs"]
mod clock;
mod committer;
mod connection;
mod failure;
mod hub;
mod listener;
#[path = "../common/log.rs"]
mod log;
mod logins;
mod page;
mod passwords;
mod port;
mod signal;
mod store;
mod websocket;

use access::Access;
use anstyle::{AnsiColor, Style};
use args::{Args, Command, Options};
use clap::Parser;
use clock::Clock;
use committer::Committer;
use failure::Failure;
use hub::Hub;
use listener::Entrance;
use mqtt_pure::{Broker, BrokerOptions};
use passwords::Passwords;
use signal::Signal;
use std::{process::ExitCode, sync::Arc, time::Duration};
use store::Store;
use tokio::task::JoinSet;
use tracing::{info, warn};

const BAD: Style = AnsiColor::Red.on_default().bold();

/// How long clients have to hear that it ends.
const PATIENCE: Duration = Duration::from_secs(4);

/// Files that are open for other purposes than connections.
const OTHER_FILES: u64 = 64;

/// What may come in beyond the largest packet before it is taken.
const BEYOND: usize = 64 * 1024;

fn main() -> ExitCode {
    let args = Args::parse();
    log::start(args.verbose);
    let result = match &args.command {
        Some(Command::Password { user }) => passwords::make(user),
        None => run(&args.options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            anstream::eprintln!("{BAD}error:{BAD:#} {failure}");
            ExitCode::from(failure.status())
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    options.check()?;
    open_files(options.max_connections);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = options.threads {
        builder.worker_threads(threads);
    }
    let runtime = builder.enable_all().build()?;
    runtime.block_on(serve(options))
}

/// Every connection is an open file, of which a process may have few unless it asks for more.
fn open_files(connections: usize) {
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OTHER_FILES);
    match rlimit::increase_nofile_limit(wanted) {
        Ok(limit) if limit < wanted => {
            let most = limit.saturating_sub(OTHER_FILES);
            warn!(
                "the system lets this process have {limit} files open: more than about {most} \
                 connections, of the {connections} that --max-connections allows, have to wait"
            );
        }
        Ok(_) => {}
        Err(error) => warn!("cannot tell how many connections the system allows: {error}"),
    }
}

async fn serve(options: &Options) -> Result<(), Failure> {
    let mut ended = Ended::new()?;
    let (hub, store) = hub(options)?;
    let (hub, entrance) = (Arc::clone(&hub), Entrance::new(options, hub)?);
    let listeners = listener::open(options).await?;
    let committer = store.map(|(signal, store)| Committer::start(Arc::clone(&hub), signal, store));
    let time = tokio::spawn(Arc::clone(&hub).keep_time());
    let mut doors = JoinSet::new();
    for listener in listeners {
        doors.spawn(Arc::clone(&entrance).run(listener));
    }
    ended.wait().await;
    info!("ends");
    // Nobody comes in any more; the time goes on for the others.
    doors.shutdown().await;
    hub.shut_down(PATIENCE).await;
    time.abort();
    if let Some(committer) = committer {
        committer.end();
    }
    info!("{:?}", hub.counters());
    Ok(())
}

/// The broker and what it needs to know, and the store with what wakes its thread.
type Made = (Arc<Hub>, Option<(Arc<Signal>, Store)>);

fn hub(options: &Options) -> Result<Made, Failure> {
    let clock = Clock::new();
    let access = options.access.as_deref().map(Access::read).transpose()?.unwrap_or_default();
    let passwords = options.passwords.as_deref().map(Passwords::read).transpose()?;
    let store = options.store.as_deref().map(Store::open).transpose()?;
    let limits = limits(options);
    let max_input = usize::try_from(options.max_packet_size).unwrap_or(usize::MAX);
    let broker = match &store {
        None => Broker::new(limits, access),
        Some(store) => Broker::restore(limits, access, store.state().clone(), clock.now())
            .map_err(|error| Failure::Input(format!("cannot take up what is stored: {error}")))?,
    };
    let store = store.map(|store| (Arc::<Signal>::default(), store));
    let signal = store.as_ref().map(|(signal, _)| Arc::clone(signal));
    let mut hub = Hub::new(broker, clock, signal);
    hub.allow_anonymous = passwords.is_none() || options.allow_anonymous;
    hub.passwords = passwords;
    hub.max_input = max_input.saturating_add(BEYOND);
    Ok((Arc::new(hub), store))
}

fn limits(options: &Options) -> BrokerOptions {
    let mut limits = BrokerOptions::new();
    limits.max_connections = options.max_connections;
    limits.max_sessions = limits.max_sessions.max(options.max_connections);
    limits.session.max_packet_size = options.max_packet_size;
    limits.session.max_queued = options.max_queued;
    limits.session.max_queued_bytes =
        usize::try_from(options.max_queued_bytes.max(options.max_packet_size))
            .unwrap_or(usize::MAX);
    limits.keep_journal = options.store.is_some();
    limits
}

/// Signals that end the program.
struct Ended {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Ended {
    #[cfg(unix)]
    fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())? })
    }

    #[cfg(not(unix))]
    fn new() -> Result<Self, Failure> {
        Ok(Self {})
    }

    async fn wait(&mut self) {
        #[cfg(unix)]
        let terminate = self.terminate.recv();
        #[cfg(not(unix))]
        let terminate = std::future::pending::<Option<()>>();
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate => {}
        }
    }
}
