//! The server's side of a session: one client, as a server sees it.

mod commands;
mod connection;
mod packets;

use super::{
    action::{ServerAction, Token},
    client::due,
    exchange::{Exchange, Peer, Pending},
    fault::{CloseReason, Deadline, Fault},
    journal::Record,
    message::Message,
    method::Method,
    options::SessionOptions,
    outgoing::Outgoing,
    requests::Requests,
    snapshot::ends,
    take::{Side, take},
    will::Wills,
};
use crate::{
    packet::{Connack, DecodeOptions, Packet, PacketType, Properties, Publish},
    time::Instant,
    types::{PacketId, QoS, ReasonCode, Role, Version},
};
use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::fmt;

/// One client as a server sees it: events and commands in, actions and bytes out.
///
/// It lives as long as the session, over connections that come and go. What a client may do and where
/// its messages go is decided by the application, which is asked by actions and answers by commands;
/// subscriptions are kept by the application too, for instance in a [`FilterTree`](crate::FilterTree).
/// A broker decodes the CONNECT of a new connection, looks for the session of its client identifier,
/// tells a connection that is still there by [`Self::take_over`], and hands the bytes to the session.
///
/// One thing no server can know: whether the client has heard that its session is new. If that CONNACK is
/// lost, the next one tells of a session which the client takes for its older one, whose identifiers of
/// QoS 2 it still has. A server that wants none of its messages to be taken for older ones ends a session
/// whose client has gone before it sent anything ([`Self::expire_session`]).
///
/// ```
/// use mqtt_pure::{Connack, Instant, Server, ServerAction, SessionOptions};
///
/// let now = Instant::from_millis(0);
/// let mut server = Server::new(SessionOptions::new());
/// server.opened(now);
/// let mut input: &[u8] = b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c\xc0\0";
/// let action = server.receive(now, &mut input);
/// assert!(matches!(action, Some(ServerAction::Connect(connect)) if connect.keep_alive == 60));
/// server.accept(now, Default::default())?;
/// assert_eq!(server.receive(now, &mut input), None); // the PINGREQ behind it
/// assert_eq!(bytes::Buf::chunk(server.transmit(now)), b"\x20\x02\0\0\xd0\0");
/// # Ok::<(), mqtt_pure::CommandError>(())
/// ```
pub struct Server {
    pub(super) exchange: Exchange,
    /// When the session ends, of a client that is away.
    pub(super) session_end: Instant,
    pub(super) wills: Wills,
    asked: Option<Box<Asked>>,
    requests: Requests,
    method: Method,
    /// For how many seconds the session is kept.
    pub(super) expiry: u32,
    keep_alive: u16,
    phase: Phase,
    pub(super) has_session: bool,
    /// Whether the CONNECT has made it final that the session ends with the connection.
    has_no_expiry: bool,
    /// For how many seconds the client may have its session kept, whatever it says when it leaves.
    max_expiry: u32,
    /// What the client was told of this connection.
    maximum_qos: QoS,
    retain_available: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// There is no transport, or it is to be closed.
    Closed,
    /// Nothing has come yet.
    Opened,
    /// The application is asked about a CONNECT.
    Asked,
    Online,
}

/// What a CONNECT said, until it is accepted.
struct Asked {
    will: Option<(Message, u32)>,
    expiry: u32,
    keep_alive: u16,
    /// Whether the client wants its session to be kept longer than the options allow.
    is_expiry_cut: bool,
    /// Whether it wants no session beyond its connection.
    has_no_expiry: bool,
    clean_session: bool,
    wants_response_information: bool,
    /// Whether the client has been told to go on with its authentication.
    is_authenticating: bool,
}

impl Server {
    /// A server that knows nothing of its client.
    pub fn new(options: impl Into<Arc<SessionOptions>>) -> Self {
        let options = options.into();
        let decode = DecodeOptions::new(Version::DEFAULT)
            .with_sender(Role::Client)
            .with_versions(options.versions)
            .with_max_packet_size(options.max_packet_size)
            .with_strictness(options.strictness)
            .with_max_user_properties(options.max_user_properties);
        Self {
            exchange: Exchange::new(options, decode, Role::Server),
            session_end: Instant::NEVER,
            wills: Wills::default(),
            asked: None,
            requests: Requests::default(),
            method: Method::default(),
            expiry: 0,
            keep_alive: 0,
            phase: Phase::Closed,
            has_session: false,
            has_no_expiry: false,
            max_expiry: 0,
            maximum_qos: QoS::ExactlyOnce,
            retain_available: true,
        }
    }

    /// Whether the client's connection has been accepted.
    pub fn is_connected(&self) -> bool {
        self.phase == Phase::Online
    }

    /// Whether there is a session.
    pub const fn has_session(&self) -> bool {
        self.has_session
    }

    /// Whether nothing is taken in before something is written, or answered by the application.
    pub fn is_blocked(&self) -> bool {
        self.is_full() || self.waits_for_answer()
    }

    /// Whether the application has to answer a CONNECT, or an AUTH before the CONNACK.
    fn waits_for_answer(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| !asked.is_authenticating)
    }

    /// The version that the client speaks, or spoke last.
    pub const fn version(&self) -> Version {
        self.exchange.version()
    }

    /// How many messages are sent and not acknowledged.
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

    /// Whether the client is told why: it speaks 5.0.
    #[cfg(feature = "broker")]
    pub(crate) const fn has_reasons(&self) -> bool {
        self.exchange.peer.has_reasons
    }

    /// Whether something waits that is to be sent before a message that comes now.
    #[cfg(feature = "broker")]
    pub(crate) fn is_behind(&self) -> bool {
        self.exchange.outbound.is_resending() || self.exchange.queued().next().is_some()
    }

    /// Takes out messages that wait and are not to be sent any more.
    #[cfg(feature = "broker")]
    pub(crate) fn keep_queued(&mut self, keep: impl FnMut(&Message) -> bool) {
        self.exchange.keep_queued(keep);
    }

    // Events.

    /// There is a transport.
    pub fn opened(&mut self, now: Instant) {
        self.end(now, false);
        self.end_what_is_over(now);
        self.exchange.opened(now);
        self.exchange.decode.max_packet_size = self.exchange.options.max_packet_size;
        self.phase = Phase::Opened;
    }

    /// Bytes have come. Takes packets off the front of the input until one is to be told; with `None`
    /// the input has no further whole packet, or the application has to answer first, and what is left
    /// of it is to come again with more behind it. While [`Self::is_blocked`] nothing is taken.
    ///
    /// A part of a packet is refused when nothing can make it valid any more: with the byte that settles
    /// it, or, behind the first 256, when an eighth more has come, so that the work stays linear.
    #[inline]
    pub fn receive<'b>(&mut self, now: Instant, input: &mut &'b [u8]) -> Option<ServerAction<'b>> {
        if input.is_empty() && !self.exchange.has_pending() {
            return None;
        }
        self.receive_some(now, input)
    }

    fn receive_some<'b>(&mut self, now: Instant, input: &mut &'b [u8]) -> Option<ServerAction<'b>> {
        take(self, now, input)
    }

    /// What is to be told without further bytes.
    pub fn poll(&mut self) -> Option<ServerAction<'static>> {
        self.exchange.next_pending().map(Into::into)
    }

    /// The transport is gone, whoever has closed it.
    pub fn closed(&mut self, now: Instant) {
        self.end(now, false);
        self.exchange.out.clear();
    }

    /// When to call [`Self::timeout`], and why.
    pub fn deadline(&self) -> Option<(Instant, Deadline)> {
        let of_connection = match self.phase {
            Phase::Opened => {
                let timeout = self.exchange.options.connect_timeout;
                (due(self.exchange.last_received, timeout), Deadline::Connect)
            }
            Phase::Online => (self.keep_alive_due(), Deadline::KeepAlive),
            // The client is to go on with its authentication.
            Phase::Asked if !self.waits_for_answer() => {
                let timeout = self.exchange.options.connect_timeout;
                (due(self.exchange.last_sent, timeout), Deadline::Connect)
            }
            Phase::Closed | Phase::Asked => (Instant::NEVER, Deadline::Connect),
        };
        let end = (self.session_end, Deadline::SessionEnd);
        let will = (self.wills.due(), Deadline::Will);
        let next = [will, end, of_connection].into_iter().min_by_key(|(due, _)| *due);
        next.filter(|(due, _)| *due < Instant::NEVER)
    }

    /// Whether the application has to answer before anything more is taken.
    fn has_all_requests(&self) -> bool {
        self.requests.len() >= usize::from(self.exchange.options.max_requests.max(1))
    }

    fn keep_alive_due(&self) -> Instant {
        // While the application owes so many answers it is not seen what the client sends.
        if self.keep_alive == 0 || self.has_all_requests() {
            return Instant::NEVER;
        }
        // [MQTT-3.1.2-24]; 5.0: [MQTT-3.1.2-22]
        let since = if planted!(KeepAliveFromLastSent) {
            self.exchange.last_sent
        } else {
            self.exchange.last_received
        };
        since.plus_millis(u64::from(self.keep_alive).saturating_mul(1_500))
    }

    /// Time has passed. Does what is due, and nothing if nothing is.
    pub fn timeout(&mut self, now: Instant) {
        while let Some((due, deadline)) = self.deadline()
            && due <= now
        {
            match deadline {
                Deadline::Will => self.publish_will(),
                Deadline::SessionEnd => self.end_session(),
                _ => self.fail(now, Fault::Late(deadline)),
            }
        }
    }

    /// What is to be written now. With a journal, persist what [`Self::journal`] tells before it is
    /// written.
    #[inline]
    pub fn transmit(&mut self, now: Instant) -> &mut Outgoing {
        self.exchange.transmit(now)
    }

    // How connections and sessions end.

    fn tell_peer(&mut self, now: Instant, reason: ReasonCode) {
        if self.phase == Phase::Online {
            self.exchange.tell_peer(now, reason);
        }
    }

    /// Some faults of a CONNECT are told by a CONNACK.
    fn refuse_faulty(&mut self, now: Instant, fault: &Fault) {
        if self.phase != Phase::Opened {
            return;
        }
        let reason = match fault {
            Fault::Malformed(error) if error.packet_type() == Some(PacketType::Connect) => {
                // [MQTT-3.1.2-2] [MQTT-3.1.3-8]
                let Some(code) = error.return_code() else { return };
                self.exchange.peer = Peer::new(error.version());
                code.reason()
            }
            Fault::QosNotSupported | Fault::RetainNotSupported => fault.reason(),
            _ => return,
        };
        let properties = Properties::EMPTY;
        let _ = self.write_connack(now, Connack { session_present: false, reason, properties });
    }

    /// There is no connection any more.
    fn end(&mut self, now: Instant, is_clean: bool) {
        let was_online = self.phase == Phase::Online;
        if self.phase == Phase::Closed {
            return;
        }
        self.phase = Phase::Closed;
        self.asked = None;
        self.requests.clear();
        self.exchange.disconnected();
        if !was_online {
            return;
        }
        self.went_away(now, is_clean);
    }

    /// The client has gone: its session and its will wait, or are over.
    pub(super) fn went_away(&mut self, now: Instant, is_clean: bool) {
        let expiry = self.expiry;
        self.exchange.note(|| Record::Disconnected { at: Some(now), expiry });
        if is_clean && !planted!(WillAfterDisconnect) {
            self.forget_will();
        } else {
            self.wills.start(now);
        }
        match expiry {
            0 => self.end_session(),
            _ if planted!(SessionNeverExpires) => self.session_end = Instant::NEVER,
            _ => self.session_end = ends(now, expiry),
        }
        self.end_what_is_over(now);
    }

    /// Will and session of a client that is away, if their time has come.
    fn end_what_is_over(&mut self, now: Instant) {
        // What never comes has not come at the last moment of the clock either.
        let is_over = |due: Instant| due <= now && due < Instant::NEVER;
        if is_over(self.wills.due()) {
            self.publish_will();
        }
        if is_over(self.session_end) {
            self.end_session();
        }
    }

    fn publish_will(&mut self) {
        if let Some(message) = self.wills.take() {
            if !planted!(JournalWithoutWillOver) {
                self.exchange.note(|| Record::WillOver);
            }
            if planted!(WillTwice) {
                self.exchange.tell(Pending::Will(message.clone()));
            }
            self.exchange.tell(Pending::Will(message));
        }
    }

    fn forget_will(&mut self) {
        if self.wills.take().is_some() {
            self.exchange.note(|| Record::WillOver);
        }
    }

    fn end_session(&mut self) {
        // [MQTT-3.1.3-9]: the end of the session ends the delay of the will.
        self.publish_will();
        self.session_end = Instant::NEVER;
        if self.has_session {
            self.has_session = false;
            self.exchange.end_session(true);
            self.exchange.note(|| Record::Ended);
            self.exchange.tell(Pending::SessionEnded);
        }
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

impl Side for Server {
    type Action<'b> = ServerAction<'b>;

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
        !self.exchange.has_room() || self.has_all_requests()
    }

    /// Before the CONNECT is answered only what would be wrong is taken, and AUTH if that is awaited.
    fn may_take(&self, input: &[u8]) -> bool {
        let first = input.first().map(|byte| byte & 0xf0);
        // [MQTT-3.1.0-2] [MQTT-3.1.2-30]
        !self.waits_for_answer() || first == Some(PacketType::Connect.first_byte())
    }

    #[inline]
    fn check(&self, publish: &Publish<'_>) -> Result<(), Fault> {
        self.check_limits(publish)
    }

    fn handle<'b>(
        &mut self,
        now: Instant,
        packet: Packet<'b>,
    ) -> Result<Option<ServerAction<'b>>, Fault> {
        self.on_packet(now, packet)
    }

    fn fail(&mut self, now: Instant, fault: Fault) {
        self.tell_peer(now, fault.reason());
        self.refuse_faulty(now, &fault);
        self.exchange.tell(Pending::Close(CloseReason::Fault(fault)));
        self.end(now, false);
    }
}

/// Where it stands, and how much there is; not what.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exchange.show(f.debug_struct("Server").field("phase", &self.phase))
    }
}
