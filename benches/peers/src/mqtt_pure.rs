use crate::{
    MAX_SIZE, Peer,
    inputs::{consume, consume_5},
};
use bytes::{BufMut, BytesMut};
use mqtt_pure::{DecodeOptions, Packet, Publish, StreamDecoder, StreamItem, Subscription, Version};
use std::{hint::black_box, marker::PhantomData};

/// What is encoded: packets, a SUBSCRIBE from a slice of values, and large PUBLISH without their
/// payloads.
#[derive(Default)]
pub struct Tasks {
    packets: Vec<Packet<'static>>,
    headers: Vec<Publish<'static>>,
}

/// With a buffer of this kind, speaking this version.
pub struct Pure<B, V> {
    options: DecodeOptions,
    buffers: Vec<Vec<u8>>,
    tasks: Tasks,
    out: B,
    speaks: PhantomData<V>,
}

/// A version, and what is done with its packets.
pub trait Speaks {
    const VERSION: Version;
    fn consume(packet: Packet<'_>);
}

pub struct V311;

impl Speaks for V311 {
    const VERSION: Version = Version::V3_1_1;

    #[inline(always)]
    fn consume(packet: Packet<'_>) {
        consume(packet);
    }
}

pub struct V5;

impl Speaks for V5 {
    const VERSION: Version = Version::V5_0;

    #[inline(always)]
    fn consume(packet: Packet<'_>) {
        consume_5(packet);
    }
}

/// The buffers that are measured.
pub trait Buffer: Default {
    const NAME: &'static str;
    fn reserve(&mut self, len: usize);
    fn clear(&mut self);
    fn encode(&mut self, tasks: &Tasks, version: Version);
    fn bytes(&self) -> &[u8];
}

fn encode(tasks: &Tasks, version: Version, out: &mut impl BufMut) {
    let version = black_box(version);
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

    fn encode(&mut self, tasks: &Tasks, version: Version) {
        encode(tasks, version, self);
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

    fn encode(&mut self, tasks: &Tasks, version: Version) {
        encode(tasks, version, self);
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

    fn encode(&mut self, tasks: &Tasks, version: Version) {
        let (version, mut len) = (black_box(version), 0);
        for packet in &tasks.packets {
            len += packet.encode_to_slice(version, &mut self.bytes[len..]).unwrap();
        }
        for publish in &tasks.headers {
            let mut out = &mut self.bytes[len..];
            let room = out.len();
            publish.encode_header(version, publish.payload.len(), &mut out).unwrap();
            len += room - out.len();
            black_box(publish.payload);
        }
        self.len = len;
        black_box(self.bytes());
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl<B: Buffer, V: Speaks> Pure<B, V> {
    pub fn new() -> Self {
        let options = DecodeOptions::new(V::VERSION).with_max_packet_size(MAX_SIZE as u32);
        Self {
            options: black_box(options),
            buffers: Vec::new(),
            tasks: Tasks::default(),
            out: B::default(),
            speaks: PhantomData,
        }
    }
}

impl<B: Buffer, V: Speaks> Peer for Pure<B, V> {
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
                V::consume(packet);
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
                    V::consume(packet);
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
        self.out.encode(&self.tasks, V::VERSION);
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
