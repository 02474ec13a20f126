//! The output: annotated, one line a packet, or JSON.

use crate::{args::Args, capture, columns, json, summary, values};
use columns::{BAD, CLIENT, DIM, SERVER, STRONG};
use mqtt_pure::{DecodeError, DecodeOptions, Explanation, PacketType, Version};
use serde_json::{Value, json};
use std::{
    io::{self, Write},
    net::SocketAddr,
    time::Duration,
};

/// Where a packet comes from, and what is known of its connection.
pub struct Context {
    pub options: DecodeOptions,
    /// Since the beginning of the capture.
    pub time: Option<Duration>,
    /// The connection, if the packets come out of a capture.
    pub link: Option<Link>,
    /// The client has sent a DISCONNECT.
    pub has_left: bool,
    /// The CONNECT names a version that is not known here.
    pub is_foreign: bool,
}

/// A connection, in one of its directions.
pub struct Link {
    pub number: u64,
    /// The client identifier, once it is known.
    pub name: String,
    pub from_client: bool,
}

impl Context {
    pub fn new(options: DecodeOptions) -> Self {
        Self { options, time: None, link: None, has_left: false, is_foreign: false }
    }

    /// The next packets are from this side.
    pub fn turn(&mut self, time: Duration, from_client: bool) {
        self.time = Some(time);
        if let Some(link) = &mut self.link {
            link.from_client = from_client;
        }
    }

    fn is_from_client(&self) -> bool {
        self.link.as_ref().is_none_or(|link| link.from_client)
    }

    fn to_json(&self) -> serde_json::Map<String, Value> {
        let mut object = serde_json::Map::new();
        if let Some(time) = self.time {
            object.insert("time".to_owned(), json!(time.as_secs_f64()));
        }
        if let Some(link) = &self.link {
            object.insert("connection".to_owned(), json!(link.number));
            let from = if link.from_client { "client" } else { "server" };
            object.insert("from".to_owned(), json!(from));
        }
        object
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Annotated,
    Summary,
    Json,
}

pub struct Report<W> {
    out: W,
    style: Style,
    is_full: bool,
    show_secrets: bool,
    /// Whether somebody is watching, so that nothing may be held back.
    is_live: bool,
    connections: u64,
    packets: u64,
    violations: u64,
    /// What is incomplete or missing.
    faults: u64,
}

impl<W: Write> Report<W> {
    pub fn new(out: W, args: &Args, is_live: bool) -> Self {
        let style = match (args.json, args.summary) {
            (true, _) => Style::Json,
            (_, true) => Style::Summary,
            _ => Style::Annotated,
        };
        Self {
            out,
            style,
            is_full: args.full,
            show_secrets: args.show_secrets,
            is_live,
            connections: 0,
            packets: 0,
            violations: 0,
            faults: 0,
        }
    }

    /// Shows a packet, of which `bytes` are the beginning or all.
    pub fn packet(
        &mut self,
        context: &Context,
        bytes: &[u8],
        explanation: &Explanation<'_>,
    ) -> io::Result<()> {
        self.packets += 1;
        let violations = u64::try_from(explanation.violations.len()).unwrap_or(u64::MAX);
        self.violations = self.violations.saturating_add(violations);
        self.faults += u64::from(explanation.missing > 0);
        if self.style == Style::Json {
            return self.packet_as_json(context, bytes, explanation);
        }
        self.lead(context)?;
        let name = explanation.packet_type.map_or("not a packet", PacketType::name);
        let style = if explanation.packet.is_some() { STRONG } else { BAD };
        write!(self.out, "{style}{name}{style:#}")?;
        writeln!(self.out, "{}", summary::of(explanation, bytes.len()))?;
        if self.style == Style::Summary {
            for violation in &explanation.violations {
                let what = values::violation(violation);
                writeln!(self.out, "    {BAD}{}{BAD:#}: {what}", violation.code())?;
            }
        } else {
            columns::write(
                &mut self.out,
                bytes,
                explanation,
                columns::Limits { is_full: self.is_full, show_secrets: self.show_secrets },
            )?;
        }
        if explanation.missing > 0 {
            self.write_missing(explanation.missing)?;
        }
        if self.style == Style::Annotated {
            writeln!(self.out)?;
        }
        self.flush_if_live()
    }

    fn packet_as_json(
        &mut self,
        context: &Context,
        bytes: &[u8],
        explanation: &Explanation<'_>,
    ) -> io::Result<()> {
        let mut object = context.to_json();
        object.insert("version".to_owned(), json!(explanation.version.to_string()));
        if let Some(packet) = &explanation.packet {
            let mut packet = json::packet_to_json(packet, explanation.version);
            if !self.show_secrets {
                hide_secrets(&mut packet);
            }
            object.insert("packet".to_owned(), packet);
        } else {
            let name = explanation.packet_type.map(|it| it.name().to_lowercase());
            object.insert("type".to_owned(), json!(name));
            let errors: Vec<_> = explanation.violations.iter().map(error_to_json).collect();
            if !errors.is_empty() {
                object.insert("errors".to_owned(), json!(errors));
            }
            if explanation.missing > 0 {
                object.insert("missing".to_owned(), json!(explanation.missing));
            }
            if self.show_secrets || !columns::may_be_secret(explanation) {
                object.insert("bytes".to_owned(), json!(hex::encode(bytes)));
            }
        }
        self.line(&Value::Object(object))
    }

    /// The rest of a packet that is not shown is missing.
    pub fn incomplete(&mut self, context: &Context, missing: usize) -> io::Result<()> {
        self.faults += 1;
        if self.style == Style::Json {
            let mut object = context.to_json();
            object.insert("missing".to_owned(), json!(missing));
            return self.line(&Value::Object(object));
        }
        self.lead(context)?;
        writeln!(self.out)?;
        self.write_missing(missing)
    }

    fn write_missing(&mut self, missing: usize) -> io::Result<()> {
        let bytes = if missing == 1 { "byte is" } else { "bytes are" };
        writeln!(self.out, "    {BAD}incomplete{BAD:#}: at least {missing} more {bytes} missing")
    }

    /// Says that something could not be decoded.
    pub fn fault(&mut self, context: &Context, what: &str) -> io::Result<()> {
        self.faults += 1;
        self.note(context, what)
    }

    /// Says something about a direction.
    pub fn note(&mut self, context: &Context, what: &str) -> io::Result<()> {
        if self.style == Style::Json {
            let mut object = context.to_json();
            object.insert("note".to_owned(), json!(what));
            return self.line(&Value::Object(object));
        }
        self.lead(context)?;
        writeln!(self.out, "{BAD}{what}{BAD:#}")?;
        self.gap_between()
    }

    /// A connection begins.
    pub fn opened(
        &mut self,
        time: Duration,
        number: u64,
        client: SocketAddr,
        server: SocketAddr,
    ) -> io::Result<()> {
        self.connections += 1;
        if self.style == Style::Json {
            return Ok(());
        }
        let time = time.as_secs_f64();
        writeln!(self.out, "{DIM}{time:>9.6}  #{number} opens, {client} to {server}{DIM:#}")?;
        self.gap_between()
    }

    /// A connection ends; the side that the context names was the first to say so.
    pub fn closed(&mut self, context: &Context, is_reset: bool) -> io::Result<()> {
        if self.style == Style::Json {
            return Ok(());
        }
        let (Some(time), Some(link)) = (context.time, &context.link) else { return Ok(()) };
        let side = if link.from_client { "client" } else { "server" };
        let how = if is_reset { "resets" } else { "closes" };
        let without = if context.has_left { "" } else { ", without a DISCONNECT" };
        let (time, number) = (time.as_secs_f64(), link.number);
        writeln!(self.out, "{DIM}{time:>9.6}  #{number} the {side} {how} it{without}{DIM:#}")?;
        self.gap_between()
    }

    /// Says what there was in the capture that is not shown.
    pub fn end_of_capture(&mut self, end: &capture::End) -> io::Result<()> {
        let mut notes = Vec::new();
        if end.is_cut {
            self.faults += 1;
            notes.push(format!("the capture ends within a record, after {}", end.records));
        }
        if end.fragments > 0 {
            notes.push(format!("{} IP fragments are not decoded", end.fragments));
        }
        for (link, count) in &end.unknown_links {
            notes.push(format!("{count} records have link type {link}, which is not known here"));
        }
        if self.connections == 0 {
            let why = format!("no MQTT connection in {} records; see --port", end.records);
            notes.push(why);
        }
        for note in notes {
            if self.style == Style::Json {
                self.line(&json!({ "note": note }))?;
            } else {
                writeln!(self.out, "{BAD}{note}{BAD:#}")?;
            }
        }
        Ok(())
    }

    /// The last line.
    pub fn finish(&mut self) -> io::Result<()> {
        if self.style != Style::Json {
            let mut parts = Vec::new();
            if self.connections > 0 {
                parts.push(count(self.connections, "connection"));
            }
            parts.push(count(self.packets, "packet"));
            parts.push(match self.violations {
                0 => "no violation".to_owned(),
                violations => count(violations, "violation"),
            });
            if self.faults > 0 {
                parts.push(format!("{} incomplete or missing", self.faults));
            }
            let style = if self.has_findings() { BAD } else { columns::GOOD };
            writeln!(self.out, "{style}{}{style:#}", parts.join(", "))?;
        }
        self.out.flush()
    }

    pub fn has_findings(&self) -> bool {
        self.violations > 0 || self.faults > 0
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// What stands in front of everything that one side does.
    fn lead(&mut self, context: &Context) -> io::Result<()> {
        if let Some(time) = context.time {
            write!(self.out, "{DIM}{:>9.6}{DIM:#}  ", time.as_secs_f64())?;
        }
        let Some(link) = &context.link else { return Ok(()) };
        let (style, arrow) =
            if context.is_from_client() { (CLIENT, '→') } else { (SERVER, '←') };
        let space = if link.name.is_empty() { "" } else { " " };
        write!(self.out, "{style}#{}{space}{} {arrow}{style:#} ", link.number, link.name)
    }

    fn line(&mut self, value: &Value) -> io::Result<()> {
        writeln!(self.out, "{value}")?;
        self.flush_if_live()
    }

    fn gap_between(&mut self) -> io::Result<()> {
        if self.style == Style::Annotated {
            writeln!(self.out)?;
        }
        self.flush_if_live()
    }

    fn flush_if_live(&mut self) -> io::Result<()> {
        if self.is_live { self.out.flush() } else { Ok(()) }
    }
}

fn count(number: u64, name: &str) -> String {
    format!("{number} {name}{}", if number == 1 { "" } else { "s" })
}

fn error_to_json(error: &DecodeError) -> Value {
    let mut value = json!({
        "code": error.code(),
        "statement": error.statement(),
        "offset": error.offset(),
        "field": error.field().name(),
        "message": error.to_string(),
    });
    // What the peer may be told, which 3.1 and 3.1.1 have no means for.
    if let (Version::V5_0, Some(object)) = (error.version(), value.as_object_mut()) {
        object.insert("reason_code".to_owned(), json!(error.reason_code().get()));
    }
    value
}

/// The hex digits of a password, and of the data of an authentication, become a text that is none.
fn hide_secrets(packet: &mut Value) {
    for pointer in ["/password", "/properties/authentication_data"] {
        if let Some(Value::String(digits)) = packet.pointer_mut(pointer) {
            *digits = format!("<{} bytes, not shown>", digits.len() / 2);
        }
    }
}
