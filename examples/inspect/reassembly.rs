//! Puts the segments of one direction of a TCP connection in order. Knows nothing of MQTT.

use std::collections::BTreeMap;

/// How much may wait for a segment that is late before it is given up.
const MAX_WAITING: usize = 64;
const MAX_WAITING_BYTES: usize = 256 << 10;

/// What comes next.
#[derive(Debug)]
pub enum Delivery {
    Data(Vec<u8>),
    /// This many bytes are not in the capture.
    Gap(u64),
}

#[derive(Debug, Default)]
pub struct Reassembly {
    /// The sequence number of the next byte; unknown until something has been seen.
    next: Option<u32>,
    /// The number of bytes before that one, which unlike it does not wrap.
    position: u64,
    /// The sequence number of the first byte.
    first: Option<u32>,
    /// By position. They may overlap.
    waiting: BTreeMap<u64, Vec<u8>>,
    waiting_bytes: usize,
    /// The position at which the sender said that nothing follows.
    end: Option<u64>,
}

impl Reassembly {
    /// The first byte will have this number.
    pub fn start(&mut self, sequence: u32) {
        if self.next.is_none() {
            self.next = Some(sequence);
            self.first = Some(sequence);
        }
    }

    /// The sequence number of the first byte.
    pub fn first(&self) -> Option<u32> {
        self.first
    }

    /// Whether nothing has been seen yet.
    pub fn is_new(&self) -> bool {
        self.next.is_none()
    }

    /// Takes in a segment, in whatever order they come and however often.
    pub fn push(&mut self, sequence: u32, payload: &[u8]) {
        if payload.is_empty() {
            return;
        }
        self.start(sequence);
        let next = self.next.unwrap_or(sequence);
        let distance = distance(next, sequence);
        let behind = usize::try_from(distance.saturating_neg()).unwrap_or(0);
        let ahead = u64::try_from(distance).unwrap_or(0);
        let Some(news @ [_, ..]) = payload.get(behind..) else { return };
        let known = self.waiting.entry(self.position.saturating_add(ahead)).or_default();
        if news.len() > known.len() {
            self.waiting_bytes = self.waiting_bytes.saturating_sub(known.len()) + news.len();
            *known = news.to_vec();
        }
    }

    /// Nothing follows the byte before this one.
    pub fn end(&mut self, sequence: u32) {
        let Some(next) = self.next else { return };
        let ahead = u64::try_from(distance(next, sequence)).unwrap_or(0);
        self.end = Some(self.position.saturating_add(ahead));
    }

    /// What can be delivered in order. With `is_over` nothing more is waited for.
    pub fn pop(&mut self, is_over: bool) -> Option<Delivery> {
        loop {
            let Some(entry) = self.waiting.first_entry() else {
                let gap = self.end.filter(|_| is_over)?.checked_sub(self.position)?;
                self.advance(gap);
                return (gap > 0).then_some(Delivery::Gap(gap));
            };
            let at = *entry.key();
            if at <= self.position {
                let mut data = entry.remove();
                self.waiting_bytes = self.waiting_bytes.saturating_sub(data.len());
                let overlap = usize::try_from(self.position - at).unwrap_or(usize::MAX);
                data.drain(..overlap.min(data.len()));
                if data.is_empty() {
                    continue;
                }
                self.advance(u64::try_from(data.len()).unwrap_or(0));
                return Some(Delivery::Data(data));
            }
            let is_given_up = is_over
                || self.waiting.len() > MAX_WAITING
                || self.waiting_bytes > MAX_WAITING_BYTES;
            if !is_given_up {
                return None;
            }
            let gap = at - self.position;
            self.advance(gap);
            return Some(Delivery::Gap(gap));
        }
    }

    fn advance(&mut self, len: u64) {
        self.position = self.position.saturating_add(len);
        // Sequence numbers wrap, so the lower half of the length is what counts.
        let [.., a, b, c, d] = len.to_be_bytes();
        let step = u32::from_be_bytes([a, b, c, d]);
        self.next = self.next.map(|next| next.wrapping_add(step));
    }
}

/// How far `sequence` is ahead of `next`, in the circle of the sequence numbers.
fn distance(next: u32, sequence: u32) -> i64 {
    i64::from(sequence.wrapping_sub(next).cast_signed())
}
