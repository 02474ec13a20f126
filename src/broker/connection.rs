//! Connections, of which most belong to a session.

use super::client_id::ClientId;
use crate::{
    session::{CloseReason, Outgoing, Server},
    time::Instant,
};
use alloc::{boxed::Box, vec::Vec};
use core::{fmt, num::NonZeroU64};

/// A connection to a [`Broker`](super::Broker). No other one ever has the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(NonZeroU64);

impl ConnectionId {
    pub(super) const FIRST: Self = Self(NonZeroU64::MIN);

    /// Its number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The one after it, as long as there are numbers, which is for ever.
    pub(super) const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(next) => Some(Self(next)),
            None => None,
        }
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(super) struct Connection {
    pub(super) state: State,
    /// What is to be written before, or instead of, what the session has to say.
    pub(super) rest: Vec<Outgoing>,
    /// Whether it is among those that have something to write; of a session, that knows.
    pub(super) is_ready: bool,
}

pub(super) enum State {
    /// Not yet accepted.
    Handshake(Box<Handshake>),
    /// That of a session, by its key.
    Online(u32),
    /// To be closed when what is left is written.
    Closing(CloseReason),
}

/// A client that has to say who it is, and is nobody until it is accepted: whatever it sends, no session
/// hears of it.
pub(super) struct Handshake {
    /// Takes in the CONNECT and the authentication that may follow.
    pub(super) server: Server,
    pub(super) asked: Option<Asked>,
    /// The moment at which it is woken.
    pub(super) timer: Instant,
}

/// A CONNECT about which the application was asked.
pub(super) struct Asked {
    /// The packet without user name and password, for the session.
    pub(super) connect: Vec<u8>,
    pub(super) client_id: ClientId,
    pub(super) clean_session: bool,
    pub(super) keep_alive: u16,
    /// The Session Expiry Interval (5.0).
    pub(super) expiry: u32,
}
