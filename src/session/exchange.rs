//! What both roles do alike: send and receive messages on a connection that may come and go.

mod receiving;
mod sending;
mod writing;

use super::{
    Awaited, Inbound, Outbound, WrongAnswer,
    action::{Common, Failure, Token},
    aliases::Aliases,
    fault::{CloseReason, CommandError, Dropped},
    input::Front,
    journal::Record,
    message::{Content, Message},
    options::SessionOptions,
    outgoing::Outgoing,
    queue::Queue,
};
use crate::{
    packet::{DecodeOptions, Properties},
    time::{Instant, Seconds},
    types::{PacketId, QoS, ReasonCode, Role, Version},
};
use alloc::{boxed::Box, collections::VecDeque, sync::Arc, vec::Vec};
use core::{
    fmt,
    num::{NonZeroU16, NonZeroU32},
};

/// The topic that an alias stands for.
type Aliased = Arc<[u8]>;

/// What belongs to an identifier that this side has given out.
#[derive(Clone)]
pub(super) struct Sent {
    /// Of a message until its PUBREC.
    pub(super) content: Option<Arc<Content>>,
    /// `None` if its end has been told.
    pub(super) token: Option<Token>,
    /// How many codes the answer to a request has to have.
    pub(super) codes: u16,
    /// Since when the Message Expiry Interval runs, if there is one.
    pub(super) since: Seconds,
    pub(super) qos: QoS,
    pub(super) retain: bool,
}

/// What the peer of this connection takes.
#[derive(Clone, Copy)]
pub(super) struct Peer {
    pub(super) max_packet_size: u32,
    pub(super) receive_maximum: u16,
    pub(super) topic_alias_maximum: u16,
    pub(super) maximum_qos: QoS,
    pub(super) retain_available: bool,
    /// Whether reasons may be given in words everywhere.
    pub(super) wants_reasons: bool,
    pub(super) version: Version,
    /// Whether it is 5.0: answers say why, and packets have properties.
    pub(super) has_reasons: bool,
}

impl Peer {
    /// What a CONNECT or a CONNACK with these properties says.
    pub(super) fn of(version: Version, properties: Properties<'_>) -> Self {
        let size = properties.maximum_packet_size();
        let receive = properties.receive_maximum();
        Self {
            max_packet_size: size.map_or(u32::MAX, NonZeroU32::get),
            receive_maximum: receive.map_or(u16::MAX, NonZeroU16::get),
            topic_alias_maximum: properties.topic_alias_maximum().unwrap_or(0),
            maximum_qos: properties.maximum_qos().unwrap_or(QoS::ExactlyOnce),
            retain_available: properties.retain_available().unwrap_or(true),
            wants_reasons: properties.request_problem_information().unwrap_or(true),
            ..Self::new(version)
        }
    }

    /// For how many seconds a session is kept, as a CONNECT with these properties wants; `before_5_0`
    /// where none can say so.
    pub(super) fn kept(&self, properties: Properties<'_>, before_5_0: u32) -> u32 {
        if self.has_reasons {
            properties.session_expiry_interval().unwrap_or(0)
        } else {
            before_5_0
        }
    }

    /// What there is to know of a peer that has said nothing.
    pub(super) const fn new(version: Version) -> Self {
        Self {
            max_packet_size: u32::MAX,
            receive_maximum: u16::MAX,
            topic_alias_maximum: 0,
            maximum_qos: QoS::ExactlyOnce,
            retain_available: true,
            wants_reasons: true,
            version,
            has_reasons: version.is_5_0(),
        }
    }
}

/// What is to be told that borrows nothing.
pub(super) enum Pending {
    Done(Token),
    Dropped(Token, Dropped),
    Lost(Token),
    Close(CloseReason),
    SessionEnded,
    Will(Message),
}

// Mostly there is none of either, so that they take up no more than a pointer.
type Told = VecDeque<Pending>;
type Records = Vec<Record>;

pub(super) struct Exchange {
    pub(super) outbound: Outbound<Sent>,
    pub(super) inbound: Inbound,
    queue: Option<Box<Queue>>,
    pub(super) out: Outgoing,
    aliases: Option<Box<Aliases>>,
    pending: Option<Box<Told>>,
    journal: Option<Box<Records>>,
    pub(super) options: Arc<SessionOptions>,
    pub(super) peer: Peer,
    pub(super) decode: DecodeOptions,
    pub(super) last_sent: Instant,
    pub(super) last_received: Instant,
    pub(super) front: Front,
    pub(super) next_token: Token,
    /// How many topic aliases the peer may use.
    pub(super) own_aliases: u16,
    /// Whether the peer knows how large a packet may be, so that a larger one is a fault of its.
    pub(super) is_limit_told: bool,
    pub(super) is_online: bool,
    /// Which side this is.
    pub(super) role: Role,
    /// Whether memory is to be given back when everything is written.
    is_quiet: bool,
}

impl Exchange {
    pub(super) fn new(options: Arc<SessionOptions>, decode: DecodeOptions, role: Role) -> Self {
        Self {
            outbound: Outbound::new(u16::MAX),
            inbound: Inbound::new(u16::MAX),
            queue: None,
            out: Outgoing::new(),
            aliases: None,
            pending: None,
            journal: None,
            peer: Peer::new(decode.version),
            decode,
            options,
            last_sent: Instant::default(),
            last_received: Instant::default(),
            front: Front::UNKNOWN,
            next_token: Token::FIRST,
            own_aliases: 0,
            is_limit_told: false,
            is_online: false,
            role,
            is_quiet: false,
        }
    }

    #[inline]
    pub(super) const fn version(&self) -> Version {
        self.peer.version
    }

    /// Adds how much there is to what is shown of a session.
    pub(super) fn show(&self, f: &mut fmt::DebugStruct<'_, '_>) -> fmt::Result {
        f.field("version", &self.version())
            .field("in_flight", &self.outbound.len())
            .field("queued", &self.waiting())
            .field("outgoing", &self.out)
            .finish_non_exhaustive()
    }

    #[inline]
    pub(super) fn token(&mut self) -> Token {
        let token = self.next_token;
        self.next_token = token.next();
        token
    }

    /// The identifier of what is on its way by this name.
    pub(super) fn packet_id(&self, token: Token) -> Option<PacketId> {
        let mut all = self.outbound.iter_all();
        all.find(|(_, sent)| sent.token == Some(token)).map(|(id, _)| id)
    }

    // What is told.

    pub(super) fn tell(&mut self, pending: Pending) {
        self.pending.get_or_insert_default().push_back(pending);
    }

    #[inline]
    pub(super) fn has_pending(&self) -> bool {
        self.pending.is_some()
    }

    pub(super) fn next_pending(&mut self) -> Option<Common<'static>> {
        let pending = self.pending.as_mut()?;
        let next = pending.pop_front();
        if pending.is_empty() {
            self.pending = None;
        }
        Some(match next? {
            Pending::Done(token) => {
                Common::Done { token, reason: ReasonCode::SUCCESS, properties: Properties::EMPTY }
            }
            Pending::Dropped(token, why) => {
                Common::Failed { token, failure: Failure::Dropped(why) }
            }
            Pending::Lost(token) => Common::Lost { token },
            Pending::Close(reason) => Common::Close(reason),
            Pending::SessionEnded => Common::SessionEnded,
            Pending::Will(message) => Common::Will(message),
        })
    }

    // The journal.

    pub(super) fn keep_journal(&mut self) {
        self.journal.get_or_insert_default();
    }

    /// The record is made where it is noted, so that nothing is laid into memory for it where there is
    /// no journal.
    #[inline(always)]
    pub(super) fn note(&mut self, record: impl FnOnce() -> Record) {
        if let Some(journal) = &mut self.journal {
            write_down(journal, record());
        }
    }

    pub(super) fn take_journal(&mut self, now: Instant) -> Vec<Record> {
        self.pump(now);
        self.journal.as_mut().map(|journal| core::mem::take(&mut **journal)).unwrap_or_default()
    }

    // Connections and sessions.

    /// There is a new transport.
    pub(super) fn opened(&mut self, now: Instant) {
        self.out.clear();
        // What was said of the old transport is not to be taken for the new one.
        if let Some(pending) = &mut self.pending {
            pending.retain(|pending| !matches!(pending, Pending::Close(_)));
        }
        (self.front, self.is_online, self.is_quiet) = (Front::UNKNOWN, false, false);
        (self.last_sent, self.last_received) = (now, now);
    }

    /// The connection to the peer is accepted.
    pub(super) fn connected(&mut self, now: Instant) {
        self.is_online = true;
        self.outbound.connected(self.peer.receive_maximum.min(self.options.max_in_flight).max(1));
        self.quiet();
        self.pump(now);
    }

    /// The connection is at its end. What is to be written before it is closed stays.
    pub(super) fn disconnected(&mut self) {
        (self.is_online, self.front) = (false, Front::UNKNOWN);
        if !planted!(AliasesKeptOnReconnect) {
            self.aliases = None;
        }
        let Self { outbound, pending, .. } = self;
        outbound.disconnected(|_, sent| {
            pending.get_or_insert_default().extend(sent.token.map(Pending::Lost));
        });
        self.inbound.disconnected();
        if planted!(WritesAfterClose) {
            self.out.bytes().extend([0xc0, 0]);
        }
    }

    /// The session is at its end: what was on its way is told.
    pub(super) fn end_session(&mut self, drop_waiting: bool) {
        let Self { outbound, pending, .. } = self;
        outbound.clear(|_, awaited, sent| {
            // What was released is the peer's.
            let over = sent.token.map(match awaited {
                Awaited::Pubcomp => Pending::Done,
                _ => Pending::Lost,
            });
            if planted!(LostNotTold) && awaited != Awaited::Pubcomp {
                return;
            }
            pending.get_or_insert_default().extend(over);
        });
        self.inbound.clear();
        if drop_waiting && let Some(mut queue) = self.queue.take() {
            while let Some(waiting) = queue.pop() {
                self.tell(Pending::Lost(waiting.token));
            }
        }
        self.note(|| Record::Cleared { waiting: drop_waiting });
    }
}

/// So many records, or things to be told, wait to be taken before nothing more is done that adds some.
const MAX_UNTAKEN: usize = 65_536;

#[cold]
#[inline(never)]
fn write_down(journal: &mut Records, record: Record) {
    journal.push(record);
}

impl From<WrongAnswer> for CommandError {
    fn from(_: WrongAnswer) -> Self {
        Self::Unknown
    }
}
