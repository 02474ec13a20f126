//! How a message is put into a PUBLISH.

use crate::{
    packet::PacketType,
    types::{PacketId, QoS},
};

/// What a PUBLISH has beside topic, payload and properties of its message.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub(super) first_byte: u8,
    /// Whether the version has properties.
    pub(super) has_properties: bool,
    /// Whether the peer knows which topic the alias stands for.
    pub(super) is_topic_known: bool,
    /// The topic alias, 0 for none.
    pub(super) alias: u16,
    /// `None` at QoS 0.
    pub(super) packet_id: Option<PacketId>,
    /// What is left of the Message Expiry Interval.
    pub(super) expiry: Option<u32>,
}

impl Form {
    /// Of a PUBLISH that is not sent yet: an identifier counts, whichever it will be.
    #[inline(always)]
    pub(super) fn new(qos: QoS, retain: bool, has_properties: bool, expiry: Option<u32>) -> Self {
        let qos_flags = qos.level().wrapping_shl(1);
        Self {
            first_byte: PacketType::Publish.first_byte() | qos_flags | u8::from(retain),
            has_properties,
            is_topic_known: false,
            alias: 0,
            packet_id: if qos == QoS::AtMostOnce { None } else { Some(PacketId::MIN) },
            expiry,
        }
    }

    /// With the identifier of a message of QoS 1 or 2.
    #[inline(always)]
    pub(super) fn sent_as(self, packet_id: PacketId, dup: bool) -> Self {
        let dup = if dup { 0x08 } else { 0 };
        Self { packet_id: Some(packet_id), first_byte: self.first_byte | dup, ..self }
    }
}
