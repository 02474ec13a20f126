//! MQTT 5.0.

mod mountain;
mod mqtt_proto;
mod mqtt_protocol_core;
mod ntex;
mod rmqtt;
mod rumqttc;

use crate::{
    Peer,
    flowsdk::Flowsdk,
    mqtt_pure::{Pure, Slice, V5},
};

/// Ours first, with the three kinds of buffer that can be written to.
pub fn all() -> Vec<Box<dyn Peer>> {
    vec![
        Box::new(Pure::<Vec<u8>, V5>::new()),
        Box::new(Pure::<bytes::BytesMut, V5>::new()),
        Box::new(Pure::<Slice, V5>::new()),
        Box::new(mountain::Mountain::default()),
        Box::new(rumqttc::Rumqttc::default()),
        Box::new(mqtt_proto::MqttProto::default()),
        Box::new(mqtt_protocol_core::ProtocolCore::default()),
        Box::new(rmqtt::Rmqtt::default()),
        Box::new(ntex::Ntex::default()),
        Box::new(Flowsdk::<5>::default()),
    ]
}
