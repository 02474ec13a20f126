//! Writes into any `bytes::BufMut`. Whoever calls has checked lengths and room before.

use super::{Binary, Text, text::wire_len, varint};
use bytes::BufMut;

pub(crate) struct Writer<'b, B>(&'b mut B);

impl<'b, B: BufMut> Writer<'b, B> {
    #[inline]
    pub(crate) const fn new(out: &'b mut B) -> Self {
        Self(out)
    }

    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.put_slice(bytes);
    }

    #[inline]
    pub(crate) fn u8(&mut self, value: u8) {
        self.0.put_slice(&[value]);
    }

    #[inline]
    pub(crate) fn u16(&mut self, value: u16) {
        self.0.put_slice(&value.to_be_bytes());
    }

    #[inline]
    pub(crate) fn u32(&mut self, value: u32) {
        self.0.put_slice(&value.to_be_bytes());
    }

    #[inline]
    pub(crate) fn varint(&mut self, value: u32) {
        match varint::encode(value) {
            ([a, ..], 1) => self.0.put_slice(&[a]),
            ([a, b, ..], 2) => self.0.put_slice(&[a, b]),
            ([a, b, c, _], 3) => self.0.put_slice(&[a, b, c]),
            (bytes, _) => self.0.put_slice(&bytes),
        }
    }

    /// The first byte of a packet and its Remaining Length.
    #[inline]
    pub(crate) fn fixed_header(&mut self, first: u8, remaining_length: u32) {
        match varint::encode(remaining_length) {
            ([a, ..], 1) => self.0.put_slice(&[first, a]),
            ([a, b, ..], 2) => self.0.put_slice(&[first, a, b]),
            ([a, b, c, _], 3) => self.0.put_slice(&[first, a, b, c]),
            ([a, b, c, d], _) => self.0.put_slice(&[first, a, b, c, d]),
        }
    }

    /// Bytes with their length before them. Their type keeps them at 65,535 or fewer.
    #[inline]
    pub(crate) fn prefixed(&mut self, bytes: &[u8]) {
        self.u16(wire_len(bytes));
        self.bytes(bytes);
    }

    #[inline]
    pub(crate) fn text(&mut self, text: Text<'_>) {
        self.prefixed(text.as_bytes());
    }

    #[inline]
    pub(crate) fn binary(&mut self, binary: Binary<'_>) {
        self.prefixed(binary.as_bytes());
    }
}
