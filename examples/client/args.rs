//! The command line.

use crate::{protocol::Protocol, url::Url};
use clap::{ArgAction, Parser, Subcommand};
use mqtt_pure::QoS;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples (after `cargo run --example client --`):
  publish mqtt://localhost a/b --message hello
  publish localhost a/b --qos 2 --lines --client-id p --session p.json < lines.txt
  subscribe mqtts://localhost 'a/#' --ca ca.pem --user-name me --password-env PASSWORD
  subscribe ws://localhost:8080/mqtt a/b --protocol 3.1.1 --count 1 -v

Exit status:
  0  done, or ended by Ctrl-C
  1  something was not delivered, or not granted
  2  wrong arguments, or a file that cannot be used
  3  the server has refused the client
  4  no connection";

/// Publishes and subscribes over TCP, TLS and WebSocket
///
/// A connection that is lost is made again, and the session resumed where there is one: in 5.0 always,
/// before 5.0 with --session.
#[derive(Debug, Parser)]
#[command(name = "client", version, after_help = EXAMPLES)]
pub struct Args {
    /// Tell what happens, on standard error; twice for every write, thrice for more
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send messages, and end when all of them have arrived
    #[command(after_help = EXAMPLES)]
    Publish(PublishArgs),
    /// Print the messages that come
    #[command(after_help = EXAMPLES)]
    Subscribe(SubscribeArgs),
}

#[derive(Debug, clap::Args)]
pub struct PublishArgs {
    #[command(flatten)]
    pub connection: ConnectionArgs,

    /// Topic name
    pub topic: String,

    /// The message
    #[arg(short, long, group = "source")]
    pub message: Option<String>,

    /// File whose content is the message
    #[arg(short, long, value_name = "FILE", group = "source")]
    pub file: Option<PathBuf>,

    /// Each line of standard input is a message; so it is without --message and --file
    #[arg(short, long, group = "source")]
    pub lines: bool,

    /// Quality of service: 0, 1 or 2
    #[arg(short, long, default_value = "0", value_parser = qos)]
    pub qos: QoS,

    /// The server is to keep the message for subscribers to come
    #[arg(short, long)]
    pub retain: bool,

    /// The input is that of the last run with this --session: go on behind what that took
    ///
    /// However often a run is killed and started again so, each message is taken once.
    #[arg(long, requires = "session")]
    pub resume: bool,
}

#[derive(Debug, clap::Args)]
pub struct SubscribeArgs {
    #[command(flatten)]
    pub connection: ConnectionArgs,

    /// Topic filters
    #[arg(required = true, value_name = "FILTER")]
    pub filters: Vec<String>,

    /// Highest quality of service: 0, 1 or 2
    #[arg(short, long, default_value = "0", value_parser = qos)]
    pub qos: QoS,

    /// End after so many messages
    #[arg(short, long, value_name = "N")]
    pub count: Option<u64>,

    /// Print the payload alone, without the topic
    #[arg(long)]
    pub payload: bool,
}

#[derive(Debug, clap::Args)]
pub struct ConnectionArgs {
    /// mqtt://HOST[:PORT], mqtts://..., ws://.../PATH or wss://.../PATH
    pub url: Url,

    /// Version of MQTT
    #[arg(long, value_enum, default_value_t = Protocol::V5_0)]
    pub protocol: Protocol,

    /// Client identifier; without one the program makes one
    #[arg(short = 'i', long, value_name = "ID")]
    pub client_id: Option<String>,

    /// File that keeps the session, so that the next run resumes it
    #[arg(long, value_name = "FILE", requires = "client_id")]
    pub session: Option<PathBuf>,

    /// For how many seconds the server keeps the session of --session (5.0)
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    pub session_expiry: u32,

    /// Largest number of seconds between two packets; 0 for any
    #[arg(short, long, value_name = "SECONDS", default_value_t = 60)]
    pub keep_alive: u16,

    /// User name
    #[arg(short, long, value_name = "NAME")]
    pub user_name: Option<String>,

    /// Environment variable with the password
    #[arg(long, value_name = "VARIABLE", requires = "user_name", conflicts_with = "password_file")]
    pub password_env: Option<String>,

    /// File with the password; a line end behind it does not count
    #[arg(long, value_name = "FILE", requires = "user_name")]
    pub password_file: Option<PathBuf>,

    /// Certificates to trust instead of those of the system (PEM)
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,

    /// Try the first connection again and again too
    #[arg(long)]
    pub keep_trying: bool,

    #[command(flatten)]
    pub will: WillArgs,
}

#[derive(Debug, clap::Args)]
pub struct WillArgs {
    /// Topic of the message that the server publishes if this client vanishes
    #[arg(long, value_name = "TOPIC", requires = "will_message")]
    pub will_topic: Option<String>,

    /// Payload of the will
    #[arg(long, value_name = "MESSAGE", requires = "will_topic")]
    pub will_message: Option<String>,

    /// Quality of service of the will
    #[arg(long, value_name = "QOS", default_value = "0", value_parser = qos)]
    pub will_qos: QoS,

    /// The server is to keep the will
    #[arg(long, requires = "will_topic")]
    pub will_retain: bool,
}

fn qos(text: &str) -> Result<QoS, String> {
    let level = text.parse().ok().and_then(QoS::new);
    level.ok_or_else(|| "0, 1 or 2 is known".to_owned())
}
