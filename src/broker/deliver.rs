//! A message to those who have subscribed to it.

use super::{
    counters::{Counters, count},
    events::Broker,
    granted::Granted,
    options::Overlapping,
    policy::{Forwarding, Policy, Subject},
    publish::Origin,
    retained::{Kept, compose},
};
use crate::{
    session::{CommandError, Message, Published},
    time::Instant,
    types::{QoS, SubscriptionId},
};
use alloc::vec::Vec;

/// A subscription that matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) key: u32,
    pub(super) is_shared: bool,
    pub(super) granted: Granted,
}

/// So many of them are kept room for.
const HITS_KEPT: usize = 4_096;

/// What is delivered.
struct Delivery<'a> {
    origin: &'a Origin,
    message: &'a Message,
    /// The message with the identifiers that came last, which are mostly the same.
    ids: Vec<SubscriptionId>,
    with_ids: Option<Message>,
}

impl Delivery<'_> {
    /// The message with the identifiers of these subscriptions.
    fn with(&mut self, ids: impl Iterator<Item = SubscriptionId> + Clone) -> Message {
        if ids.clone().next().is_none() {
            return self.message.clone();
        }
        if let Some(message) =
            self.with_ids.as_ref().filter(|_| ids.clone().eq(self.ids.iter().copied()))
        {
            return message.clone();
        }
        self.ids.clear();
        self.ids.extend(ids);
        let message = compose(self.message, self.message.message_expiry_interval(), &self.ids);
        self.with_ids.insert(message).clone()
    }
}

impl<P: Policy> Broker<P> {
    /// Gives a message to those who were found, and before it to some of them what was retained of the
    /// topic until now; tells how many it went to.
    pub(super) fn deliver_all(
        &mut self,
        now: Instant,
        origin: &Origin,
        message: &Message,
        before: Option<&Kept>,
    ) -> usize {
        let mut hits = core::mem::take(&mut self.hits);
        let mut delivery = Delivery { origin, message, ids: Vec::new(), with_ids: None };
        let mut receivers = 0_usize;
        let mut rest = &hits[..];
        let mut last = None;
        while let Some(first) = rest.first() {
            // Once, however many subscriptions of the client match.
            if let Some(before) = before.filter(|_| {
                !first.is_shared && last != Some(first.key) && !planted!(ReplayedBehindNewer)
            }) {
                self.replay_first(now, first.key, before);
            }
            last = Some(first.key);
            let is_same = |hit: &&Hit| (hit.key, hit.is_shared) == (first.key, first.is_shared);
            let same = match self.options.overlapping {
                // [MQTT-3.3.5-1]; 5.0: [MQTT-3.3.4-2]
                Overlapping::Once if !first.is_shared && !planted!(OneCopyForEachSubscription) => {
                    rest.iter().take_while(is_same).count()
                }
                _ => 1,
            };
            let (mine, others) = rest.split_at_checked(same).unwrap_or((rest, &[]));
            let is_sent = self.deliver(now, &mut delivery, mine);
            receivers = receivers.saturating_add(usize::from(is_sent));
            rest = others;
        }
        hits.clear();
        hits.shrink_to(HITS_KEPT);
        self.hits = hits;
        receivers
    }

    /// Gives a message to one client, by subscriptions of which it gets one copy. Whether it may have it.
    fn deliver(&mut self, now: Instant, delivery: &mut Delivery<'_>, mine: &[Hit]) -> bool {
        let Some(&Hit { key, is_shared, .. }) = mine.first() else { return false };
        let is_own = delivery.origin.key == Some(key);
        let wanted = mine.iter().map(|hit| hit.granted);
        // [MQTT-3.8.3-3]
        let wanted =
            wanted.filter(|granted| !(is_own && granted.no_local()) || planted!(NoLocalIgnored));
        let levels = wanted.clone().map(Granted::qos);
        let qos = if planted!(LowestQosOfOverlapping) { levels.min() } else { levels.max() };
        let Some(qos) = qos else { return false };
        let as_published =
            wanted.clone().any(Granted::retain_as_published) && !planted!(RetainAsPublishedIgnored);
        let Some(session) = self.sessions.get_mut(key) else { return false };
        let forwarding = Forwarding {
            message: delivery.message,
            publisher: delivery.origin.client_id.as_ref(),
            is_retained: false,
            has_waited: false,
        };
        let to = Subject { client_id: &session.client_id, client: session.client.as_ref() };
        // Of a group somebody was chosen who may have it.
        if !is_shared && !self.policy.receive(to, &forwarding) {
            count(&mut self.counters.receive_refused);
            return false;
        }
        // [MQTT-3.3.1-9]; 5.0: [MQTT-3.3.1-12] [MQTT-3.3.1-13]
        let retain = as_published && delivery.message.retain();
        // [MQTT-3.3.4-3] [MQTT-3.3.4-4]
        let message = delivery.with(wanted.filter_map(Granted::identifier)).with_retain(retain);
        let at_most_once = message.qos().min(qos) == QoS::AtMostOnce;
        let sent = session.server.publish(now, message, qos);
        let is_written = matches!(sent, Ok(Published::Written | Published::Sent { .. }));
        count_sent(&mut self.counters, &sent, at_most_once);
        self.sent(now, key, is_written);
        true
    }

    /// Something was sent to a client, or waits for it.
    pub(super) fn sent(&mut self, now: Instant, key: u32, is_written: bool) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        // A session that is told the time may have come to its end.
        if let Some(action) = session.server.poll() {
            self.on_action(now, key, action);
            return self.settle(now, key);
        }
        if self.journal.is_some() && !core::mem::replace(&mut session.is_dirty, true) {
            self.dirty.push(key);
        }
        if is_written {
            self.session_is_ready(key);
        }
    }
}

/// Counts what became of a message.
pub(super) fn count_sent(
    counters: &mut Counters,
    sent: &Result<Published, CommandError>,
    at_most_once: bool,
) {
    count(match sent {
        Ok(_) => &mut counters.messages_out,
        Err(CommandError::NotConnected) if at_most_once => &mut counters.dropped_away,
        Err(CommandError::OutgoingFull) => &mut counters.dropped_slow,
        Err(CommandError::TooLarge { .. }) => &mut counters.dropped_too_large,
        Err(_) => &mut counters.dropped_full,
    });
}
