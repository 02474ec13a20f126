//! The command line.

use crate::{color::Color, protocol::Protocol};
use clap::{Parser, ValueEnum};
use mqtt_pure::{DecodeOptions, Strictness};

const EXAMPLES: &str = "\
Examples (after `cargo run --example inspect --`):
  30 07 00 03 61 2f 62 68 69        a packet; spaces, colons and 0x are ignored
  c000 d000                         two packets, one after the other
  capture.pcapng --summary          a capture, one line a packet
  testdata/captures/session-v5.pcap a recorded conversation of MQTT 5.0
  @packets.bin --protocol 3.1       raw packets from a file
  e0020000 --protocol 5.0           a packet that 3.1.1 does not have
  - --json                          from standard input: hex, raw packets or a capture

Standard input can be a running capture:
  tcpdump -i lo -U -w - port 1883 | inspect -

Exit status:
  0  every packet is sound
  1  a packet breaks a rule or is incomplete, or a part of the capture could not be decoded
  2  wrong arguments, or input that cannot be read";

/// Shows what MQTT bytes mean, byte by byte, and every rule that they break
///
/// Without INPUT it shows a conversation that was recorded between real clients and a broker. It
/// knows MQTT 3.1, 3.1.1 and 5.0.
#[derive(Debug, Parser)]
#[command(name = "inspect", version, after_help = EXAMPLES)]
pub struct Args {
    /// Hex digits, FILE, @FILE, or - for standard input
    ///
    /// A file, and standard input, may hold a capture (pcap or pcapng), packets one after the other
    /// in binary, or hex digits.
    #[arg(value_name = "INPUT")]
    pub input: Vec<String>,

    /// TCP port of the brokers in a capture
    ///
    /// Connections to other ports are shown if they begin with a CONNECT.
    #[arg(long, value_name = "PORT", default_value_t = 1883)]
    pub port: u16,

    /// Version of packets that no CONNECT comes before
    ///
    /// A CONNECT names the version of its connection. Without it the version cannot be told by the
    /// packets: one of 5.0 may look like a broken one of 3.1.1.
    #[arg(long, value_name = "VERSION", value_enum, default_value_t = Protocol::V3_1_1)]
    pub protocol: Protocol,

    /// Rules to apply of those that the standard leaves open
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = Level::Default)]
    pub strictness: Level,

    /// One line a packet
    #[arg(long, conflicts_with = "json")]
    pub summary: bool,

    /// One JSON object a line: packets as in the conformance vectors, faults with their codes
    #[arg(long)]
    pub json: bool,

    /// Show long fields whole
    #[arg(long)]
    pub full: bool,

    /// Show passwords and authentication data, which are hidden otherwise
    #[arg(long)]
    pub show_secrets: bool,

    /// When to use colors
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,
}

impl Args {
    /// How packets are to be decoded.
    pub fn options(&self) -> DecodeOptions {
        DecodeOptions::new(self.protocol.version()).with_strictness(match self.strictness {
            Level::Default => Strictness::DEFAULT,
            Level::Strict => Strictness::STRICT,
            Level::Tolerant => Strictness::TOLERANT,
        })
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Level {
    Default,
    Strict,
    Tolerant,
}
