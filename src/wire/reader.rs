//! A cursor that cannot leave the slice that it was given.

use super::varint::{self, Varint};

/// Reads from the front of a slice; a read that the slice cannot serve changes nothing.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    #[inline(always)]
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    #[inline(always)]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline(always)]
    pub(crate) const fn u8(&mut self) -> Option<u8> {
        let Some((byte, rest)) = self.rest.split_first() else { return None };
        self.rest = rest;
        Some(*byte)
    }

    #[inline(always)]
    pub(crate) const fn u16(&mut self) -> Option<u16> {
        let Some((bytes, rest)) = self.rest.split_first_chunk::<2>() else { return None };
        self.rest = rest;
        Some(u16::from_be_bytes(*bytes))
    }

    #[inline(always)]
    pub(crate) const fn u32(&mut self) -> Option<u32> {
        let Some((bytes, rest)) = self.rest.split_first_chunk::<4>() else { return None };
        self.rest = rest;
        Some(u32::from_be_bytes(*bytes))
    }

    /// A variable byte integer in its shortest form.
    #[inline]
    pub(crate) fn varint(&mut self) -> Option<u32> {
        // Most have one byte.
        if let [value @ 0..=0x7f, rest @ ..] = self.rest {
            self.rest = rest;
            return Some(u32::from(*value));
        }
        let Varint::Whole { value, len, minimal: true } = varint::decode(self.rest) else {
            return None;
        };
        self.rest = self.rest.get(usize::from(len)..)?;
        Some(value)
    }

    /// A two-byte length and as many bytes.
    #[inline(always)]
    pub(crate) fn prefixed(&mut self) -> Option<&'a [u8]> {
        let (len, rest) = self.rest.split_first_chunk::<2>()?;
        let (taken, rest) = rest.split_at_checked(u16::from_be_bytes(*len).into())?;
        self.rest = rest;
        Some(taken)
    }

    /// [`Self::prefixed`] for one of several in a row: the way from one length to the next is shorter,
    /// that to the bytes longer.
    #[inline(always)]
    pub(crate) fn prefixed_in_row(&mut self) -> Option<&'a [u8]> {
        let (len, _) = self.rest.split_first_chunk::<2>()?;
        let end = usize::from(u16::from_be_bytes(*len)).saturating_add(2);
        let (taken, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        taken.get(2..)
    }
}
