use crate::Peer;
use flowsdk::mqtt_serde::{
    control_packet::MqttPacket,
    parser::{ParseOk, stream::MqttParser},
};
use std::hint::black_box;

/// By protocol level.
#[derive(Default)]
pub struct Flowsdk<const LEVEL: u8> {
    buffers: Vec<Vec<u8>>,
    packets: Vec<MqttPacket>,
    out: Vec<u8>,
}

fn drain<const LEVEL: u8>(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while !bytes.is_empty() {
        match MqttPacket::from_bytes_with_version(bytes, LEVEL).unwrap() {
            ParseOk::Packet(packet, len) => {
                black_box(&packet);
                bytes = &bytes[len..];
                count += 1;
            }
            _ => return count,
        }
    }
    count
}

impl<const LEVEL: u8> Peer for Flowsdk<LEVEL> {
    fn name(&self) -> &'static str {
        "flowsdk"
    }

    fn load(&mut self, buffers: &[Vec<u8>]) {
        self.buffers = buffers.to_vec();
    }

    fn decode(&mut self) -> usize {
        self.buffers.iter().map(|buffer| drain::<LEVEL>(buffer)).sum()
    }

    fn feed(&mut self, chunks: &mut dyn Iterator<Item = &[u8]>) -> usize {
        let (mut parser, mut count) = (MqttParser::new(8192, LEVEL), 0);
        for chunk in chunks {
            parser.feed(chunk);
            while let Some(packet) = parser.next_packet().unwrap() {
                black_box(&packet);
                count += 1;
            }
        }
        count
    }

    fn keep(&mut self, packets: &'static [Vec<u8>]) {
        let read = |bytes: &Vec<u8>| match MqttPacket::from_bytes_with_version(bytes, LEVEL) {
            Ok(ParseOk::Packet(packet, _)) => packet,
            other => panic!("{other:?}"),
        };
        self.packets = packets.iter().map(read).collect();
        self.out.reserve(packets.iter().map(Vec::len).sum());
    }

    fn prepare(&mut self) {
        self.out.clear();
    }

    fn encode(&mut self) {
        for packet in &self.packets {
            self.out.extend_from_slice(&packet.to_bytes().unwrap());
        }
        black_box(&self.out[..]);
    }

    fn encoded(&self) -> Vec<u8> {
        self.out.clone()
    }
}
