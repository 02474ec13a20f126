//! Topic names: what a message is published to.

use super::TopicError;
use crate::wire::{Text, plain, text};
use core::fmt;

/// A topic name: at least one character, no wildcard, otherwise a string of MQTT (section 4.7).
///
/// ```
/// use mqtt_pure::TopicName;
///
/// let name = TopicName::new("site/12/temperature")?;
/// assert_eq!(name.levels().count(), 3);
/// assert!(TopicName::new("site/+").is_err());
/// # Ok::<(), mqtt_pure::TopicError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName<'a>(&'a [u8]);

impl<'a> TopicName<'a> {
    /// Checks a string.
    pub fn new(name: &'a str) -> Result<Self, TopicError> {
        let bytes = name.as_bytes();
        if u16::try_from(bytes.len()).is_ok() && plain::is_plain_name(bytes) {
            return Ok(Self(bytes));
        }
        let text = Text::new(name)?;
        if text.is_empty() {
            return Err(TopicError::Empty);
        }
        match first_fault(text.as_bytes()) {
            Some(at) => Err(TopicError::WildcardInName { at }),
            None => Ok(Self(text.as_bytes())),
        }
    }

    /// Takes bytes that the caller has checked.
    #[inline(always)]
    pub(crate) const fn from_checked(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The name. A `str` costs a second pass over the bytes; compare and hash [`Self::as_bytes`]
    /// where speed counts.
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

    /// Whether the first character is `$`: topics that wildcards at the front of a filter do not
    /// match [MQTT-4.7.2-1].
    #[inline]
    pub fn is_dollar(self) -> bool {
        self.0.first() == Some(&b'$')
    }

    /// The name as a string.
    #[inline]
    pub const fn text(self) -> Text<'a> {
        Text::from_checked(self.0)
    }
}

/// The first wildcard [MQTT-4.7.1-1].
pub(crate) fn first_fault(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| matches!(byte, b'+' | b'#'))
}

impl fmt::Debug for TopicName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

impl fmt::Display for TopicName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<'a> TryFrom<&'a str> for TopicName<'a> {
    type Error = TopicError;

    fn try_from(name: &'a str) -> Result<Self, TopicError> {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::{string::String, vec::Vec};

    #[test]
    fn names_that_are_none() {
        assert_eq!(TopicName::new(""), Err(TopicError::Empty));
        assert_eq!(TopicName::new("a/#"), Err(TopicError::WildcardInName { at: 2 }));
        assert_eq!(TopicName::new("é+"), Err(TopicError::WildcardInName { at: 2 }));
        assert_eq!(TopicName::new("a\0"), Err(TopicError::Text(crate::TextError::Nul { at: 1 })));
        let (fits, long): (String, String) = ("x".repeat(65_535), "x".repeat(65_536));
        let error = crate::TextError::TooLong { len: 65_536 };
        assert_eq!(TopicName::new(&long), Err(TopicError::Text(error)));
        assert!(TopicName::new(&fits).is_ok());
    }

    #[test]
    fn levels_keep_the_empty_ones() {
        let levels: Vec<_> = TopicName::new("/a//").unwrap().levels().collect();
        assert_eq!(levels, ["", "a", "", ""]);
        assert!(TopicName::new("$SYS/x").unwrap().is_dollar());
        assert!(!TopicName::new("a/$x").unwrap().is_dollar());
    }

    #[test]
    fn it_is_shown_as_it_is() {
        let name = TopicName::try_from("a/\"").unwrap();
        assert_eq!((format!("{name}"), format!("{name:5}|")), ("a/\"".into(), "a/\"  |".into()));
        assert_eq!(format!("{name:?}"), r#""a/\"""#);
    }
}
