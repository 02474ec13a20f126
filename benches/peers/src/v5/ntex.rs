use crate::Peer;
use ntex_bytes::{BytePages, BytesMut};
use ntex_codec::{Decoder, Encoder};
use ntex_mqtt::v5::codec::{Codec, Decoded, Encoded};
use std::hint::black_box;

#[derive(Default)]
pub struct Ntex {
    buffers: Vec<BytesMut>,
    packets: Vec<Encoded>,
    ready: Vec<Encoded>,
    out: BytePages,
}

/// The payload of a PUBLISH that is cut comes in two pieces, but in no more.
fn codec() -> Codec {
    let codec = Codec::new();
    codec.set_min_chunk_size(u32::MAX);
    codec
}

fn drain(codec: &Codec, buffer: &mut BytesMut) -> usize {
    let mut count = 0;
    while let Some(packet) = codec.decode(buffer).unwrap() {
        black_box(&packet);
        count += usize::from(!matches!(packet, Decoded::PayloadChunk(..)));
    }
    count
}

impl Peer for Ntex {
    fn name(&self) -> &'static str {
        "ntex-mqtt"
    }

    fn load(&mut self, buffers: &[Vec<u8>]) {
        self.buffers = buffers.iter().map(BytesMut::copy_from_slice).collect();
    }

    fn decode(&mut self) -> usize {
        let codec = codec();
        self.buffers.iter_mut().map(|buffer| drain(&codec, buffer)).sum()
    }

    fn feed(&mut self, chunks: &mut dyn Iterator<Item = &[u8]>) -> usize {
        let codec = codec();
        let (mut buffer, mut count) = (BytesMut::with_capacity(8192), 0);
        for chunk in chunks {
            buffer.extend_from_slice(chunk);
            count += drain(&codec, &mut buffer);
        }
        count
    }

    fn keep(&mut self, packets: &'static [Vec<u8>]) {
        let read = |bytes: &Vec<u8>| match codec()
            .decode(&mut BytesMut::copy_from_slice(bytes))
            .unwrap()
            .unwrap()
        {
            Decoded::Packet(packet, _) => Encoded::Packet(packet),
            Decoded::Publish(publish, payload, _) => Encoded::Publish(publish, Some(payload)),
            Decoded::PayloadChunk(..) => panic!("no packet"),
        };
        self.packets = packets.iter().map(read).collect();
    }

    fn prepare(&mut self) {
        self.out.clear();
        self.ready = self.packets.clone();
    }

    fn encode(&mut self) {
        let codec = codec();
        for packet in self.ready.drain(..) {
            codec.encodev(packet, &mut self.out).unwrap();
        }
        black_box(&self.out);
    }

    fn encoded(&self) -> Vec<u8> {
        self.out.clone().freeze().to_vec()
    }
}
