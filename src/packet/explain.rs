//! What each byte of a packet means, and every rule that it breaks: the decoder's own trace.

use super::{
    DecodeError, DecodeOptions, ErrorKind, Field, Packet, PacketType,
    fields::Fields,
    frame::{self, Start},
    watch::Watch,
};
use crate::{types::Version, wire::Text};
use alloc::vec::Vec;
use core::{fmt, ops::Range};

/// The value of a field.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Packet type and flags.
    FirstByte(PacketType, u8),
    /// The connect flags.
    ConnectFlags(u8),
    /// The first byte of CONNACK.
    AcknowledgeFlags(u8),
    /// A number.
    Number(u32),
    /// The subscription options of 5.0.
    SubscriptionOptions(u8),
    /// A string. One that breaks a rule may show as empty; its bytes are in the packet.
    Text(Text<'a>),
    /// Two strings, of which the same holds.
    Pair(Text<'a>, Text<'a>),
    /// Bytes of any meaning.
    Bytes(&'a [u8]),
    /// This many bytes that are not to be shown.
    Secret(usize),
}

/// The same as its `Display`: the number of bytes, not what they are.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::FirstByte(packet_type, flags) => first_byte(packet_type, flags, f),
            Self::ConnectFlags(flags) => connect_flags(flags, f),
            Self::AcknowledgeFlags(flags) => {
                f.write_str(if flags & 1 == 0 { "no session present" } else { "session present" })
            }
            Self::Number(number) => number.fmt(f),
            Self::SubscriptionOptions(options) => subscription_options(options, f),
            Self::Pair(name, value) => write!(f, "{name:?} = {value:?}"),
            Self::Text(text) => fmt::Debug::fmt(&text, f),
            Self::Bytes(bytes) => write!(f, "<{} bytes>", bytes.len()),
            Self::Secret(len) => write!(f, "<{len} bytes, not shown>"),
        }
    }
}

fn first_byte(packet_type: PacketType, flags: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(packet_type.name())?;
    if packet_type != PacketType::Publish {
        return Ok(());
    }
    write!(f, ", QoS {}", flags.wrapping_shr(1) & 3)?;
    if flags & 0x08 != 0 {
        f.write_str(", DUP")?;
    }
    if flags & 0x01 != 0 {
        f.write_str(", RETAIN")?;
    }
    Ok(())
}

fn subscription_options(options: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "QoS {}", options & 3)?;
    if options & 0x04 != 0 {
        f.write_str(", no local")?;
    }
    if options & 0x08 != 0 {
        f.write_str(", retain as published")?;
    }
    write!(f, ", retain handling {}", options.wrapping_shr(4) & 3)
}

fn connect_flags(flags: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let names = [
        (0x80, "user name"),
        (0x40, "password"),
        (0x20, "will retain"),
        (0x04, "will"),
        (0x02, "clean session"),
        (0x01, "reserved bit"),
    ];
    let mut first = true;
    for (_, name) in names.into_iter().filter(|(bit, _)| flags & bit != 0) {
        if !first {
            f.write_str(", ")?;
        }
        f.write_str(name)?;
        first = false;
        if name == "will" {
            write!(f, " at QoS {}", flags.wrapping_shr(3) & 3)?;
        }
    }
    if first { f.write_str("none") } else { Ok(()) }
}

/// One field of an explained packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedField<'a> {
    /// Which field.
    pub field: Field,
    /// Its bytes, counted from the first of the packet; the length in front of a string included.
    pub span: Range<usize>,
    /// Its value.
    pub value: Value<'a>,
}

/// What each byte of a packet means, and every rule that it breaks. See [`explain`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation<'a> {
    /// The type; `None` where the first byte names none.
    pub packet_type: Option<PacketType>,
    /// The version by whose rules the packet was read.
    pub version: Version,
    /// The fields, in wire order, as far as the bytes could be read.
    pub fields: Vec<ExplainedField<'a>>,
    /// The broken rules, in the order in which they were noticed.
    pub violations: Vec<DecodeError>,
    /// The packet, if it is whole and breaks no rule.
    pub packet: Option<Packet<'a>>,
    /// How many bytes are missing at least; 0 when the packet is whole.
    pub missing: usize,
    /// How many bytes of the input belong to the packet.
    pub len: usize,
}

/// Explains the packet at the front of `input`: an audit of every byte.
///
/// It is the decoder itself that tells, so the explanation cannot differ from what decoding does.
/// Where the decoder would stop at a fault, the explanation lists it and goes on as far as the bytes
/// allow; it stops where a length leads out of the packet.
///
/// ```
/// use mqtt_pure::{DecodeOptions, explain};
///
/// // PUBLISH at QoS 1, to a topic with a wildcard, with a packet identifier of zero
/// let audit = explain(b"\x32\x07\x00\x03a/+\x00\x00", DecodeOptions::default());
/// let codes: Vec<_> = audit.violations.iter().map(|violation| violation.code()).collect();
/// assert_eq!(codes, ["topic.name_has_wildcard", "packet_id.zero"]);
/// assert_eq!(audit.fields.len(), 5);
/// ```
pub fn explain(input: &[u8], options: DecodeOptions) -> Explanation<'_> {
    let mut audit = Audit::default();
    let mut packet = None;
    let (mut missing, mut len) = (0, input.len());
    match frame::header(input, &options, &mut audit) {
        Err(error) => audit.note(error),
        Ok(Start::Partial) => missing = 1,
        Ok(Start::Header(header)) => {
            let body;
            (body, missing) = header.body(input);
            len = header.header_len().saturating_add(body.len());
            audit.missing = missing;
            let header_len = header.header_len();
            let fields = Fields::new(header.packet_type, body, header_len, &options, &mut audit);
            match Packet::decode_body(header.first, fields, Ok, Err) {
                Ok(decoded) => packet = Some(decoded),
                Err(_) if audit.waiting => {}
                Err(error) => audit.note(error),
            }
        }
    }
    let Audit { fields, violations, version, .. } = audit;
    Explanation {
        packet_type: fields.iter().find_map(|field| match field.value {
            Value::FirstByte(packet_type, _) => Some(packet_type),
            _ => None,
        }),
        version: version.unwrap_or(options.version),
        packet: packet.filter(|_| violations.is_empty()),
        fields,
        violations,
        missing,
        len,
    }
}

/// Collects everything.
#[derive(Default)]
struct Audit<'a> {
    fields: Vec<ExplainedField<'a>>,
    violations: Vec<DecodeError>,
    missing: usize,
    waiting: bool,
    /// What a CONNECT has named.
    version: Option<Version>,
}

impl Audit<'_> {
    /// A packet that is too short or too long for its type is noticed twice: in the fixed header,
    /// and where a field is missing or left over.
    fn note(&mut self, error: DecodeError) {
        use ErrorKind::{NoFilters, NoReasonCodes, TrailingBytes, TruncatedField};
        let is_length =
            matches!(error.kind, TruncatedField | TrailingBytes | NoFilters | NoReasonCodes);
        let is_known = is_length && self.violations.iter().any(|known| known.kind == error.kind);
        // What ends the reading may have been noted as a breach.
        if !is_known && self.violations.last() != Some(&error) {
            self.violations.push(error);
        }
    }
}

impl<'a> Watch<'a> for Audit<'a> {
    type Fault = DecodeError;

    fn missing(&self) -> usize {
        self.missing
    }

    fn wait(&mut self) {
        self.waiting = true;
    }

    fn named(&mut self, version: Version) {
        self.version = Some(version);
    }

    fn saw(&mut self, field: Field, span: Range<usize>, value: Value<'a>) {
        self.fields.push(ExplainedField { field, span, value });
    }

    fn breach(&mut self, error: DecodeError) -> Result<(), DecodeError> {
        self.note(error);
        Ok(())
    }
}
