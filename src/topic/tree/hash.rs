//! Hashes of the levels of topics.

/// Odd numbers without a pattern: the fractional parts of square roots of primes.
const WORD: u64 = 0x6a09_e667_f3bc_c909;
const LEVEL: u64 = 0xbb67_ae85_84ca_a73b;
const START: u64 = 0x3c6e_f372_fe94_f82b;

/// Eight slashes, and the bits that tell which bytes of a word are zero.
const SLASHES: u64 = 0x2f2f_2f2f_2f2f_2f2f;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Both halves of the product: every bit of the result depends on every bit of both.
#[inline(always)]
#[allow(clippy::as_conversions, reason = "the halves of a u128")]
const fn fold(one: u64, other: u64) -> u64 {
    let product = (one as u128).wrapping_mul(other as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

/// The hash of no level, different for each seed and number.
#[inline]
pub(super) fn start(seed: u64, number: u32) -> u64 {
    fold(seed ^ START, u64::from(number) ^ LEVEL)
}

/// The hash of one level more, which begins at a place in the topic; and where the next level
/// begins, one byte after the end if there is none. No topic is so long that this would overflow.
#[inline]
pub(super) fn level(hash: u64, topic: &[u8], at: usize) -> (u64, usize) {
    let (mut hash, mut at) = (hash, at);
    loop {
        let word = word(topic, at);
        // The lowest byte that is a slash has its high bit set, those below have not.
        let slash = word ^ SLASHES;
        let found = slash.wrapping_sub(ONES) & !slash & HIGHS;
        let left = topic.len().saturating_sub(at);
        if found != 0 {
            let below = found & found.wrapping_neg();
            let bits = below.wrapping_sub(1) >> 7;
            let len = usize::try_from(found.trailing_zeros() >> 3).unwrap_or(8);
            // Zero bytes are in no topic, so that what fills the word is no part of it.
            return (fold(hash ^ (word & bits), LEVEL), at.wrapping_add(len).wrapping_add(1));
        }
        if left < 8 {
            return (fold(hash ^ word, LEVEL), topic.len().wrapping_add(1));
        }
        hash = fold(hash ^ word, WORD);
        at = at.wrapping_add(8);
    }
}

/// The next eight bytes, or those that are left and zeros.
#[inline(always)]
fn word(topic: &[u8], at: usize) -> u64 {
    let rest = topic.get(at..).unwrap_or_default();
    if let Some(bytes) = rest.first_chunk() {
        return u64::from_le_bytes(*bytes);
    }
    // The last bytes of all, less those that are behind.
    let behind =
        u32::try_from(rest.len()).map_or(0, |left| 64_u32.wrapping_sub(left.wrapping_mul(8)));
    match topic.last_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes).checked_shr(behind).unwrap_or(0),
        None => rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{collections::BTreeSet, format, string::String, vec::Vec};

    /// Where the levels begin, and the hashes up to there.
    fn levels(topic: &str) -> Vec<(u64, usize)> {
        let mut all = Vec::new();
        let (mut hash, mut at) = (start(1, 2), 0);
        while at <= topic.len() {
            (hash, at) = level(hash, topic.as_bytes(), at);
            all.push((hash, at));
        }
        all
    }

    #[test]
    fn levels_end_at_slashes() {
        for topic in ["a", "/", "//", "abcdefgh", "abcdefgh/", "abcdefg/h", "x/abcdefghi/é/../0."]
        {
            let mut ends: Vec<usize> =
                topic.match_indices('/').map(|(at, _)| at.saturating_add(1)).collect();
            ends.push(topic.len().saturating_add(1));
            assert_eq!(levels(topic).iter().map(|&(_, at)| at).collect::<Vec<_>>(), ends);
        }
    }

    #[test]
    fn hashes_differ_unless_the_levels_are_equal() {
        let mut topics: Vec<String> = (0..20_000).map(|n| format!("{n}/x")).collect();
        topics.extend(["", "a", "aa", "a/a", "/a", "a/", "//", "/", "abcdefgh"].map(String::from));
        topics.extend((1..40).map(|len| "y".repeat(len)));
        let last: BTreeSet<u64> =
            topics.iter().filter_map(|topic| Some(levels(topic).last()?.0)).collect();
        assert_eq!(last.len(), topics.len());
        let first = |topic: &str| levels(topic)[0].0;
        assert_eq!(first("abcdefgh/x"), first("abcdefgh"));
        assert_eq!(first("abc/x"), first("abc"));
        assert_ne!(start(1, 2), start(1, 3));
        assert_ne!(start(1, 2), start(2, 2));
    }
}
