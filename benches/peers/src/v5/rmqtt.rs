use crate::Peer;
use bytes::BytesMut;
use rmqtt_codec::v5::{Codec, Packet};
use std::hint::black_box;
use tokio_util::codec::{Decoder, Encoder};

#[derive(Default)]
pub struct Rmqtt {
    buffers: Vec<BytesMut>,
    packets: Vec<Packet>,
    ready: Vec<Packet>,
    out: BytesMut,
}

fn drain(codec: &mut Codec, buffer: &mut BytesMut) -> usize {
    let mut count = 0;
    while let Some(packet) = codec.decode(buffer).unwrap() {
        black_box(&packet);
        count += 1;
    }
    count
}

impl Peer for Rmqtt {
    fn name(&self) -> &'static str {
        "rmqtt-codec"
    }

    fn load(&mut self, buffers: &[Vec<u8>]) {
        self.buffers = buffers.iter().map(|buffer| BytesMut::from(&buffer[..])).collect();
    }

    fn decode(&mut self) -> usize {
        let mut codec = Codec::default();
        self.buffers.iter_mut().map(|buffer| drain(&mut codec, buffer)).sum()
    }

    fn feed(&mut self, chunks: &mut dyn Iterator<Item = &[u8]>) -> usize {
        let mut codec = Codec::default();
        let (mut buffer, mut count) = (BytesMut::with_capacity(8192), 0);
        for chunk in chunks {
            buffer.extend_from_slice(chunk);
            count += drain(&mut codec, &mut buffer);
        }
        count
    }

    fn keep(&mut self, packets: &'static [Vec<u8>]) {
        let read = |bytes: &Vec<u8>| {
            Codec::default().decode(&mut BytesMut::from(&bytes[..])).unwrap().unwrap().0
        };
        self.packets = packets.iter().map(read).collect();
        self.out.reserve(packets.iter().map(|packet| packet.len() + 5).sum());
    }

    fn prepare(&mut self) {
        self.out.clear();
        self.ready = self.packets.clone();
    }

    fn encode(&mut self) {
        let mut codec = Codec::default();
        for packet in self.ready.drain(..) {
            codec.encode(packet, &mut self.out).unwrap();
        }
        black_box(&self.out[..]);
    }

    fn encoded(&self) -> Vec<u8> {
        self.out.to_vec()
    }
}
