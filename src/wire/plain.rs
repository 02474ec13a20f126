//! Whether text is plain, as most is: sixteen bytes in one step.
//!
//! The compiler makes vector instructions of loops over arrays, if nothing else stands around them;
//! so nothing here becomes a part of its callers. Small processors go byte by byte: wide steps take
//! room and bring them nothing.

use super::HAS_ROOM;

/// Whether all is ASCII without U+0000.
#[inline(never)]
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    is_made_of::<false>(bytes)
}

/// [`is_plain`], there is something, and neither `+` nor `#`.
#[inline(never)]
pub(crate) fn is_plain_name(bytes: &[u8]) -> bool {
    is_made_of::<true>(bytes)
}

/// [`is_plain`] of the texts and [`is_plain_name`] of the name, as far as there are any, in one call:
/// the parameters fit in registers, so little has to be put aside for it.
#[inline(never)]
pub(crate) fn are_plain(first: &[u8], second: Option<&[u8]>, name: Option<&[u8]>) -> bool {
    is_made_of::<false>(first)
        && second.is_none_or(is_made_of::<false>)
        && name.is_none_or(is_made_of::<true>)
}

#[inline(always)]
fn is_made_of<const NAME: bool>(bytes: &[u8]) -> bool {
    if !HAS_ROOM {
        return is_made_of_bytewise::<NAME>(bytes);
    }
    // The last bytes overlap others.
    if bytes.len() > 48 {
        let (Some(first), Some(last)) = (bytes.first_chunk::<32>(), bytes.last_chunk::<32>())
        else {
            return false;
        };
        let (middle, _) = bytes.get(32..).unwrap_or_default().as_chunks::<32>();
        return is_block_made_of::<NAME>(first)
            && is_block_made_of::<NAME>(last)
            && (bytes.len() <= 64 || middle.iter().all(is_block_made_of::<NAME>));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
        // Three blocks, whatever the length: a wrong guess costs more than to look twice.
        let at = bytes.len().wrapping_sub(16).min(16);
        let middle = bytes.get(at..).and_then(|rest| rest.first_chunk::<16>());
        return middle.is_some_and(|middle| are_blocks_made_of::<NAME>(first, middle, last));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        return (strange_bits::<NAME>(first) | strange_bits::<NAME>(last)) & HIGH == 0;
    }
    if let (Some(&[a, b, c, d]), Some(&[e, f, g, h])) =
        (bytes.first_chunk::<4>(), bytes.last_chunk::<4>())
    {
        return strange_bits::<NAME>(&[a, b, c, d, e, f, g, h]) & HIGH == 0;
    }
    is_made_of_bytewise::<NAME>(bytes)
}

fn is_made_of_bytewise<const NAME: bool>(bytes: &[u8]) -> bool {
    !(NAME && bytes.is_empty()) && bytes.iter().all(|&byte| is_byte_made_of::<NAME>(byte))
}

/// `+` is 0x2B and `#` is 0x23: they differ in one bit.
#[inline(always)]
const fn is_byte_made_of<const NAME: bool>(byte: u8) -> bool {
    (byte.cast_signed() > 0) & !(NAME & (byte & 0xf7 == 0x23))
}

#[inline(always)]
fn are_blocks_made_of<const NAME: bool>(a: &[u8; 16], b: &[u8; 16], c: &[u8; 16]) -> bool {
    let mut all = true;
    for ((&a, &b), &c) in a.iter().zip(b).zip(c) {
        all &= is_byte_made_of::<NAME>(a) & is_byte_made_of::<NAME>(b) & is_byte_made_of::<NAME>(c);
    }
    all
}

#[inline(always)]
fn is_block_made_of<const NAME: bool>(block: &[u8; 32]) -> bool {
    let mut all = true;
    for &byte in block {
        all &= is_byte_made_of::<NAME>(byte);
    }
    all
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Has a top bit set if a byte is not made so. Which byte, it does not tell.
#[inline(always)]
const fn strange_bits<const NAME: bool>(word: &[u8; 8]) -> u64 {
    let word = u64::from_le_bytes(*word);
    // A byte of zero borrows and so gets its top bit; others borrow after such a byte only.
    let bits = word | word.wrapping_sub(ONES);
    let zero_if_wildcard = (word & 0xf7f7_f7f7_f7f7_f7f7) ^ 0x2323_2323_2323_2323;
    if NAME { bits | zero_if_wildcard.wrapping_sub(ONES) } else { bits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn every_byte_is_seen_at_every_place() {
        let bytes = |len| if len < 40 { 0..=u8::MAX } else { b'#'..=b'+' };
        let strange = [0, 1, 0x7f, 0x80, 0xa3, 0xab, 0xff];
        for len in 1..200 {
            for at in 0..len {
                for byte in bytes(len).chain(strange) {
                    let mut bytes = vec![b'a'; len];
                    bytes[at] = byte;
                    let plain = (1..0x80).contains(&byte);
                    assert_eq!(is_plain(&bytes), plain, "{byte} at {at} of {len}");
                    let plain = plain && !matches!(byte, b'+' | b'#');
                    assert_eq!(is_plain_name(&bytes), plain, "{byte} at {at} of {len}");
                }
            }
        }
        assert!(is_plain(&[]) && !is_plain_name(&[]));
    }

    #[test]
    fn each_of_several_is_looked_at() {
        assert!(are_plain(b"a#", Some(b"+"), Some(b"a")) && are_plain(b"", None, None));
        assert!(!are_plain(b"\0", None, None) && !are_plain(b"", Some(b"\0"), None));
        assert!(!are_plain(b"", None, Some(b"+")) && !are_plain(b"", None, Some(b"")));
    }

    #[test]
    fn neighbours_do_not_disturb_each_other() {
        for bytes in [
            b"\x01\"\x01$\x22,\x24\x7f",
            b"\"$*,\x22\x24\x2a\x2c",
            b"\x7f\x01\x7f\x01\x01\x01\x7f\x7f",
        ] {
            assert!(is_plain_name(bytes) && is_plain(bytes));
        }
        for bytes in [b"\x01#\x01$\x22,\x24\x7f", b"########"] {
            assert!(!is_plain_name(bytes) && is_plain(bytes));
        }
        assert!(!is_plain(b"\x01\0\x01\0\x01\x01\x01\x01"));
    }
}
