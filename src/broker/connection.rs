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

/// So many bits of the number are the place of the connection; those above count all that there were.
const PLACE: u32 = 24;

impl ConnectionId {
    /// Its number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    const fn new(serial: u64, place: u64) -> Option<Self> {
        match NonZeroU64::new(serial.wrapping_shl(PLACE) | place) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    fn place(self) -> usize {
        let place = self.0.get() & (1_u64.wrapping_shl(PLACE)).wrapping_sub(1);
        usize::try_from(place).unwrap_or(usize::MAX)
    }
}

/// All connections. To find one takes no search, as that is done for everything that is written.
pub(super) struct Connections {
    places: Vec<Option<(ConnectionId, Connection)>>,
    free: Vec<u32>,
    len: usize,
    /// How many there were.
    serial: u64,
}

impl Connections {
    pub(super) const fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new(), len: 0, serial: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn get(&self, id: ConnectionId) -> Option<&Connection> {
        let place = self.places.get(id.place())?.as_ref();
        place.filter(|(of, _)| *of == id).map(|(_, connection)| connection)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        let place = self.places.get_mut(id.place())?.as_mut();
        place.filter(|(of, _)| *of == id).map(|(_, connection)| connection)
    }

    /// The number of the next one; `None` if there are no more.
    pub(super) fn next_id(&self) -> Option<ConnectionId> {
        let serial = self.serial.checked_add(1)?;
        let place = match self.free.last() {
            Some(place) => u64::from(*place),
            None => u64::try_from(self.places.len()).ok()?,
        };
        let has_room = place.wrapping_shr(PLACE) == 0
            && serial.wrapping_shl(PLACE).wrapping_shr(PLACE) == serial;
        ConnectionId::new(serial, place).filter(|_| has_room)
    }

    /// Adds one with the number that is next.
    pub(super) fn insert(&mut self, id: ConnectionId, connection: Connection) {
        self.serial = self.serial.saturating_add(1);
        self.free.pop();
        if id.place() >= self.places.len() {
            self.places.push(None);
        }
        if let Some(place) = self.places.get_mut(id.place()) {
            *place = Some((id, connection));
            self.len = self.len.saturating_add(1);
        }
    }

    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Connection> {
        let place = self.places.get_mut(id.place())?;
        if place.as_ref().is_none_or(|(of, _)| *of != id) {
            return None;
        }
        let (_, connection) = place.take()?;
        self.len = self.len.saturating_sub(1);
        if self.len == 0 {
            (self.places, self.free) = (Vec::new(), Vec::new());
        } else if let Ok(place) = u32::try_from(id.place()) {
            self.free.push(place);
        }
        Some(connection)
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
}
