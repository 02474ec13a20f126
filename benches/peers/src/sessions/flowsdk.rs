use super::{PAYLOAD, Session, Source, TOPIC, Wire};
use flowsdk::{
    mqtt_client::{MqttClientOptions, MqttEvent, PortableNoIoMqttClient, commands::PublishCommand},
    time::Timestamp,
};
use mqtt_pure::{QoS, Version};
use std::hint::black_box;

struct Flowsdk {
    client: PortableNoIoMqttClient,
    now: Timestamp,
    command: PublishCommand,
    source: Source,
}

pub fn new(version: Version, source: Source) -> Box<dyn Session> {
    let is_5_0 = version == Version::V5_0;
    let options = MqttClientOptions::builder()
        .client_id("c")
        .mqtt_version(if is_5_0 { 5 } else { 4 })
        .max_outgoing_packet_count(4096)
        .max_event_count(4096);
    let now = black_box(Timestamp::ZERO);
    let mut client = PortableNoIoMqttClient::new_at(options, now);
    client.connect_at(now).unwrap();
    client.take_outgoing_at(now).unwrap();
    let connack: &[u8] = if is_5_0 { &[0x20, 3, 0, 0, 0] } else { &[0x20, 2, 0, 0] };
    client.handle_incoming_at(connack, now).unwrap();
    let command = PublishCommand::simple(TOPIC, PAYLOAD.to_vec(), 1, false);
    Box::new(Flowsdk { client, now, command, source })
}

impl Flowsdk {
    fn write(&mut self, wire: &mut Wire) {
        wire.write(&self.client.take_outgoing_at(self.now).unwrap());
    }
}

impl Session for Flowsdk {
    fn name(&self) -> &'static str {
        "flowsdk"
    }

    fn size(&self) -> usize {
        size_of::<PortableNoIoMqttClient>()
    }

    fn send(&mut self, qos: QoS, count: usize, ids: &mut Vec<u16>, wire: &mut Wire) {
        for _ in 0..count {
            // It wants to own both.
            let command = match self.source {
                Source::Shared => {
                    PublishCommand { qos: qos.level(), ..black_box(&self.command).clone() }
                }
                Source::Borrowed => {
                    let payload = black_box(&PAYLOAD).to_vec();
                    PublishCommand::simple(black_box(TOPIC), payload, qos.level(), false)
                }
            };
            ids.push(self.client.publish_at(command, self.now).unwrap().unwrap());
        }
        self.write(wire);
    }

    fn receive(&mut self, bytes: &[u8], wire: &mut Wire) -> usize {
        let events = self.client.handle_incoming_at(bytes, self.now).unwrap();
        let is_counted = |event: &&MqttEvent| {
            matches!(event, MqttEvent::Published(_) | MqttEvent::MessageReceived(_))
        };
        let count = events.iter().filter(is_counted).count();
        black_box(&events);
        self.write(wire);
        count
    }
}
