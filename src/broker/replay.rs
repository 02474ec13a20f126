//! Retained messages to those who have just subscribed, no faster than they take them.

use super::{
    client_id::ClientId,
    counters::{Counters, count},
    deliver::count_sent,
    events::Broker,
    granted::Granted,
    policy::{Forwarding, Policy, Subject},
    record::{BrokerRecord, StoredFilter},
    retained::{Kept, Retained},
};
use crate::{
    session::{Published, Server},
    time::Instant,
    topic::{TopicCursor, TopicFilter},
    types::QoS,
};
use alloc::sync::Arc;
use bytes::Buf;

/// How far the retained messages of a subscription have been sent.
pub(super) struct Replay {
    pub(super) filter: Arc<str>,
    cursor: TopicCursor,
    granted: Granted,
    /// What was published since has been sent as it was published.
    begun: u64,
}

/// Nodes of the tree that are looked at for one session before it is the turn of another.
const STEPS: usize = 2_048;

/// Why a replay stops.
#[derive(PartialEq, Eq)]
enum Stop {
    Done,
    /// The client has to take something first.
    Full,
    OutOfSteps,
}

/// A client that gets retained messages.
struct Reader<'a, P: Policy> {
    server: &'a mut Server,
    client_id: &'a ClientId,
    client: Option<&'a P::Client>,
    policy: &'a mut P,
    counters: &'a mut Counters,
}

impl<P: Policy> Reader<'_, P> {
    /// Whether it takes another one at once.
    fn has_room(&self) -> bool {
        self.server.is_connected() && !self.server.is_blocked() && !self.server.is_behind()
    }

    /// Sends it a retained message. What became of it; nothing if it is not for this client.
    fn send(&mut self, now: Instant, kept: &Kept, granted: Granted) -> Option<Published> {
        // [MQTT-3.8.3-3]
        if granted.no_local() && kept.publisher.as_ref() == Some(self.client_id) {
            return None;
        }
        let message = kept.at(now, granted.identifier())?;
        let forwarding = Forwarding {
            message: &message,
            publisher: kept.publisher.as_ref(),
            is_retained: true,
            has_waited: false,
        };
        let to = Subject { client_id: self.client_id, client: self.client };
        if !self.policy.receive(to, &forwarding) {
            count(&mut self.counters.receive_refused);
            return None;
        }
        let at_most_once = message.qos().min(granted.qos()) == QoS::AtMostOnce;
        // [MQTT-3.3.1-8]
        let sent = self.server.publish(now, message.with_retain(true), granted.qos());
        count_sent(self.counters, &sent, at_most_once);
        sent.ok()
    }

    /// Sends what there is room for.
    fn replay(
        &mut self,
        now: Instant,
        retained: &Retained,
        replay: &mut Replay,
        steps: &mut usize,
    ) -> Stop {
        let Ok(filter) = TopicFilter::new(&replay.filter) else { return Stop::Done };
        let mut walk = retained.tree.matches(filter).after(&replay.cursor).within(*steps);
        let stop = loop {
            if !self.has_room() {
                break Stop::Full;
            }
            match walk.next() {
                None => break Stop::Done,
                Some(Err(_)) => break Stop::OutOfSteps,
                // A newer message of the topic was sent, and this one before it.
                Some(Ok(entry)) if entry.value.touched > replay.begun => {}
                Some(Ok(entry)) => {
                    self.send(now, entry.value, replay.granted);
                }
            }
        };
        *steps = walk.steps_left();
        replay.cursor = walk.walk().cursor();
        stop
    }
}

impl<P: Policy> Broker<P> {
    /// The retained messages of a subscription are to be sent, behind the SUBACK.
    pub(super) fn start_replay(&mut self, key: u32, filter: &str, granted: Granted) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        if session.replays.is_none() {
            self.replaying = self.replaying.saturating_add(1);
        }
        let replays = session.replays.get_or_insert_default();
        // [MQTT-3.8.4-3]; 5.0: [MQTT-3.8.4-4]: whoever asks again gets all of them again, though not twice at a time.
        let (filter, cursor) = (filter.into(), TopicCursor::default());
        replays.push(Replay { filter, cursor, granted, begun: self.sequence });
    }

    /// Changes a replay that goes on, if there is one.
    pub(super) fn keep_replay(&mut self, key: u32, filter: &str, granted: Granted) -> bool {
        let Some(session) = self.sessions.get_mut(key) else { return false };
        let replay = session.replays.as_mut().and_then(|replays| replays.get_mut(filter));
        replay.map(|replay| replay.granted = granted).is_some()
    }

    /// The subscription is gone.
    pub(super) fn stop_replay(&mut self, key: u32, filter: &str) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        let Some(replays) = &mut session.replays else { return };
        replays.remove(filter);
        if replays.is_empty() {
            session.replays = None;
            self.replaying = self.replaying.saturating_sub(1);
        }
    }

    /// The replays of a session may go on.
    pub(super) fn wants_more(&mut self, key: u32) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        if session.replays.is_some() && !core::mem::replace(&mut session.is_working, true) {
            self.work.push_back(key);
        }
    }

    /// Something was written to a client, so that there is room for what waits.
    pub(super) fn written(&mut self, now: Instant, key: u32) {
        // With a journal nothing is sent that is not persisted.
        if self.journal.is_none() {
            return self.continue_with(now, key);
        }
        let Some(session) = self.sessions.get_mut(key) else { return };
        if !session.server.is_behind() {
            if !session.server.is_blocked() {
                self.wants_more(key);
            }
        } else if !session.server.transmit(now).has_remaining()
            && !core::mem::replace(&mut session.is_dirty, true)
        {
            // With something left to write there is no end to it: that is told, and asked for, anew.
            self.dirty.push(key);
        }
    }

    /// Goes on with the replays of so many sessions.
    pub(super) fn go_on(&mut self, now: Instant, most: usize) {
        for _ in 0..most {
            let Some(key) = self.work.pop_front() else { return };
            if let Some(session) = self.sessions.get_mut(key) {
                session.is_working = false;
            }
            self.continue_with(now, key);
            self.settle(now, key);
        }
    }

    /// Sends a client some of the retained messages that it is to get.
    pub(super) fn continue_with(&mut self, now: Instant, key: u32) {
        let Self { sessions, retained, policy, counters, journal, .. } = self;
        let Some(session) = sessions.get_mut(key) else { return };
        let Some(replays) = &mut session.replays else { return };
        let (client_id, client) = (&session.client_id, session.client.as_ref());
        let mut reader =
            Reader { server: &mut session.server, client_id, client, policy, counters };
        let before = reader.counters.messages_out;
        let mut steps = STEPS;
        let mut stop = Stop::Done;
        while let Some(replay) = replays.first_mut() {
            stop = reader.replay(now, retained, replay, &mut steps);
            if stop != Stop::Done {
                break;
            }
            if let (Some(done), Some(journal)) = (replays.pop_first(), &mut *journal) {
                let filter = StoredFilter { filter: (*done.filter).into(), is_shared: false };
                let client_id = client_id.clone();
                journal.push(BrokerRecord::Replayed { client_id, filter });
            }
        }
        if replays.is_empty() {
            session.replays = None;
            self.replaying = self.replaying.saturating_sub(1);
        } else if stop == Stop::OutOfSteps {
            self.wants_more(key);
        }
        if self.counters.messages_out != before {
            self.sent(now, key, true);
        }
    }

    /// A message of a topic is about to be sent to a client that is still to get the one that was
    /// retained before: that one goes first, so that it does not come after a newer one.
    pub(super) fn replay_first(&mut self, now: Instant, key: u32, before: &Kept) {
        let Self { sessions, policy, counters, .. } = self;
        let Some(session) = sessions.get_mut(key) else { return };
        let Some(replays) = &session.replays else { return };
        let (client_id, client) = (&session.client_id, session.client.as_ref());
        let mut reader =
            Reader { server: &mut session.server, client_id, client, policy, counters };
        let topic = before.message.topic();
        let mut is_sent = false;
        for replay in replays.iter().filter(|replay| before.touched <= replay.begun) {
            let is_match = TopicFilter::new(&replay.filter).is_ok_and(|f| f.matches(topic));
            if is_match && !replay.cursor.is_past(topic) {
                is_sent |= reader.send(now, before, replay.granted).is_some();
            }
        }
        if is_sent {
            self.sent(now, key, true);
        }
    }
}
