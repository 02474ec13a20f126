//! The command line.

use crate::{faults, load};
use clap::{Parser, ValueEnum, builder::PossibleValuesParser};
use std::{path::PathBuf, time::Duration};

/// What a measurement says something after, and what it ends with in a time that a person waits.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(600);

const MORE: &str = "\
Without WHAT everything is done. Servers listen on 127.0.0.1, at ports that are free, and end with this
program, whose status is 1 if something does not hold.

Examples (after `cargo run --release --`):
  load --bound 1.0
  load --only trip-1 --only trip-50 --seconds 5 --rounds 3
  connections --connections 5000
  faults --only slow-readers";

/// Puts load on the example broker beside mosquitto, and faults on the example broker
#[derive(Debug, Parser)]
#[command(name = "load", after_help = MORE)]
pub struct Args {
    /// What is done
    #[arg(value_name = "WHAT")]
    pub what: Vec<What>,

    /// How long each measurement, and each fault, goes on
    #[arg(long, default_value = "2", value_name = "SECONDS", value_parser = seconds)]
    seconds: Duration,

    /// How many turns each broker has in each case
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    pub rounds: u8,

    /// The smallest ratio to mosquitto, in every case, that is good enough
    #[arg(long, value_name = "RATIO")]
    pub bound: Option<f64>,

    /// How many idle connections are held
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    pub connections: usize,

    /// The cases or faults with these names, no others
    #[arg(long, value_name = "NAME", value_parser = names())]
    pub only: Vec<String>,

    /// Leave out the example broker with one thread and with a store
    #[arg(long)]
    pub plain: bool,

    /// The example broker; without it, it is built
    #[arg(long, value_name = "FILE")]
    pub broker: Option<PathBuf>,

    /// The other broker
    #[arg(long, default_value = "mosquitto", value_name = "FILE")]
    pub mosquitto: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Messages per second, beside mosquitto
    Load,
    /// Memory of idle connections, beside mosquitto
    Connections,
    /// What bad clients do to the broker and to good ones
    Faults,
}

impl Args {
    pub fn wants(&self, what: What) -> bool {
        self.what.is_empty() || self.what.contains(&what)
    }

    pub fn wants_named(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|one| one == name)
    }

    pub const fn time(&self) -> Duration {
        self.seconds
    }
}

fn names() -> PossibleValuesParser {
    load::names().chain(faults::names()).into()
}

fn seconds(text: &str) -> Result<Duration, String> {
    let time = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let is_fine = |time: &Duration| (SHORTEST..=LONGEST).contains(time);
    time.filter(is_fine).ok_or_else(|| format!("a time from {SHORTEST:?} to {LONGEST:?}"))
}
