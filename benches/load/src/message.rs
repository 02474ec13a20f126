//! Messages that say who sent them and which one it is, and what became of them.

use crate::{
    client,
    failure::{Failure, Result},
};

/// The length of a payload: who sent it in two bytes, its number in eight, and nothing.
const PAYLOAD: usize = 64;

/// Many packets of one publisher in one buffer, that are numbered where they lie.
pub struct Batch {
    bytes: Vec<u8>,
    packet: usize,
    /// Where the payload and, with QoS 1, the identifier begin.
    payload: usize,
    id: Option<usize>,
}

impl Batch {
    pub fn new(topic: &str, sender: u16, is_acknowledged: bool, count: usize) -> Result<Self> {
        let mut payload = [0; PAYLOAD];
        payload[..2].copy_from_slice(&sender.to_be_bytes());
        let packet = client::publish(topic, &payload, is_acknowledged.then_some(1), false)?;
        let start = packet.len() - PAYLOAD;
        let id = is_acknowledged.then_some(start - 2);
        Ok(Self { bytes: packet.repeat(count), packet: packet.len(), payload: start, id })
    }

    /// The packets with the numbers from this one on.
    pub fn from(&mut self, first: u64) -> &[u8] {
        for (number, packet) in (first..).zip(self.bytes.chunks_exact_mut(self.packet)) {
            packet[self.payload + 2..self.payload + 10].copy_from_slice(&number.to_be_bytes());
            if let Some(at) = self.id {
                packet[at..at + 2].copy_from_slice(&packet_id(number).to_be_bytes());
            }
        }
        &self.bytes
    }
}

/// The packet identifier of a message, which is that of no other that is on its way.
pub const fn packet_id(number: u64) -> u16 {
    (number % 65_535) as u16 + 1
}

/// What one client has received.
pub struct Ledger {
    /// The number of the message that is to come next, for each sender.
    next: Vec<u64>,
    /// Messages that came after those that they should have come after.
    pub received: u64,
}

impl Ledger {
    pub fn new(senders: usize) -> Self {
        Self { next: vec![0; senders], received: 0 }
    }

    /// Notes a message; tells who sent it. One that came before, or out of order, is an error.
    pub fn note(&mut self, payload: &[u8]) -> Result<usize> {
        let bad = || Failure::new("a message came that nobody sent");
        let sender = payload.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
        let number = payload.get(2..).and_then(<[u8]>::first_chunk);
        let number = number.map(|bytes| u64::from_be_bytes(*bytes)).ok_or_else(bad)?;
        let sender = usize::from(sender.ok_or_else(bad)?);
        let next = self.next.get_mut(sender).filter(|_| payload.len() == PAYLOAD);
        let next = next.ok_or_else(bad)?;
        if number < *next {
            return Err(Failure(format!("message {number} came when {next} was to come")));
        }
        *next = number + 1;
        self.received += 1;
        Ok(sender)
    }

    /// The number behind the last message of a sender that came.
    pub fn next_of(&self, sender: usize) -> u64 {
        self.next.get(sender).copied().unwrap_or_default()
    }
}
