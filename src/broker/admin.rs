//! What an application does with its broker beside connecting clients.

use super::{
    client_id::ClientId, connection::ConnectionId, error::BrokerError, events::Broker,
    granted::Granted, policy::Policy, publish::Origin, sessions::Session,
};
use crate::{
    packet::Disconnect,
    session::Message,
    time::Instant,
    topic::{SubscribedTo, TopicName},
    types::{ReasonCode, Version},
};

/// What there is to be known of a session.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SessionInfo<'a, C> {
    /// Whose it is.
    pub client_id: &'a ClientId,
    /// What the application gave when it accepted the client; `None` if the session was restored and
    /// the client has not been back.
    pub client: Option<&'a C>,
    /// The connection, if the client is there.
    pub connection: Option<ConnectionId>,
    /// The version that the client speaks, or spoke last.
    pub version: Version,
    /// How many messages are sent and not acknowledged.
    pub in_flight: usize,
    /// How many messages wait to be sent.
    pub queued: usize,
    /// How many subscriptions the client has.
    pub subscriptions: usize,
}

impl<P: Policy> Broker<P> {
    /// Publishes a message of the application, under no policy but that of those who receive it. Tells
    /// how many clients it went to. An error means that it can't be retained, and went to nobody.
    pub fn publish(&mut self, now: Instant, message: &Message) -> Result<usize, BrokerError> {
        let (topic, retain) = (message.topic(), message.retain());
        let routed = self.route(now, &Origin::default(), topic, retain, true, &|| message.clone());
        self.publish_wills(now);
        routed.map_err(|_| BrokerError::RetainedFull)
    }

    /// Closes the connection of a client, in 5.0 with a reason. Its will is published, as it has not left
    /// by itself.
    pub fn disconnect(
        &mut self,
        now: Instant,
        client_id: &str,
        reason: ReasonCode,
    ) -> Result<(), BrokerError> {
        let key = self.sessions.find(client_id).ok_or(BrokerError::NoSession)?;
        let session = self.sessions.get_mut(key).ok_or(BrokerError::NoSession)?;
        session.server.disconnect(now, &Disconnect { reason, ..Disconnect::new() })?;
        self.settle(now, key);
        self.publish_wills(now);
        Ok(())
    }

    /// Ends the session of a client that is away.
    pub fn expire_session(&mut self, now: Instant, client_id: &str) -> Result<(), BrokerError> {
        let key = self.sessions.find(client_id).ok_or(BrokerError::NoSession)?;
        let session = self.sessions.get_mut(key).ok_or(BrokerError::NoSession)?;
        session.server.expire_session()?;
        self.settle(now, key);
        self.publish_wills(now);
        Ok(())
    }

    /// What is retained of a topic.
    pub fn retained(&self, topic: TopicName<'_>) -> Option<&Message> {
        self.retained.tree.get(topic).map(|kept| &kept.message)
    }

    /// The sessions, by client identifier.
    pub fn sessions(&self) -> impl Iterator<Item = SessionInfo<'_, P::Client>> {
        self.sessions.iter().map(|(key, session)| self.info(key, session))
    }

    /// The session of a client.
    pub fn session(&self, client_id: &str) -> Option<SessionInfo<'_, P::Client>> {
        let key = self.sessions.find(client_id)?;
        Some(self.info(key, self.sessions.get(key)?))
    }

    fn info<'a>(&'a self, key: u32, session: &'a Session<P::Client>) -> SessionInfo<'a, P::Client> {
        SessionInfo {
            client_id: &session.client_id,
            client: session.client.as_ref(),
            connection: session.connection,
            version: session.server.version(),
            in_flight: session.server.in_flight(),
            queued: session.server.queued(),
            subscriptions: self.subscriptions.count_of(&key),
        }
    }

    /// What the application knows of a client, to be changed.
    pub fn client_mut(&mut self, client_id: &str) -> Option<&mut P::Client> {
        let key = self.sessions.find(client_id)?;
        self.sessions.get_mut(key)?.client.as_mut()
    }

    /// Calls the function with each subscription of a client.
    pub fn for_each_subscription(
        &self,
        client_id: &str,
        call: impl FnMut(SubscribedTo<'_>, &Granted),
    ) {
        if let Some(key) = self.sessions.find(client_id) {
            self.subscriptions.for_each_of(&key, call);
        }
    }
}
