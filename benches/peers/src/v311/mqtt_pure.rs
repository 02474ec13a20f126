use super::MAX_SIZE;
use crate::{Peer, inputs::consume};
use bytes::{BufMut, BytesMut};
use mqtt_pure::{DecodeOptions, Packet, Publish, StreamDecoder, StreamItem, Subscription, Version};
use std::hint::black_box;

/// What is encoded: packets, a SUBSCRIBE from a slice of values, and large PUBLISH without their
/// payloads.
#[derive(Default)]
pub struct Tasks {
    packets: Vec<Packet<'static>>,
    headers: Vec<Publish<'static>>,
}

pub struct Pure<B> {
    options: DecodeOptions,
    buffers: Vec<Vec<u8>>,
    tasks: Tasks,
    out: B,
}

/// The buffers that are measured.
pub trait Buffer: Default {
    const NAME: &'static str;
    fn reserve(&mut self, len: usize);
    fn clear(&mut self);
    fn encode(&mut self, tasks: &Tasks);
    fn bytes(&self) -> &[u8];
}

fn encode(tasks: &Tasks, out: &mut impl BufMut) {
    let version = black_box(Version::V3_1_1);
    for packet in &tasks.packets {
        packet.encode(version, out).unwrap();
    }
    for publish in &tasks.headers {
        publish.encode_header(version, publish.payload.len(), out).unwrap();
        black_box(publish.payload);
    }
}

impl Buffer for Vec<u8> {
    const NAME: &'static str = "mqtt-pure";

    fn reserve(&mut self, len: usize) {
        self.reserve(len);
    }

    fn clear(&mut self) {
        self.clear();
    }

    fn encode(&mut self, tasks: &Tasks) {
        encode(tasks, self);
        black_box(&self[..]);
    }

    fn bytes(&self) -> &[u8] {
        self
    }
}

impl Buffer for BytesMut {
    const NAME: &'static str = "mqtt-pure (BytesMut)";

    fn reserve(&mut self, len: usize) {
        self.reserve(len);
    }

    fn clear(&mut self) {
        self.clear();
    }

    fn encode(&mut self, tasks: &Tasks) {
        encode(tasks, self);
        black_box(&self[..]);
    }

    fn bytes(&self) -> &[u8] {
        self
    }
}

/// Writes to `&mut [u8]`.
#[derive(Default)]
pub struct Slice {
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer for Slice {
    const NAME: &'static str = "mqtt-pure (slice)";

    fn reserve(&mut self, len: usize) {
        self.bytes = vec![0; len];
    }

    fn clear(&mut self) {
        self.len = 0;
    }

    fn encode(&mut self, tasks: &Tasks) {
        let mut out = &mut self.bytes[..];
        encode(tasks, &mut out);
        let left = out.len();
        self.len = self.bytes.len() - left;
        black_box(self.bytes());
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl<B: Buffer> Pure<B> {
    pub fn new() -> Self {
        let options = black_box(DecodeOptions::default().with_max_packet_size(MAX_SIZE as u32));
        Self { options, buffers: Vec::new(), tasks: Tasks::default(), out: B::default() }
    }
}

impl<B: Buffer> Peer for Pure<B> {
    fn name(&self) -> &'static str {
        B::NAME
    }

    fn load(&mut self, buffers: &[Vec<u8>]) {
        self.buffers = buffers.to_vec();
    }

    fn decode(&mut self) -> usize {
        let (mut count, options) = (0, self.options);
        for buffer in &self.buffers {
            let mut input = &buffer[..];
            while let Some(packet) = Packet::read(&mut input, options).unwrap() {
                consume(packet);
                count += 1;
            }
        }
        count
    }

    fn feed(&mut self, chunks: &mut dyn Iterator<Item = &[u8]>) -> usize {
        let mut decoder = StreamDecoder::new(self.options);
        let mut count = 0;
        for chunk in chunks {
            let mut feed = decoder.feed(chunk);
            while let Some(item) = feed.next().unwrap() {
                if let StreamItem::Packet(packet) = item {
                    consume(packet);
                    count += 1;
                }
            }
        }
        count
    }

    fn keep(&mut self, packets: &'static [Vec<u8>]) {
        self.tasks = Tasks::default();
        for bytes in packets {
            let mut packet = Packet::read(&mut &bytes[..], self.options).unwrap().unwrap();
            if let Packet::Subscribe(subscribe) = &mut packet {
                let values: Vec<Subscription<'_>> = subscribe.subscriptions.iter().collect();
                subscribe.subscriptions = (&*values.leak()).into();
            }
            match packet {
                Packet::Publish(publish) if publish.payload.len() >= 1 << 20 => {
                    self.tasks.headers.push(publish);
                }
                packet => self.tasks.packets.push(packet),
            }
        }
        self.out.reserve(packets.iter().map(Vec::len).sum());
    }

    fn prepare(&mut self) {
        self.out.clear();
    }

    fn encode(&mut self) {
        self.out.encode(&self.tasks);
    }

    fn encoded(&self) -> Vec<u8> {
        let (bytes, headers) = (self.out.bytes(), &self.tasks.headers);
        if headers.is_empty() {
            return bytes.to_vec();
        }
        let heads = bytes.chunks(bytes.len() / headers.len());
        let whole = heads.zip(headers).map(|(head, publish)| [head, publish.payload].concat());
        whole.collect::<Vec<_>>().concat()
    }
}
