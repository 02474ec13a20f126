//! The client's side of a session: connects, asks, resumes.

use super::{
    Answer, Arrival, Request,
    action::{ClientAction, Common, Published, Received, Requested, Token},
    exchange::{Exchange, Peer, Pending, Sent},
    fault::{CloseReason, CommandError, Deadline, Fault},
    input::{Item, Plain},
    journal::Record,
    message::Message,
    method::Method,
    options::SessionOptions,
    outgoing::Outgoing,
};
use crate::{
    packet::{
        Auth, Connack, Connect, DecodeOptions, Disconnect, EncodeError, Field, List, Packet,
        PacketType, Pingreq, Properties, Subscribe, Subscription, Unsubscribe, check_sender,
    },
    time::Instant,
    topic::TopicFilter,
    types::{PacketId, QoS, ReasonCode, Role, Version},
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
/// let mut client = Client::new(SessionOptions::new());
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
        self.exchange.queued().count()
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
        exchange.own_aliases = told.topic_alias_maximum;
        exchange.inbound.set_maximum(told.receive_maximum);
        self.method = Method::of(properties);
        self.clean_session = connect.clean_session;
        self.keep_alive = connect.keep_alive;
        let kept_before_5_0 = if connect.clean_session { 0 } else { u32::MAX };
        let expiry = properties.session_expiry_interval().unwrap_or(0);
        self.asked_expiry = version.pick(kept_before_5_0, kept_before_5_0, expiry);
        self.response_due = due(now, exchange.options.connect_timeout);
        self.phase = Phase::Connecting;
        Ok(())
    }

    /// Bytes have come. Takes packets off the front of the input until one is to be told; with `None`
    /// the input has no further whole packet, and what is left of it is to come again with more behind
    /// it. While [`Self::is_blocked`] nothing is taken.
    #[inline]
    pub fn receive<'b>(&mut self, now: Instant, input: &mut &'b [u8]) -> Option<ClientAction<'b>> {
        if input.is_empty() && !self.exchange.has_pending() {
            return None;
        }
        self.receive_some(now, input)
    }

    fn receive_some<'b>(&mut self, now: Instant, input: &mut &'b [u8]) -> Option<ClientAction<'b>> {
        // What mostly comes, and nothing to be told before.
        while self.phase == Phase::Online
            && !self.exchange.has_pending()
            && self.exchange.has_room()
        {
            match self.exchange.plain_answer(now, input) {
                Some(Plain::Done(token)) => return Some(ClientAction::done(token)),
                Some(Plain::Taken) => continue,
                None if input.is_empty() => return None,
                None => {}
            }
            let Some(publish) = self.exchange.plain_publish(now, input) else { break };
            match self.exchange.admit(now, &publish) {
                Ok((Arrival::Deliver, topic)) => {
                    return Some(ClientAction::Message(Received::new(publish, topic)));
                }
                Ok((Arrival::Repeated, _)) => {}
                Err(fault) => self.fail(now, fault),
            }
        }
        self.receive_any(now, input)
    }

    /// Whatever comes, in whatever state.
    #[inline(never)]
    fn receive_any<'b>(&mut self, now: Instant, input: &mut &'b [u8]) -> Option<ClientAction<'b>> {
        loop {
            if self.exchange.has_pending()
                && let Some(common) = self.exchange.next_pending()
            {
                return Some(common.into());
            }
            if self.phase == Phase::Closed {
                *input = &[];
                return None;
            }
            if !self.exchange.has_room() {
                return None;
            }
            let told = match self.exchange.next_item(input) {
                Ok(None) => return None,
                Ok(Some(item)) => {
                    self.exchange.last_received = now;
                    self.handle(now, item)
                }
                Err(error) => Err(error.into()),
            };
            match told {
                Ok(Some(action)) => return Some(action),
                Ok(None) => {}
                Err(fault) => self.fail(now, fault),
            }
        }
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
                _ => self.fail(now, Fault::Late(deadline)),
            }
            if planted!(OneDeadlineOnly) {
                return;
            }
        }
    }

    fn ping(&mut self, now: Instant) {
        // [MQTT-3.1.2-23]; 5.0: [MQTT-3.1.2-20]
        let written = self
            .exchange
            .write(now, Properties::EMPTY, true, |_, version, out| Pingreq.encode(version, out));
        self.exchange.last_sent = now;
        self.exchange.quiet();
        if written.is_ok() && self.response_due == Instant::NEVER {
            self.response_due = due(now, self.exchange.options.ping_timeout);
        }
    }

    /// What is to be written now. Persist [`Self::journal`] before; with a journal, only what it told of
    /// is written.
    #[inline]
    pub fn transmit(&mut self, now: Instant) -> &mut Outgoing {
        self.exchange.transmit(now)
    }

    // Commands.

    /// Sends a message, or keeps it until it may be sent: behind others, or until there is a
    /// connection. One of QoS 0 is not kept.
    pub fn publish(&mut self, now: Instant, message: Message) -> Result<Published, CommandError> {
        let version = self.exchange.version();
        if !version.is_5_0() && message.is_of_5_0() && self.phase != Phase::Closed {
            let (packet_type, field) = (PacketType::Publish, Field::Properties);
            return Err(EncodeError::NotInVersion { packet_type, field, version }.into());
        }
        let none = ReasonCode::SUCCESS;
        check_sender(PacketType::Publish, version, Role::Client, none, message.properties())?;
        self.exchange.publish(now, message, true)
    }

    /// Asks for messages.
    pub fn subscribe<'a>(
        &mut self,
        now: Instant,
        subscriptions: impl Into<List<'a, Subscription<'a>>>,
        properties: Properties<'a>,
    ) -> Result<Requested, CommandError> {
        let subscriptions = subscriptions.into();
        let packet = Subscribe { packet_id: PacketId::MIN, subscriptions, properties };
        let (version, count) = (self.exchange.version(), subscriptions.len());
        let len = packet.encoded_len(version)?;
        self.request(now, Request::Subscribe, count, len, |packet_id, out| {
            Subscribe { packet_id, ..packet }.encode(version, out)
        })
    }

    /// Asks for no more messages.
    pub fn unsubscribe<'a>(
        &mut self,
        now: Instant,
        filters: impl Into<List<'a, TopicFilter<'a>>>,
        properties: Properties<'a>,
    ) -> Result<Requested, CommandError> {
        let filters = filters.into();
        let packet = Unsubscribe { packet_id: PacketId::MIN, filters, properties };
        let (version, count) = (self.exchange.version(), filters.len());
        let len = packet.encoded_len(version)?;
        self.request(now, Request::Unsubscribe, count, len, |packet_id, out| {
            Unsubscribe { packet_id, ..packet }.encode(version, out)
        })
    }

    fn request(
        &mut self,
        now: Instant,
        request: Request,
        count: usize,
        len: usize,
        encode: impl Fn(PacketId, &mut Vec<u8>) -> Result<(), EncodeError>,
    ) -> Result<Requested, CommandError> {
        let exchange = &mut self.exchange;
        if self.phase != Phase::Online {
            return Err(CommandError::NotConnected);
        }
        let codes = u16::try_from(count).map_err(|_| CommandError::TooManyFilters)?;
        let maximum = exchange.peer.max_packet_size;
        if u32::try_from(len).is_ok_and(|len| len > maximum) {
            return Err(CommandError::TooLarge { len, maximum });
        }
        if !exchange.has_room() {
            return Err(CommandError::OutgoingFull);
        }
        let token = exchange.token();
        let sent = Sent { content: None, token, codes, qos: QoS::AtMostOnce, retain: false };
        let packet_id =
            exchange.outbound.request(request, sent).map_err(|_| CommandError::NoIdentifier)?;
        encode(packet_id, exchange.out.bytes())?;
        exchange.last_sent = now;
        Ok(Requested { token, packet_id })
    }

    /// Acknowledges a message, or refuses it by a reason code of 0x80 or above (5.0), where that is left
    /// to the application. The answers go out in the order that the standard wants, whatever the order
    /// of the calls; words in the properties go with an answer that may go out at once.
    pub fn acknowledge(
        &mut self,
        now: Instant,
        packet_id: PacketId,
        qos: QoS,
        reason: ReasonCode,
        properties: Properties<'_>,
    ) -> Result<(), CommandError> {
        self.exchange.acknowledge(now, packet_id, qos, reason, properties)
    }

    /// Goes on with the authentication, or begins it again with
    /// [`ReasonCode::RE_AUTHENTICATE`] (5.0). The authentication method is added.
    pub fn authenticate(
        &mut self,
        now: Instant,
        reason: ReasonCode,
        properties: Properties<'_>,
    ) -> Result<(), CommandError> {
        let is_fine = match (self.phase, reason) {
            (Phase::Closed, _) => return Err(CommandError::NotConnected),
            (_, ReasonCode::CONTINUE_AUTHENTICATION) => true,
            (phase, ReasonCode::RE_AUTHENTICATE) => phase == Phase::Online,
            _ => false,
        };
        self.method.write(&mut self.exchange, now, reason, properties, is_fine)
    }

    /// Leaves: DISCONNECT is to be written, then the transport to be closed.
    pub fn disconnect(
        &mut self,
        now: Instant,
        disconnect: &Disconnect<'_>,
    ) -> Result<(), CommandError> {
        if self.phase == Phase::Closed {
            return Err(CommandError::NotConnected);
        }
        let expiry = disconnect.properties.session_expiry_interval();
        let is_online = self.phase == Phase::Online;
        let agreed = if is_online { self.expiry } else { self.asked_expiry };
        // [MQTT-3.1.2-23] of 5.0
        if agreed == 0 && expiry.is_some_and(|expiry| expiry > 0) {
            return Err(CommandError::SessionExpiry);
        }
        let (reason, properties) = (disconnect.reason, disconnect.properties);
        let version = self.exchange.version();
        check_sender(PacketType::Disconnect, version, Role::Client, reason, properties)?;
        self.exchange.write(now, properties, true, |properties, version, out| {
            Disconnect { reason, properties }.encode(version, out)
        })?;
        if is_online {
            self.expiry = expiry.unwrap_or(agreed);
        }
        self.exchange.tell(Pending::Close(CloseReason::Disconnected));
        self.end();
        Ok(())
    }

    // What follows from packets.

    fn handle<'b>(
        &mut self,
        now: Instant,
        item: Item<'b>,
    ) -> Result<Option<ClientAction<'b>>, Fault> {
        let packet = match item {
            Item::Packet(packet) => packet,
            Item::Skipped(skipped) if self.phase == Phase::Online => {
                self.exchange.skipped(now, &skipped)?;
                return Ok(Some(ClientAction::Skipped(skipped)));
            }
            Item::Skipped(skipped) => return Err(Fault::Unexpected(skipped.packet_type)),
        };
        if self.phase == Phase::Connecting {
            return match packet {
                Packet::Connack(connack) => self.on_connack(now, connack).map(Some),
                Packet::Auth(auth) => self.on_auth(auth).map(Some),
                other => Err(Fault::Unexpected(other.packet_type())),
            };
        }
        let common = match packet {
            Packet::Suback(suback) => {
                let codes = suback.codes.len();
                let Some(sent) = self.on_answer(Answer::Suback, suback.packet_id, Some(codes))?
                else {
                    return Ok(Some(ignored(PacketType::Suback, suback.packet_id)));
                };
                return Ok(Some(ClientAction::Subscribed(sent.token, suback)));
            }
            Packet::Unsuback(unsuback) => {
                let codes = self.exchange.version().is_5_0().then(|| unsuback.codes.len());
                let Some(sent) = self.on_answer(Answer::Unsuback, unsuback.packet_id, codes)?
                else {
                    return Ok(Some(ignored(PacketType::Unsuback, unsuback.packet_id)));
                };
                return Ok(Some(ClientAction::Unsubscribed(sent.token, unsuback)));
            }
            Packet::Pingresp(_) => {
                self.response_due = Instant::NEVER;
                return Ok(None);
            }
            Packet::Disconnect(disconnect) if self.exchange.version().is_5_0() => {
                self.exchange.tell(Pending::Close(CloseReason::PeerDisconnected));
                self.end();
                return Ok(Some(ClientAction::Disconnected(disconnect)));
            }
            Packet::Auth(auth) => return self.on_auth(auth).map(Some),
            packet => self.exchange.handle_flow(now, packet)?,
        };
        Ok(common.map(Into::into))
    }

    /// The request that is answered; `None` if there is none.
    fn on_answer(
        &mut self,
        answer: Answer,
        id: PacketId,
        codes: Option<usize>,
    ) -> Result<Option<Sent>, Fault> {
        if let Some((awaited, sent)) = self.exchange.outbound.get(id)
            && awaited.is_request()
            && codes.is_some_and(|codes| codes != usize::from(sent.codes))
        {
            let given = u32::try_from(codes.unwrap_or_default()).unwrap_or(u32::MAX);
            return Err(Fault::CodeCount { asked: sent.codes.into(), given });
        }
        match self.exchange.outbound.answer(answer, id)? {
            super::Answered::Done(sent) => Ok(Some(sent)),
            _ => Ok(None),
        }
    }

    fn on_connack<'b>(
        &mut self,
        now: Instant,
        connack: Connack<'b>,
    ) -> Result<ClientAction<'b>, Fault> {
        if connack.reason != ReasonCode::SUCCESS {
            self.exchange.tell(Pending::Close(CloseReason::Refused));
            self.close();
            return Ok(ClientAction::Refused(connack));
        }
        let (version, properties) = (self.exchange.version(), connack.properties);
        self.method.check(properties)?;
        let has_session = self.has_session && !self.clean_session;
        // [MQTT-3.2.2-4] of 5.0; 3.1.1 lets a client be that has lost its session.
        if connack.session_present && (self.clean_session || version.is_5_0() && !has_session) {
            return Err(Fault::SessionPresent);
        }
        // 3.1 does not tell; the client has to take it that there is one.
        let resumes = connack.session_present || version.session_present_bit() == 0 && has_session;
        if !resumes {
            // [MQTT-3.2.2-5] of 5.0
            self.end_session(false);
        }
        self.has_session = true;
        self.keep_alive = properties.server_keep_alive().unwrap_or(self.keep_alive);
        self.expiry = properties.session_expiry_interval().unwrap_or(self.asked_expiry);
        self.response_due = Instant::NEVER;
        self.phase = Phase::Online;
        let expiry = self.expiry;
        self.exchange.note(|| Record::Connected { expiry, will: None });
        self.exchange.connected(now, Peer::of(version, properties));
        Ok(ClientAction::Connected(connack))
    }

    fn on_auth<'b>(&mut self, auth: Auth<'b>) -> Result<ClientAction<'b>, Fault> {
        self.method.expect(auth.properties)?;
        let is_fine = match auth.reason {
            ReasonCode::CONTINUE_AUTHENTICATION => true,
            ReasonCode::SUCCESS => self.phase == Phase::Online,
            _ => false,
        };
        if is_fine {
            Ok(ClientAction::Auth(auth))
        } else {
            Err(Fault::Unexpected(PacketType::Auth))
        }
    }

    // How a connection ends.

    fn fail(&mut self, now: Instant, fault: Fault) {
        let is_told = self.phase == Phase::Online
            && self.exchange.version().is_5_0()
            && !matches!(fault, Fault::Late(_));
        if is_told {
            let reason = fault.reason();
            // A server that takes no packet of this size is told nothing.
            let _ =
                self.exchange.write(now, Properties::EMPTY, true, |properties, version, out| {
                    Disconnect { reason, properties }.encode(version, out)
                });
        }
        self.exchange.tell(Pending::Close(CloseReason::Fault(fault)));
        self.end();
    }

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

/// Where it stands, and how much there is; not what.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exchange.show(f.debug_struct("Client").field("phase", &self.phase))
    }
}

fn ignored<'b>(packet_type: PacketType, packet_id: PacketId) -> ClientAction<'b> {
    Common::Ignored { packet_type, packet_id }.into()
}

/// When a timeout that begins now is over.
pub(super) fn due(now: Instant, timeout: Option<u64>) -> Instant {
    timeout.map_or(Instant::NEVER, |millis| now.plus_millis(millis))
}
