//! The variable byte integer: 1 to 4 bytes, 0 to 268,435,455, least significant seven bits first.

/// The largest value.
pub(crate) const MAX: u32 = 268_435_455;

/// What the bytes at hand say about the integer that they begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Varint {
    /// It is all there. `len` is 1 to 4; `minimal` tells that no shorter form exists.
    Whole { value: u32, len: u8, minimal: bool },
    /// At least one more byte is needed. The value is at least `min`.
    Partial { min: u32 },
    /// The fourth byte announces a fifth. The first three said that the value is at least `min`.
    TooLong { min: u32 },
}

#[inline]
pub(crate) fn decode(bytes: &[u8]) -> Varint {
    let (value, len, last) = match *bytes {
        [a @ 0..=0x7f, ..] => return Varint::Whole { value: u32::from(a), len: 1, minimal: true },
        [a, b @ 0..=0x7f, ..] => (join(&[a, b]), 2, b),
        [a, b, c @ 0..=0x7f, ..] => (join(&[a, b, c]), 3, c),
        [a, b, c, d @ 0..=0x7f, ..] => (join(&[a, b, c, d]), 4, d),
        [a, b, c, _, ..] => return Varint::TooLong { min: join(&[a, b, c]) },
        _ => return Varint::Partial { min: join(bytes) },
    };
    Varint::Whole { value, len, minimal: last != 0 }
}

/// The groups of seven bits, put together.
#[inline(always)]
fn join(bytes: &[u8]) -> u32 {
    let bits = |byte: &u8| u32::from(*byte & 0x7f);
    bytes.iter().rev().fold(0, |value, byte| value.wrapping_shl(7) | bits(byte))
}

/// How many bytes the value takes.
#[inline]
pub(crate) const fn len(value: u32) -> usize {
    match value {
        0..=0x7f => 1,
        0x80..=0x3fff => 2,
        0x4000..=0x1f_ffff => 3,
        _ => 4,
    }
}

/// The bytes of the value and how many of the four count. Values above [`MAX`] have no form; the
/// caller has excluded them.
#[inline]
pub(crate) const fn encode(value: u32) -> ([u8; 4], usize) {
    let [a, b, c, d] = spread(value).to_le_bytes();
    match len(value) {
        1 => ([a, 0, 0, 0], 1),
        2 => ([a | 0x80, b, 0, 0], 2),
        3 => ([a | 0x80, b | 0x80, c, 0], 3),
        _ => ([a | 0x80, b | 0x80, c | 0x80, d], 4),
    }
}

/// Puts each group of seven bits in a byte of its own.
#[inline]
const fn spread(value: u32) -> u32 {
    (value & 0x7f)
        | (value & 0x3f80).wrapping_shl(1)
        | (value & 0x1f_c000).wrapping_shl(2)
        | (value & 0xfe0_0000).wrapping_shl(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Boundaries of the standard's table, with their bytes.
    const TABLE: [(u32, &[u8]); 10] = [
        (0, &[0x00]),
        (1, &[0x01]),
        (127, &[0x7f]),
        (128, &[0x80, 0x01]),
        (321, &[0xc1, 0x02]),
        (16_383, &[0xff, 0x7f]),
        (16_384, &[0x80, 0x80, 0x01]),
        (2_097_151, &[0xff, 0xff, 0x7f]),
        (2_097_152, &[0x80, 0x80, 0x80, 0x01]),
        (268_435_455, &[0xff, 0xff, 0xff, 0x7f]),
    ];

    #[test]
    fn the_table_both_ways() {
        for (value, bytes) in TABLE {
            let count = u8::try_from(bytes.len()).unwrap();
            assert_eq!(decode(bytes), Varint::Whole { value, len: count, minimal: true });
            assert_eq!(len(value), bytes.len());
            let (encoded, used) = encode(value);
            assert_eq!(&encoded[..used], bytes);
            for cut in 0..bytes.len() {
                let part = decode(&bytes[..cut]);
                assert_eq!(part, Varint::Partial { min: value % (1 << (7 * cut)) });
            }
        }
    }

    #[test]
    fn padding_is_seen_at_every_length() {
        for (bytes, value) in [
            (&[0x80_u8, 0x00][..], 0),
            (&[0xff, 0x00], 127),
            (&[0x80, 0x80, 0x00], 0),
            (&[0x80, 0x81, 0x80, 0x00], 128),
        ] {
            let count = u8::try_from(bytes.len()).unwrap();
            assert_eq!(decode(bytes), Varint::Whole { value, len: count, minimal: false });
        }
    }

    #[test]
    fn the_fourth_byte_cannot_continue() {
        assert_eq!(decode(&[0x80, 0x80, 0x80, 0x80]), Varint::TooLong { min: 0 });
        let min = 0x1f_ffff;
        assert_eq!(decode(&[0xff, 0xff, 0xff, 0xff, 0x00]), Varint::TooLong { min });
        assert_eq!(decode(&[0xff, 0xff, 0xff]), Varint::Partial { min: 0x1f_ffff });
    }

    #[test]
    fn bytes_after_the_last_are_not_looked_at() {
        assert_eq!(decode(&[0x01, 0xff]), Varint::Whole { value: 1, len: 1, minimal: true });
    }
}
