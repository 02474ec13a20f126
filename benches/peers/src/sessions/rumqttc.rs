use super::{PAYLOAD, Session, Source, TOPIC, Wire};
use bytes::{Bytes, BytesMut};
use rumqttc::{Event, MqttState, Packet, Publish, QoS, Request};
use std::hint::black_box;

const MAX_SIZE: usize = crate::MAX_SIZE;

struct Rumqttc {
    state: MqttState,
    input: BytesMut,
    out: BytesMut,
    topic: String,
    payload: Bytes,
    source: Source,
}

pub fn new(window: u16, source: Source) -> Box<dyn Session> {
    Box::new(Rumqttc {
        // As many as it has by default, if that is enough.
        state: MqttState::new(window.max(100), false),
        input: BytesMut::new(),
        out: BytesMut::new(),
        topic: TOPIC.into(),
        payload: PAYLOAD.to_vec().into(),
        source,
    })
}

impl Rumqttc {
    fn write(&mut self, wire: &mut Wire) {
        wire.write(&self.out);
        self.out.clear();
    }
}

impl Session for Rumqttc {
    fn name(&self) -> &'static str {
        "rumqttc"
    }

    fn size(&self) -> usize {
        size_of::<MqttState>()
    }

    fn send(&mut self, qos: mqtt_pure::QoS, count: usize, ids: &mut Vec<u16>, wire: &mut Wire) {
        let qos = match qos {
            mqtt_pure::QoS::AtLeastOnce => QoS::AtLeastOnce,
            _ => QoS::ExactlyOnce,
        };
        for _ in 0..count {
            let (topic, payload) = match self.source {
                Source::Shared => {
                    (black_box(&self.topic).clone(), black_box(&self.payload).clone())
                }
                Source::Borrowed => {
                    let topic = black_box(TOPIC).to_owned();
                    (topic, black_box(&PAYLOAD).to_vec().into())
                }
            };
            let publish = Publish::from_bytes(topic, qos, payload);
            let request = Request::Publish(publish);
            let packet = self.state.handle_outgoing_packet(request).unwrap().unwrap();
            let Packet::Publish(publish) = &packet else { panic!("{packet:?}") };
            ids.push(publish.pkid);
            packet.write(&mut self.out, MAX_SIZE).unwrap();
            // As its loop does, which tells the application.
            while let Some(event) = self.state.events.pop_front() {
                black_box(&event);
            }
        }
        self.write(wire);
    }

    fn receive(&mut self, bytes: &[u8], wire: &mut Wire) -> usize {
        let mut count = 0;
        self.input.extend_from_slice(bytes);
        while !self.input.is_empty() {
            let packet = Packet::read(&mut self.input, MAX_SIZE).unwrap();
            if let Some(answer) = self.state.handle_incoming_packet(packet).unwrap() {
                answer.write(&mut self.out, MAX_SIZE).unwrap();
            }
            while let Some(event) = self.state.events.pop_front() {
                count += usize::from(matches!(
                    &event,
                    Event::Incoming(Packet::Publish(_) | Packet::PubAck(_) | Packet::PubComp(_))
                ));
                black_box(&event);
            }
        }
        self.write(wire);
        count
    }
}
