use super::{PAYLOAD, Session, Source, TOPIC, Wire};
use mqtt_protocol_core::mqtt::{
    Connection, Version,
    common::Cursor,
    connection::{Event, role},
    packet::{GenericPacketTrait, Packet, Qos, v3_1_1, v5_0},
};
use mqtt_pure::QoS;
use std::{hint::black_box, sync::Arc};

struct ProtocolCore {
    connection: Connection<role::Client>,
    version: Version,
    payload: Arc<[u8]>,
    source: Source,
    out: Vec<u8>,
}

pub fn new(version: mqtt_pure::Version, source: Source) -> Box<dyn Session> {
    let is_5_0 = version == mqtt_pure::Version::V5_0;
    let version = if is_5_0 { Version::V5_0 } else { Version::V3_1_1 };
    let mut connection = Connection::new(version);
    connection.set_auto_pub_response(true);
    // A session that is kept, since it does not store messages for another.
    let connack: &[u8] = if is_5_0 {
        let expiry = mqtt_protocol_core::mqtt::packet::SessionExpiryInterval::new(3600).unwrap();
        let connect = v5_0::Connect::builder().client_id("c").unwrap().clean_start(false);
        connection.checked_send(connect.props(vec![expiry.into()]).build().unwrap());
        &[0x20, 3, 0, 0, 0]
    } else {
        let connect = v3_1_1::Connect::builder().client_id("c").unwrap().clean_session(false);
        connection.checked_send(connect.build().unwrap());
        &[0x20, 2, 0, 0]
    };
    connection.recv(&mut Cursor::new(connack));
    Box::new(ProtocolCore {
        connection,
        version,
        payload: PAYLOAD.to_vec().into(),
        source,
        out: Vec::new(),
    })
}

/// A PUBLISH of a version.
macro_rules! publish {
    ($packets:ident, $qos:expr, $id:expr, $payload:expr) => {
        $packets::Publish::builder()
            .topic_name(black_box(TOPIC))
            .unwrap()
            .qos($qos)
            .packet_id($id)
            .payload($payload)
            .build()
            .unwrap()
    };
}

impl ProtocolCore {
    /// Does what the events want. Returns how many messages are received or acknowledged.
    fn handle(&mut self, events: Vec<Event>) -> usize {
        let mut count = 0;
        for event in events {
            match event {
                Event::RequestSendPacket { packet, .. } => {
                    for slice in packet.to_buffers() {
                        self.out.extend_from_slice(&slice);
                    }
                }
                Event::NotifyPacketReceived(packet) => {
                    count += usize::from(matches!(
                        &packet,
                        Packet::V3_1_1Publish(_)
                            | Packet::V3_1_1Puback(_)
                            | Packet::V3_1_1Pubcomp(_)
                            | Packet::V5_0Publish(_)
                            | Packet::V5_0Puback(_)
                            | Packet::V5_0Pubcomp(_)
                    ));
                    black_box(&packet);
                }
                Event::NotifyPacketIdReleased(_) => {}
                other => panic!("{other:?}"),
            }
        }
        count
    }

    fn write(&mut self, wire: &mut Wire) {
        wire.write(&self.out);
        self.out.clear();
    }
}

impl Session for ProtocolCore {
    fn name(&self) -> &'static str {
        "mqtt-protocol-core"
    }

    fn size(&self) -> usize {
        size_of::<Connection<role::Client>>()
    }

    fn send(&mut self, qos: QoS, count: usize, ids: &mut Vec<u16>, wire: &mut Wire) {
        let qos = if qos == QoS::AtLeastOnce { Qos::AtLeastOnce } else { Qos::ExactlyOnce };
        for _ in 0..count {
            let id = self.connection.acquire_packet_id().unwrap();
            ids.push(id);
            let payload: Arc<[u8]> = match self.source {
                Source::Shared => black_box(&self.payload).clone(),
                Source::Borrowed => Arc::from(black_box(&PAYLOAD[..])),
            };
            let events = match self.version {
                Version::V5_0 => self.connection.checked_send(publish!(v5_0, qos, id, payload)),
                _ => self.connection.checked_send(publish!(v3_1_1, qos, id, payload)),
            };
            self.handle(events);
        }
        self.write(wire);
    }

    fn receive(&mut self, bytes: &[u8], wire: &mut Wire) -> usize {
        let (mut cursor, mut count) = (Cursor::new(bytes), 0);
        while cursor.position() < bytes.len() as u64 {
            let events = self.connection.recv(&mut cursor);
            count += self.handle(events);
        }
        self.write(wire);
        count
    }
}
