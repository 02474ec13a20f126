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

    #[inline]
    pub(crate) fn wire_len(self) -> u16 {
        wire_len(self.0)
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

/// The two-byte length of bytes whose type keeps them at 65,535 or fewer.
#[inline]
pub(crate) fn wire_len(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX)
}

/// The string of bytes that were checked when their value was made.
pub(crate) fn checked_str(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}

/// Set in a class when a byte is zero or no ASCII: the string needs [`first_fault`].
pub(crate) const NEEDS_CARE: u8 = 0x80;
/// Set in a class when a byte is `+` or `#`.
pub(crate) const HAS_WILDCARD: u8 = 0x01;

/// What kinds of bytes there are, in one pass. A class of zero is plain ASCII without wildcards.
///
/// Whole blocks, the last one overlapping its neighbour, are what the compiler turns into vector
/// instructions; asking first whether anything is to be said at all spares it to say what.
#[inline(always)]
pub(crate) fn classify(bytes: &[u8]) -> u8 {
    // Small processors have no use for wide blocks, but for the room that they take.
    if cfg!(not(target_pointer_width = "64")) {
        return classify_middle(bytes);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
        if bytes.len() > 32 {
            return classify_long(bytes);
        }
        return merge(classify_blocks(first, last));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        return classify_word(u64::from_le_bytes(*first))
            | classify_word(u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let [a, b, c, d] = *first;
        let [e, f, g, h] = *last;
        return classify_word(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
    bytes.iter().fold(0, |class, &byte| class | classify_byte(byte))
}

/// [`classify`] for more than 32 bytes.
#[inline(always)]
fn classify_long(bytes: &[u8]) -> u8 {
    let (Some(first), Some(last)) = (bytes.first_chunk::<32>(), bytes.last_chunk::<32>()) else {
        return 0;
    };
    let class = merge(classify_blocks(first, last));
    if bytes.len() > 64 { class | classify_middle(bytes) } else { class }
}

/// [`classify`] byte by byte, as far as the source says.
#[inline(never)]
fn classify_middle(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |class, &byte| class | classify_byte(byte))
}

/// The classes of two blocks, place by place.
#[inline(always)]
fn classify_blocks<const N: usize>(first: &[u8; N], last: &[u8; N]) -> [u8; N] {
    let mut classes = [0; N];
    for (class, (&a, &b)) in classes.iter_mut().zip(first.iter().zip(last)) {
        *class = classify_byte(a) | classify_byte(b);
    }
    classes
}

/// All classes in one.
#[inline(always)]
fn merge<const N: usize>(classes: [u8; N]) -> u8 {
    let (lanes, _) = classes.as_chunks::<16>();
    let any = lanes.iter().fold(0, |any, lane| any | u128::from_ne_bytes(*lane));
    if any == 0 {
        return 0;
    }
    let care = if any & u128::from_ne_bytes([NEEDS_CARE; 16]) != 0 { NEEDS_CARE } else { 0 };
    care | u8::from(any & u128::from_ne_bytes([HAS_WILDCARD; 16]) != 0)
}

/// `+` is 0x2B and `#` is 0x23: they differ in one bit.
#[inline(always)]
fn classify_byte(byte: u8) -> u8 {
    ((byte | byte.wrapping_sub(1)) & NEEDS_CARE) | u8::from(byte & 0xf7 == 0x23)
}

/// [`classify_byte`] for eight bytes at once.
#[inline(always)]
fn classify_word(word: u64) -> u8 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let no_wildcard = (word & 0xf7f7_f7f7_f7f7_f7f7) ^ 0x2323_2323_2323_2323;
    // A byte of zero borrows from bit 7; a borrow that runs on past it starts at a zero too.
    let wildcard = no_wildcard.wrapping_sub(ONES) & !no_wildcard & HIGH;
    let care = (word | (word.wrapping_sub(ONES) & !word)) & HIGH;
    let class = u8::from(wildcard != 0);
    if care == 0 { class } else { class | NEEDS_CARE }
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
    use alloc::vec;

    #[test]
    fn every_byte_at_every_place_is_classified_alike() {
        for len in 1..70 {
            for at in 0..len {
                for byte in 0..=u8::MAX {
                    let mut bytes = vec![b'a'; len];
                    bytes[at] = byte;
                    let wildcard = matches!(byte, b'+' | b'#');
                    let care = !(1..0x80).contains(&byte);
                    let class = classify(&bytes);
                    assert_eq!(class & HAS_WILDCARD != 0, wildcard, "{byte} at {at} of {len}");
                    assert_eq!(class & NEEDS_CARE != 0, care, "{byte} at {at} of {len}");
                }
            }
        }
        assert_eq!(classify(&[]), 0);
    }

    #[test]
    fn neighbours_do_not_disturb_the_classes_of_a_word() {
        for bytes in [*b"\x01#\x01$\x22+\x24\x7f", *b"\"$*,\x22\x24\x2a\x2c", *b"########"] {
            let expected = bytes.iter().fold(0, |class, &byte| class | classify_byte(byte));
            assert_eq!(classify(&bytes), expected);
        }
    }

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
}
