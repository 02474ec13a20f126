//! What a hostile peer sends.

use super::{Hostile, Victim};
use mqtt_pure::{
    Delivery, PacketId, Pingreq, Pingresp, Properties, Puback, Pubcomp, Publish, Pubrec, Pubrel,
    QoS, ReasonCode, Role, Suback, Subscribe, Subscription, TopicFilter, TopicName, Version,
};

impl<V: Victim> Hostile<'_, V> {
    /// An identifier that may hurt: one in use, the next one, or any.
    fn id(&mut self) -> PacketId {
        let used: Vec<_> = self.wire.held().map(|(id, ..)| id).collect();
        let number = match self.rng.below(10) {
            0..6 if !used.is_empty() => return self.rng.pick(&used),
            0..9 => self.rng.range(1, 8) as u16,
            _ => self.rng.range(1, 65_535) as u16,
        };
        PacketId::new(number).unwrap_or(PacketId::MIN)
    }

    /// Something that a peer may send, at a moment at which it may not.
    pub(super) fn odd_packet(&mut self) {
        let (version, packet_id) = (self.version, self.id());
        let mut reason = ReasonCode::SUCCESS;
        if version == Version::V5_0 && self.rng.chance(150) {
            reason = ReasonCode::UNSPECIFIED_ERROR;
        }
        let properties = Properties::EMPTY;
        let mut bytes = Vec::new();
        let dup = self.rng.chance(300);
        let written = match self.rng.below(24) {
            0..3 => self.odd_publish(Delivery::AtLeastOnce { packet_id, dup }, &mut bytes),
            3..7 => self.odd_publish(Delivery::ExactlyOnce { packet_id, dup }, &mut bytes),
            7 => self.odd_publish(Delivery::AtMostOnce, &mut bytes),
            8..11 => Puback { packet_id, reason, properties }.encode(version, &mut bytes).is_ok(),
            11..14 => Pubrec { packet_id, reason, properties }.encode(version, &mut bytes).is_ok(),
            14..17 => Pubrel { packet_id, reason: ReasonCode::SUCCESS, properties }
                .encode(version, &mut bytes)
                .is_ok(),
            17..20 => Pubcomp { packet_id, reason: ReasonCode::SUCCESS, properties }
                .encode(version, &mut bytes)
                .is_ok(),
            20 | 21 => self.right_answer(&mut bytes),
            22 if V::ROLE == Role::Client => Suback::new(packet_id, &[ReasonCode::SUCCESS][..])
                .encode(version, &mut bytes)
                .is_ok(),
            22 => {
                let filter = TopicFilter::new("a/+").ok();
                let all = filter.map(|filter| [Subscription::new(filter, QoS::AtLeastOnce)]);
                all.is_some_and(|all| {
                    Subscribe::new(packet_id, &all[..]).encode(version, &mut bytes).is_ok()
                })
            }
            _ if V::ROLE == Role::Client => Pingresp.encode(version, &mut bytes).is_ok(),
            _ => Pingreq.encode(version, &mut bytes).is_ok(),
        };
        if written {
            self.input.extend(bytes);
        }
    }

    fn odd_publish(&mut self, delivery: Delivery, out: &mut Vec<u8>) -> bool {
        let Ok(topic) = TopicName::new("\u{e9}/a") else { return false };
        let mut publish = Publish::new(topic, b"odd");
        publish.delivery = delivery;
        publish.encode(self.version, out).is_ok()
    }

    /// What the session waits for, of the last one that was sent, so that answers come out of order.
    fn right_answer(&mut self, out: &mut Vec<u8>) -> bool {
        let all: Vec<_> = self.wire.held().collect();
        if all.is_empty() {
            return false;
        }
        let (packet_id, qos, is_received) = self.rng.pick(&all);
        let version = self.version;
        match (qos, is_received) {
            (QoS::ExactlyOnce, false) => Pubrec::new(packet_id).encode(version, out).is_ok(),
            (QoS::ExactlyOnce, true) => Pubcomp::new(packet_id).encode(version, out).is_ok(),
            _ => Puback::new(packet_id).encode(version, out).is_ok(),
        }
    }
}
