//! Messages that are published, and who gets them.

use super::{
    client_id::ClientId,
    counters::count,
    deliver::Hit,
    events::Broker,
    options::RefusedPublish,
    policy::{Forwarding, Policy, Publication, Subject},
    record::{BrokerRecord, StoredRetained},
    retained::Kept,
};
use crate::{
    packet::{Disconnect, Properties},
    session::{Message, Received},
    time::Instant,
    topic::{Match, TopicName},
    types::ReasonCode,
};

/// Whose message it is; nobody's if it is the application's.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    pub(super) key: Option<u32>,
    pub(super) client_id: Option<ClientId>,
}

impl<P: Policy> Broker<P> {
    /// A client publishes.
    pub(super) fn on_message(&mut self, now: Instant, key: u32, received: &Received<'_>) {
        count(&mut self.counters.messages_in);
        let Some(session) = self.sessions.get(key) else { return };
        let publish = &received.publish;
        let publication = Publication {
            topic: received.topic(),
            payload: publish.payload,
            properties: publish.properties,
            qos: publish.qos(),
            retain: publish.retain,
            is_will: false,
        };
        let by = Subject { client_id: &session.client_id, client: session.client.as_ref() };
        let allowed = self.policy.publish(by, &publication);
        let can_be_told = session.server.has_reasons();
        let reason = match allowed {
            Ok(()) => {
                let origin = Origin { key: Some(key), client_id: Some(session.client_id.clone()) };
                let is_told = can_be_told && publish.packet_id().is_some();
                let routed =
                    self.route(now, &origin, received.topic(), publish.retain, is_told, &|| {
                        received.to_message()
                    });
                match routed {
                    Ok(0) => ReasonCode::NO_MATCHING_SUBSCRIBERS,
                    Ok(_) => ReasonCode::SUCCESS,
                    Err(reason) => reason,
                }
            }
            Err(reason) => {
                count(&mut self.counters.publish_refused);
                // [MQTT-3.3.5-2]
                if !can_be_told && self.options.refused_publish == RefusedPublish::Close {
                    return self.throw_out(now, key, ReasonCode::NOT_AUTHORIZED);
                }
                reason
            }
        };
        self.acknowledge(now, key, received, reason);
    }

    fn acknowledge(&mut self, now: Instant, key: u32, received: &Received<'_>, reason: ReasonCode) {
        let (Some(id), qos) = (received.publish.packet_id(), received.publish.qos()) else {
            return;
        };
        let Some(session) = self.sessions.get_mut(key) else { return };
        let mut said =
            |reason| session.server.acknowledge(now, id, qos, reason, Properties::EMPTY).is_ok();
        // A policy may have reasons that no answer can give.
        if !said(reason) && reason.is_failure() {
            let _ = said(ReasonCode::NOT_AUTHORIZED);
        }
    }

    /// Closes the connection of a client, in 5.0 with a reason.
    pub(super) fn throw_out(&mut self, now: Instant, key: u32, reason: ReasonCode) {
        if let Some(session) = self.sessions.get_mut(key) {
            let _ = session.server.disconnect(now, &Disconnect { reason, ..Disconnect::new() });
        }
    }

    /// Retains a message and gives it to all who have subscribed to its topic; tells how many did. If
    /// it can't be retained and somebody can be told so, nobody gets it.
    pub(super) fn route(
        &mut self,
        now: Instant,
        origin: &Origin,
        topic: TopicName<'_>,
        retain: bool,
        can_be_told: bool,
        make: &dyn Fn() -> Message,
    ) -> Result<usize, ReasonCode> {
        let mut message = None;
        let mut before = None;
        if self.replaying > 0 {
            self.sequence = self.sequence.wrapping_add(1);
            before = self.retained.tree.get(topic).cloned();
        }
        if retain && self.session_options.retain_available {
            let message = message.get_or_insert_with(make);
            if !self.retain(now, origin, message) {
                count(&mut self.counters.retained_full);
                if can_be_told {
                    return Err(ReasonCode::QUOTA_EXCEEDED);
                }
            }
        }
        self.find(origin, topic, &mut message, make);
        let mut receivers = 0;
        if self.hits.is_empty() {
            count(&mut self.counters.unmatched);
        } else {
            let message = message.unwrap_or_else(make);
            receivers = self.deliver_all(now, origin, &message, before.as_ref());
        }
        if self.replaying > 0
            && let Some(kept) = self.retained.tree.get_mut(topic)
        {
            kept.touched = self.sequence;
        }
        Ok(receivers)
    }

    /// Whether a message is retained, or what was has been removed.
    fn retain(&mut self, now: Instant, origin: &Origin, message: &Message) -> bool {
        if message.payload().is_empty() {
            // [MQTT-3.3.1-10] [MQTT-3.3.1-11]; 5.0: [MQTT-3.3.1-6] [MQTT-3.3.1-7]
            if !planted!(RetainedNotCleared) && self.retained.remove(message.topic()) {
                self.note(|| BrokerRecord::RetainedGone { topic: message.topic().as_str().into() });
            }
            return true;
        }
        if planted!(RetainedNotReplaced) && self.retained.tree.get(message.topic()).is_some() {
            return true;
        }
        let publisher = origin.client_id.clone();
        let kept = Kept::new(message.clone().with_retain(true), publisher.clone(), now);
        if self.retained.set(kept).is_err() {
            return false;
        }
        if planted!(JournalWithoutRetained) {
            return true;
        }
        self.note(|| {
            let message = message.clone().with_retain(true);
            BrokerRecord::Retained(StoredRetained { message, publisher, since: now })
        });
        true
    }

    /// Finds those who have subscribed to a topic, and chooses one of each group.
    fn find(
        &mut self,
        origin: &Origin,
        topic: TopicName<'_>,
        message: &mut Option<Message>,
        make: &dyn Fn() -> Message,
    ) {
        let Self { subscriptions, hits, turns, sessions, policy, .. } = self;
        hits.clear();
        for found in subscriptions.matches(topic) {
            let group = match found {
                Match::Subscriber { key, value } => {
                    hits.push(Hit { key: *key, is_shared: false, granted: *value });
                    continue;
                }
                Match::Group(group) => group,
            };
            let message = &*message.get_or_insert_with(make);
            let forwarding = Forwarding {
                message,
                publisher: origin.client_id.as_ref(),
                is_retained: false,
                has_waited: false,
            };
            let mut accepts = |key: u32, is_there: bool| {
                let Some(session) = sessions.get(key) else { return false };
                let takes = session.connection.is_some() && !session.server.is_blocked();
                let to = Subject { client_id: &session.client_id, client: session.client.as_ref() };
                takes == is_there && policy.receive(to, &forwarding)
            };
            let chosen = turns
                .choose(&group, |key, _| accepts(*key, true))
                .or_else(|| turns.choose(&group, |key, _| accepts(*key, false)));
            let hit =
                |(key, value): (&u32, &_)| Hit { key: *key, is_shared: true, granted: *value };
            hits.extend(chosen.map(hit));
            if planted!(SharedToAll) {
                hits.extend(turns.choose(&group, |_, _| true).map(hit));
            }
        }
        hits.sort_unstable();
    }

    /// Takes out retained messages whose time is over, so many at most.
    pub(super) fn expire_retained(&mut self, now: Instant, most: usize) {
        for _ in 0..most {
            let Some(message) = self.retained.expire(now) else { return };
            count(&mut self.counters.retained_expired);
            self.note(|| BrokerRecord::RetainedGone { topic: message.topic().as_str().into() });
        }
    }
}
