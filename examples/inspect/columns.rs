//! The fields of a packet, a row or more each: offset, bytes, section of the standard, name, value.

use crate::summary;
use anstyle::{AnsiColor, Style};
use mqtt_pure::{DecodeError, ExplainedField, Explanation, Field, PacketType, Value};
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
    for (entry, number) in entries.iter().zip(1..) {
        // What is wrong behind the last byte is shown there.
        let end = if number == count { usize::MAX } else { entry.span.end };
        let here = violations.partition_point(|violation| offset(violation) < end);
        let (marked, rest) = violations.split_at_checked(here).unwrap_or((violations, &[]));
        violations = rest;
        write_entry(out, entry, marked, limits)?;
    }
    for violation in violations {
        write_violation(out, 0, violation)?;
    }
    Ok(())
}

fn entries<'a>(bytes: &'a [u8], explanation: &Explanation<'_>, limits: Limits) -> Vec<Entry<'a>> {
    let version = explanation.version;
    // What follows the last field of a CONNECT, or could not be read, may contain a password.
    let may_be_secret = explanation.packet_type == Some(PacketType::Connect);
    let mut entries: Vec<_> = explanation
        .fields
        .iter()
        .map(|explained| {
            let ExplainedField { field, span, value } = explained;
            let packet_type = explanation.packet_type.unwrap_or(PacketType::Connect);
            let mut value_text = summary::value(*field, packet_type, value, limits.is_full);
            let mut secret_from = usize::MAX;
            if *field == Field::End && may_be_secret && !limits.show_secrets {
                secret_from = span.start;
                value_text = format!("{} bytes", span.len());
            } else if matches!(value, Value::Secret(_)) {
                let content = span.start.saturating_add(2);
                if limits.show_secrets {
                    let content = bytes.get(content..span.end).unwrap_or_default();
                    value_text =
                        summary::value(Field::Payload, packet_type, &Value::Bytes(content), true);
                } else {
                    secret_from = content;
                }
            }
            Entry {
                span: span.clone(),
                bytes: bytes.get(span.clone()).unwrap_or_default(),
                secret_from,
                name: field.name(),
                value: value_text,
                section: field.section(packet_type, version),
            }
        })
        .collect();
    let decoded = entries.iter().map(|entry| entry.span.end).max().unwrap_or(0);
    if let Some(rest @ [_, ..]) = bytes.get(decoded..) {
        entries.push(Entry {
            span: decoded..bytes.len(),
            bytes: rest,
            secret_from: if may_be_secret && !limits.show_secrets { decoded } else { usize::MAX },
            name: "not decoded",
            value: format!("{} bytes", rest.len()),
            section: "",
        });
    }
    entries
}

fn write_entry<W: Write>(
    out: &mut W,
    entry: &Entry<'_>,
    violations: &[&DecodeError],
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
            write_row(out, entry, start, bytes, row == 0)?;
        }
        for violation in marked {
            let column = offset(violation).saturating_sub(start).min(bytes.len());
            write_violation(out, column * 3, violation)?;
        }
    }
    Ok(())
}

fn write_row<W: Write>(
    out: &mut W,
    entry: &Entry<'_>,
    start: usize,
    bytes: &[u8],
    is_first: bool,
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
    if !is_first {
        return writeln!(out, "{}", hex.trim_end());
    }
    // The value comes last because it alone has no bound.
    let section = match entry.section {
        "" => String::new(),
        section => format!("§{section}"),
    };
    write!(out, "{hex:HEX_WIDTH$} {DIM}{section:9}{DIM:#} {:17} ", entry.name)?;
    writeln!(out, "{STRONG}{}{STRONG:#}", entry.value)
}

fn write_violation<W: Write>(
    out: &mut W,
    column: usize,
    violation: &DecodeError,
) -> io::Result<()> {
    let margin = MARGIN + column;
    writeln!(out, "{:margin$}{BAD}^^ {}{BAD:#}: {violation}", "", violation.code())
}

fn offset(violation: &DecodeError) -> usize {
    usize::try_from(violation.offset()).unwrap_or(usize::MAX)
}
