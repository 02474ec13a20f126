//! UTF-8 as MQTT restricts it, and length-prefixed bytes that are no text.

use core::fmt;

/// A string of MQTT: UTF-8 without U+0000, at most 65,535 bytes (section 1.5.3).
///
/// ```
/// use mqtt_pure::Text;
///
/// let id = Text::new("sensor-17")?;
/// assert_eq!(id.as_str(), "sensor-17");
/// assert!(Text::new("a\0b").is_err());
/// # Ok::<(), mqtt_pure::TextError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// The empty string.
    pub const EMPTY: Self = Self(&[]);

    /// Checks what a `str` leaves open: the length and U+0000 [MQTT-1.5.3-2].
    pub fn new(text: &'a str) -> Result<Self, TextError> {
        if text.len() > usize::from(u16::MAX) {
            return Err(TextError::TooLong { len: text.len() });
        }
        match text.bytes().position(|byte| byte == 0) {
            Some(at) => Err(TextError::Nul { at }),
            None => Ok(Self(text.as_bytes())),
        }
    }

    /// Takes bytes that the caller has checked.
    #[inline(always)]
    pub(crate) const fn from_checked(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The string. Its bytes were checked when this value was made; making a `str` of them costs a
    /// second pass, so compare and hash [`Self::as_bytes`] where speed counts.
    pub fn as_str(self) -> &'a str {
        checked_str(self.0)
    }

    /// The UTF-8 bytes.
    #[inline]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The number of bytes, at most 65,535.
    #[inline]
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there is not a single byte.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    #[inline]
    pub(crate) fn wire_len(self) -> u16 {
        wire_len(self.0)
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<'a> TryFrom<&'a str> for Text<'a> {
    type Error = TextError;

    fn try_from(text: &'a str) -> Result<Self, TextError> {
        Self::new(text)
    }
}

/// Why a string is none of MQTT's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// It has more bytes than its length field can say.
    #[error("a string of {len} bytes is longer than 65535")]
    TooLong {
        /// Its number of bytes.
        len: usize,
    },
    /// It contains U+0000 [MQTT-1.5.3-2].
    #[error("U+0000 at byte {at} of the string [MQTT-1.5.3-2]")]
    Nul {
        /// The byte at which it stands.
        at: usize,
    },
}

/// Bytes of any value, at most 65,535: a will payload or a password. `Debug` shows their number only.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Binary<'a>(&'a [u8]);

impl<'a> Binary<'a> {
    /// Checks the length.
    pub const fn new(bytes: &'a [u8]) -> Result<Self, BinaryTooLong> {
        if bytes.len() > 0xffff {
            return Err(BinaryTooLong { len: bytes.len() });
        }
        Ok(Self(bytes))
    }

    /// Takes bytes that came with a two-byte length.
    pub(crate) const fn from_checked(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[inline]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The number of bytes, at most 65,535.
    #[inline]
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there is not a single byte.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Binary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl<'a> TryFrom<&'a [u8]> for Binary<'a> {
    type Error = BinaryTooLong;

    fn try_from(bytes: &'a [u8]) -> Result<Self, BinaryTooLong> {
        Self::new(bytes)
    }
}

/// More bytes than a two-byte length can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{len} bytes are more than 65535")]
pub struct BinaryTooLong {
    /// Their number.
    pub len: usize,
}

/// The two-byte length of bytes whose type keeps them at 65,535 or fewer, so that these two are all.
#[inline]
pub(crate) const fn wire_len(bytes: &[u8]) -> u16 {
    let [low, high, ..] = bytes.len().to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// The string of bytes that were checked when their value was made.
pub(crate) fn checked_str(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}

/// The top bit of each byte that is `+` or `#`, and no other bit.
#[inline(always)]
pub(crate) const fn wildcards_in(word: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let zero_if_wildcard = (word & 0xf7f7_f7f7_f7f7_f7f7) ^ 0x2323_2323_2323_2323;
    let carried = (zero_if_wildcard & LOW).wrapping_add(LOW);
    !(carried | zero_if_wildcard | LOW)
}

/// What is wrong with a string, apart from topics' own rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    IllFormed,
    Nul,
    Discouraged,
}

/// The first fault of a string and the byte at which it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) at: usize,
}

/// The first fault of a string of which `missing` more bytes will come.
///
/// The answer for a string that is still growing is the answer for the whole one, or none.
#[cold]
pub(crate) fn first_fault(bytes: &[u8], missing: usize, discouraged: bool) -> Option<Fault> {
    let (text, ill_formed) = match core::str::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(error) => {
            let (valid, bad) = bytes.split_at_checked(error.valid_up_to()).unwrap_or_default();
            let ill_formed = match error.error_len() {
                Some(_) => true,
                None => sequence_len(bad).saturating_sub(bad.len()) > missing,
            };
            (checked_str(valid), ill_formed)
        }
    };
    let fault = |kind| move |at| Fault { kind, at };
    let nul = text.bytes().position(|byte| byte == 0).map(fault(FaultKind::Nul));
    let discouraged = if discouraged { first_discouraged(text) } else { None };
    let earliest = [nul, discouraged.map(fault(FaultKind::Discouraged))];
    let earliest = earliest.into_iter().flatten().min_by_key(|fault| fault.at);
    earliest.or_else(|| ill_formed.then(|| fault(FaultKind::IllFormed)(text.len())))
}

/// How many bytes the UTF-8 sequence has that begins here.
fn sequence_len(bytes: &[u8]) -> usize {
    match bytes.first() {
        Some(0xf0..) => 4,
        Some(0xe0..) => 3,
        _ => 2,
    }
}

/// Where the first control character or non-character stands, U+0000 apart (section 1.5.3: a sender
/// should avoid them, a receiver may close the connection).
fn first_discouraged(text: &str) -> Option<usize> {
    let is_discouraged = |c: char| {
        let code = u32::from(c);
        matches!(code, 0x01..=0x1f | 0x7f..=0x9f | 0xfdd0..=0xfdef) || code & 0xfffe == 0xfffe
    };
    text.char_indices().find(|&(_, c)| is_discouraged(c)).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec};

    fn fault(bytes: &[u8]) -> Option<(FaultKind, usize)> {
        first_fault(bytes, 0, true).map(|fault| (fault.kind, fault.at))
    }

    #[test]
    fn the_first_fault_is_found() {
        use FaultKind::{Discouraged, IllFormed, Nul};
        assert_eq!(fault("a\u{feff}\u{a0}é".as_bytes()), None);
        assert_eq!(fault(b"a\0\x01"), Some((Nul, 1)));
        assert_eq!(fault(b"a\x01\0"), Some((Discouraged, 1)));
        for bad in [&b"\xc0\x80"[..], b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80"] {
            assert_eq!(fault(bad), Some((IllFormed, 0)));
        }
        assert_eq!(fault(b"ab\xc3\0"), Some((IllFormed, 2)));
        for c in ['\u{1}', '\u{1f}', '\u{7f}', '\u{9f}', '\u{fdd0}', '\u{fdef}', '\u{fffe}'] {
            let mut text = [0; 4];
            assert_eq!(fault(c.encode_utf8(&mut text).as_bytes()), Some((Discouraged, 0)));
        }
        for c in ['\u{20}', '\u{7e}', '\u{a0}', '\u{fdcf}', '\u{fdf0}', '\u{fffd}', '\u{10000}'] {
            let mut text = [0; 4];
            assert_eq!(fault(c.encode_utf8(&mut text).as_bytes()), None);
        }
        assert_eq!(fault("\u{10ffff}".as_bytes()), Some((Discouraged, 0)));
    }

    #[test]
    fn a_growing_string_waits_only_while_it_can_become_valid() {
        let waits = |bytes, missing| first_fault(bytes, missing, false).is_none();
        assert!(waits(b"\xc3", 1) && !waits(b"\xc3", 0));
        assert!(waits(b"\xe2\x82", 1) && waits(b"\xe2", 2) && !waits(b"\xe2", 1));
        assert!(waits(b"\xf0", 3) && !waits(b"\xf0\x90", 1) && waits(b"\xf0\x90\x80", 1));
        assert!(!waits(b"\xed\xa0", 1), "a surrogate is one after two bytes");
        assert!(!waits(b"\xf5", 3) && !waits(b"\xc0", 1));
    }

    #[test]
    fn a_text_is_shown_as_it_is() {
        let text = Text::try_from("a\"").unwrap();
        assert_eq!((format!("{text}"), format!("{text:4}|")), ("a\"".into(), "a\"  |".into()));
        assert_eq!(format!("{text:?}"), r#""a\"""#);
        assert_eq!(Text::try_from("a\0"), Err(TextError::Nul { at: 1 }));
    }

    #[test]
    fn of_bytes_only_their_number_is_shown() {
        let bytes = Binary::try_from(&b"secret"[..]).unwrap();
        assert_eq!(format!("{bytes:?}"), "<6 bytes>");
        assert_eq!((bytes.as_bytes(), bytes.is_empty()), (&b"secret"[..], false));
        assert!(Binary::default().is_empty());
        let many = vec![0; 65_536];
        assert_eq!(Binary::try_from(&many[..]), Err(BinaryTooLong { len: 65_536 }));
    }
}
