use super::{PAYLOAD, Session, Source, TOPIC, Wire};
use bytes::Buf;
use mqtt_pure::{
    Client, ClientAction, Connect, Instant, Message, Published, QoS, SessionOptions, Text,
    TopicName, Version,
};
use std::hint::black_box;

struct Pure {
    client: Client,
    now: Instant,
    message: Message,
    source: Source,
}

pub fn new(version: Version, window: u16, source: Source) -> Box<dyn Session> {
    let mut options = SessionOptions::new();
    options.max_in_flight = window;
    let now = black_box(Instant::from_millis(0));
    let mut client = Client::new(options);
    client.opened(now, &Connect::new(version, Text::new("c").unwrap())).unwrap();
    let out = client.transmit(now);
    out.advance(out.remaining());
    let connack: &[u8] =
        if version == Version::V5_0 { &[0x20, 3, 0, 0, 0] } else { &[0x20, 2, 0, 0] };
    client.receive(now, &mut &*connack).unwrap();
    // Once more for the memory of the handshake to be given back.
    client.transmit(now);
    let message = Message::new(TopicName::new(TOPIC).unwrap(), PAYLOAD.to_vec());
    Box::new(Pure { client, now, message, source })
}

impl Pure {
    fn write(&mut self, wire: &mut Wire) {
        let out = self.client.transmit(self.now);
        while out.has_remaining() {
            let chunk = out.chunk();
            let len = chunk.len();
            wire.write(chunk);
            out.advance(len);
        }
    }
}

impl Session for Pure {
    fn name(&self) -> &'static str {
        "mqtt-pure"
    }

    fn size(&self) -> usize {
        size_of::<Client>()
    }

    fn send(&mut self, qos: QoS, count: usize, ids: &mut Vec<u16>, wire: &mut Wire) {
        for _ in 0..count {
            let message = match self.source {
                Source::Shared => black_box(&self.message).clone(),
                Source::Borrowed => {
                    let topic = TopicName::new(black_box(TOPIC)).unwrap();
                    Message::new(topic, black_box(&PAYLOAD).to_vec())
                }
            };
            match self.client.publish(self.now, message.with_qos(qos)) {
                Ok(Published::Sent { packet_id, .. }) => ids.push(packet_id.get()),
                other => panic!("{other:?}"),
            }
        }
        self.write(wire);
    }

    fn receive(&mut self, mut bytes: &[u8], wire: &mut Wire) -> usize {
        let mut count = 0;
        while let Some(action) = self.client.receive(self.now, &mut bytes) {
            match action {
                ClientAction::Done { token, .. } => {
                    black_box(token);
                    count += 1;
                }
                ClientAction::Message(message) => {
                    black_box(message.publish.topic);
                    black_box(message.payload());
                    count += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        self.write(wire);
        count
    }
}
