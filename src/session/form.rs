//! How a message is put into a PUBLISH.

use crate::{
    packet::PacketType,
    types::{Delivery, PacketId, QoS},
};

/// What a PUBLISH has beside topic, payload and properties of its message.
pub(super) struct Form {
    pub(super) delivery: Delivery,
    pub(super) retain: bool,
    /// Whether the version has properties.
    pub(super) has_properties: bool,
    /// The topic alias, 0 for none.
    pub(super) alias: u16,
    /// Whether the peer knows which topic the alias stands for.
    pub(super) is_topic_known: bool,
    /// What is left of the Message Expiry Interval.
    pub(super) expiry: Option<u32>,
}

impl Form {
    #[inline]
    pub(super) fn first_byte(&self) -> u8 {
        let qos = self.delivery.qos().level().wrapping_shl(1);
        let dup = if self.delivery.dup() { 0x08 } else { 0 };
        PacketType::Publish.first_byte() | dup | qos | u8::from(self.retain)
    }
}

/// How a message of this QoS is delivered; without an identifier at QoS 0.
#[inline]
pub(super) const fn delivery(qos: QoS, id: Option<PacketId>, dup: bool) -> Delivery {
    match (qos, id) {
        (QoS::AtLeastOnce, Some(packet_id)) => Delivery::AtLeastOnce { dup, packet_id },
        (QoS::ExactlyOnce, Some(packet_id)) => Delivery::ExactlyOnce { dup, packet_id },
        _ => Delivery::AtMostOnce,
    }
}
