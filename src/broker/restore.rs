//! A broker out of a snapshot.

use super::{
    client_id::ClientId,
    error::RestoreError,
    events::Broker,
    options::BrokerOptions,
    policy::Policy,
    record::{BrokerRecord, BrokerSnapshot, StoredRetained, StoredSession, StoredSubscription},
    retained::Kept,
    sessions::Session,
};
use crate::{
    session::{Record, Server},
    time::Instant,
    topic::{SubscribedTo, TopicFilter},
};
use alloc::{sync::Arc, vec::Vec};

impl<P: Policy> Broker<P> {
    /// A broker with the sessions, subscriptions and retained messages of a snapshot, without
    /// connections. Those that there were end now, which the journal tells of. A snapshot that no broker
    /// gave, or that goes beyond the limits of the options, is an error.
    ///
    /// Moments in the snapshot are by the same clock as those of the calls to come.
    pub fn restore(
        options: BrokerOptions,
        policy: P,
        snapshot: BrokerSnapshot,
        now: Instant,
    ) -> Result<Self, RestoreError> {
        let mut broker = Self::new(options, policy);
        let BrokerSnapshot { sessions, retained, next_assigned, .. } = snapshot;
        if sessions.len() > broker.options.max_sessions {
            return Err(RestoreError::SessionsFull(sessions.len()));
        }
        broker.next_assigned = next_assigned;
        for (topic, stored) in retained {
            broker.restore_retained(&topic, stored)?;
        }
        let mut keys = Vec::new();
        for (client_id, stored) in sessions {
            keys.push(broker.restore_session(now, client_id, stored)?);
        }
        for key in keys {
            broker.settle(now, key);
        }
        Ok(broker)
    }

    fn restore_retained(
        &mut self,
        topic: &str,
        stored: StoredRetained,
    ) -> Result<(), RestoreError> {
        let StoredRetained { message, publisher, since } = stored;
        let wrong = || RestoreError::Retained(topic.into());
        let is_fine = message.topic().as_str() == topic && message.retain();
        if !is_fine || message.payload().is_empty() {
            return Err(wrong());
        }
        self.retained.set(Kept::new(message, publisher, since)).map_err(|_| wrong())
    }

    fn restore_session(
        &mut self,
        now: Instant,
        client_id: ClientId,
        stored: StoredSession,
    ) -> Result<u32, RestoreError> {
        let StoredSession { mut session, is_confirmed, subscriptions } = stored;
        if !session.has_session {
            return Err(RestoreError::NoSession(client_id));
        }
        if session.is_connected {
            // Of this the session could not tell its journal.
            let record = Record::Disconnected { at: Some(now), expiry: session.expiry };
            let applied = session.apply(record.clone());
            let of = client_id.clone();
            applied.map_err(|error| RestoreError::Session { client_id: of, error })?;
            let client_id = client_id.clone();
            self.note(|| BrokerRecord::Session { client_id, record });
        }
        let restored = Server::restore(Arc::clone(&self.session_options), session, now);
        let mut server = restored.map_err(|error| {
            let client_id = client_id.clone();
            RestoreError::Session { client_id, error }
        })?;
        if self.journal.is_some() {
            server.keep_journal();
        }
        let mut session = Session::new(server, client_id.clone());
        session.is_confirmed = is_confirmed;
        let full = RestoreError::SessionsFull(self.sessions.len());
        let key = self.sessions.insert(session).ok_or(full)?;
        for subscription in subscriptions {
            self.restore_subscription(key, &client_id, &subscription)?;
        }
        Ok(key)
    }

    fn restore_subscription(
        &mut self,
        key: u32,
        client_id: &ClientId,
        stored: &StoredSubscription,
    ) -> Result<(), RestoreError> {
        let StoredSubscription { filter, granted, replays } = stored;
        let wrong = || RestoreError::Subscription {
            client_id: client_id.clone(),
            filter: filter.filter.clone(),
        };
        let parsed = TopicFilter::new(&filter.filter).map_err(|_| wrong())?;
        let to: SubscribedTo<'_> = match filter.is_shared {
            true => parsed.share().ok_or_else(wrong)?.into(),
            false => parsed.into(),
        };
        self.subscriptions.insert(to, key, *granted).map_err(|_| wrong())?;
        if *replays && !filter.is_shared && !planted!(ReplayForgottenOnRestore) {
            self.start_replay(key, parsed.as_str(), *granted);
        }
        Ok(())
    }
}
