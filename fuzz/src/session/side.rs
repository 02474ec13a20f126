//! What a client and a server have in common, as a run sees it.

use super::command::Command;
use mqtt_pure::{
    CommandError, Deadline, Instant, Outgoing, PacketId, QoS, Record, Role, SessionOptions,
    Snapshot, SnapshotError, Token, Version,
};
use std::{
    num::{NonZeroU16, NonZeroU32},
    sync::Arc,
};

/// What a command gave: the name of a message or request, and its identifier.
pub type Given = Result<(Option<Token>, Option<PacketId>), CommandError>;

/// An action that borrows nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub what: What,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// This was heard of for the last time.
    Over(Token),
    Close,
    SessionEnded,
    Will,
    Message {
        qos: QoS,
        id: Option<PacketId>,
    },
    Connected(Limits),
    Connect {
        limits: Limits,
        has_will: bool,
        clean_session: bool,
    },
    /// A client leaves, and wants its will forgotten.
    Left,
    Subscribe {
        id: PacketId,
        count: usize,
    },
    Unsubscribe {
        id: PacketId,
        count: usize,
    },
    Auth,
    /// A packet of this length is passed over.
    Skipped(usize),
    Other,
}

/// What the peer accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub receive_maximum: usize,
    pub max_packet_size: usize,
}

impl Limits {
    pub const NONE: Self = Self { receive_maximum: usize::MAX, max_packet_size: usize::MAX };

    pub fn of(messages: Option<NonZeroU16>, size: Option<NonZeroU32>) -> Self {
        let size = size.map(|size| usize::try_from(size.get()).unwrap());
        Self {
            receive_maximum: messages.map_or(usize::MAX, |messages| messages.get().into()),
            max_packet_size: size.unwrap_or(usize::MAX),
        }
    }
}

pub trait Side: Sized {
    /// Who this side is.
    const ROLE: Role;

    fn begin(options: Arc<SessionOptions>) -> Self;
    fn again(
        options: Arc<SessionOptions>,
        snapshot: Snapshot,
        now: Instant,
    ) -> Result<Self, SnapshotError>;
    fn command(&mut self, now: Instant, command: &Command) -> Given;
    /// The application answers what it is asked.
    fn oblige(&mut self, now: Instant, told: &Told);
    fn hear(&mut self, now: Instant, input: &mut &[u8]) -> Option<Told>;
    fn next_told(&mut self) -> Option<Told>;
    fn now_snapshot(&self) -> Snapshot;
    fn next_deadline(&self) -> Option<(Instant, Deadline)>;
    fn pass_time(&mut self, now: Instant);
    fn outgoing(&mut self, now: Instant) -> &mut Outgoing;
    fn records(&mut self, now: Instant) -> Vec<Record>;
    fn start_journal(&mut self);
    fn lose(&mut self, now: Instant);
    fn is_online(&self) -> bool;
    /// The version that the peer has chosen, if it is the peer that does.
    fn its_version(&self) -> Option<Version>;
    fn is_stuck(&self) -> bool;
    fn counts(&self) -> (usize, usize);
}

/// What both roles hand on.
macro_rules! hand_on {
    ($told:ident) => {
        fn begin(options: Arc<SessionOptions>) -> Self {
            Self::new(options)
        }

        fn hear(&mut self, now: Instant, input: &mut &[u8]) -> Option<Told> {
            self.receive(now, input).map(|action| $told(&action))
        }

        fn next_told(&mut self) -> Option<Told> {
            self.poll().map(|action| $told(&action))
        }

        fn now_snapshot(&self) -> Snapshot {
            self.snapshot()
        }

        fn next_deadline(&self) -> Option<(Instant, Deadline)> {
            self.deadline()
        }

        fn pass_time(&mut self, now: Instant) {
            self.timeout(now);
        }

        fn outgoing(&mut self, now: Instant) -> &mut Outgoing {
            self.transmit(now)
        }

        fn records(&mut self, now: Instant) -> Vec<Record> {
            self.journal(now)
        }

        fn start_journal(&mut self) {
            self.keep_journal();
        }

        fn lose(&mut self, now: Instant) {
            self.closed(now);
        }

        fn is_online(&self) -> bool {
            self.is_connected()
        }

        fn is_stuck(&self) -> bool {
            self.is_blocked()
        }

        fn counts(&self) -> (usize, usize) {
            (self.in_flight(), self.queued())
        }
    };
}
pub(super) use hand_on;
