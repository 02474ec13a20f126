//! What is to be written, without copies of large payloads.

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};
use bytes::{Buf, Bytes};
use core::fmt;

/// Payloads up to this length are copied: another piece of a vectored write costs more.
const COPIED: usize = 512;

/// Above this capacity an emptied buffer is given back.
const KEPT: usize = 16 * 1024;

/// The bytes that a session wants to have written, as a [`bytes::Buf`].
///
/// Large payloads are in it as the pieces that they are, so that one vectored write takes all of it
/// without a copy: see [`Buf::chunks_vectored`]. What was written is taken off by [`Buf::advance`];
/// what was not stays.
#[derive(Clone, Default)]
pub struct Outgoing {
    bytes: Vec<u8>,
    /// How many of the bytes have been taken off.
    taken: usize,
    large: Option<Box<Large>>,
}

/// Payloads between the bytes.
#[derive(Clone, Default)]
struct Large {
    /// Each with the number of bytes that come before it.
    pieces: VecDeque<(usize, Bytes)>,
    len: usize,
}

impl Outgoing {
    pub(super) const fn new() -> Self {
        Self { bytes: Vec::new(), taken: 0, large: None }
    }

    /// Where packets are written to.
    #[inline]
    pub(super) const fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Puts a payload behind what has been written.
    #[inline(always)]
    pub(super) fn payload(&mut self, payload: &Bytes) {
        if payload.len() <= COPIED {
            self.bytes.extend_from_slice(payload);
        } else {
            self.large_payload(payload);
        }
    }

    #[cold]
    fn large_payload(&mut self, payload: &Bytes) {
        let large = self.large.get_or_insert_default();
        large.pieces.push_back((self.bytes.len(), payload.clone()));
        large.len = large.len.saturating_add(payload.len());
    }

    /// Takes off everything.
    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    /// Gives back memory that nothing is in.
    pub(super) fn shrink(&mut self) {
        if !self.has_remaining() {
            self.clear();
        }
    }

    fn advance_over_pieces(&mut self, mut count: usize) {
        while count > 0 {
            let Some(large) = self.large.as_mut().filter(|large| !large.pieces.is_empty()) else {
                self.taken = self.taken.saturating_add(count).min(self.bytes.len());
                break;
            };
            let Some((at, piece)) = large.pieces.front_mut() else { break };
            let before = at.saturating_sub(self.taken).min(count);
            self.taken = self.taken.saturating_add(before);
            count = count.saturating_sub(before);
            let of_piece = piece.len().min(count);
            piece.advance(of_piece);
            large.len = large.len.saturating_sub(of_piece);
            count = count.saturating_sub(of_piece);
            if piece.is_empty() {
                large.pieces.pop_front();
            }
        }
        if self.has_remaining() {
            self.compact();
        } else {
            self.reset();
        }
    }

    /// Lets go of what was taken off when it is more than what is left, so that a reader that never
    /// takes all does not make it grow.
    #[inline]
    fn compact(&mut self) {
        if self.taken > KEPT && self.taken > self.bytes.len().saturating_sub(self.taken) {
            self.drop_taken();
        }
    }

    #[cold]
    fn drop_taken(&mut self) {
        let taken = core::mem::take(&mut self.taken).min(self.bytes.len());
        self.bytes.drain(..taken);
        for (at, _) in self.large.iter_mut().flat_map(|large| &mut large.pieces) {
            *at = at.saturating_sub(taken);
        }
    }

    /// The next payload, if it comes before any further byte.
    fn next_piece(&self) -> Option<&(usize, Bytes)> {
        self.large.as_ref().and_then(|large| large.pieces.front())
    }

    #[inline]
    fn reset(&mut self) {
        self.taken = 0;
        if self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
        }
    }
}

impl Buf for Outgoing {
    #[inline]
    fn remaining(&self) -> usize {
        let bytes = self.bytes.len().saturating_sub(self.taken);
        match &self.large {
            None => bytes,
            Some(large) => bytes.saturating_add(large.len),
        }
    }

    #[inline]
    fn has_remaining(&self) -> bool {
        self.taken < self.bytes.len() || self.large.as_ref().is_some_and(|large| large.len > 0)
    }

    #[inline]
    fn chunk(&self) -> &[u8] {
        match self.next_piece() {
            Some((at, piece)) if *at <= self.taken => piece,
            Some((at, _)) => self.bytes.get(self.taken..*at).unwrap_or_default(),
            None => self.bytes.get(self.taken..).unwrap_or_default(),
        }
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, dst: &mut [std::io::IoSlice<'a>]) -> usize {
        let mut at = self.taken;
        let mut pieces = self.large.iter().flat_map(|large| &large.pieces).peekable();
        let mut count = 0_usize;
        for slot in dst {
            let end = pieces.peek().map_or(self.bytes.len(), |(at, _)| *at);
            let chunk = if at < end {
                let chunk = self.bytes.get(at..end).unwrap_or_default();
                at = end;
                chunk
            } else if let Some((_, piece)) = pieces.next() {
                piece
            } else {
                break;
            };
            *slot = std::io::IoSlice::new(chunk);
            count = count.saturating_add(1);
        }
        count
    }

    /// More than there is takes off everything.
    #[inline]
    fn advance(&mut self, count: usize) {
        if self.large.is_some() {
            return self.advance_over_pieces(count);
        }
        self.taken = self.taken.saturating_add(count);
        if self.taken >= self.bytes.len() {
            self.reset();
        } else {
            self.compact();
        }
    }
}

/// How much there is, not what.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outgoing <{} bytes>", self.remaining())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> (Outgoing, Vec<u8>) {
        let mut out = Outgoing::new();
        let mut plain = Vec::new();
        for (len, byte) in
            [(3, b'a'), (2_000, b'b'), (0, b'c'), (600, b'd'), (5, b'e'), (513, b'f')]
        {
            out.bytes().extend_from_slice(b"head");
            plain.extend_from_slice(b"head");
            let payload = Bytes::from(alloc::vec![byte; len]);
            out.payload(&payload);
            plain.extend_from_slice(&payload);
        }
        out.bytes().extend_from_slice(b"tail");
        plain.extend_from_slice(b"tail");
        (out, plain)
    }

    #[test]
    fn pieces_come_in_order_however_they_are_taken() {
        for step in [1, 3, 4, 7, 100, 511, 512, 513, 2_004, 10_000] {
            let (mut out, plain) = filled();
            let mut written = Vec::new();
            while out.has_remaining() {
                assert_eq!(out.remaining(), plain.len().saturating_sub(written.len()));
                let chunk = out.chunk();
                assert!(!chunk.is_empty());
                let len = chunk.len().min(step);
                written.extend_from_slice(chunk.get(..len).unwrap_or_default());
                out.advance(len);
            }
            assert_eq!(written, plain);
            assert_eq!((out.taken, out.bytes.len()), (0, 0));
        }
    }

    #[test]
    fn a_reader_that_never_takes_all_does_not_make_it_grow() {
        let mut out = Outgoing::new();
        let (mut written, mut expected) = (0_u32, 0_u32);
        let large = Bytes::from(alloc::vec![0xff; 1_000]);
        for round in 0..20_000_u32 {
            for _ in 0..25 {
                out.bytes().extend_from_slice(&written.to_be_bytes());
                written = written.wrapping_add(1);
            }
            if round % 10 == 0 {
                out.payload(&large);
            }
            while out.remaining() > 8 {
                let chunk = out.chunk();
                if chunk.first() == Some(&0xff) {
                    let len = chunk.len();
                    out.advance(len);
                } else {
                    let number = chunk.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
                    assert_eq!(number, Some(expected));
                    expected = expected.wrapping_add(1);
                    out.advance(4);
                }
            }
            assert!(out.bytes.capacity() < 4 * KEPT, "{}", out.bytes.capacity());
        }
        assert!(expected > 499_000);
    }

    #[test]
    #[cfg(feature = "std")]
    fn one_vectored_write_takes_all() {
        let (mut out, plain) = filled();
        out.advance(5);
        let mut slices = [std::io::IoSlice::new(&[]); 16];
        let count = out.chunks_vectored(&mut slices);
        let all: Vec<u8> =
            slices.iter().take(count).flat_map(|slice| slice.iter().copied()).collect();
        assert_eq!(Some(&all[..]), plain.get(5..));
        out.advance(usize::MAX);
        assert!(!out.has_remaining());
    }
}
