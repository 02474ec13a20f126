//! The broker: events in, questions and bytes out.

use super::{
    client_id::ClientId,
    connection::{Connection, ConnectionId, Connections, Handshake, State},
    counters::{Counters, count},
    deliver::Hit,
    error::BrokerError,
    granted::Granted,
    options::BrokerOptions,
    policy::Policy,
    publish::Origin,
    record::BrokerRecord,
    retained::Retained,
    sessions::Sessions,
    timers::{Timer, Timers},
};
use crate::{
    packet::{Auth, Connect},
    session::{Message, Outgoing, Server, SessionOptions},
    time::Instant,
    topic::{FilterTree, RoundRobin},
};
use alloc::{boxed::Box, collections::VecDeque, sync::Arc, vec::Vec};
use bytes::Buf;
use core::fmt;

/// A whole broker for 3.1, 3.1.1 and 5.0 without I/O: events and bytes of many connections in, bytes,
/// questions and a journal out.
///
/// | Call | When |
/// |---|---|
/// | [`opened`](Self::opened) | a client has connected; it gives the number of the connection |
/// | [`receive`](Self::receive) | bytes came; again until it gives `None`, keeping what it leaves of the input |
/// | [`accept`](Self::accept), [`refuse`](Self::refuse), [`authenticate`](Self::authenticate) | the answer to a [`BrokerAction`], at once or later |
/// | [`journal`](Self::journal) | after any of these, if a journal is kept: persist it before anything is written |
/// | [`next_ready`](Self::next_ready) | after any of these: who has something to write, or is to be closed |
/// | [`transmit`](Self::transmit) | for those, and again when something was written, until nothing remains |
/// | [`closing`](Self::closing) | after that: whether the transport is to be closed now |
/// | [`closed`](Self::closed) | the transport is gone, whoever has closed it |
/// | [`deadline`](Self::deadline), [`timeout`](Self::timeout) | wake up then, and say so |
///
/// While a connection has too much to write, or waits for an answer to its CONNECT, nothing is taken of
/// its input: when it is ready, and when something of it was written, call `receive` again with what was
/// left.
///
/// ```
/// use bytes::Buf;
/// use mqtt_pure::{Accept, AllowAll, Broker, BrokerAction, BrokerOptions, Instant};
///
/// let now = Instant::from_millis(0);
/// let mut broker = Broker::new(BrokerOptions::new(), AllowAll);
/// let connection = broker.opened(now)?;
/// // CONNECT, SUBSCRIBE to `t`, PUBLISH to `t`.
/// let mut input: &[u8] = b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c\
///     \x82\x06\0\x01\0\x01t\0\x30\x05\0\x01thi";
/// while let Some(action) = broker.receive(now, connection, &mut input) {
///     if let BrokerAction::Connect(connect) = action {
///         assert_eq!(connect.client_id.as_str(), "c");
///         broker.accept(now, connection, Accept::new(()))?;
///     }
/// }
/// assert_eq!(broker.next_ready(), Some(connection));
/// let out = broker.transmit(now, connection);
/// // CONNACK, SUBACK, PUBLISH.
/// assert_eq!(out.chunk(), b"\x20\x02\0\0\x90\x03\0\x01\0\x30\x05\0\x01thi");
/// # Ok::<(), mqtt_pure::BrokerError>(())
/// ```
///
/// # What it does where the standard leaves a choice
///
/// * A connection is nobody until it is accepted: only then is an older connection of the same client
///   closed, and its session taken over.
/// * Messages of one publisher and one topic come to a subscriber in their order as long as they have the
///   same QoS. A retained message never comes after a newer one of its topic, except that a message of
///   QoS 0 does not wait for those of QoS 1 and 2.
/// * Of a shared subscription each member has its turn; one that is away, or does not read, has none while
///   another one is there. What was sent to a member stays with its session: if the member goes, it gets
///   the message when it is back [MQTT-4.8.2-4], and if its session ends nobody does [MQTT-4.8.2-5].
/// * Retained messages are sent as fast as the client takes them. If the connection is lost meanwhile, the
///   rest follows on the next one of the session.
/// * A session is ended when its client comes back, if the client went before it had sent anything behind
///   the first CONNACK. Should that have been lost, it would take the session for its older one when it
///   hears of it the next time, and messages for others that have had their identifiers. A will that
///   waits with the session is published then [MQTT-3.1.3-9].
/// * Messages of QoS 0 to clients that are away are dropped [MQTT-3.1.2-5].
pub struct Broker<P: Policy> {
    pub(super) options: BrokerOptions,
    pub(super) session_options: Arc<SessionOptions>,
    handshake_options: Arc<SessionOptions>,
    pub(super) policy: P,
    pub(super) connections: Connections,
    pub(super) sessions: Sessions<P::Client>,
    pub(super) subscriptions: FilterTree<u32, Granted>,
    pub(super) turns: RoundRobin<u32>,
    pub(super) retained: Retained,
    pub(super) timers: Timers,
    /// Who has something to write, or is to be closed.
    pub(super) ready: VecDeque<ConnectionId>,
    /// Whose retained messages are to go on.
    pub(super) work: VecDeque<u32>,
    /// Wills that are to be published.
    pub(super) wills: VecDeque<(Origin, Message)>,
    /// Who may have something for the journal.
    pub(super) dirty: Vec<u32>,
    pub(super) journal: Option<Vec<BrokerRecord>>,
    /// Kept for its memory.
    pub(super) hits: Vec<Hit>,
    pub(super) counters: Counters,
    /// How many sessions have retained messages to be sent.
    pub(super) replaying: usize,
    /// Counts publications and subscriptions, where their order matters.
    pub(super) sequence: u64,
    /// The number of the next client identifier that is assigned.
    pub(super) next_assigned: u64,
    /// What there is to be written to nobody.
    nothing: Outgoing,
}

/// What a broker asks its application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokerAction<'b> {
    /// A client wants to connect, which is to be answered by [`Broker::accept`], [`Broker::refuse`] or
    /// [`Broker::authenticate`], now or later. Nothing further of its input is taken before.
    Connect(Connect<'b>),
    /// A client goes on with its authentication, or begins it again (5.0): to be answered likewise
    /// before the connection is accepted, and by [`Broker::authenticate`] or [`Broker::disconnect`]
    /// after.
    Auth(Auth<'b>),
}

impl<P: Policy> Broker<P> {
    /// A broker without sessions.
    pub fn new(mut options: BrokerOptions, policy: P) -> Self {
        // Otherwise nobody could be told why a message is refused.
        options.session.manual_acknowledgement = true;
        let session_options = Arc::new(options.session);
        let largest = options.max_connect_size.min(options.session.max_packet_size);
        let handshake_options =
            Arc::new(SessionOptions { max_packet_size: largest, ..options.session });
        Self {
            session_options,
            handshake_options,
            policy,
            connections: Connections::new(),
            sessions: Sessions::new(),
            subscriptions: match options.seed {
                Some(seed) => FilterTree::with_seed(options.subscriptions, seed),
                None => FilterTree::with_limits(options.subscriptions),
            },
            turns: RoundRobin::new(),
            retained: Retained::new(options.retained, options.max_retained_bytes),
            timers: Timers::default(),
            ready: VecDeque::new(),
            work: VecDeque::new(),
            wills: VecDeque::new(),
            dirty: Vec::new(),
            journal: options.keep_journal.then(Vec::new),
            hits: Vec::new(),
            counters: Counters::default(),
            replaying: 0,
            sequence: 0,
            next_assigned: 1,
            nothing: Outgoing::default(),
            options,
        }
    }

    /// The decisions.
    pub const fn policy(&self) -> &P {
        &self.policy
    }

    /// The decisions, to be changed.
    pub const fn policy_mut(&mut self) -> &mut P {
        &mut self.policy
    }

    /// A client has connected. An error means that there are too many connections, and that this one is
    /// to be closed.
    pub fn opened(&mut self, now: Instant) -> Result<ConnectionId, BrokerError> {
        let most = self.options.max_connections;
        let id = self.connections.next_id().filter(|_| self.connections.len() < most);
        let Some(id) = id else {
            count(&mut self.counters.turned_away);
            return Err(BrokerError::ConnectionsFull(most));
        };
        let mut server = Server::new(Arc::clone(&self.handshake_options));
        server.opened(now);
        let mut timer = Instant::NEVER;
        let due = server.deadline().map(|(due, _)| due);
        self.timers.set(Timer::Connection(id), &mut timer, due);
        let state = State::Handshake(Box::new(Handshake { server, asked: None, timer }));
        self.connections.insert(id, Connection { state, rest: Vec::new(), is_ready: false });
        count(&mut self.counters.opened);
        Ok(id)
    }

    /// Bytes have come. Takes packets off the front of the input until the application is to be asked;
    /// with `None` the input has no further whole packet, or nothing is taken for now, and what is left
    /// of it is to come again with more behind it.
    pub fn receive<'b>(
        &mut self,
        now: Instant,
        id: ConnectionId,
        input: &mut &'b [u8],
    ) -> Option<BrokerAction<'b>> {
        let action = match self.connections.get(id).map(|connection| &connection.state) {
            Some(State::Handshake(_)) => self.receive_handshake(now, id, input),
            Some(State::Online(key)) => self.receive_online(now, *key, id, input),
            Some(State::Closing(_)) | None => {
                *input = &[];
                None
            }
        };
        self.publish_wills(now);
        action
    }

    /// The transport is gone, whoever has closed it.
    pub fn closed(&mut self, now: Instant, id: ConnectionId) {
        let Some(connection) = self.connections.remove(id) else { return };
        match connection.state {
            State::Handshake(handshake) => {
                self.timers.remove(Timer::Connection(id), handshake.timer);
            }
            State::Online(key) => {
                if let Some(session) = self.sessions.get_mut(key) {
                    session.server.closed(now);
                    (session.connection, session.is_ready) = (None, false);
                }
                self.settle(now, key);
            }
            State::Closing(_) => {}
        }
        // The journal tells that they are over: nothing of it may be durable before they are out.
        if !planted!(WillLeftBehindOnClose) {
            self.publish_wills(now);
        }
    }

    /// When to call [`Self::timeout`]: the beginning of time if there is work to go on with.
    pub fn deadline(&self) -> Option<Instant> {
        if !self.work.is_empty() || !self.dirty.is_empty() {
            return Some(Instant::from_millis(0));
        }
        self.timers.next().into_iter().chain(self.retained.next_end()).min()
    }

    /// Time has passed. Does what is due, and some of the work that waits; nothing if nothing does.
    pub fn timeout(&mut self, now: Instant) {
        for _ in 0..TIMERS {
            let Some(timer) = self.timers.pop(now) else { break };
            match timer {
                Timer::Connection(id) => self.handshake_timeout(now, id),
                Timer::Session(key) => {
                    if let Some(session) = self.sessions.get_mut(key) {
                        session.timer = Instant::NEVER;
                        session.server.timeout(now);
                    }
                    self.settle(now, key);
                }
            }
        }
        self.expire_retained(now, TIMERS);
        self.go_on(now, WORKERS);
        self.publish_wills(now);
    }

    /// A connection that has something to write, or is to be closed. Each is told once, and again when
    /// there is more.
    pub fn next_ready(&mut self) -> Option<ConnectionId> {
        loop {
            let id = self.ready.pop_front()?;
            let Some(connection) = self.connections.get_mut(id) else { continue };
            connection.is_ready = false;
            if let State::Online(key) = connection.state
                && let Some(session) = self.sessions.get_mut(key)
            {
                session.is_ready = false;
            }
            return Some(id);
        }
    }

    /// What is to be written now. Persist [`Self::journal`] before.
    ///
    /// Messages that wait are put behind what was written: call it until nothing remains.
    pub fn transmit(&mut self, now: Instant, id: ConnectionId) -> &mut Outgoing {
        if let Some(State::Online(key)) = self.connections.get(id).map(|found| &found.state) {
            let key = *key;
            self.written(now, key);
        }
        self.output(now, id)
    }

    /// What is to be written, as it is.
    fn output(&mut self, now: Instant, id: ConnectionId) -> &mut Outgoing {
        let Self { connections, sessions, nothing, .. } = self;
        let Some(connection) = connections.get_mut(id) else { return nothing };
        // What was said before the connection belonged to a session.
        connection.rest.retain(Buf::has_remaining);
        let Connection { state, rest, .. } = connection;
        match (rest.first_mut(), state) {
            (Some(rest), _) => rest,
            (None, State::Handshake(handshake)) => handshake.server.transmit(now),
            (None, State::Online(key)) => match sessions.get_mut(*key) {
                Some(session) => session.server.transmit(now),
                None => nothing,
            },
            (None, State::Closing(_)) => nothing,
        }
    }

    /// What there is now, and what has been counted.
    pub fn counters(&self) -> Counters {
        Counters {
            connections: super::counters::size(self.connections.len()),
            sessions: super::counters::size(self.sessions.len()),
            subscriptions: super::counters::size(self.subscriptions.len()),
            retained: self.retained.count(),
            retained_bytes: self.retained.bytes(),
            ..self.counters
        }
    }

    /// Adds to the journal.
    pub(super) fn note(&mut self, record: impl FnOnce() -> BrokerRecord) {
        if let Some(journal) = &mut self.journal {
            journal.push(record());
        }
    }

    /// The client identifier of a session.
    pub(super) fn client_id(&self, key: u32) -> Option<ClientId> {
        self.sessions.get(key).map(|session| session.client_id.clone())
    }
}

/// How many deadlines are looked after in one call, so that no call takes long.
const TIMERS: usize = 1_024;
/// How many sessions get a part of their retained messages in one call.
const WORKERS: usize = 16;

/// How much there is, not what.
impl<P: Policy> fmt::Debug for Broker<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker")
            .field("connections", &self.connections.len())
            .field("sessions", &self.sessions.len())
            .field("subscriptions", &self.subscriptions.len())
            .field("retained", &self.retained.count())
            .finish_non_exhaustive()
    }
}
