//! Cuts one direction of a byte stream into packets, sound or not, for as long as that is possible.

use crate::report::{Context, Report};
use mqtt_pure::{ErrorKind, Explanation, Field, PacketType, PropertyId, Value, explain};
use std::io::{self, Write};

/// So much is shown of what cannot be cut into packets.
const SHOWN: usize = 32;

#[derive(Debug, Default)]
pub struct Framing {
    bytes: Vec<u8>,
    /// How many bytes of a packet that is too large to be held are still to come.
    skip: usize,
    is_stopped: bool,
}

/// What stands at the front of the bytes.
enum Cut {
    NeedMore,
    Packet(usize),
    /// A packet of this length is over the limit.
    Oversize(usize),
    /// There is no telling where this ends.
    Unframeable,
}

impl Framing {
    /// Takes in the next bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.is_stopped {
            return;
        }
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        self.bytes.extend_from_slice(bytes.get(skipped..).unwrap_or_default());
    }

    /// Nothing that follows is decoded.
    pub fn stop(&mut self) {
        *self = Self { is_stopped: true, ..Self::default() };
    }

    pub fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Shows the packets that are whole.
    pub fn report_packets<W: Write>(
        &mut self,
        context: &mut Context,
        report: &mut Report<W>,
    ) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.bytes);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let len = match cut(rest, context) {
                Cut::NeedMore => break,
                Cut::Packet(len) => len,
                Cut::Oversize(len) => {
                    self.skip = len.saturating_sub(rest.len());
                    len.min(rest.len())
                }
                Cut::Unframeable => {
                    show(rest.get(..SHOWN).unwrap_or(rest), context, report)?;
                    report.note(
                        context,
                        "where this ends cannot be told: what follows is not decoded",
                    )?;
                    self.stop();
                    return Ok(());
                }
            };
            let (packet, after) = rest.split_at_checked(len).unwrap_or((rest, &[]));
            rest = after;
            show(packet, context, report)?;
            if context.is_foreign {
                let why = "the connection speaks no version that is known here: it is not decoded";
                report.note(context, why)?;
                self.stop();
                return Ok(());
            }
        }
        self.bytes = rest.to_vec();
        Ok(())
    }

    /// Shows what there is of a packet that will not be completed.
    pub fn report_rest<W: Write>(
        &mut self,
        context: &mut Context,
        report: &mut Report<W>,
    ) -> io::Result<()> {
        if self.skip > 0 {
            report.incomplete(context, self.skip)?;
        } else if !self.bytes.is_empty() {
            let explanation = explain(&self.bytes, context.options);
            report.packet(context, &self.bytes, &explanation)?;
        }
        *self = Self { is_stopped: self.is_stopped, ..Self::default() };
        Ok(())
    }
}

/// Whether the bytes begin with a whole packet that breaks no rule.
pub fn begins_sound(bytes: &[u8], context: &Context) -> bool {
    matches!(cut(bytes, context), Cut::Packet(_))
        && explain(bytes, context.options).packet.is_some()
}

/// Whether the bytes begin as a CONNECT does, of whatever version.
pub fn begins_with_connect(bytes: &[u8]) -> bool {
    let [0x10, rest @ ..] = bytes else { return false };
    let Some(end) = rest.iter().take(4).position(|byte| byte & 0x80 == 0) else { return false };
    let name = rest.get(end.saturating_add(1)..).unwrap_or_default();
    name.starts_with(b"\x00\x04MQTT") || name.starts_with(b"\x00\x06MQIsdp")
}

fn show<W: Write>(packet: &[u8], context: &mut Context, report: &mut Report<W>) -> io::Result<()> {
    let mut explanation = explain(packet, context.options);
    // What is missing here is skipped, or cannot be known.
    explanation.missing = 0;
    learn(&explanation, context);
    report.packet(context, packet, &explanation)
}

/// Takes over what a packet says about the connection.
fn learn(explanation: &Explanation<'_>, context: &mut Context) {
    let name = match explanation.packet_type {
        Some(PacketType::Connect) => {
            context.options.version = explanation.version;
            let is_foreign =
                |kind| matches!(kind, ErrorKind::ProtocolName | ErrorKind::ProtocolLevel);
            context.is_foreign =
                explanation.violations.iter().any(|error| is_foreign(error.kind()));
            Field::ClientId
        }
        // The server of 5.0 tells a client without a name which one it gets.
        Some(PacketType::Connack) => Field::Property(PropertyId::AssignedClientIdentifier),
        Some(PacketType::Disconnect) => {
            context.has_left = true;
            return;
        }
        _ => return,
    };
    let field = explanation.fields.iter().find(|field| field.field == name);
    if let (Some(field), Some(link)) = (field, &mut context.link)
        && let Value::Text(text) = field.value
    {
        link.name = text.as_str().chars().flat_map(char::escape_debug).take(24).collect();
    }
}

/// Finds the end of the packet by its Remaining Length alone, since a packet that breaks a rule
/// ends there too.
fn cut(bytes: &[u8], context: &Context) -> Cut {
    let Some((first, rest)) = bytes.split_first() else { return Cut::NeedMore };
    if PacketType::new(first >> 4).is_none() {
        return Cut::Unframeable;
    }
    let mut remaining_length = 0_usize;
    for (index, byte) in (0_u32..4).zip(rest) {
        remaining_length |= usize::from(byte & 0x7f).wrapping_shl(7 * index);
        if byte & 0x80 == 0 {
            let header_len = usize::try_from(index).unwrap_or(0) + 2;
            let len = header_len.saturating_add(remaining_length);
            let limit = usize::try_from(context.options.max_packet_size).unwrap_or(usize::MAX);
            return match len {
                _ if len > limit => Cut::Oversize(len),
                _ if len > bytes.len() => Cut::NeedMore,
                _ => Cut::Packet(len),
            };
        }
    }
    if rest.len() < 4 { Cut::NeedMore } else { Cut::Unframeable }
}
