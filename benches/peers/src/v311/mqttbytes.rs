use crate::{MAX_SIZE, Peer};
use bytes::BytesMut;
use mqttbytes::{
    Error,
    v4::{Disconnect, Packet, PingReq, PingResp, read},
};
use std::hint::black_box;

#[derive(Default)]
pub struct Mqttbytes {
    buffers: Vec<BytesMut>,
    packets: Vec<Packet>,
    out: BytesMut,
}

fn drain(buffer: &mut BytesMut) -> usize {
    let mut count = 0;
    loop {
        match read(buffer, MAX_SIZE) {
            Ok(packet) => {
                black_box(&packet);
                count += 1;
            }
            Err(Error::InsufficientBytes(_)) => return count,
            Err(error) => panic!("{error:?}"),
        }
    }
}

impl Peer for Mqttbytes {
    fn name(&self) -> &'static str {
        "mqttbytes"
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
        let read = |bytes: &Vec<u8>| read(&mut BytesMut::from(&bytes[..]), MAX_SIZE).unwrap();
        self.packets = packets.iter().map(read).collect();
        self.out.reserve(packets.iter().map(Vec::len).sum());
    }

    fn prepare(&mut self) {
        self.out.clear();
    }

    fn encode(&mut self) {
        for packet in &self.packets {
            write(packet, &mut self.out);
        }
        black_box(&self.out[..]);
    }

    fn encoded(&self) -> Vec<u8> {
        self.out.to_vec()
    }
}

/// The crate has no such function.
fn write(packet: &Packet, out: &mut BytesMut) {
    match packet {
        Packet::Connect(packet) => packet.write(out),
        Packet::ConnAck(packet) => packet.write(out),
        Packet::Publish(packet) => packet.write(out),
        Packet::PubAck(packet) => packet.write(out),
        Packet::PubRec(packet) => packet.write(out),
        Packet::PubRel(packet) => packet.write(out),
        Packet::PubComp(packet) => packet.write(out),
        Packet::Subscribe(packet) => packet.write(out),
        Packet::SubAck(packet) => packet.write(out),
        Packet::Unsubscribe(packet) => packet.write(out),
        Packet::UnsubAck(packet) => packet.write(out),
        Packet::PingReq => PingReq.write(out),
        Packet::PingResp => PingResp.write(out),
        Packet::Disconnect => Disconnect.write(out),
    }
    .unwrap();
}
