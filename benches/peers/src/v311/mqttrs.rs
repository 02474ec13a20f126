use crate::{Peer, packet_len};
use mqttrs::{Packet, decode_slice, encode_slice};
use std::hint::black_box;

#[derive(Default)]
pub struct Mqttrs {
    buffers: Vec<Vec<u8>>,
    packets: Vec<Packet<'static>>,
    out: Vec<u8>,
    len: usize,
}

/// Decodes all whole packets. The codec does not say how long a packet was, so its length is read
/// again.
fn drain(bytes: &[u8], at: &mut usize) -> usize {
    let mut count = 0;
    while let Some(packet) = decode_slice(&bytes[*at..]).unwrap() {
        black_box(&packet);
        *at += packet_len(&bytes[*at..]);
        count += 1;
    }
    count
}

impl Peer for Mqttrs {
    fn name(&self) -> &'static str {
        "mqttrs"
    }

    fn load(&mut self, buffers: &[Vec<u8>]) {
        self.buffers = buffers.to_vec();
    }

    fn decode(&mut self) -> usize {
        self.buffers.iter().map(|buffer| drain(buffer, &mut 0)).sum()
    }

    fn feed(&mut self, chunks: &mut dyn Iterator<Item = &[u8]>) -> usize {
        let (mut carry, mut count) = (Vec::new(), 0);
        for chunk in chunks {
            carry.extend_from_slice(chunk);
            let mut at = 0;
            count += drain(&carry, &mut at);
            carry.drain(..at);
        }
        count
    }

    fn keep(&mut self, packets: &'static [Vec<u8>]) {
        self.packets =
            packets.iter().map(|packet| decode_slice(packet).unwrap().unwrap()).collect();
        self.out = vec![0; packets.iter().map(Vec::len).sum()];
    }

    fn prepare(&mut self) {
        self.len = 0;
    }

    fn encode(&mut self) {
        let mut len = 0;
        for packet in &self.packets {
            len += encode_slice(packet, &mut self.out[len..]).unwrap();
        }
        self.len = len;
        black_box(&self.out[..]);
    }

    fn encoded(&self) -> Vec<u8> {
        self.out[..self.len].to_vec()
    }
}
