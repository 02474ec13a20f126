//! Messages that are received, and their answers.

use super::{Aliased, Exchange};
use crate::{
    packet::{PacketType, Properties, Puback, Publish, Pubrec, Skipped, check_sender},
    session::{
        Arrival, Flow, InboundError,
        action::Received,
        fault::{CommandError, Fault},
        journal::Record,
    },
    time::Instant,
    topic::TopicName,
    types::{Delivery, PacketId, QoS, ReasonCode},
};
use core::num::NonZeroU16;

impl Exchange {
    /// A message has come: what is to be delivered, if it is.
    #[inline(always)]
    pub(in crate::session) fn received<'b>(
        &mut self,
        now: Instant,
        publish: Publish<'b>,
    ) -> Result<Option<Received<'b>>, Fault> {
        let topic = if publish.properties.is_empty() {
            None
        } else {
            self.resolve_in(publish.properties, publish.topic)?
        };
        Ok(match self.admit(now, publish.delivery)? {
            Arrival::Deliver => Some(Received::new(publish, topic)),
            Arrival::Repeated => None,
        })
    }

    /// Whether a message is to be delivered. It is acknowledged, if that is not left to the application.
    #[inline(always)]
    fn admit(&mut self, now: Instant, delivery: Delivery) -> Result<Arrival, Fault> {
        // Each with code of its own, which is shorter than what asks again and again which it is.
        match delivery {
            Delivery::AtMostOnce => Ok(Arrival::Deliver),
            Delivery::AtLeastOnce { packet_id, .. } => {
                self.admit_as(now, packet_id, Flow::AtLeastOnce)
            }
            Delivery::ExactlyOnce { packet_id, .. } => {
                self.admit_as(now, packet_id, Flow::ExactlyOnce)
            }
        }
    }

    #[inline(always)]
    fn admit_as(
        &mut self,
        now: Instant,
        packet_id: PacketId,
        flow: Flow,
    ) -> Result<Arrival, Fault> {
        if self.options.manual_acknowledgement {
            return self.admit_unacknowledged(now, packet_id, flow);
        }
        let arrival = match self.inbound.take(packet_id, flow) {
            Ok(arrival) => arrival,
            Err(error) => {
                self.refuse(now, packet_id, flow, error)?;
                return Ok(Arrival::Repeated);
            }
        };
        if flow == Flow::ExactlyOnce
            && arrival == Arrival::Deliver
            && !planted!(JournalWithoutReceived)
        {
            self.note(|| Record::Received { packet_id });
        }
        let _ = self.answer(now, flow.answer(), packet_id, ReasonCode::SUCCESS, Properties::EMPTY);
        Ok(arrival)
    }

    /// The same for a message that is left to the application.
    #[inline(never)]
    fn admit_unacknowledged(
        &mut self,
        now: Instant,
        packet_id: PacketId,
        flow: Flow,
    ) -> Result<Arrival, Fault> {
        match self.inbound.publish(packet_id, flow) {
            Ok(arrival) => {
                self.send_answers(now, None);
                Ok(arrival)
            }
            Err(error) => {
                self.refuse(now, packet_id, flow, error)?;
                Ok(Arrival::Repeated)
            }
        }
    }

    /// Refuses a message whose identifier is in use, where the version can say so.
    #[cold]
    fn refuse(
        &mut self,
        now: Instant,
        packet_id: PacketId,
        flow: Flow,
        error: InboundError,
    ) -> Result<(), Fault> {
        if !(self.peer.has_reasons && matches!(error, InboundError::InUse(_))) {
            return Err(error.into());
        }
        let (reason, none) = (ReasonCode::PACKET_IDENTIFIER_IN_USE, Properties::EMPTY);
        let _ = self.answer(now, flow.answer(), packet_id, reason, none);
        Ok(())
    }

    /// The topic that an alias stands for, if there is one. By value, so that a PUBLISH without
    /// properties never has to be in memory on its way.
    #[inline(never)]
    fn resolve_in(
        &mut self,
        properties: Properties<'_>,
        topic: Option<TopicName<'_>>,
    ) -> Result<Option<Aliased>, Fault> {
        properties.topic_alias().map_or(Ok(None), |alias| self.resolve(alias, topic))
    }

    fn resolve(
        &mut self,
        alias: NonZeroU16,
        topic: Option<TopicName<'_>>,
    ) -> Result<Option<Aliased>, Fault> {
        // [MQTT-3.3.2-9] [MQTT-3.3.2-11]
        if alias.get() > self.own_aliases {
            return Err(Fault::TopicAlias(alias.get()));
        }
        let aliases = self.aliases.get_or_insert_default();
        aliases.resolve(alias, topic, self.options.max_alias_bytes)
    }

    /// Acknowledges a message that is skipped, so that it does not come again: as one that the
    /// application has taken, or, where that can be said, refused.
    pub(in crate::session) fn skipped(
        &mut self,
        now: Instant,
        skipped: &Skipped<'_>,
    ) -> Result<(), Fault> {
        if let Some(alias) = skipped.topic_alias {
            // [MQTT-3.3.2-10]
            self.resolve(alias, skipped.topic)?;
        }
        let Some((packet_id, qos)) = skipped.packet_id.zip(skipped.qos) else { return Ok(()) };
        let Some(flow) = Flow::of(qos) else { return Ok(()) };
        // One that has come before is answered as it was then.
        if self.admit_unacknowledged(now, packet_id, flow)? == Arrival::Deliver {
            let (reason, none) = (ReasonCode::QUOTA_EXCEEDED, Properties::EMPTY);
            // Before 5.0 this is a success.
            let _ = self.acknowledge(now, packet_id, qos, reason, none);
        }
        Ok(())
    }

    /// A topic may have got an alias that was not read: those that are known are not to be relied on.
    pub(in crate::session) fn forget_heard(&mut self) {
        if let Some(aliases) = &mut self.aliases {
            aliases.forget_heard();
        }
    }

    /// The application has taken a message, or refuses it.
    pub(in crate::session) fn acknowledge(
        &mut self,
        now: Instant,
        packet_id: PacketId,
        qos: QoS,
        reason: ReasonCode,
        properties: Properties<'_>,
    ) -> Result<(), CommandError> {
        let flow = Flow::of(qos).ok_or(CommandError::Unknown)?;
        let (reason, properties) = self.sayable(reason, properties);
        if reason != ReasonCode::SUCCESS || !properties.is_empty() {
            self.check_answer(packet_id, flow, reason, properties)?;
        }
        if !self.inbound.acknowledge(packet_id, flow, reason) {
            return Err(CommandError::Unknown);
        }
        if flow == Flow::ExactlyOnce && !reason.is_failure() {
            self.note(|| Record::Received { packet_id });
        }
        self.send_answers(now, Some((packet_id, properties)));
        Ok(())
    }

    /// Whether this side may answer so.
    #[cold]
    fn check_answer(
        &self,
        packet_id: PacketId,
        flow: Flow,
        reason: ReasonCode,
        properties: Properties<'_>,
    ) -> Result<(), CommandError> {
        let (version, role) = (self.version(), self.role);
        match flow {
            Flow::AtLeastOnce => Puback { packet_id, reason, properties }.encoded_len(version)?,
            Flow::ExactlyOnce => Pubrec { packet_id, reason, properties }.encoded_len(version)?,
        };
        Ok(check_sender(flow.answer(), version, role, reason, properties)?)
    }

    /// Sends the answers whose turn it is.
    fn send_answers(&mut self, now: Instant, words: Option<(PacketId, Properties<'_>)>) {
        while let Some(answer) = self.inbound.next_answer() {
            let packet_type = answer.flow.answer();
            let properties = match words {
                Some((id, properties)) if id == answer.id => properties,
                _ => Properties::EMPTY,
            };
            let _ = self.answer(now, packet_type, answer.id, answer.reason, properties);
        }
    }

    /// PUBREL has come.
    #[inline]
    pub(in crate::session) fn released(
        &mut self,
        now: Instant,
        packet_id: PacketId,
    ) -> Result<(), Fault> {
        let reason = if self.inbound.pubrel(packet_id)? {
            if !planted!(JournalWithoutCompleted) {
                self.note(|| Record::Completed { packet_id });
            }
            ReasonCode::SUCCESS
        } else {
            if planted!(NoPubcompForUnknown) {
                return Ok(());
            }
            ReasonCode::PACKET_IDENTIFIER_NOT_FOUND
        };
        let _ = self.answer(now, PacketType::Pubcomp, packet_id, reason, Properties::EMPTY);
        Ok(())
    }
}
