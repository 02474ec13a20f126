//! What the application of a server does with messages and requests.

use super::Server;
use crate::{
    packet::{Properties, Suback, Unsuback},
    session::{action::Published, fault::CommandError, message::Message, requests::Kind},
    time::Instant,
    types::{PacketId, QoS, ReasonCode},
};

impl Server {
    /// Sends a message to the client, or keeps it until it may be sent: behind others, or until the
    /// client is back. `granted` is what its subscription was granted: the message is sent with this
    /// QoS at most [MQTT-3.8.4-6]. One of QoS 0 is not kept; properties are left out before 5.0.
    pub fn publish(
        &mut self,
        now: Instant,
        message: Message,
        granted: QoS,
    ) -> Result<Published, CommandError> {
        self.end_what_is_over(now);
        let qos = message.qos().min(granted);
        self.exchange.publish(now, message.with_qos(qos), self.has_session)
    }

    /// Acknowledges a message, or refuses it by a reason code of 0x80 or above (5.0), where that is left
    /// to the application; see [`Client::acknowledge`](crate::Client::acknowledge).
    pub fn acknowledge(
        &mut self,
        now: Instant,
        packet_id: PacketId,
        qos: QoS,
        reason: ReasonCode,
        properties: Properties<'_>,
    ) -> Result<(), CommandError> {
        self.exchange.acknowledge(now, packet_id, qos, reason, properties)
    }

    /// Answers a SUBSCRIBE, with a code for each of its filters.
    pub fn grant(&mut self, now: Instant, suback: &Suback<'_>) -> Result<(), CommandError> {
        let Suback { packet_id, codes, properties } = *suback;
        let at = self.requests.find(Kind::Subscribe, packet_id, Some(codes.len()))?;
        suback.encoded_len(self.version())?;
        self.exchange.write(now, properties, false, |properties, version, out| {
            Suback { packet_id, codes, properties }.encode(version, out)
        })?;
        self.request_answered(now, at);
        Ok(())
    }

    /// Answers an UNSUBSCRIBE, in 5.0 with a code for each of its filters.
    pub fn remove(&mut self, now: Instant, unsuback: &Unsuback<'_>) -> Result<(), CommandError> {
        let Unsuback { packet_id, codes, properties } = *unsuback;
        let count = self.exchange.peer.has_reasons.then(|| codes.len());
        let at = self.requests.find(Kind::Unsubscribe, packet_id, count)?;
        unsuback.encoded_len(self.version())?;
        self.exchange.write(now, properties, false, |properties, version, out| {
            Unsuback { packet_id, codes, properties }.encode(version, out)
        })?;
        self.request_answered(now, at);
        Ok(())
    }

    fn request_answered(&mut self, now: Instant, at: usize) {
        if self.has_all_requests() {
            self.exchange.last_received = now;
        }
        self.requests.remove(at);
    }
}
