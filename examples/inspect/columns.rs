//! The fields of a packet, a row or more each: offset, bytes, section of the standard, name, value.

use crate::values;
use anstyle::{AnsiColor, Style};
use mqtt_pure::{DecodeError, ExplainedField, Explanation, Field, PacketType, Value, Version};
use std::{
    io::{self, Write},
    ops::Range,
};

pub const STRONG: Style = Style::new().bold();
pub const DIM: Style = Style::new().dimmed();
pub const BAD: Style = AnsiColor::Red.on_default().bold();
pub const GOOD: Style = AnsiColor::Green.on_default();
pub const CLIENT: Style = AnsiColor::Cyan.on_default();
pub const SERVER: Style = AnsiColor::Magenta.on_default();

const BYTES_A_ROW: usize = 8;
const HEX_WIDTH: usize = 3 * BYTES_A_ROW;
/// So many rows are shown of a long field, and those in which something is wrong.
const ROWS: usize = 2;
/// What stands in front of the bytes.
const MARGIN: usize = 9;
/// The names of fields have at least so much room; those of properties are longer.
const NAME_WIDTH: usize = 17;

#[derive(Clone, Copy)]
pub struct Limits {
    /// Long fields are shown whole.
    pub is_full: bool,
    pub show_secrets: bool,
}

/// A field, ready to be written.
struct Entry<'a> {
    span: Range<usize>,
    bytes: &'a [u8],
    /// From here on the bytes are not to be shown.
    secret_from: usize,
    name: &'static str,
    value: String,
    section: &'static str,
}

/// Writes the fields of a packet and, under its bytes, what is wrong with it.
pub fn write<W: Write>(
    out: &mut W,
    bytes: &[u8],
    explanation: &Explanation<'_>,
    limits: Limits,
) -> io::Result<()> {
    let entries = entries(bytes, explanation, limits);
    let mut violations: Vec<_> = explanation.violations.iter().collect();
    violations.sort_by_key(|violation| violation.offset());
    let mut violations = violations.as_slice();
    let count = entries.len();
    let widths = entries.iter().map(|entry| entry.name.len());
    let name_width = widths.max().unwrap_or(0).max(NAME_WIDTH);
    for (entry, number) in entries.iter().zip(1..) {
        // What is wrong behind the last byte is shown there.
        let end = if number == count { usize::MAX } else { entry.span.end };
        let here = violations.partition_point(|violation| offset(violation) < end);
        let (marked, rest) = violations.split_at_checked(here).unwrap_or((violations, &[]));
        violations = rest;
        write_entry(out, entry, marked, name_width, limits)?;
    }
    for violation in violations {
        write_violation(out, 0, violation)?;
    }
    Ok(())
}

fn entries<'a>(bytes: &'a [u8], explanation: &Explanation<'_>, limits: Limits) -> Vec<Entry<'a>> {
    let hides_rest = may_be_secret(explanation) && !limits.show_secrets;
    let mut is_will = false;
    let mut entries = Vec::new();
    for explained in &explanation.fields {
        match explained.field {
            Field::WillPropertyLength => is_will = true,
            Field::Property(_) => {}
            _ => is_will = false,
        }
        // A property that a will shares with the packet is described at another place there.
        let described = if is_will { Field::WillPropertyLength } else { explained.field };
        let packet_type = explanation.packet_type.unwrap_or(PacketType::Connect);
        let span = explained.span.clone();
        let (secret_from, value) = value_of(bytes, explanation, explained, limits);
        entries.push(Entry {
            bytes: bytes.get(span.clone()).unwrap_or_default(),
            span,
            secret_from,
            name: explained.field.name(),
            value,
            section: described.section(packet_type, explanation.version),
        });
    }
    let decoded = entries.iter().map(|entry| entry.span.end).max().unwrap_or(0);
    if let Some(rest @ [_, ..]) = bytes.get(decoded..) {
        entries.push(Entry {
            span: decoded..bytes.len(),
            bytes: rest,
            secret_from: if hides_rest { decoded } else { usize::MAX },
            name: "not decoded",
            value: format!("{} bytes", rest.len()),
            section: "",
        });
    }
    entries
}

/// Whether what follows the last field, or could not be read, may contain a password or the data of
/// an authentication.
pub fn may_be_secret(explanation: &Explanation<'_>) -> bool {
    let by_type = match explanation.packet_type {
        Some(PacketType::Connect | PacketType::Auth) => true,
        Some(PacketType::Connack) => explanation.version == Version::V5_0,
        _ => false,
    };
    by_type || explanation.fields.iter().any(|field| matches!(field.value, Value::Secret(_)))
}

/// From which byte on a field is not to be shown, and its value in words.
fn value_of(
    bytes: &[u8],
    explanation: &Explanation<'_>,
    explained: &ExplainedField<'_>,
    limits: Limits,
) -> (usize, String) {
    let ExplainedField { field, span, value } = explained;
    let text = values::value(explanation, *field, value, limits.is_full);
    if *field == Field::End && may_be_secret(explanation) && !limits.show_secrets {
        return (span.start, format!("{} bytes", span.len()));
    }
    let Value::Secret(_) = value else { return (usize::MAX, text) };
    // The length comes before it, and before that the number of a property.
    let is_property = matches!(field, Field::Property(_));
    let content = span.start.saturating_add(if is_property { 3 } else { 2 });
    if !limits.show_secrets {
        return (content, text);
    }
    let content = Value::Bytes(bytes.get(content..span.end).unwrap_or_default());
    (usize::MAX, values::value(explanation, Field::Payload, &content, true))
}

fn write_entry<W: Write>(
    out: &mut W,
    entry: &Entry<'_>,
    violations: &[&DecodeError],
    name_width: usize,
    limits: Limits,
) -> io::Result<()> {
    let rows = entry.bytes.len().div_ceil(BYTES_A_ROW).max(1);
    let mut elided = 0_usize;
    for row in 0..rows {
        let start = entry.span.start + row * BYTES_A_ROW;
        let is_last = row + 1 == rows;
        let end = if is_last { usize::MAX } else { start + BYTES_A_ROW };
        let bytes = entry.bytes.chunks(BYTES_A_ROW).nth(row).unwrap_or_default();
        let mut marked = violations
            .iter()
            .filter(|violation| (offset(violation) >= start || row == 0) && offset(violation) < end)
            .peekable();
        // A single row takes no more room than the remark that it is left out.
        let is_shown = limits.is_full || row < ROWS || rows == ROWS + 1;
        if !is_shown && marked.peek().is_none() {
            elided += bytes.len();
            if !is_last {
                continue;
            }
        }
        if elided > 0 {
            writeln!(out, "{:MARGIN$}{DIM}… {elided} bytes more{DIM:#}", "")?;
            elided = 0;
        }
        if is_shown || marked.peek().is_some() {
            write_row(out, entry, start, bytes, (row == 0).then_some(name_width))?;
        }
        for violation in marked {
            let column = offset(violation).saturating_sub(start).min(bytes.len());
            write_violation(out, column * 3, violation)?;
        }
    }
    Ok(())
}

/// Writes so many of its bytes, and in the first row of a field, where the width of its name is
/// given, what they are.
fn write_row<W: Write>(
    out: &mut W,
    entry: &Entry<'_>,
    start: usize,
    bytes: &[u8],
    name_width: Option<usize>,
) -> io::Result<()> {
    let mut hex = String::with_capacity(HEX_WIDTH);
    for (byte, at) in bytes.iter().zip(start..) {
        if at >= entry.secret_from {
            hex.push_str("** ");
        } else {
            hex.push_str(&hex::encode([*byte]));
            hex.push(' ');
        }
    }
    write!(out, "{DIM}{start:>6}{DIM:#}   ")?;
    let Some(name_width) = name_width else { return writeln!(out, "{}", hex.trim_end()) };
    // The value comes last because it alone has no bound.
    let section = match entry.section {
        "" => String::new(),
        section => format!("§{section}"),
    };
    write!(out, "{hex:HEX_WIDTH$} {DIM}{section:9}{DIM:#} {:name_width$} ", entry.name)?;
    writeln!(out, "{STRONG}{}{STRONG:#}", entry.value)
}

fn write_violation<W: Write>(
    out: &mut W,
    column: usize,
    violation: &DecodeError,
) -> io::Result<()> {
    let margin = MARGIN + column;
    let what = values::violation(violation);
    writeln!(out, "{:margin$}{BAD}^^ {}{BAD:#}: {what}", "", violation.code())
}

fn offset(violation: &DecodeError) -> usize {
    usize::try_from(violation.offset()).unwrap_or(usize::MAX)
}
