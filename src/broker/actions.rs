//! What follows from what a session tells.

use super::{
    connection::ConnectionId,
    counters::{count, size},
    events::{Broker, BrokerAction},
    policy::{Policy, Publication, Subject},
    publish::Origin,
    record::BrokerRecord,
    timers::Timer,
};
use crate::{
    session::{Dropped, Failure, Message, ServerAction},
    time::Instant,
};
use bytes::Buf;

impl<P: Policy> Broker<P> {
    /// Bytes of a client that has been accepted.
    pub(super) fn receive_online<'b>(
        &mut self,
        now: Instant,
        key: u32,
        id: ConnectionId,
        input: &mut &'b [u8],
    ) -> Option<BrokerAction<'b>> {
        let (mut question, mut is_quiet) = (None, true);
        loop {
            if !self.may_record() {
                // There is room again when the journal has been taken.
                self.is_ready(id);
                break;
            }
            let session = self.sessions.get_mut(key);
            let Some(session) = session.filter(|session| session.connection == Some(id)) else {
                *input = &[];
                break;
            };
            let before = input.len();
            let action = session.server.receive(now, input);
            let taken = size(before.saturating_sub(input.len()));
            self.counters.bytes_in = self.counters.bytes_in.saturating_add(taken);
            if taken > 0 && !session.is_confirmed {
                session.is_confirmed = true;
                let client_id = session.client_id.clone();
                self.note(|| BrokerRecord::Confirmed { client_id });
            }
            is_quiet &= taken == 0 && action.is_none();
            match action {
                None => break,
                Some(ServerAction::Message(received)) => self.on_message(now, key, &received),
                Some(ServerAction::Subscribe(subscribe)) => {
                    self.on_subscribe(now, key, &subscribe);
                }
                Some(ServerAction::Unsubscribe(unsubscribe)) => {
                    self.on_unsubscribe(now, key, &unsubscribe);
                }
                Some(ServerAction::Auth(auth)) => {
                    question = Some(BrokerAction::Auth(auth));
                    break;
                }
                Some(other) => self.on_action(now, key, other),
            }
        }
        if !is_quiet {
            self.continue_with(now, key);
            self.settle(now, key);
        }
        question
    }

    /// What a session tells, apart from requests and messages.
    pub(super) fn on_action(&mut self, now: Instant, key: u32, action: ServerAction<'_>) {
        let counters = &mut self.counters;
        match action {
            ServerAction::Will(message) => self.on_will(key, message),
            ServerAction::Close(reason) => self.detach(now, key, reason),
            ServerAction::SessionEnded => self.session_ended(key),
            ServerAction::Done { .. } => count(&mut counters.acknowledged),
            ServerAction::Failed { failure, .. } => {
                count(match failure {
                    Failure::Dropped(Dropped::Expired) => &mut counters.dropped_expired,
                    Failure::Dropped(_) => &mut counters.dropped_too_large,
                    Failure::Refused { .. } => &mut counters.dropped_by_client,
                });
                self.wants_more(key);
            }
            ServerAction::Lost { .. } => count(&mut counters.lost),
            ServerAction::Skipped(_) => count(&mut counters.skipped),
            _ => {}
        }
    }

    /// A will is due: it is asked now whether it may be published.
    fn on_will(&mut self, key: u32, message: Message) {
        let Some(session) = self.sessions.get(key) else { return };
        let publication = Publication {
            topic: message.topic(),
            payload: message.payload(),
            properties: message.properties(),
            qos: message.qos(),
            retain: message.retain(),
            is_will: true,
        };
        let by = Subject { client_id: &session.client_id, client: session.client.as_ref() };
        if self.policy.publish(by, &publication).is_err() {
            return count(&mut self.counters.publish_refused);
        }
        count(&mut self.counters.wills);
        let origin = Origin { key: Some(key), client_id: Some(session.client_id.clone()) };
        self.wills.push_back((origin, message));
    }

    /// Publishes the wills that are due; others may become due by that.
    pub(super) fn publish_wills(&mut self, now: Instant) {
        while let Some((origin, message)) = self.wills.pop_front() {
            if planted!(WillNotRouted) {
                continue;
            }
            // Nobody is there to be told that it can't be retained.
            let _ = self
                .route(now, &origin, message.topic(), message.retain(), false, &|| message.clone());
        }
    }

    fn session_ended(&mut self, key: u32) {
        count(&mut self.counters.sessions_ended);
        let Some(session) = self.sessions.get_mut(key) else { return };
        if session.replays.take().is_some() {
            self.replaying = self.replaying.saturating_sub(1);
        }
        let client_id = session.client_id.clone();
        if planted!(SubscriptionsKeptOnSessionEnd) {
            return;
        }
        if self.subscriptions.remove_subscriber(&key) > 0 {
            self.note(|| BrokerRecord::UnsubscribedAll { client_id });
        }
    }

    /// Does what is to be done after anything has happened to a session.
    pub(super) fn settle(&mut self, now: Instant, key: u32) {
        while let Some(session) = self.sessions.get_mut(key)
            && let Some(action) = session.server.poll()
        {
            self.on_action(now, key, action);
        }
        let Some(session) = self.sessions.get_mut(key) else { return };
        if session.connection.is_none() && !session.server.has_session() {
            return self.forget(now, key);
        }
        if self.journal.is_some() && !core::mem::replace(&mut session.is_dirty, true) {
            self.dirty.push(key);
        }
        let due = session.server.deadline().map(|(due, _)| due);
        self.timers.set(Timer::Session(key), &mut session.timer, due);
        if session.connection.is_some() && session.server.transmit(now).has_remaining() {
            self.session_is_ready(key);
        }
    }

    /// Nothing is left of a session.
    fn forget(&mut self, now: Instant, key: u32) {
        let Some(mut session) = self.sessions.remove(key) else { return };
        self.timers.remove(Timer::Session(key), session.timer);
        self.subscriptions.remove_subscriber(&key);
        if session.replays.is_some() {
            self.replaying = self.replaying.saturating_sub(1);
        }
        if session.is_working {
            self.work.retain(|other| *other != key);
        }
        if let Some(journal) = &mut self.journal {
            let client_id = session.client_id;
            let records = session.server.journal(now).into_iter();
            journal.extend(
                records
                    .map(|record| BrokerRecord::Session { client_id: client_id.clone(), record }),
            );
            journal.push(BrokerRecord::Forgotten { client_id });
        }
    }
}
