//! Strings, topic names and topic filters a second time, for the models of the wire formats.

/// The largest string or binary field.
pub const FIELD_MAX: usize = 65_535;

/// What a string is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Plain,
    Name,
    Filter,
}

/// Fills a string up to `len` bytes: ends an open character, then pads.
pub fn complete_text(known: &[u8], len: usize, usage: Use, wide: bool) -> Option<Vec<u8>> {
    let mut text = known.to_vec();
    let open = (1..=3.min(text.len())).find(|back| text[text.len() - back] >= 0xc0);
    if let Some(back) = open.filter(|_| text.len() < len) {
        let lead = text[text.len() - back];
        let want = if lead >= 0xf0 { 4 } else { if lead >= 0xe0 { 3 } else { 2 } };
        for at in back..want {
            text.push(match (at, lead) {
                (1, 0xc2 | 0xe0) => 0xa0,
                (1, 0xf0) => 0x90,
                _ => 0x80,
            });
        }
    }
    if text.len() > len {
        return None;
    }
    if usage == Use::Filter && text.last() == Some(&b'+') && text.len() < len {
        text.push(b'/');
    }
    while wide && text.len() + 1 < len {
        text.extend_from_slice(match len - text.len() {
            4.. => "\u{10000}".as_bytes(),
            3 => "\u{800}".as_bytes(),
            _ => "\u{a0}".as_bytes(),
        });
    }
    text.resize(len, b'a');
    Some(text)
}

/// The characters of well-formed UTF-8 (table 3-7 of the Unicode standard), `None` if it is not.
pub fn characters(mut bytes: &[u8]) -> Option<Vec<u32>> {
    let mut all = Vec::new();
    while let Some((&lead, rest)) = bytes.split_first() {
        let (count, low, high, start) = match lead {
            0x00..=0x7f => (0, 0, 0, u32::from(lead)),
            0xc2..=0xdf => (1, 0x80, 0xbf, u32::from(lead & 0x1f)),
            0xe0 => (2, 0xa0, 0xbf, 0),
            0xe1..=0xec | 0xee | 0xef => (2, 0x80, 0xbf, u32::from(lead & 0x0f)),
            0xed => (2, 0x80, 0x9f, 0x0d),
            0xf0 => (3, 0x90, 0xbf, 0),
            0xf1..=0xf3 => (3, 0x80, 0xbf, u32::from(lead & 0x07)),
            0xf4 => (3, 0x80, 0x8f, 4),
            _ => return None,
        };
        let mut code = start;
        for at in 0..count {
            let byte = *rest.get(at)?;
            let (low, high) = if at == 0 { (low, high) } else { (0x80, 0xbf) };
            if byte < low || byte > high {
                return None;
            }
            code = code * 64 + u32::from(byte & 0x3f);
        }
        all.push(code);
        bytes = &rest[count..];
    }
    Some(all)
}

/// Whether the bytes may stand in a string of this use.
pub fn text_is_valid(bytes: &[u8], usage: Use, refuses_discouraged: bool) -> bool {
    if bytes.len() > FIELD_MAX {
        return false;
    }
    // Letters and the like need no list of what they are.
    let is_plain = bytes.iter().all(|byte| (0x20..0x7f).contains(byte));
    let Some(characters) = (if is_plain { Some(Vec::new()) } else { characters(bytes) }) else {
        return false;
    };
    if characters.contains(&0) {
        return false;
    }
    let is_discouraged = |c: &u32| {
        *c < 0x20
            || (0x7f..0xa0).contains(c)
            || (0xfdd0..=0xfdef).contains(c)
            || c % 0x10000 >= 0xfffe
    };
    if refuses_discouraged && characters.iter().any(is_discouraged) {
        return false;
    }
    match usage {
        Use::Plain => true,
        Use::Name => !bytes.is_empty() && !bytes.iter().any(|b| b"+#".contains(b)),
        Use::Filter => {
            let levels: Vec<_> = bytes.split(|byte| *byte == b'/').collect();
            let last = levels.len() - 1;
            !bytes.is_empty()
                && levels.iter().enumerate().all(|(at, level)| match *level {
                    b"+" => true,
                    b"#" => at == last,
                    level => !level.iter().any(|b| b"+#".contains(b)),
                })
        }
    }
}

/// Whether a valid filter is a shared subscription; `None` if it looks like one and is none: the
/// name has a character at least and no wildcards, and a filter follows it.
pub fn share_is_valid(filter: &[u8]) -> Option<bool> {
    let Some(rest) = filter.strip_prefix(b"$share/") else { return Some(false) };
    let slash = rest.iter().position(|byte| *byte == b'/')?;
    let (name, filter) = (&rest[..slash], &rest[slash + 1..]);
    let has_wildcard = name.contains(&b'+') || name.contains(&b'#');
    (!name.is_empty() && !filter.is_empty() && !has_wildcard).then_some(true)
}
