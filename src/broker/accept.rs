//! Clients that want to connect: who they are, and whose session is theirs.

use super::{
    client_id::ClientId,
    connection::{Asked, Connection, ConnectionId, Handshake, State},
    counters::{count, size},
    error::BrokerError,
    events::{Broker, BrokerAction},
    policy::Policy,
    record::BrokerRecord,
    sessions::Session,
    timers::Timer,
};
use crate::{
    packet::{Connack, Connect, Properties, Property},
    session::{CloseReason, CommandError, Server, ServerAction},
    time::Instant,
    types::{ConnectReturnCode, ReasonCode},
    wire::Text,
};
use alloc::{format, sync::Arc, vec::Vec};

/// How a client is accepted.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Accept<'a, C> {
    /// What the application knows of the client, for the [`Policy`].
    pub client: C,
    /// The name of its session, if it is not to be the client identifier of the CONNECT. Without
    /// either the broker assigns one.
    pub client_id: Option<&'a str>,
    /// What the CONNACK is to say, beside what the broker says itself (5.0).
    pub properties: Properties<'a>,
}

impl<C> Accept<'_, C> {
    /// As the CONNECT wants it.
    pub const fn new(client: C) -> Self {
        Self { client, client_id: None, properties: Properties::EMPTY }
    }
}

impl Asked {
    /// What the session is to know of a CONNECT; nothing secret.
    fn new(connect: &Connect<'_>) -> Option<Self> {
        let kept = Connect { user_name: None, password: None, ..*connect };
        let mut bytes = Vec::new();
        kept.encode(connect.version, &mut bytes).ok()?;
        Some(Self {
            connect: bytes,
            client_id: connect.client_id.as_str().into(),
            clean_session: connect.clean_session,
            keep_alive: connect.keep_alive,
        })
    }
}

impl<P: Policy> Broker<P> {
    fn handshake(&mut self, id: ConnectionId) -> Option<&mut Handshake> {
        match self.connections.get_mut(id) {
            Some(Connection { state: State::Handshake(handshake), .. }) => Some(handshake),
            _ => None,
        }
    }

    /// Bytes of a client that is not accepted.
    pub(super) fn receive_handshake<'b>(
        &mut self,
        now: Instant,
        id: ConnectionId,
        input: &mut &'b [u8],
    ) -> Option<BrokerAction<'b>> {
        loop {
            let Some(handshake) = self.handshake(id) else {
                *input = &[];
                return None;
            };
            let before = input.len();
            let action = handshake.server.receive(now, input);
            let asked = match &action {
                Some(ServerAction::Connect(connect)) => Asked::new(connect),
                _ => handshake.asked.take(),
            };
            handshake.asked = asked;
            let taken = size(before.saturating_sub(input.len()));
            self.counters.bytes_in = self.counters.bytes_in.saturating_add(taken);
            match action? {
                ServerAction::Connect(connect) => return Some(BrokerAction::Connect(connect)),
                ServerAction::Auth(auth) => return Some(BrokerAction::Auth(auth)),
                ServerAction::Close(reason) => self.close_handshake(now, id, reason),
                _ => {}
            }
        }
    }

    fn close_handshake(&mut self, now: Instant, id: ConnectionId, reason: CloseReason) {
        let Some(handshake) = self.handshake(id) else { return };
        let timer = handshake.timer;
        let rest = core::mem::take(handshake.server.transmit(now));
        self.timers.remove(Timer::Connection(id), timer);
        self.close(id, reason, rest);
    }

    /// A client that is not accepted may have had time enough.
    pub(super) fn handshake_timeout(&mut self, now: Instant, id: ConnectionId) {
        let Some(handshake) = self.handshake(id) else { return };
        handshake.timer = Instant::NEVER;
        handshake.server.timeout(now);
        match handshake.server.poll() {
            Some(ServerAction::Close(reason)) => self.close_handshake(now, id, reason),
            _ => self.set_handshake_timer(id),
        }
    }

    fn set_handshake_timer(&mut self, id: ConnectionId) {
        if let Some(Connection { state: State::Handshake(handshake), .. }) =
            self.connections.get_mut(id)
        {
            let due = handshake.server.deadline().map(|(due, _)| due);
            self.timers.set(Timer::Connection(id), &mut handshake.timer, due);
        }
    }

    /// Refuses a client, and says why in a CONNACK; without a reason the connection is just closed. A
    /// reason that the version has no return code for becomes [`ReasonCode::SERVER_UNAVAILABLE`].
    pub fn refuse(
        &mut self,
        now: Instant,
        id: ConnectionId,
        reason: Option<ReasonCode>,
        properties: Properties<'_>,
    ) -> Result<(), BrokerError> {
        let handshake = self.handshake(id).ok_or(BrokerError::NoConnection)?;
        let sayable = |reason: ReasonCode| {
            let code = ConnectReturnCode::from_reason(reason);
            if handshake.server.has_reasons() || code.is_some() {
                reason
            } else {
                ReasonCode::SERVER_UNAVAILABLE
            }
        };
        let reason = reason.map(sayable);
        handshake.server.refuse(now, reason, properties)?;
        self.close_handshake(now, id, CloseReason::Refused);
        Ok(())
    }

    /// Goes on with the authentication of a client, or ends it well with [`ReasonCode::SUCCESS`] where
    /// it has authenticated again (5.0). The authentication method is added.
    pub fn authenticate(
        &mut self,
        now: Instant,
        id: ConnectionId,
        reason: ReasonCode,
        properties: Properties<'_>,
    ) -> Result<(), BrokerError> {
        let Self { connections, sessions, .. } = self;
        let connection = connections.get_mut(id).ok_or(BrokerError::NoConnection)?;
        let server = match &mut connection.state {
            State::Handshake(handshake) => Some(&mut handshake.server),
            State::Online(key) => sessions.get_mut(*key).map(|session| &mut session.server),
            State::Closing(_) => None,
        };
        let server = server.ok_or(BrokerError::NoConnection)?;
        server.authenticate(now, reason, properties)?;
        self.set_handshake_timer(id);
        self.is_ready(id);
        Ok(())
    }

    /// Accepts a client. Its session is the one that there is by this name, or a new one; an older
    /// connection of it is closed. Whatever goes wrong here the client is refused for, but properties
    /// that a CONNACK can't have.
    pub fn accept(
        &mut self,
        now: Instant,
        id: ConnectionId,
        accept: Accept<'_, P::Client>,
    ) -> Result<(), BrokerError> {
        let Accept { client, client_id, properties } = accept;
        let handshake = self.handshake(id).ok_or(BrokerError::NoConnection)?;
        let (version, can_be_told) = (handshake.server.version(), handshake.server.has_reasons());
        let Some(asked) = handshake.asked.take() else {
            return Err(CommandError::NotConnected.into());
        };
        let name = match client_id {
            Some(name) => name.into(),
            None if asked.client_id.is_empty() => self.assign(),
            None => asked.client_id.clone(),
        };
        let all = self.connack(&asked, &name, can_be_told, properties);
        let all = Properties::from(&all[..]);
        if let Err(error) =
            (Connack { properties: all, ..Connack::accepted(false) }).encoded_len(version)
        {
            // Nothing has changed.
            if let Some(handshake) = self.handshake(id) {
                handshake.asked = Some(asked);
            }
            return Err(CommandError::from(error).into());
        }
        let done = self
            .check(&asked, &name, can_be_told)
            .and_then(|()| self.join(now, id, &asked, &name, client, all));
        if let Err((reason, error)) = done {
            let _ = self.refuse(now, id, Some(reason), Properties::EMPTY);
            return Err(error);
        }
        self.publish_wills(now);
        Ok(())
    }

    /// A name that no session has.
    fn assign(&mut self) -> ClientId {
        loop {
            let name = format!("{}{}", self.options.client_id_prefix, self.next_assigned);
            self.next_assigned = self.next_assigned.wrapping_add(1);
            let next = self.next_assigned;
            if self.sessions.find(&name).is_none() {
                self.note(|| BrokerRecord::Assigned { next });
                return name.into();
            }
        }
    }

    /// What the CONNACK says: what the application wants, and else what the limits are.
    fn connack<'a>(
        &self,
        asked: &Asked,
        name: &'a ClientId,
        can_be_told: bool,
        properties: Properties<'a>,
    ) -> Vec<Property<'a>> {
        let mut all: Vec<_> = properties.iter().collect();
        if !can_be_told {
            return all;
        }
        if asked.client_id.is_empty() && properties.assigned_client_identifier().is_none() {
            // [MQTT-3.1.3-7]
            all.extend(Text::new(name).ok().map(Property::AssignedClientIdentifier));
        }
        if self.is_too_long(asked.keep_alive) && properties.server_keep_alive().is_none() {
            all.push(Property::ServerKeepAlive(self.options.max_keep_alive));
        }
        all
    }

    const fn is_too_long(&self, keep_alive: u16) -> bool {
        let most = self.options.max_keep_alive;
        most > 0 && (keep_alive == 0 || keep_alive > most)
    }

    /// Whether the limits allow this client.
    fn check(
        &mut self,
        asked: &Asked,
        name: &ClientId,
        can_be_told: bool,
    ) -> Result<(), (ReasonCode, BrokerError)> {
        let (len, most) = (name.len(), self.options.max_client_id);
        if len > most {
            let reason = ReasonCode::CLIENT_IDENTIFIER_NOT_VALID;
            return Err((reason, BrokerError::ClientIdTooLong { len, most }));
        }
        if self.options.refuse_long_keep_alive && !can_be_told && self.is_too_long(asked.keep_alive)
        {
            let reason = ReasonCode::CLIENT_IDENTIFIER_NOT_VALID;
            return Err((reason, BrokerError::KeepAlive(asked.keep_alive)));
        }
        let most = self.options.max_sessions;
        if self.sessions.find(name).is_none() && self.sessions.len() >= most {
            count(&mut self.counters.sessions_full);
            return Err((ReasonCode::QUOTA_EXCEEDED, BrokerError::SessionsFull(most)));
        }
        Ok(())
    }

    /// Gives a connection to its session.
    fn join(
        &mut self,
        now: Instant,
        id: ConnectionId,
        asked: &Asked,
        name: &ClientId,
        client: P::Client,
        properties: Properties<'_>,
    ) -> Result<(), (ReasonCode, BrokerError)> {
        if let Some(key) = self.sessions.find(name)
            && !planted!(TakeOverKeepsOld)
        {
            self.take_over(now, key, asked.clean_session);
        }
        let unavailable = |error| (ReasonCode::SERVER_UNAVAILABLE, error);
        let key = match self.sessions.find(name) {
            Some(key) => key,
            None => {
                let mut server = Server::new(Arc::clone(&self.session_options));
                if self.journal.is_some() {
                    server.keep_journal();
                }
                let key = self.sessions.insert(Session::new(server, name.clone()));
                key.ok_or_else(|| unavailable(BrokerError::SessionsFull(self.sessions.len())))?
            }
        };
        let goes_on = self.introduce(now, key, id, asked);
        if let Some(session) = self.sessions.get_mut(key) {
            session.client = Some(client);
        }
        if goes_on {
            self.check_rights(key);
        }
        let Some(session) = self.sessions.get_mut(key) else {
            return Err(unavailable(BrokerError::NoSession));
        };
        if let Err(error) = session.server.accept(now, properties) {
            session.server.closed(now);
            session.connection = None;
            self.settle(now, key);
            return Err(unavailable(error.into()));
        }
        if !goes_on {
            // See the documentation of `Broker`.
            session.is_confirmed = false;
            let client_id = session.client_id.clone();
            self.note(|| BrokerRecord::Begun { client_id });
        }
        self.attach(now, id, key);
        count(&mut self.counters.accepted);
        self.settle(now, key);
        if goes_on {
            self.wants_more(key);
        }
        Ok(())
    }

    /// Closes an older connection of the client, and ends a session that the client may not know.
    fn take_over(&mut self, now: Instant, key: u32, clean_session: bool) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        // [MQTT-3.1.4-2]; 5.0: [MQTT-3.1.4-3]
        session.server.take_over(now, clean_session);
        if !session.is_confirmed && !planted!(ForsakenKept) {
            // There is no connection any more that could be in the way.
            let _ = session.server.expire_session();
        }
        self.settle(now, key);
        // Its will comes before anything of the new connection.
        self.publish_wills(now);
    }

    /// Tells the session of the CONNECT. Whether there was a session that goes on.
    fn introduce(&mut self, now: Instant, key: u32, id: ConnectionId, asked: &Asked) -> bool {
        let Some(session) = self.sessions.get_mut(key) else { return false };
        // So that the session is not forgotten.
        session.connection = Some(id);
        session.server.opened(now);
        let mut input = &asked.connect[..];
        while let Some(session) = self.sessions.get_mut(key)
            && let Some(action) = session.server.receive(now, &mut input)
        {
            if matches!(action, ServerAction::Connect(_)) {
                return session.server.has_session() && !asked.clean_session;
            }
            self.on_action(now, key, action);
        }
        false
    }

    /// The connection is that of a session from now on.
    fn attach(&mut self, now: Instant, id: ConnectionId, key: u32) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let before = core::mem::replace(&mut connection.state, State::Online(key));
        let State::Handshake(mut handshake) = before else { return };
        self.timers.remove(Timer::Connection(id), handshake.timer);
        connection.rest.push(core::mem::take(handshake.server.transmit(now)));
        self.is_ready(id);
    }
}
