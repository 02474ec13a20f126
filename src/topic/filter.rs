//! Topic filters: what a subscription asks for.

use super::{TopicError, TopicName};
use crate::wire::{HAS_ROOM, Text, plain, text};
use core::fmt;

/// A topic filter: at least one character, wildcards only where they may stand, otherwise a string
/// of MQTT (section 4.7).
///
/// ```
/// use mqtt_pure::{TopicFilter, TopicName};
///
/// let filter = TopicFilter::new("site/+/temperature")?;
/// assert!(filter.matches(TopicName::new("site/12/temperature")?));
/// assert!(!filter.matches(TopicName::new("site/12/line/3/temperature")?));
/// assert!(TopicFilter::new("site/#/temperature").is_err());
/// # Ok::<(), mqtt_pure::TopicError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicFilter<'a>(&'a [u8]);

impl<'a> TopicFilter<'a> {
    /// Checks a string.
    pub fn new(filter: &'a str) -> Result<Self, TopicError> {
        let text = Text::new(filter)?;
        if text.is_empty() {
            return Err(TopicError::Empty);
        }
        match first_fault(text.as_bytes(), false) {
            Some(at) => Err(TopicError::MisplacedWildcard { at }),
            None => Ok(Self(text.as_bytes())),
        }
    }

    /// Takes bytes that the caller has checked.
    #[inline(always)]
    pub(crate) const fn from_checked(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The filter. A `str` costs a second pass over the bytes; compare and hash
    /// [`Self::as_bytes`] where speed counts.
    pub fn as_str(self) -> &'a str {
        text::checked_str(self.0)
    }

    /// The UTF-8 bytes.
    #[inline]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The levels between the slashes, of which any may be empty.
    pub fn levels(self) -> impl Iterator<Item = &'a str> + Clone {
        self.as_str().split('/')
    }

    /// Whether it contains a wildcard.
    pub fn has_wildcard(self) -> bool {
        self.0.iter().any(|byte| matches!(byte, b'+' | b'#'))
    }

    /// The filter as a string.
    #[inline]
    pub const fn text(self) -> Text<'a> {
        Text::from_checked(self.0)
    }

    /// Whether it begins with `$share/`, which makes it a shared subscription in 5.0.
    #[inline]
    pub fn is_shared(self) -> bool {
        self.0.starts_with(SHARE)
    }

    /// The parts of a shared subscription of 5.0; `None` if it is none, or a malformed one
    /// [MQTT-4.8.2-1] [MQTT-4.8.2-2]. 3.1 and 3.1.1 know no such thing: there it is a filter like
    /// others.
    ///
    /// ```
    /// use mqtt_pure::{TopicFilter, TopicName};
    ///
    /// let filter = TopicFilter::new("$share/workers/jobs/+")?;
    /// let share = filter.share().ok_or("not shared")?;
    /// assert_eq!(share.name.as_str(), "workers");
    /// assert!(share.filter.matches(TopicName::new("jobs/17")?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn share(self) -> Option<Share<'a>> {
        if !self.is_shared() || first_share_fault(self.0, 0).is_some() {
            return None;
        }
        let rest = self.0.get(SHARE.len()..)?;
        let end = rest.iter().position(|&byte| byte == b'/')?;
        let (name, filter) = (rest.get(..end)?, rest.get(end.saturating_add(1)..)?);
        Some(Share { name: Text::from_checked(name), filter: Self(filter) })
    }

    /// Whether the name matches. Of a shared subscription, ask the filter of its [`Self::share`].
    ///
    /// Levels are compared byte by byte, without any normalisation [MQTT-4.7.3-4]. `+` stands for
    /// one level, also an empty one; `#` for all that follow, also none. A wildcard at the front
    /// does not match a name that begins with `$` [MQTT-4.7.2-1].
    pub fn matches(self, name: TopicName<'_>) -> bool {
        let (mut filter, mut name) = (self.0, name.as_bytes());
        if let ([b'+' | b'#', ..], [b'$', ..]) = (filter, name) {
            return false;
        }
        loop {
            // No name contains a wildcard, so what is the same in both has none.
            let same = common_prefix(filter, name);
            filter = filter.get(same..).unwrap_or_default();
            name = name.get(same..).unwrap_or_default();
            match (filter, name) {
                ([b'#'], _) => return true,
                // `a/#` matches `a`: the parent level.
                ([] | [b'/', b'#'], []) => return true,
                ([b'+', rest @ ..], _) => {
                    filter = rest;
                    let end = name.iter().position(|&byte| byte == b'/').unwrap_or(name.len());
                    name = name.get(end..).unwrap_or_default();
                }
                _ => return false,
            }
        }
    }
}

/// How many bytes are the same at the front of both.
#[inline]
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let (a_words, _) = a.as_chunks::<8>();
    let (b_words, _) = b.as_chunks::<8>();
    let mut same = 0_usize;
    for (a, b) in a_words.iter().zip(b_words) {
        let difference = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if difference != 0 {
            let bytes = usize::try_from(difference.trailing_zeros().wrapping_shr(3)).unwrap_or(0);
            return same.saturating_add(bytes);
        }
        same = same.saturating_add(8);
    }
    let (a, b) = (a.get(same..).unwrap_or_default(), b.get(same..).unwrap_or_default());
    same.saturating_add(a.iter().zip(b).take_while(|(a, b)| a == b).count())
}

/// A shared subscription in its parts (section 4.8.2 of 5.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Share<'a> {
    /// The name of the group that shares the messages.
    pub name: Text<'a>,
    /// Which messages they share.
    pub filter: TopicFilter<'a>,
}

const SHARE: &[u8] = b"$share/";

/// Where it is settled that a filter that begins with `$share/` is no shared subscription
/// [MQTT-4.8.2-1] [MQTT-4.8.2-2]: at an empty name, at a wildcard in it, or where there is no room for
/// the slash after it and a filter. Of the filter, `missing` bytes have not arrived.
pub(crate) fn first_share_fault(bytes: &[u8], missing: usize) -> Option<usize> {
    let rest = bytes.strip_prefix(SHARE)?;
    let len = bytes.len().saturating_add(missing);
    // A name, a slash and a filter have a character each at least.
    if len < SHARE.len().saturating_add(3) {
        return Some(SHARE.len().saturating_sub(1));
    }
    let is_end_of_name = |byte: &u8| matches!(byte, b'/' | b'+' | b'#');
    let last = len.saturating_sub(2);
    match rest.iter().position(is_end_of_name) {
        Some(end) if end.saturating_add(SHARE.len()) <= last => {
            let is_name = end > 0 && rest.get(end) == Some(&b'/');
            (!is_name).then_some(end.saturating_add(SHARE.len()))
        }
        // The rest of a character that is cut may be wrong, which comes first then.
        _ if missing > 0 && core::str::from_utf8(rest).is_err() => None,
        _ => (bytes.len() > last).then_some(last),
    }
}

/// The first wildcard that does not fill its level, or `#` that is not at the end
/// [MQTT-4.7.1-2] [MQTT-4.7.1-3]. With `more`, further bytes of the filter will follow.
pub(crate) fn first_fault(bytes: &[u8], more: bool) -> Option<usize> {
    let mut before = b'/';
    for (at, &byte) in bytes.iter().enumerate() {
        let after = bytes.get(at.saturating_add(1));
        let fills_level = before == b'/';
        let fault = match byte {
            b'#' => !fills_level || after.is_some() || more,
            b'+' => !fills_level || after.is_some_and(|&after| after != b'/'),
            _ => false,
        };
        if fault {
            return Some(at);
        }
        before = byte;
    }
    None
}

/// Whether there is something, all of it is plain text, and every wildcard is where it may be.
// Apart from its callers, where the compiler would mix it with what they look for.
#[inline(never)]
pub(crate) fn is_plain_and_well_formed(bytes: &[u8]) -> bool {
    !bytes.is_empty() && plain::is_plain(bytes) && is_well_formed(bytes)
}

/// Whether every wildcard is where it may be: [`first_fault`] without saying where. It looks at the
/// wildcards alone, eight bytes at a time, the last eight overlapping their neighbours.
#[inline]
fn is_well_formed(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk::<8>().filter(|_| HAS_ROOM) else {
        return first_fault(bytes, false).is_none();
    };
    let (words, _) = bytes.as_chunks::<8>();
    // Places within the bytes: nothing overflows, here or below.
    let start_of = |number: usize| number.wrapping_mul(8);
    words.iter().enumerate().all(|(n, word)| wildcards_fill_levels(bytes, word, start_of(n)))
        && wildcards_fill_levels(bytes, last, bytes.len().wrapping_sub(8))
}

/// Whether the wildcards of a word, which begins at `start`, are where they may be.
#[inline(always)]
fn wildcards_fill_levels(bytes: &[u8], word: &[u8; 8], start: usize) -> bool {
    let mut wildcards = text::wildcards_in(u64::from_le_bytes(*word));
    while wildcards != 0 {
        let place = usize::try_from(wildcards.trailing_zeros().wrapping_shr(3)).unwrap_or(0);
        let at = start.wrapping_add(place);
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at.wrapping_add(1));
        let ends_level = match after {
            None => true,
            Some(b'/') => bytes.get(at) == Some(&b'+'),
            Some(_) => false,
        };
        if !ends_level || !matches!(before, None | Some(b'/')) {
            return false;
        }
        wildcards &= wildcards.wrapping_sub(1);
    }
    true
}

impl fmt::Debug for TopicFilter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

impl fmt::Display for TopicFilter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<'a> TryFrom<&'a str> for TopicFilter<'a> {
    type Error = TopicError;

    fn try_from(filter: &'a str) -> Result<Self, TopicError> {
        Self::new(filter)
    }
}

/// A topic name, read as a filter, matches itself.
impl<'a> From<TopicName<'a>> for TopicFilter<'a> {
    fn from(name: TopicName<'a>) -> Self {
        Self(name.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec::Vec};

    #[test]
    fn well_formed_filters() {
        for filter in
            ["#", "+", "/", "//", "a//b", "/+", "+/tennis/#", "sport/+/p1", "a b", "$SYS/#", "+/+"]
        {
            assert!(TopicFilter::new(filter).is_ok(), "{filter}");
        }
        for (filter, at) in [
            ("sport/tennis#", 12),
            ("sport/tennis/#/ranking", 13),
            ("sport+", 5),
            ("+a", 0),
            ("a+/b", 1),
            ("##", 0),
            ("#/", 0),
            ("a/#b", 2),
            ("a/##", 2),
            ("é/+b", 3),
        ] {
            assert_eq!(TopicFilter::new(filter), Err(TopicError::MisplacedWildcard { at }));
        }
        assert_eq!(TopicFilter::new(""), Err(TopicError::Empty));
    }

    #[test]
    fn the_quick_check_agrees_with_the_search() {
        let alphabet = b"a/+#";
        for number in 0..4_usize.pow(6) {
            let digit = |place| alphabet[number / 4_usize.pow(place) % 4];
            let mut bytes = [b'/'; 20];
            for begin in [0, 3, 5, 11, 14] {
                bytes[begin..begin + 6].copy_from_slice(&[0, 1, 2, 3, 4, 5].map(digit));
                for len in begin..=bytes.len() {
                    let filter = &bytes[..len];
                    assert_eq!(is_well_formed(filter), first_fault(filter, false).is_none());
                }
            }
        }
    }

    #[test]
    fn every_byte_counts() {
        let letters = |len: usize| "abcdefgh/ijk".bytes().cycle().take(len).collect::<Vec<_>>();
        for len in 1..40 {
            let bytes = letters(len);
            let matches = |filter: &[u8], name: &[u8]| {
                TopicFilter::from_checked(filter).matches(TopicName::from_checked(name))
            };
            assert!(matches(&bytes, &bytes));
            assert!(!matches(&bytes, &letters(len + 1)) && !matches(&letters(len + 1), &bytes));
            let below = [&bytes, &b"/#"[..]].concat();
            assert!(matches(&below, &bytes) && !matches(&below, &letters(len - 1)));
            for at in 0..len {
                let mut other = bytes.clone();
                other[at] = b'x';
                assert!(!matches(&bytes, &other) && !matches(&below, &other), "{len} {at}");
            }
        }
    }

    #[test]
    fn shared_subscriptions_are_taken_apart() {
        let share = |filter| {
            let share = TopicFilter::new(filter).unwrap().share()?;
            Some((share.name.as_str(), share.filter.as_str()))
        };
        for (filter, name, rest) in [
            ("$share/g/sport/tennis/+", "g", "sport/tennis/+"),
            ("$share/g//finance", "g", "/finance"),
            ("$share/g/#", "g", "#"),
            ("$share/g/$SYS/#", "g", "$SYS/#"),
            ("$share/\u{e9}/a", "\u{e9}", "a"),
        ] {
            assert_eq!(share(filter), Some((name, rest)));
        }
        for (filter, at) in [
            ("$share/", 6),
            ("$share/g", 6),
            ("$share/#", 6),
            ("$share/g/", 6),
            ("$share//a", 6),
            ("$share//ab", 7),
            ("$share/+/a", 7),
            ("$share/gg/", 8),
            ("$share/ggg", 8),
        ] {
            assert_eq!(share(filter), None, "{filter}");
            assert_eq!(first_share_fault(filter.as_bytes(), 0), Some(at), "{filter}");
        }
        for filter in ["$share", "$SHARE/g/a", "$shared/g/a", "a/$share/g/a"] {
            assert_eq!(share(filter), None);
            assert!(!TopicFilter::new(filter).unwrap().is_shared());
        }
    }

    #[test]
    fn a_growing_share_is_judged_as_the_whole_one() {
        let filters =
            ["$share//a", "$share/g", "$share/g/", "$share/gg/", "$share/ggg", "$share/+/a"];
        for filter in filters {
            let whole = first_share_fault(filter.as_bytes(), 0);
            for cut in 7..filter.len() {
                let part = first_share_fault(&filter.as_bytes()[..cut], filter.len() - cut);
                let is_there = whole.is_some_and(|at| at < cut);
                assert_eq!(part, whole.filter(|_| is_there), "{filter} cut at {cut}");
            }
        }
        for cut in 0..10 {
            assert_eq!(first_share_fault(&b"$share/g/a"[..cut], 10 - cut), None);
        }
    }

    #[test]
    fn a_growing_filter_waits_only_while_it_can_become_valid() {
        assert_eq!(first_fault(b"a/+", true), None);
        assert_eq!(first_fault(b"a/#", true), Some(2));
        assert_eq!(first_fault(b"a+", true), Some(1));
        assert_eq!(first_fault(b"a/", true), None);
    }

    #[test]
    fn a_wildcard_is_noticed() {
        assert!(TopicFilter::new("a/+").unwrap().has_wildcard());
        assert!(!TopicFilter::new("a/b").unwrap().has_wildcard());
        assert_eq!(TopicFilter::from(TopicName::new("a/b").unwrap()).as_str(), "a/b");
    }

    #[test]
    fn levels_are_between_the_slashes() {
        let filter = TopicFilter::new("/a//+").unwrap();
        assert!(filter.levels().eq(["", "a", "", "+"]));
    }

    #[test]
    fn it_is_shown_as_it_is() {
        let filter = TopicFilter::new("a/\"+").unwrap_err();
        assert_eq!(filter, TopicError::MisplacedWildcard { at: 3 });
        let filter = TopicFilter::try_from("a/\"").unwrap();
        assert_eq!(
            (format!("{filter}"), format!("{filter:5}|")),
            ("a/\"".into(), "a/\"  |".into())
        );
        assert_eq!(format!("{filter:?}"), r#""a/\"""#);
    }
}
