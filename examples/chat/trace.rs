//! What goes over the wire, a line for each packet.

use crate::link::Side;
use anstyle::{AnsiColor, Style};
use mqtt_pure::{DecodeOptions, Instant, Packet, Publish, QoS, Role, Version};
use std::io::{self, Write};

pub const BAD: Style = AnsiColor::Red.on_default().bold();
pub const GOOD: Style = AnsiColor::Green.on_default();
const DIM: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();
const CLIENT: Style = AnsiColor::Cyan.on_default();
const SERVER: Style = AnsiColor::Magenta.on_default();

pub struct Trace<W> {
    pub out: W,
    is_quiet: bool,
    shows_pings: bool,
    version: Version,
    /// How many have not been shown.
    pings: u64,
}

impl<W: Write> Trace<W> {
    pub fn new(out: W, is_quiet: bool, shows_pings: bool, version: Version) -> Self {
        Self { out, is_quiet, shows_pings, version, pings: 0 }
    }

    /// Shows what one side writes; how many PINGREQs are in it, and how many messages with DUP.
    pub fn written(
        &mut self,
        now: Instant,
        name: &str,
        from: Side,
        bytes: &[u8],
    ) -> io::Result<(u64, u64)> {
        let sender = if from == Side::Client { Role::Client } else { Role::Server };
        let options = DecodeOptions::new(self.version).with_sender(sender);
        let (mut rest, mut pings, mut repeated) = (bytes, 0, 0);
        while let Ok(Some(packet)) = Packet::read(&mut rest, options) {
            let is_ping = matches!(packet, Packet::Pingreq(_) | Packet::Pingresp(_));
            pings += u64::from(matches!(packet, Packet::Pingreq(_)));
            repeated += u64::from(matches!(packet, Packet::Publish(publish) if publish.dup()));
            if is_ping && !self.shows_pings {
                self.pings += 1;
            } else if !self.is_quiet {
                self.lead(now, name)?;
                let (arrow, style) = match from {
                    Side::Client => ("-->", CLIENT),
                    Side::Server => ("<--", SERVER),
                };
                let kind = packet.packet_type();
                write!(self.out, "{style}{arrow}{style:#} {STRONG}{kind:11}{STRONG:#}")?;
                writeln!(self.out, "{}", details(&packet))?;
            }
        }
        Ok((pings, repeated))
    }

    /// Shows what somebody notices or does.
    pub fn note(&mut self, now: Instant, name: &str, style: Style, text: &str) -> io::Result<()> {
        if self.is_quiet {
            return Ok(());
        }
        self.lead(now, name)?;
        writeln!(self.out, "{style}{text}{style:#}")
    }

    fn lead(&mut self, now: Instant, name: &str) -> io::Result<()> {
        if self.pings > 0 {
            writeln!(self.out, "{DIM}{:14}{} pings and answers{DIM:#}", "", self.pings)?;
            self.pings = 0;
        }
        let millis = now.as_millis();
        let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
        let (seconds, millis) = (millis / 1_000 % 60, millis % 1_000);
        write!(self.out, "{DIM}{hours:02}:{minutes:02}:{seconds:02}.{millis:03}{DIM:#}  {name:6}")
    }
}

fn details(packet: &Packet<'_>) -> String {
    match packet {
        Packet::Connect(connect) => format!(
            "{}, {}, keep alive {} s",
            connect.client_id.as_str(),
            if connect.clean_session { "a new session" } else { "the session if there is one" },
            connect.keep_alive
        ),
        Packet::Connack(connack) if connack.session_present => "session present".to_owned(),
        Packet::Connack(_) => "no session".to_owned(),
        Packet::Publish(publish) => message(publish),
        Packet::Puback(p) => format!("id {}", p.packet_id),
        Packet::Pubrec(p) => format!("id {}", p.packet_id),
        Packet::Pubrel(p) => format!("id {}", p.packet_id),
        Packet::Pubcomp(p) => format!("id {}", p.packet_id),
        Packet::Subscribe(p) => {
            let filters: Vec<_> =
                p.subscriptions.iter().map(|s| s.filter.as_str().to_owned()).collect();
            format!("id {}: {}", p.packet_id, filters.join(", "))
        }
        Packet::Suback(p) => {
            let codes: Vec<_> = p.codes.iter().map(|code| code.get().to_string()).collect();
            format!("id {}: granted QoS {}", p.packet_id, codes.join(", "))
        }
        Packet::Disconnect(p) => p.reason.to_string(),
        _ => String::new(),
    }
}

fn message(publish: &Publish<'_>) -> String {
    let id = publish.packet_id().map(|id| format!(" id {id}")).unwrap_or_default();
    let dup = if publish.dup() { " DUP" } else { "" };
    let qos = publish.qos();
    let space = if qos == QoS::AtMostOnce { "" } else { "," };
    let topic = publish.topic.map_or("", |topic| topic.as_str());
    format!("{}{dup} QoS {qos}{space} {topic}: {}", id.trim_start(), publish.payload.escape_ascii())
        .trim_start()
        .to_owned()
}
