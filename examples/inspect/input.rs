//! Where the bytes come from and what they are: hex digits, raw packets or a capture.

use crate::{Failure, args::Args};
use std::{
    fs::File,
    io::{self, Cursor, IsTerminal, Read},
    path::Path,
};

/// Shown without arguments; `testdata/captures/README.md` tells what is in it.
const SESSION: &[u8] = include_bytes!("../../testdata/captures/session.pcap");

/// Text with hex digits is held in memory.
const MAX_HEX: u64 = 64 << 20;

/// From this size on it takes long enough for a progress bar.
const LARGE: u64 = 4 << 20;

/// The section header of a pcapng file is needed whole to begin; it may hold comments.
const MAX_SNIFFED: usize = 65_536;

pub type Reader = Box<dyn Read + Send>;

pub enum Input {
    /// A pcap or pcapng file.
    Capture(Reader),
    /// MQTT packets one after the other.
    Bytes(Reader),
}

/// Opens what the arguments name.
pub fn open(args: &Args) -> Result<Input, Failure> {
    match args.input.as_slice() {
        [] => Ok(Input::Capture(Box::new(SESSION))),
        [name] if name == "-" => {
            if io::stdin().is_terminal() {
                eprintln!("reading from the terminal; end with Ctrl-D");
            }
            identify(Box::new(io::stdin()), "standard input")
        }
        [name] if name.starts_with('@') => open_file(name.trim_start_matches('@')),
        [name] if Path::new(name).exists() && !Path::new(name).is_dir() => open_file(name),
        words => {
            if let Some(word) = words.iter().find(|word| *word == "-" || word.starts_with('@')) {
                return Err(Failure::Input(format!("{word} has to be the only input")));
            }
            let text = words.join(" ");
            let bytes = parse_hex(&text).map_err(|why| Failure::Input(refuse_hex(words, &why)))?;
            Ok(Input::Bytes(Box::new(Cursor::new(bytes))))
        }
    }
}

fn refuse_hex(words: &[String], why: &str) -> String {
    match words {
        [word] if Path::new(word).is_dir() => format!("{word} is a directory"),
        [word] if word.contains(['.', '/', '\\']) => format!("there is no file {word:?}"),
        [word] => format!("{why}, and there is no file {word:?}"),
        _ => why.to_owned(),
    }
}

fn open_file(name: &str) -> Result<Input, Failure> {
    let unreadable = |error: io::Error| Failure::Input(format!("cannot read {name}: {error}"));
    let file = File::open(name).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(Failure::Input(format!("{name} is a directory")));
    }
    let is_named_capture = [".pcap", ".pcapng", ".cap"].iter().any(|end| name.ends_with(end));
    let reader: Reader = if metadata.len() > LARGE && !io::stdout().is_terminal() {
        // It draws on standard error, and nothing where that is no terminal.
        Box::new(indicatif::ProgressBar::new(metadata.len()).with_style(bar()).wrap_read(file))
    } else {
        Box::new(file)
    };
    match identify(reader, name)? {
        Input::Bytes(_) if is_named_capture => {
            Err(Failure::Input(format!("{name} is not a pcap or pcapng capture")))
        }
        input => Ok(input),
    }
}

fn bar() -> indicatif::ProgressStyle {
    indicatif::ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left")
        .unwrap_or_else(|_| indicatif::ProgressStyle::default_bar())
}

/// Tells by the first bytes what the input is.
fn identify(mut reader: Reader, name: &str) -> Result<Input, Failure> {
    let unreadable = |error: io::Error| Failure::Input(format!("cannot read {name}: {error}"));
    let mut start = read_up_to(&mut reader, Vec::new(), 24).map_err(unreadable)?;
    match start.as_slice() {
        [] => return Err(Failure::Input(format!("{name} is empty"))),
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] | [0xfd, b'7', b'z', b'X', b'Z', ..] => {
            return Err(Failure::Input(format!("{name} is compressed; unpack it first")));
        }
        [0x0a, 0x0d, 0x0d, 0x0a, a, b, c, d, order, ..] => {
            let len = [*a, *b, *c, *d];
            let is_big_endian = *order == 0x1a;
            let len = if is_big_endian { u32::from_be_bytes(len) } else { u32::from_le_bytes(len) };
            let len = usize::try_from(len).unwrap_or(MAX_SNIFFED).min(MAX_SNIFFED);
            start = read_up_to(&mut reader, start, len).map_err(unreadable)?;
            return Ok(Input::Capture(Box::new(Cursor::new(start).chain(reader))));
        }
        // Big and little endian; with micro- and nanoseconds.
        [0xa1, 0xb2, 0xc3, 0xd4, ..]
        | [0xa1, 0xb2, 0x3c, 0x4d, ..]
        | [0xd4, 0xc3, 0xb2, 0xa1, ..]
        | [0x4d, 0x3c, 0xb2, 0xa1, ..] => {
            return Ok(Input::Capture(Box::new(Cursor::new(start).chain(reader))));
        }
        _ => {}
    }
    if !start.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
        return Ok(Input::Bytes(Box::new(Cursor::new(start).chain(reader))));
    }
    let size = reader.take(MAX_HEX).read_to_end(&mut start).map_err(unreadable)?;
    if u64::try_from(size).is_ok_and(|size| size >= MAX_HEX) {
        return Err(Failure::Input(format!("{name} has too much text")));
    }
    let bytes = match std::str::from_utf8(&start) {
        Ok(text) => parse_hex(text).map_err(|why| Failure::Input(format!("{name}: {why}")))?,
        Err(_) => start,
    };
    Ok(Input::Bytes(Box::new(Cursor::new(bytes))))
}

/// Reads until there are `len` bytes or no more.
fn read_up_to(reader: &mut Reader, mut start: Vec<u8>, len: usize) -> io::Result<Vec<u8>> {
    let missing = u64::try_from(len.saturating_sub(start.len())).unwrap_or(0);
    reader.take(missing).read_to_end(&mut start)?;
    Ok(start)
}

/// Reads hex digits, whatever separates the bytes.
fn parse_hex(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    let mut characters = text.chars().zip(1_usize..).peekable();
    while let Some((character, at)) = characters.next() {
        if character == '0' && high.is_none() {
            let is_prefix = characters.next_if(|(next, _)| matches!(next, 'x' | 'X')).is_some();
            if is_prefix {
                continue;
            }
        }
        match (character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()), high) {
            (Some(digit), None) => high = Some((digit, at)),
            (Some(digit), Some((first, _))) => {
                bytes.push(first << 4 | digit);
                high = None;
            }
            (None, _) if character.is_whitespace() || matches!(character, ':' | ',' | '-') => {
                if let Some((_, at)) = high {
                    return Err(format!("the hex digit at character {at} stands alone"));
                }
            }
            (None, _) => {
                return Err(format!("{character:?} at character {at} is not a hex digit"));
            }
        }
    }
    match high {
        Some((_, at)) => {
            Err(format!("an odd number of hex digits: the one at character {at} has no second"))
        }
        None if bytes.is_empty() => Err("there are no hex digits".to_owned()),
        None => Ok(bytes),
    }
}
