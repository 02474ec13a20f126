use super::MAX_SIZE;
use crate::{Peer, inputs::consume};
use bytes::BufMut;
use mqtt_pure::{DecodeOptions, Packet, Publish, StreamDecoder, StreamItem, Subscription, Version};
use std::hint::black_box;

/// What is encoded: a SUBSCRIBE from a slice of values, a large PUBLISH without its payload.
enum Task {
    Packet(Packet<'static>),
    Header(Publish<'static>),
}

pub struct Pure<B> {
    options: DecodeOptions,
    buffers: Vec<Vec<u8>>,
    tasks: Vec<Task>,
    out: B,
}

/// The two buffers that are measured.
pub trait Buffer: BufMut + AsRef<[u8]> + Default {
    const NAME: &'static str;
    fn clear(&mut self);
    fn reserve(&mut self, additional: usize);
}

impl Buffer for Vec<u8> {
    const NAME: &'static str = "mqtt-pure";

    fn clear(&mut self) {
        self.clear();
    }

    fn reserve(&mut self, additional: usize) {
        self.reserve(additional);
    }
}

impl Buffer for bytes::BytesMut {
    const NAME: &'static str = "mqtt-pure (BytesMut)";

    fn clear(&mut self) {
        self.clear();
    }

    fn reserve(&mut self, additional: usize) {
        self.reserve(additional);
    }
}

impl<B: Buffer> Pure<B> {
    pub fn new() -> Self {
        let options = black_box(DecodeOptions::default().with_max_packet_size(MAX_SIZE as u32));
        Self { options, buffers: Vec::new(), tasks: Vec::new(), out: B::default() }
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
        self.tasks.clear();
        for bytes in packets {
            let mut packet = Packet::read(&mut &bytes[..], self.options).unwrap().unwrap();
            if let Packet::Subscribe(subscribe) = &mut packet {
                let values: Vec<Subscription<'_>> = subscribe.subscriptions.iter().collect();
                subscribe.subscriptions = (&*values.leak()).into();
            }
            self.tasks.push(match packet {
                Packet::Publish(publish) if publish.payload.len() >= 1 << 20 => {
                    Task::Header(publish)
                }
                packet => Task::Packet(packet),
            });
        }
        self.out.reserve(packets.iter().map(Vec::len).sum());
    }

    fn prepare(&mut self) {
        self.out.clear();
    }

    fn encode(&mut self) {
        let version = black_box(Version::V3_1_1);
        for task in &self.tasks {
            match task {
                Task::Packet(packet) => packet.encode(version, &mut self.out).unwrap(),
                Task::Header(publish) => {
                    publish.encode_header(version, publish.payload.len(), &mut self.out).unwrap();
                    black_box(publish.payload);
                }
            }
        }
        black_box(self.out.as_ref());
    }

    fn encoded(&self) -> Vec<u8> {
        if let [Task::Header(publish), ..] = self.tasks[..] {
            let packets = self.out.as_ref().chunks(self.out.as_ref().len() / self.tasks.len());
            let payload = |task: &Task| match task {
                Task::Header(publish) => publish.payload,
                Task::Packet(_) => publish.payload,
            };
            let whole = packets.zip(&self.tasks).map(|(head, task)| [head, payload(task)].concat());
            return whole.collect::<Vec<_>>().concat();
        }
        self.out.as_ref().to_vec()
    }
}
