//! The part of a session that outlives its connections, as plain data.

use super::{
    Awaited,
    action::Token,
    client::Client,
    exchange::{Exchange, Sent},
    journal::Record,
    message::Message,
    options::SessionOptions,
    queue::Waiting,
    server::Server,
};
use crate::{
    packet::{PacketType, check_sender},
    time::{Instant, Seconds},
    types::{PacketId, QoS, ReasonCode, Role, Version},
};
use alloc::{collections::BTreeSet, sync::Arc, vec::Vec};

/// The state of a session at one moment (section 4.1 of the standard), to be stored or moved.
///
/// Whoever keeps snapshots and no journal takes one after `transmit` has put together what is to be
/// written, and persists it before that is written.
///
/// The same session always gives the same snapshot. Subscriptions are not in it: those of a client are
/// the server's, those of a server its application's. Nor are passwords.
///
/// ```
/// use mqtt_pure::{Client, Instant, Message, QoS, SessionOptions, TopicName};
///
/// let mut client = Client::new(SessionOptions::client());
/// client.keep_journal();
/// let mut stored = client.snapshot();
/// let message = Message::new(TopicName::new("t")?, "m").with_qos(QoS::AtLeastOnce);
/// let now = Instant::from_millis(0);
/// client.publish(now, message)?;
/// for record in client.journal(now) {
///     stored.apply(record)?;
/// }
/// assert_eq!(stored, client.snapshot());
/// let restored = Client::restore(SessionOptions::client(), stored)?;
/// assert_eq!(restored.queued(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// The version of this form, now [`Self::FORMAT`].
    pub format: u32,
    /// Whether there is a session.
    pub has_session: bool,
    /// Whether there was a connection.
    pub is_connected: bool,
    /// For how many seconds the session is kept after its connection.
    pub expiry: u32,
    /// When it ends, if there is no connection.
    pub end: Option<Instant>,
    /// The token that comes next.
    pub next_token: Token,
    /// What is on its way, in the order in which it was first sent.
    pub sent: Vec<SentMessage>,
    /// Messages of QoS 2 that were received and are not complete, by identifier.
    pub received: Vec<PacketId>,
    /// What waits to be sent, in its order.
    pub queued: Vec<QueuedMessage>,
    /// The will, which a server keeps for its client.
    pub will: Option<StoredWill>,
}

/// A message that is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SentMessage {
    /// Its identifier.
    pub packet_id: PacketId,
    /// Its name in later actions; `None` if its end was told, and no more than its identifier is kept.
    pub token: Option<Token>,
    /// The message; `None` after PUBREC, when only PUBREL is sent again.
    pub message: Option<Message>,
    /// Since when its Message Expiry Interval runs, to the second; `None` if it has none.
    pub since: Option<Instant>,
}

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct QueuedMessage {
    /// Its name in later actions.
    pub token: Token,
    /// The message.
    pub message: Message,
    /// Since when it waits.
    pub since: Instant,
}

/// The will of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StoredWill {
    /// What is to be published.
    pub message: Message,
    /// After how many seconds without a connection.
    pub delay: u32,
    /// When, if the client is away.
    pub due: Option<Instant>,
}

/// Why a snapshot is not that of a session, or does not fit the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// A form that this version of the crate does not know.
    #[error("snapshot of the unknown form {0}")]
    Format(u32),
    /// An identifier that is in use twice or out of order, or a change of one that is not in use.
    #[error("packet identifier {0} is in use twice, out of order, or not at all")]
    PacketId(PacketId),
    /// A token that names two things, or comes again.
    #[error("token {} names two things", .0.get())]
    Token(Token),
    /// A message that is to be sent again and has no token.
    #[error("message {0} has no token")]
    NoToken(PacketId),
    /// A message of QoS 0 among those on their way or waiting.
    #[error("a message of QoS 0 that is kept")]
    QosZero,
    /// A message with what belongs to one sending of it: a topic alias, or of a client the identifiers
    /// of subscriptions.
    #[error("a message with a topic alias or subscription identifiers")]
    Message,
    /// A message that has a Message Expiry Interval but not the second since when it runs, or the second
    /// without the interval.
    #[error("since when message {0} waits is not told, or not of interest")]
    Since(PacketId),
    /// More waits than the options allow.
    #[error("more messages wait than may")]
    QueueFull,
    /// A change of a queue that is empty.
    #[error("no message waits")]
    QueueEmpty,
    /// State of a session that there is not.
    #[error("messages of no session")]
    NoSession,
    /// The end of a session or a will in the snapshot of a client.
    #[error("state that a server keeps")]
    OfServer,
}

impl Snapshot {
    /// The version of this form.
    pub const FORMAT: u32 = 1;

    const fn empty() -> Self {
        Self {
            format: Self::FORMAT,
            has_session: false,
            is_connected: false,
            expiry: 0,
            end: None,
            next_token: Token::FIRST,
            sent: Vec::new(),
            received: Vec::new(),
            queued: Vec::new(),
            will: None,
        }
    }

    /// Brings it up to date by a change that was recorded after it was taken.
    pub fn apply(&mut self, record: Record) -> Result<(), SnapshotError> {
        match record {
            Record::Sent { was_queued: true, .. } | Record::Unqueued if self.queued.is_empty() => {
                return Err(SnapshotError::QueueEmpty);
            }
            Record::Sent { packet_id, token, message, since, was_queued } => {
                self.passed(token);
                if was_queued {
                    self.queued.remove(0);
                }
                let (token, message) = (Some(token), Some(message));
                self.sent.push(SentMessage { packet_id, token, message, since });
            }
            Record::Released { packet_id } => self.release(packet_id, false)?,
            Record::Dropped { packet_id } => self.release(packet_id, true)?,
            Record::Done { packet_id } => {
                let at = self.place(packet_id)?;
                self.sent.remove(at);
            }
            Record::Received { packet_id } => {
                if let Err(at) = self.received.binary_search(&packet_id) {
                    self.received.insert(at, packet_id);
                }
            }
            Record::Completed { packet_id } => {
                let place = self.received.binary_search(&packet_id);
                self.received.remove(place.map_err(|_| SnapshotError::PacketId(packet_id))?);
            }
            Record::Queued { token, message, since } => {
                self.passed(token);
                self.queued.push(QueuedMessage { token, message, since });
            }
            Record::Unqueued => {
                self.queued.remove(0);
            }
            Record::Cleared { waiting } => {
                self.sent.clear();
                self.received.clear();
                if waiting {
                    self.queued.clear();
                }
            }
            Record::Connected { expiry, will } => self.connected(expiry, will),
            Record::WillOver => self.will = None,
            Record::Disconnected { at, expiry } => {
                (self.is_connected, self.expiry) = (false, expiry);
                self.end = at.and_then(|at| ever(ends(at, expiry)));
                if let (Some(will), Some(at)) = (&mut self.will, at) {
                    will.due = ever(at.plus_seconds(will.delay.into()));
                }
            }
            Record::Ended => (self.has_session, self.end) = (false, None),
        }
        Ok(())
    }

    fn connected(&mut self, expiry: u32, will: Option<(Message, u32)>) {
        (self.has_session, self.is_connected, self.end) = (true, true, None);
        self.expiry = expiry;
        self.will = will.map(|(message, delay)| StoredWill { message, delay, due: None });
    }

    /// The token has been given out.
    fn passed(&mut self, token: Token) {
        // Requests have tokens too, and are not recorded.
        if !token.is_before(self.next_token) {
            self.next_token = token.next();
        }
    }

    /// The message is not sent again, PUBREL is.
    fn release(&mut self, id: PacketId, is_told: bool) -> Result<(), SnapshotError> {
        let at = self.place(id)?;
        if let Some(sent) = self.sent.get_mut(at) {
            (sent.message, sent.since) = (None, None);
            sent.token = sent.token.filter(|_| !is_told);
        }
        Ok(())
    }

    fn place(&self, id: PacketId) -> Result<usize, SnapshotError> {
        let place = self.sent.iter().position(|sent| sent.packet_id == id);
        place.ok_or(SnapshotError::PacketId(id))
    }

    fn of(exchange: &Exchange) -> Self {
        let sent = exchange.outbound.iter().map(|(packet_id, awaited, sent)| {
            let content = sent.content.as_ref().filter(|_| awaited != Awaited::Pubcomp);
            let message = content
                .map(|content| Message::from_parts(Arc::clone(content), 0, sent.qos, sent.retain));
            let since = content.and_then(|content| content.expiry()).map(|_| sent.since.begin());
            SentMessage { packet_id, token: sent.token, message, since }
        });
        let queued = exchange.queued().map(|waiting| QueuedMessage {
            token: waiting.token,
            message: waiting.message.clone(),
            since: waiting.since,
        });
        let received = exchange.inbound.iter().filter(|(_, is_taken)| *is_taken);
        let queued: Vec<_> = if planted!(SnapshotReversesQueue) {
            queued.collect::<Vec<_>>().into_iter().rev().collect()
        } else {
            queued.collect()
        };
        Self {
            next_token: exchange.next_token,
            sent: sent.collect(),
            received: received.map(|(id, _)| id).collect(),
            queued,
            ..Self::empty()
        }
    }

    /// Fills a session that is empty.
    fn fill(self, exchange: &mut Exchange) -> Result<(), SnapshotError> {
        if self.format != Self::FORMAT {
            return Err(SnapshotError::Format(self.format));
        }
        let is_empty = self.sent.is_empty() && self.received.is_empty() && !self.is_connected;
        if !(self.has_session || is_empty) {
            return Err(SnapshotError::NoSession);
        }
        let mut tokens = BTreeSet::new();
        let mut is_new = |token: Token| match token.is_before(self.next_token) {
            true if tokens.insert(token) => Ok(()),
            _ => Err(SnapshotError::Token(token)),
        };
        for stored in self.sent {
            stored.token.map_or(Ok(()), &mut is_new)?;
            let packet_id = stored.packet_id;
            let (awaited, sent) = stored.into_sent(exchange.role)?;
            exchange
                .outbound
                .restore(packet_id, awaited, sent)
                .map_err(|_| SnapshotError::PacketId(packet_id))?;
        }
        let mut last = None;
        for id in self.received {
            if last >= Some(id) {
                return Err(SnapshotError::PacketId(id));
            }
            last = Some(id);
            exchange.inbound.restore(id);
        }
        let mut bytes = 0_usize;
        let max = usize::try_from(exchange.options.max_queued).unwrap_or(usize::MAX);
        if self.queued.len() > max {
            return Err(SnapshotError::QueueFull);
        }
        for QueuedMessage { token, message, since } in self.queued {
            is_new(token)?;
            check_message(&message, exchange.role, true)?;
            if message.qos() == QoS::AtMostOnce {
                return Err(SnapshotError::QosZero);
            }
            bytes = bytes.saturating_add(message.weight());
            if bytes > exchange.options.max_queued_bytes {
                return Err(SnapshotError::QueueFull);
            }
            exchange.enqueue(Waiting { message, token, since });
        }
        exchange.next_token = self.next_token;
        Ok(())
    }
}

impl SentMessage {
    /// What a session of this side keeps of it, and the answer that it waits for.
    fn into_sent(self, role: Role) -> Result<(Awaited, Sent), SnapshotError> {
        let Self { packet_id, token, message, since } = self;
        if let Some(message) = &message {
            check_message(message, role, false)?;
        }
        let (awaited, qos) = match message.as_ref().map(Message::qos) {
            None => (Awaited::Pubcomp, QoS::ExactlyOnce),
            Some(QoS::AtMostOnce) => return Err(SnapshotError::QosZero),
            Some(QoS::AtLeastOnce) => (Awaited::Puback, QoS::AtLeastOnce),
            Some(QoS::ExactlyOnce) => (Awaited::Pubrec, QoS::ExactlyOnce),
        };
        let interval = message.as_ref().and_then(Message::message_expiry_interval);
        let second = since.map(Seconds::of);
        if second.is_some() != interval.is_some() || second.map(Seconds::begin) != since {
            return Err(SnapshotError::Since(packet_id));
        }
        if token.is_none() && message.is_some() {
            return Err(SnapshotError::NoToken(packet_id));
        }
        let retain = message.as_ref().is_some_and(Message::retain);
        let content = message.map(|message| message.into_parts().0);
        let since = second.unwrap_or_default();
        Ok((awaited, Sent { content, token, codes: 0, since, qos, retain }))
    }
}

/// A session of this side may keep the message; with a topic alias only before it is sent.
fn check_message(message: &Message, role: Role, may_alias: bool) -> Result<(), SnapshotError> {
    let (publish, none) = (PacketType::Publish, ReasonCode::SUCCESS);
    let sayable = check_sender(publish, Version::NEWEST, role, none, message.properties());
    if sayable.is_ok() && (may_alias || message.topic_alias() == 0) {
        Ok(())
    } else {
        Err(SnapshotError::Message)
    }
}

/// When a session ends whose connection ended at a moment.
pub(super) fn ends(at: Instant, expiry: u32) -> Instant {
    if expiry == u32::MAX { Instant::NEVER } else { at.plus_seconds(expiry.into()) }
}

/// A moment that comes.
fn ever(moment: Instant) -> Option<Instant> {
    Some(moment).filter(|moment| *moment < Instant::NEVER)
}

impl Client {
    /// The state of the session.
    pub fn snapshot(&self) -> Snapshot {
        let (has_session, is_connected, expiry) = self.kept();
        Snapshot { has_session, is_connected, expiry, ..Snapshot::of(&self.exchange) }
    }

    /// A client with the session of a snapshot, without a connection. A snapshot that no session gave,
    /// or that goes beyond the limits of the options, is an error.
    pub fn restore(
        options: impl Into<Arc<SessionOptions>>,
        snapshot: Snapshot,
    ) -> Result<Self, SnapshotError> {
        if snapshot.end.is_some() || snapshot.will.is_some() {
            return Err(SnapshotError::OfServer);
        }
        let mut client = Self::new(options);
        let expiry = if planted!(ExpiryNotRestored) { 0 } else { snapshot.expiry };
        (client.has_session, client.expiry) = (snapshot.has_session, expiry);
        // There is no connection any more with which it was to end.
        let is_over = snapshot.expiry == 0;
        snapshot.fill(&mut client.exchange)?;
        if is_over {
            client.end_session(true);
        }
        Ok(client)
    }
}

impl Server {
    /// The state of the session.
    pub fn snapshot(&self) -> Snapshot {
        let will = self.wills.waiting().map(|(message, delay)| StoredWill {
            message,
            delay,
            due: ever(self.wills.due()),
        });
        Snapshot {
            has_session: self.has_session,
            is_connected: self.is_connected(),
            expiry: self.expiry,
            end: ever(self.session_end),
            will,
            ..Snapshot::of(&self.exchange)
        }
    }

    /// A server with the session of a snapshot, without a connection. If there was one, it has ended
    /// now. A snapshot that no session gave, or that goes beyond the limits of the options, is an
    /// error.
    ///
    /// Moments in the snapshot are by the same clock as those of the calls to come.
    pub fn restore(
        options: impl Into<Arc<SessionOptions>>,
        mut snapshot: Snapshot,
        now: Instant,
    ) -> Result<Self, SnapshotError> {
        // A server keeps nothing beside a session, and knows of no end while its client is there.
        let is_kept = !snapshot.queued.is_empty() || snapshot.will.is_some();
        let has_end = snapshot.end.is_some();
        if !snapshot.has_session && (is_kept || has_end) || snapshot.is_connected && has_end {
            return Err(SnapshotError::NoSession);
        }
        let mut server = Self::new(options);
        server.has_session = snapshot.has_session;
        server.expiry = snapshot.expiry;
        server.session_end = snapshot.end.unwrap_or(Instant::NEVER);
        if let Some(StoredWill { message, delay, due }) = snapshot.will.take() {
            check_message(&message, Role::Server, false)?;
            server.wills.restore(message, delay, due.unwrap_or(Instant::NEVER));
        }
        let was_connected = snapshot.is_connected;
        snapshot.fill(&mut server.exchange)?;
        if was_connected {
            server.went_away(now, false);
        }
        Ok(server)
    }
}
