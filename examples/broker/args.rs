//! The command line.

use crate::failure::Failure;
use clap::{ArgAction, Parser, Subcommand};
use std::path::PathBuf;

const MORE: &str = "\
Without --listen, --tls-listen, --ws-listen and --wss-listen it listens on 127.0.0.1:1883. Port 0 takes
any free one. Where it listens is told on standard output, a line each:
  listening on mqtt://127.0.0.1:1883

Who may connect:
  Without --passwords everybody may, from this machine: other addresses than those of the loopback need
  --passwords, --allow-anonymous, or for TLS --client-ca. A line of the password file is made by
    broker password alice >> passwords.txt

Who may do what (--access FILE):
  Each line says who may do what with which topics; what no line allows is not allowed. Who is a user,
  `anonymous` for those without a user name, or `*` for everybody. What is publish, subscribe or both.
  A level %u stands for the name of the user, %c for the client identifier.
    # who      what       topics
    alice      both       house/#
    *          publish    sensors/%u/+
    *          subscribe  commands/%c
    anonymous  subscribe  news/#

Examples (after `cargo run --example broker --`):
  -v
  --ws-listen 127.0.0.1:8080 --store broker.redb       and http://127.0.0.1:8080 is a page to try it
  --listen 0.0.0.0:1883 --passwords passwords.txt --access access.txt
  --tls-listen 0.0.0.0:8883 --cert server.pem --key server.key --client-ca ca.pem

It ends by Ctrl-C or SIGTERM, with status 0.";

/// A broker for MQTT 3.1, 3.1.1 and 5.0 over TCP, TLS and WebSocket
#[derive(Debug, Parser)]
#[command(name = "broker", version, after_help = MORE)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Tell what happens, on standard error; twice for more
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,

    #[command(flatten)]
    pub options: Options,

    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a line of the password file
    ///
    /// The password is asked for, or is the line on standard input.
    Password {
        /// Name of the user
        user: String,
    },
}

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Listen for TCP
    #[arg(short, long, value_name = "ADDRESS:PORT")]
    pub listen: Vec<String>,

    /// Listen for TLS
    #[arg(long, value_name = "ADDRESS:PORT", requires_all = ["cert", "key"])]
    pub tls_listen: Vec<String>,

    /// Listen for WebSocket, and give browsers a page
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub ws_listen: Vec<String>,

    /// Listen for WebSocket over TLS, likewise
    #[arg(long, value_name = "ADDRESS:PORT", requires_all = ["cert", "key"])]
    pub wss_listen: Vec<String>,

    /// Certificate of the server, and those between it and the authority (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,

    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,

    /// Over TLS only clients with a certificate of these authorities may connect (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub client_ca: Option<PathBuf>,

    /// Let pages of this origin connect too, as in https://example.org, not only the broker's own
    #[arg(long, value_name = "ORIGIN")]
    pub ws_origin: Vec<String>,

    /// Users and their hashed passwords
    #[arg(long, value_name = "FILE")]
    pub passwords: Option<PathBuf>,

    /// Clients without a user name may connect, from anywhere
    #[arg(long)]
    pub allow_anonymous: bool,

    /// Who may do what, see below
    #[arg(long, value_name = "FILE")]
    pub access: Option<PathBuf>,

    /// Keep sessions and retained messages in this file, so that they survive crashes too
    #[arg(short, long, value_name = "FILE")]
    pub store: Option<PathBuf>,

    /// Largest packet in bytes; K and M are known
    #[arg(long, value_name = "SIZE", default_value = "1M", value_parser = size)]
    pub max_packet_size: u32,

    /// How many connections there may be
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub max_connections: usize,

    /// How many messages wait for a client that is away or slow
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub max_queued: u32,

    /// How many bytes these take up; K and M are known
    #[arg(long, value_name = "SIZE", default_value = "4M", value_parser = size)]
    pub max_queued_bytes: u32,

    /// How many threads do the work
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

impl Options {
    /// What can't be told by the arguments one by one.
    pub fn check(&self) -> Result<(), Failure> {
        let uses_tls = !self.tls_listen.is_empty() || !self.wss_listen.is_empty();
        if self.cert.is_some() && !uses_tls {
            let why = "--cert and --key go with --tls-listen or --wss-listen";
            return Err(Failure::Input(why.to_owned()));
        }
        if self.threads == Some(0) || self.max_packet_size < 128 {
            let why = "--threads and --max-packet-size: less than that does not work";
            return Err(Failure::Input(why.to_owned()));
        }
        Ok(())
    }
}

fn size(text: &str) -> Result<u32, String> {
    let (digits, unit) = match text.strip_suffix(['K', 'k']) {
        Some(digits) => (digits, 1_024),
        None => text.strip_suffix(['M', 'm']).map_or((text, 1), |digits| (digits, 1_048_576)),
    };
    let number: Option<u32> = digits.parse().ok();
    let bytes = number.and_then(|number| number.checked_mul(unit));
    bytes.ok_or_else(|| "a number of bytes is expected, as 65536, 64K or 16M".to_owned())
}
