//! The client's side of a session: connects, asks, resumes.

mod commands;
mod packets;

use super::{
    action::{ClientAction, Token},
    exchange::{Exchange, Peer, Pending},
    fault::{CloseReason, CommandError, Deadline, Fault},
    journal::Record,
    method::Method,
    options::SessionOptions,
    outgoing::Outgoing,
    take::{Side, take},
};
use crate::{
    packet::{Connect, DecodeOptions, Packet, Pingreq, Properties, Publish},
    time::Instant,
    types::{PacketId, Role, Version},
};
use alloc::{sync::Arc, vec::Vec};
use core::fmt;

/// A client of MQTT: events and commands in, actions and bytes out.
///
/// Whoever uses it brings transport and clock. After each call there may be something to write, which
/// [`Self::transmit`] gives, and something to be told, which [`Self::receive`] or [`Self::poll`] does;
/// [`Self::deadline`] says when to call [`Self::timeout`]. Any call at any time works or answers an
/// error that changes nothing.
///
/// ```
/// use bytes::Buf;
/// use mqtt_pure::{
///     Client, ClientAction, Connect, Instant, Message, QoS, SessionOptions, Text, TopicName, Version,
/// };
///
/// let now = Instant::from_millis(0);
/// let mut client = Client::new(SessionOptions::client());
/// client.opened(now, &Connect::new(Version::V3_1_1, Text::new("c")?))?;
/// let out = client.transmit(now);
/// assert_eq!(out.chunk()[0], 0x10);
/// out.advance(out.remaining()); // it was written
///
/// // The server answers.
/// let mut input: &[u8] = &[0x20, 2, 0, 0];
/// assert!(matches!(client.receive(now, &mut input), Some(ClientAction::Connected(_))));
///
/// let message = Message::new(TopicName::new("a/b")?, "hi").with_qos(QoS::AtLeastOnce);
/// let token = client.publish(now, message)?.token();
/// let mut input: &[u8] = &[0x40, 2, 0, 1];
/// let done = client.receive(now, &mut input);
/// assert!(matches!(done, Some(ClientAction::Done { token: t, .. }) if Some(t) == token));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Client {
    pub(super) exchange: Exchange,
    /// When the answer is due that is waited for: CONNACK or PINGRESP.
    response_due: Instant,
    method: Method,
    /// For how many seconds the session is kept.
    pub(super) expiry: u32,
    /// For how many it is to be kept if the server accepts the connection.
    asked_expiry: u32,
    /// How many bytes are to be written before the PINGREQ that is not answered is, at most.
    before_ping: u32,
    /// Seconds between packets of the client, 0 for any.
    keep_alive: u16,
    phase: Phase,
    clean_session: bool,
    pub(super) has_session: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// There is no transport, or it is to be closed.
    Closed,
    /// CONNECT was sent.
    Connecting,
    Online,
}

impl Client {
    /// A client without a session.
    pub fn new(options: impl Into<Arc<SessionOptions>>) -> Self {
        let options = options.into();
        let decode = DecodeOptions::new(Version::DEFAULT)
            .with_sender(Role::Server)
            .with_strictness(options.strictness)
            .with_max_user_properties(options.max_user_properties);
        Self {
            exchange: Exchange::new(options, decode, Role::Client),
            response_due: Instant::NEVER,
            method: Method::default(),
            expiry: 0,
            asked_expiry: 0,
            before_ping: 0,
            keep_alive: 0,
            phase: Phase::Closed,
            clean_session: true,
            has_session: false,
        }
    }

    /// Whether the server has accepted the connection.
    pub fn is_connected(&self) -> bool {
        self.phase == Phase::Online
    }

    /// Whether there is a session that may go on in the next connection.
    pub const fn has_session(&self) -> bool {
        self.has_session
    }

    /// The version of the connection, or of the last one.
    pub const fn version(&self) -> Version {
        self.exchange.version()
    }

    /// Whether too much waits to be written: nothing more is received before it is.
    pub fn is_blocked(&self) -> bool {
        !self.exchange.has_room()
    }

    /// How many messages are sent and not acknowledged, or requests not answered.
    pub fn in_flight(&self) -> usize {
        self.exchange.outbound.len()
    }

    /// How many messages wait until they may be sent.
    pub fn queued(&self) -> usize {
        self.exchange.waiting()
    }

    /// The identifier that belongs to a token, as long as it is on its way. Takes time in proportion to
    /// what is.
    pub fn packet_id(&self, token: Token) -> Option<PacketId> {
        self.exchange.packet_id(token)
    }

    // Events.

    /// There is a transport: CONNECT is to be written. Takes nothing of it into memory but limits and the
    /// authentication method.
    ///
    /// With a clean session, messages of an older one that are on their way are lost, which is told;
    /// those that wait are sent in the new one.
    ///
    /// A server of 3.1.1 may have a session of which this side knows nothing, because it began anew, or
    /// because a CONNECT with a clean session has not arrived. That is accepted, and messages of the old
    /// session come; but one of QoS 2 that is sent with an identifier that the server still holds is taken
    /// for a repetition. Whoever can't exclude that connects with a clean session first. In 5.0 the
    /// connection is closed.
    pub fn opened(&mut self, now: Instant, connect: &Connect<'_>) -> Result<(), CommandError> {
        connect.encoded_len(connect.version)?;
        self.end();
        if connect.clean_session {
            self.end_session(false);
        }
        let exchange = &mut self.exchange;
        exchange.opened(now);
        connect.encode(connect.version, exchange.out.bytes())?;
        let (version, properties) = (connect.version, connect.properties);
        exchange.peer = Peer::new(version);
        exchange.decode.version = version;
        let own = exchange.options.max_packet_size;
        // What the client tells the server holds for the client.
        let told = Peer::of(version, properties);
        exchange.decode.max_packet_size = told.max_packet_size.min(own);
        exchange.is_limit_told =
            properties.maximum_packet_size().is_some_and(|maximum| maximum.get() <= own);
        exchange.own_aliases = told.topic_alias_maximum;
        exchange.inbound.set_maximum(told.receive_maximum);
        self.method = Method::of(properties);
        self.clean_session = connect.clean_session;
        self.keep_alive = connect.keep_alive;
        let before_5_0 = if connect.clean_session { 0 } else { u32::MAX };
        self.asked_expiry = told.kept(properties, before_5_0);
        self.response_due = due(now, exchange.options.connect_timeout);
        self.phase = Phase::Connecting;
        Ok(())
    }

    /// Bytes have come. Takes packets off the front of the input until one is to be told; with `None`
    /// the input has no further whole packet, and what is left of it is to come again with more behind
    /// it. While [`Self::is_blocked`] nothing is taken.
    ///
    /// A part of a packet is refused when nothing can make it valid any more: with the byte that settles
    /// it, or, behind the first 256, when an eighth more has come, so that the work stays linear.
    #[inline]
    pub fn receive<'b>(&mut self, now: Instant, input: &mut &'b [u8]) -> Option<ClientAction<'b>> {
        if input.is_empty() && !self.exchange.has_pending() {
            return None;
        }
        self.receive_some(now, input)
    }

    fn receive_some<'b>(&mut self, now: Instant, input: &mut &'b [u8]) -> Option<ClientAction<'b>> {
        take(self, now, input)
    }

    /// What is to be told without further bytes.
    pub fn poll(&mut self) -> Option<ClientAction<'static>> {
        self.exchange.next_pending().map(Into::into)
    }

    /// The transport is gone, whoever has closed it.
    pub fn closed(&mut self, _now: Instant) {
        self.end();
        self.exchange.out.clear();
    }

    /// When to call [`Self::timeout`], and why.
    pub fn deadline(&self) -> Option<(Instant, Deadline)> {
        let response = match self.phase {
            Phase::Closed => return None,
            Phase::Connecting => (self.response_due, Deadline::Connack),
            Phase::Online => (self.response_due, Deadline::Pingresp),
        };
        let ping = (self.ping_due(), Deadline::Ping);
        Some(if ping.0 < response.0 { ping } else { response })
            .filter(|(due, _)| *due < Instant::NEVER)
    }

    fn ping_due(&self) -> Instant {
        if self.phase != Phase::Online || self.keep_alive == 0 {
            return Instant::NEVER;
        }
        let since = if planted!(PingFromLastReceived) {
            self.exchange.last_sent.max(self.exchange.last_received)
        } else {
            self.exchange.last_sent
        };
        since.plus_seconds(self.keep_alive.into())
    }

    /// Time has passed. Does what is due, and nothing if nothing is.
    pub fn timeout(&mut self, now: Instant) {
        while let Some((due, deadline)) = self.deadline()
            && due <= now
        {
            match deadline {
                Deadline::Ping => self.ping(now),
                Deadline::Pingresp if self.is_ping_on_its_way(now) => {}
                _ => self.fail(now, Fault::Late(deadline)),
            }
            if planted!(OneDeadlineOnly) {
                return;
            }
        }
    }

    /// Whether what is before the PINGREQ is still being written, or was until not long ago: then the
    /// server has more time for its answer. Each time less has to be left of it.
    fn is_ping_on_its_way(&mut self, now: Instant) -> bool {
        let left = self.exchange.unwritten();
        let goes_on = self.before_ping > 0 && left <= self.before_ping;
        if goes_on {
            self.before_ping = left.saturating_sub(1);
            self.response_due = due(now, self.exchange.options.ping_timeout);
        }
        goes_on
    }

    fn ping(&mut self, now: Instant) {
        let timeout = self.exchange.options.ping_timeout;
        let before_ping = self.exchange.unwritten();
        // A server that reads nothing gets no more of them, unless there is to be an end of waiting.
        let is_written = (self.exchange.has_room() || timeout.is_some())
            // [MQTT-3.1.2-23]; 5.0: [MQTT-3.1.2-20]
            && self
                .exchange
                .write(now, Properties::EMPTY, true, |_, version, out| Pingreq.encode(version, out))
                .is_ok();
        self.exchange.last_sent = now;
        self.exchange.quiet();
        if is_written && self.response_due == Instant::NEVER {
            self.response_due = due(now, timeout);
            self.before_ping = before_ping;
        }
    }

    /// What is to be written now. With a journal, persist what [`Self::journal`] tells before it is
    /// written.
    #[inline]
    pub fn transmit(&mut self, now: Instant) -> &mut Outgoing {
        self.exchange.transmit(now)
    }

    // How a connection ends.

    /// There is no connection any more, and no session either if it was to end with it.
    fn end(&mut self) {
        let was_online = self.phase == Phase::Online;
        if self.phase == Phase::Closed {
            return;
        }
        self.close();
        if was_online {
            let expiry = self.expiry;
            self.exchange.note(|| Record::Disconnected { at: None, expiry });
            if expiry == 0 {
                self.end_session(true);
            }
        }
    }

    fn close(&mut self) {
        self.phase = Phase::Closed;
        self.response_due = Instant::NEVER;
        self.exchange.disconnected();
    }

    /// Whether there is a session and a connection, and for how many seconds the session is kept.
    pub(super) fn kept(&self) -> (bool, bool, u32) {
        (self.has_session, self.is_connected(), self.expiry)
    }

    /// Messages that wait end with a session only if that ends with its connection.
    pub(super) fn end_session(&mut self, drop_waiting: bool) {
        if !self.has_session {
            return;
        }
        self.has_session = false;
        self.exchange.end_session(drop_waiting);
        self.exchange.note(|| Record::Ended);
        self.exchange.tell(Pending::SessionEnded);
    }

    // Durability.

    /// Records changes from now on, see [`Self::journal`].
    pub fn keep_journal(&mut self) {
        self.exchange.keep_journal();
    }

    /// The changes since the last call, to be persisted before what is to be written is. What may be
    /// sent by now is: [`Self::transmit`] adds nothing.
    pub fn journal(&mut self, now: Instant) -> Vec<Record> {
        self.exchange.take_journal(now)
    }
}

impl Side for Client {
    type Action<'b> = ClientAction<'b>;

    #[inline(always)]
    fn exchange(&mut self) -> &mut Exchange {
        &mut self.exchange
    }

    #[inline(always)]
    fn is_online(&self) -> bool {
        self.phase == Phase::Online
    }

    #[inline(always)]
    fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    #[inline(always)]
    fn is_full(&self) -> bool {
        !self.exchange.has_room()
    }

    fn may_take(&self, _: &[u8]) -> bool {
        true
    }

    /// A client tells its server of no such limits.
    #[inline(always)]
    fn check(&self, _: &Publish<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn handle<'b>(
        &mut self,
        now: Instant,
        packet: Packet<'b>,
    ) -> Result<Option<ClientAction<'b>>, Fault> {
        self.on_packet(now, packet)
    }

    fn fail(&mut self, now: Instant, fault: Fault) {
        if self.phase == Phase::Online && !matches!(fault, Fault::Late(_)) {
            self.exchange.tell_peer(now, fault.reason());
        }
        self.exchange.tell(Pending::Close(CloseReason::Fault(fault)));
        self.end();
    }
}

/// Where it stands, and how much there is; not what.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exchange.show(f.debug_struct("Client").field("phase", &self.phase))
    }
}

/// When a timeout that begins now is over.
pub(super) fn due(now: Instant, timeout: Option<u64>) -> Instant {
    timeout.map_or(Instant::NEVER, |millis| now.plus_millis(millis))
}
