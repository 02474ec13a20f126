//! The command line.

use crate::{color::Color, protocol::Protocol};
use clap::Parser;
use mqtt_pure::QoS;

const EXAMPLES: &str = "\
Examples (after `cargo run --example chat --`):
  --hours 1 --all            an hour, with every PINGREQ and PINGRESP
  --drop 20%                 a fifth of what is written is cut off, and the connection with it
  --drop 20% --qos 1 --quiet how often QoS 1 delivers twice
  --drop 50% --seed 7        another day, as bad as can be

Exit status:
  0  every message was delivered as its QoS promises
  1  one was not
  2  wrong arguments";

/// Three people chat for a day, in milliseconds: clients, servers and a switch between them in one
/// process, without network
///
/// Their clocks are simulated. The same arguments always give the same output.
#[derive(Debug, Parser)]
#[command(name = "chat", version, after_help = EXAMPLES)]
pub struct Args {
    /// How much of what is written is lost on its way, such as 20% or 0.2, at most 90%
    ///
    /// TCP loses no packet from the middle. So a loss delivers the first bytes of a write, maybe none,
    /// and ends the connection; every fourth time nobody is told, and both sides have to find out.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = share)]
    pub drop: u32,

    /// What chance depends on
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// How long they chat, 1 to 8760 hours
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=8_760))]
    pub hours: u64,

    /// Quality of service: 0, 1 or 2
    #[arg(long, default_value = "2", value_parser = qos)]
    pub qos: QoS,

    /// Version of MQTT
    #[arg(long, value_enum, default_value_t = Protocol::V5_0)]
    pub protocol: Protocol,

    /// Seconds between two packets of a client, at least 5
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u16).range(5..))]
    pub keep_alive: u16,

    /// Show PINGREQ and PINGRESP one by one
    #[arg(long, conflicts_with = "quiet")]
    pub all: bool,

    /// Show the summary alone
    #[arg(long)]
    pub quiet: bool,

    /// When to use colors
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,
}

/// Out of 10,000, so that chance is the same on every machine.
fn share(text: &str) -> Result<u32, String> {
    let (number, unit) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 10_000.0),
    };
    let share =
        number.trim().parse::<f64>().map_err(|_| "a share is like 20% or 0.2".to_owned())?;
    let share = (share * unit).round();
    if !(0.0..=9_000.0).contains(&share) {
        return Err("a share is from 0% to 90%".to_owned());
    }
    format!("{share:.0}").parse().map_err(|_| "a share is like 20% or 0.2".to_owned())
}

fn qos(text: &str) -> Result<QoS, String> {
    let level = text.parse().ok().and_then(QoS::new);
    level.ok_or_else(|| "0, 1 or 2 is known".to_owned())
}
