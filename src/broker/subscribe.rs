//! SUBSCRIBE and UNSUBSCRIBE, and the rights of those who are back.

use super::{
    counters::count,
    events::Broker,
    granted::Granted,
    journal::stored_filter,
    policy::{Forwarding, Policy, Subject},
    record::{BrokerRecord, StoredFilter, StoredSubscription},
};
use crate::{
    packet::{RetainHandling, Suback, Subscribe, Subscription, Unsuback, Unsubscribe},
    time::Instant,
    topic::{SubscribedTo, TopicFilter, TreeError},
    types::{ReasonCode, SubscriptionId},
};
use alloc::vec::Vec;

/// What a filter means to a client: before 5.0 there are no shared subscriptions.
fn meant(filter: TopicFilter<'_>, knows_shares: bool) -> SubscribedTo<'_> {
    match filter.share().filter(|_| knows_shares) {
        Some(share) => share.into(),
        None => filter.into(),
    }
}

impl<P: Policy> Broker<P> {
    pub(super) fn on_subscribe(&mut self, now: Instant, key: u32, subscribe: &Subscribe<'_>) {
        if subscribe.subscriptions.len() > self.options.max_filters {
            return self.throw_out(now, key, ReasonCode::QUOTA_EXCEEDED);
        }
        let identifier = subscribe.properties.subscription_identifiers().next();
        // [MQTT-3.8.4-4]; 5.0: [MQTT-3.8.4-5]
        let subscriptions = subscribe.subscriptions.iter();
        let mut codes: Vec<_> = subscriptions
            .map(|subscription| self.subscribe(key, &subscription, identifier))
            .collect();
        let Some(session) = self.sessions.get_mut(key) else { return };
        let server = &mut session.server;
        if server.grant(now, &Suback::new(subscribe.packet_id, &codes[..])).is_ok() {
            return;
        }
        // 3.1.1 has one code for failure, and a policy may have reasons that no answer can give.
        for code in codes.iter_mut().filter(|code| code.is_failure()) {
            *code = ReasonCode::UNSPECIFIED_ERROR;
        }
        if server.grant(now, &Suback::new(subscribe.packet_id, &codes[..])).is_err() {
            self.throw_out(now, key, ReasonCode::PACKET_TOO_LARGE);
        }
    }

    /// The answer to one filter.
    fn subscribe(
        &mut self,
        key: u32,
        subscription: &Subscription<'_>,
        identifier: Option<SubscriptionId>,
    ) -> ReasonCode {
        let Some(session) = self.sessions.get(key) else { return ReasonCode::UNSPECIFIED_ERROR };
        let Subscription { filter, options } = *subscription;
        let to = meant(filter, session.server.has_reasons());
        let by = Subject { client_id: &session.client_id, client: session.client.as_ref() };
        let qos = match self.policy.subscribe(by, subscription) {
            Ok(qos) => qos.min(options.qos),
            Err(reason) => {
                count(&mut self.counters.subscriptions_refused);
                return reason;
            }
        };
        let client_id = session.client_id.clone();
        let granted = Granted::new(qos, options, identifier);
        let is_new = match self.subscriptions.insert(to, key, granted) {
            Ok(old) => old.is_none(),
            Err(error) => {
                count(&mut self.counters.subscriptions_full);
                return match error {
                    TreeError::SubscriberFull { .. } | TreeError::Full { .. } => {
                        ReasonCode::QUOTA_EXCEEDED
                    }
                    _ => ReasonCode::TOPIC_FILTER_INVALID,
                };
            }
        };
        let mut replays = false;
        if let SubscribedTo::Filter(filter) = to {
            // [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]
            let wanted = match options.retain_handling {
                RetainHandling::SendAlways => true,
                RetainHandling::SendIfNew => is_new,
                RetainHandling::DoNotSend => false,
            };
            if wanted {
                self.start_replay(key, filter.as_str(), granted);
            }
            replays = wanted || self.keep_replay(key, filter.as_str(), granted);
        }
        if planted!(JournalWithoutSubscription) {
            return ReasonCode::granted(qos);
        }
        self.note(|| BrokerRecord::Subscribed {
            client_id,
            subscription: StoredSubscription { filter: stored_filter(to), granted, replays },
        });
        ReasonCode::granted(qos)
    }

    pub(super) fn on_unsubscribe(&mut self, now: Instant, key: u32, unsubscribe: &Unsubscribe<'_>) {
        if unsubscribe.filters.len() > self.options.max_filters {
            return self.throw_out(now, key, ReasonCode::QUOTA_EXCEEDED);
        }
        let Some(session) = self.sessions.get(key) else { return };
        let knows_shares = session.server.has_reasons();
        let filters = unsubscribe.filters.iter();
        // [MQTT-3.10.4-1] [MQTT-3.10.4-5]
        let codes: Vec<_> = filters
            .map(|filter| match self.unsubscribe(key, meant(filter, knows_shares)) {
                true => ReasonCode::SUCCESS,
                false => ReasonCode::NO_SUBSCRIPTION_EXISTED,
            })
            .collect();
        let packet = match knows_shares {
            true => Unsuback::with_codes(unsubscribe.packet_id, &codes[..]),
            false => Unsuback::new(unsubscribe.packet_id),
        };
        let Some(session) = self.sessions.get_mut(key) else { return };
        if session.server.remove(now, &packet).is_err() {
            self.throw_out(now, key, ReasonCode::PACKET_TOO_LARGE);
        }
    }

    /// Whether there was such a subscription.
    fn unsubscribe(&mut self, key: u32, to: SubscribedTo<'_>) -> bool {
        if planted!(UnsubscribedStillSubscribed) {
            return true;
        }
        if self.subscriptions.remove(to, &key).is_none() {
            return false;
        }
        if let SubscribedTo::Filter(filter) = to {
            self.stop_replay(key, filter.as_str());
        }
        if planted!(JournalWithoutUnsubscribed) {
            return true;
        }
        if let Some(client_id) = self.client_id(key) {
            self.note(|| BrokerRecord::Unsubscribed { client_id, filter: stored_filter(to) });
        }
        true
    }

    /// A client is back, maybe with other rights: what it has subscribed to before, and what has waited
    /// for it, is subject to these.
    pub(super) fn check_rights(&mut self, key: u32) {
        let mut all = Vec::new();
        self.subscriptions.for_each_of(&key, |to, granted| all.push((stored_filter(to), *granted)));
        for (StoredFilter { filter, is_shared }, granted) in all {
            let Ok(filter) = TopicFilter::new(&filter) else { continue };
            let to = meant(filter, is_shared);
            let Some(session) = self.sessions.get(key) else { return };
            let by = Subject { client_id: &session.client_id, client: session.client.as_ref() };
            let subscription = Subscription { filter, options: granted.options() };
            match self.policy.subscribe(by, &subscription) {
                Err(_) => {
                    count(&mut self.counters.subscriptions_refused);
                    self.unsubscribe(key, to);
                }
                Ok(qos) if qos < granted.qos() => self.degrade(key, to, granted.with_qos(qos)),
                Ok(_) => {}
            }
        }
        let Some(session) = self.sessions.get_mut(key) else { return };
        let (policy, counters) = (&mut self.policy, &mut self.counters);
        let (client_id, client) = (&session.client_id, session.client.as_ref());
        session.server.keep_queued(|message| {
            let forwarding =
                Forwarding { message, publisher: None, is_retained: false, has_waited: true };
            let is_kept = policy.receive(Subject { client_id, client }, &forwarding);
            if !is_kept {
                count(&mut counters.receive_refused);
            }
            is_kept
        });
    }

    /// A subscription that there is has a lower QoS from now on.
    fn degrade(&mut self, key: u32, to: SubscribedTo<'_>, granted: Granted) {
        if let Some(value) = self.subscriptions.get_mut(to, &key) {
            *value = granted;
        }
        let filter = stored_filter(to);
        let replays = !filter.is_shared && self.keep_replay(key, &filter.filter, granted);
        if let Some(client_id) = self.client_id(key) {
            let subscription = StoredSubscription { filter, granted, replays };
            self.note(|| BrokerRecord::Subscribed { client_id, subscription });
        }
    }
}
