//! MQTT 3.1.1.

mod mqtt_proto;
mod mqtt_protocol_core;
mod mqttbytes;
mod mqttrs;
mod ntex;
mod rmqtt;
mod rumqttc;

use crate::{
    Peer,
    flowsdk::Flowsdk,
    mqtt_pure::{Pure, Slice, V311},
};

/// Ours first, with the three kinds of buffer that can be written to.
pub fn all() -> Vec<Box<dyn Peer>> {
    vec![
        Box::new(Pure::<Vec<u8>, V311>::new()),
        Box::new(Pure::<bytes::BytesMut, V311>::new()),
        Box::new(Pure::<Slice, V311>::new()),
        Box::new(mqttrs::Mqttrs::default()),
        Box::new(mqttbytes::Mqttbytes::default()),
        Box::new(rumqttc::Rumqttc::default()),
        Box::new(mqtt_proto::MqttProto::default()),
        Box::new(mqtt_protocol_core::ProtocolCore::default()),
        Box::new(rmqtt::Rmqtt::default()),
        Box::new(ntex::Ntex::default()),
        Box::new(Flowsdk::<4>::default()),
    ]
}

/// Whether a codec takes these bytes for one whole packet, asked with a packet that it has to
/// refuse.
pub fn accepts(peer: &mut dyn Peer, bytes: &'static [u8]) -> bool {
    let decoded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        peer.load(&[bytes.to_vec()]);
        peer.decode() == 1
    }));
    decoded.unwrap_or(false)
}
