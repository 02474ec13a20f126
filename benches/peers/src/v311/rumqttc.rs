use crate::{MAX_SIZE, Peer};
use bytes::BytesMut;
use rumqttc::{Packet, mqttbytes::Error};
use std::hint::black_box;

#[derive(Default)]
pub struct Rumqttc {
    buffers: Vec<BytesMut>,
    packets: Vec<Packet>,
    out: BytesMut,
}

fn drain(buffer: &mut BytesMut) -> usize {
    let mut count = 0;
    loop {
        match Packet::read(buffer, MAX_SIZE) {
            Ok(packet) => {
                black_box(&packet);
                count += 1;
            }
            Err(Error::InsufficientBytes(_)) => return count,
            Err(error) => panic!("{error:?}"),
        }
    }
}

impl Peer for Rumqttc {
    fn name(&self) -> &'static str {
        "rumqttc"
    }

    fn load(&mut self, buffers: &[Vec<u8>]) {
        self.buffers = buffers.iter().map(|buffer| BytesMut::from(&buffer[..])).collect();
    }

    fn decode(&mut self) -> usize {
        self.buffers.iter_mut().map(drain).sum()
    }

    fn feed(&mut self, chunks: &mut dyn Iterator<Item = &[u8]>) -> usize {
        let (mut buffer, mut count) = (BytesMut::with_capacity(8192), 0);
        for chunk in chunks {
            buffer.extend_from_slice(chunk);
            count += drain(&mut buffer);
        }
        count
    }

    fn keep(&mut self, packets: &'static [Vec<u8>]) {
        let read =
            |bytes: &Vec<u8>| Packet::read(&mut BytesMut::from(&bytes[..]), MAX_SIZE).unwrap();
        self.packets = packets.iter().map(read).collect();
        self.out.reserve(packets.iter().map(Vec::len).sum());
    }

    fn prepare(&mut self) {
        self.out.clear();
    }

    fn encode(&mut self) {
        for packet in &self.packets {
            packet.write(&mut self.out, MAX_SIZE).unwrap();
        }
        black_box(&self.out[..]);
    }

    fn encoded(&self) -> Vec<u8> {
        self.out.to_vec()
    }
}
