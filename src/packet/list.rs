//! A list on the wire: one type with two sources.

use crate::wire::{Reader, Writer};
use bytes::BufMut;
use core::fmt;

/// The entries of a SUBSCRIBE, SUBACK, UNSUBSCRIBE or UNSUBACK.
///
/// A decoded list is a view of the checked bytes, read as it is iterated; a list to encode is a
/// slice of values. Neither allocates, and both iterate alike:
///
/// ```
/// use mqtt_pure::{List, TopicFilter};
///
/// let filters = [TopicFilter::new("a/+")?, TopicFilter::new("b")?];
/// let list = List::from(&filters[..]);
/// assert_eq!(list.len(), 2);
/// assert!(list.iter().eq(filters));
/// # Ok::<(), mqtt_pure::TopicError>(())
/// ```
#[derive(Clone, Copy)]
pub struct List<'a, T>(Source<'a, T>);

/// What is known of checked bytes, in one number, so that entries are counted off in one step: in its
/// upper half how many there are, in its lower half what they need to be read rightly. Of none it is
/// 0, which stands where the number of values does, so that it is one question whether there are any.
#[derive(Clone, Copy)]
struct About(u64);

impl About {
    #[inline]
    #[allow(clippy::as_conversions, reason = "u32 to u64 loses nothing; `From` is not const")]
    const fn new(count: u32, context: u32) -> Self {
        if count == 0 {
            return Self(0);
        }
        Self((count as u64).wrapping_shl(32) | context as u64)
    }

    #[inline]
    fn count(self) -> usize {
        usize::try_from(self.0.wrapping_shr(32)).unwrap_or(usize::MAX)
    }

    #[inline]
    #[allow(clippy::as_conversions, reason = "the lower half is what is wanted")]
    const fn context(self) -> u32 {
        self.0 as u32
    }

    /// What is known when an entry has been taken, of which there was one at least.
    #[inline]
    const fn without_one(self) -> Self {
        Self(self.0.wrapping_sub(1_u64.wrapping_shl(32)))
    }
}

#[derive(Clone, Copy)]
enum Source<'a, T> {
    Wire { bytes: &'a [u8], about: About },
    Values(&'a [T]),
}

/// What a list can hold. Only this crate implements it.
pub trait Entry<'a>: sealed::Wire<'a> + Copy {}

pub(crate) mod sealed {
    use super::{BufMut, Reader, Writer};

    pub trait Wire<'a>: Sized {
        /// Whether checked bytes may be written as they were read.
        #[inline]
        fn is_verbatim(_context: u32) -> bool {
            true
        }

        /// The next entry of checked bytes; `None` at their end.
        #[allow(private_interfaces, reason = "sealed: nobody else calls or implements it")]
        fn read(reader: &mut Reader<'a>, context: u32) -> Option<Self>;
        fn wire_len(&self) -> usize;
        #[allow(private_interfaces, reason = "sealed: nobody else calls or implements it")]
        fn write<B: BufMut>(&self, out: &mut Writer<'_, B>);
    }
}

impl<'a, T: Entry<'a>> List<'a, T> {
    /// A view of bytes that the caller has checked.
    #[inline]
    pub(crate) const fn from_checked(bytes: &'a [u8], count: u32, context: u32) -> Self {
        Self(Source::Wire { bytes, about: About::new(count, context) })
    }

    /// The context of checked bytes.
    #[inline]
    pub(crate) const fn context(&self) -> Option<u32> {
        match self.0 {
            Source::Wire { about, .. } => Some(about.context()),
            Source::Values(_) => None,
        }
    }

    /// The entries, in order.
    pub fn iter(&self) -> Entries<'a, T> {
        Entries(self.0)
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        match self.0 {
            Source::Wire { about, .. } => about.count(),
            Source::Values(values) => values.len(),
        }
    }

    /// Whether there is no entry. A decoded list has one at least.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        match self.0 {
            Source::Wire { about, .. } => about.0 == 0,
            Source::Values(values) => values.is_empty(),
        }
    }

    /// The values, of a list to encode.
    #[inline]
    pub(crate) const fn values(&self) -> Option<&'a [T]> {
        match self.0 {
            Source::Wire { .. } => None,
            Source::Values(values) => Some(values),
        }
    }

    pub(crate) fn wire_len(&self) -> usize {
        match self.0 {
            Source::Wire { bytes, .. } => bytes.len(),
            Source::Values(values) => {
                values.iter().fold(0, |len, value| value.wire_len().saturating_add(len))
            }
        }
    }

    pub(crate) fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        match self.0 {
            Source::Wire { bytes, about } if T::is_verbatim(about.context()) => out.bytes(bytes),
            Source::Wire { .. } => self.iter().for_each(|value| value.write(out)),
            Source::Values(values) => values.iter().for_each(|value| value.write(out)),
        }
    }
}

impl<'a, T> From<&'a [T]> for List<'a, T> {
    fn from(values: &'a [T]) -> Self {
        Self(Source::Values(values))
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for List<'a, T> {
    fn from(values: &'a [T; N]) -> Self {
        Self(Source::Values(values))
    }
}

impl<'a, T: Entry<'a>> IntoIterator for List<'a, T> {
    type Item = T;
    type IntoIter = Entries<'a, T>;

    fn into_iter(self) -> Entries<'a, T> {
        self.iter()
    }
}

/// The iterator over a [`List`].
#[derive(Clone)]
pub struct Entries<'a, T>(Source<'a, T>);

impl<'a, T: Entry<'a>> Iterator for Entries<'a, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        match &mut self.0 {
            Source::Wire { bytes, about } => {
                let mut reader = Reader::new(bytes);
                let entry = T::read(&mut reader, about.context())?;
                *bytes = reader.rest();
                *about = about.without_one();
                Some(entry)
            }
            Source::Values(values) => {
                let (first, rest) = values.split_first()?;
                *values = rest;
                Some(*first)
            }
        }
    }

    /// Asks once for all entries where they come from.
    #[inline]
    fn fold<A, F: FnMut(A, T) -> A>(self, init: A, mut f: F) -> A {
        match self.0 {
            Source::Wire { bytes, about } => {
                let (mut reader, mut all) = (Reader::new(bytes), init);
                while let Some(entry) = T::read(&mut reader, about.context()) {
                    all = f(all, entry);
                }
                all
            }
            Source::Values(values) => values.iter().copied().fold(init, f),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = List(self.0).len();
        (len, Some(len))
    }
}

impl<'a, T: Entry<'a>> ExactSizeIterator for Entries<'a, T> {}

impl<'a, T: Entry<'a> + fmt::Debug> fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Entry<'a> + fmt::Debug> fmt::Debug for Entries<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        List(self.0).fmt(f)
    }
}

impl<'a, T: Entry<'a> + PartialEq> PartialEq for List<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a, T: Entry<'a> + Eq> Eq for List<'a, T> {}
