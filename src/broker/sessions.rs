//! All sessions, by key and by client identifier.

use super::{client_id::ClientId, connection::ConnectionId, replays::Replays};
use crate::{session::Server, time::Instant};
use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};

/// One session and what the broker keeps of it.
pub(super) struct Session<C> {
    pub(super) server: Server,
    pub(super) client_id: ClientId,
    /// What the application gave when it accepted the client.
    pub(super) client: Option<C>,
    pub(super) connection: Option<ConnectionId>,
    /// Retained messages that are still to be sent. Mostly there are none, so that they take up no more
    /// than a pointer.
    pub(super) replays: Option<Box<Replays>>,
    /// The moment at which it is woken.
    pub(super) timer: Instant,
    /// Whether its connection is among those that have something to write.
    pub(super) is_ready: bool,
    /// Whether it may have something for the journal.
    pub(super) is_dirty: bool,
    /// Whether it is among those whose replays are to go on.
    pub(super) is_working: bool,
    /// Whether its client has shown that it knows of this session.
    pub(super) is_confirmed: bool,
}

impl<C> Session<C> {
    pub(super) fn new(server: Server, client_id: ClientId) -> Self {
        Self {
            server,
            client_id,
            client: None,
            connection: None,
            replays: None,
            timer: Instant::NEVER,
            is_ready: false,
            is_dirty: false,
            is_working: false,
            is_confirmed: true,
        }
    }
}

/// A key is used again when its session is gone.
pub(super) struct Sessions<C> {
    all: Vec<Option<Box<Session<C>>>>,
    free: Vec<u32>,
    by_client: BTreeMap<ClientId, u32>,
}

impl<C> Sessions<C> {
    pub(super) const fn new() -> Self {
        Self { all: Vec::new(), free: Vec::new(), by_client: BTreeMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.by_client.len()
    }

    #[inline]
    pub(super) fn get(&self, key: u32) -> Option<&Session<C>> {
        self.all.get(usize::try_from(key).ok()?)?.as_deref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, key: u32) -> Option<&mut Session<C>> {
        self.all.get_mut(usize::try_from(key).ok()?)?.as_deref_mut()
    }

    pub(super) fn find(&self, client_id: &str) -> Option<u32> {
        self.by_client.get(client_id).copied()
    }

    /// Adds a session of a client that has none; `None` if there are no keys left.
    pub(super) fn insert(&mut self, session: Session<C>) -> Option<u32> {
        let client_id = session.client_id.clone();
        let key = match self.free.pop() {
            Some(key) => key,
            None => {
                let key = u32::try_from(self.all.len()).ok()?;
                self.all.push(None);
                key
            }
        };
        if let Some(place) = self.all.get_mut(usize::try_from(key).ok()?) {
            *place = Some(Box::new(session));
        }
        self.by_client.insert(client_id, key);
        Some(key)
    }

    pub(super) fn remove(&mut self, key: u32) -> Option<Box<Session<C>>> {
        let session = self.all.get_mut(usize::try_from(key).ok()?)?.take()?;
        self.by_client.remove(&session.client_id);
        if self.by_client.is_empty() {
            (self.all, self.free) = (Vec::new(), Vec::new());
        } else {
            self.free.push(key);
        }
        Some(session)
    }

    /// By client identifier.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Session<C>)> {
        self.by_client.values().filter_map(|&key| Some((key, self.get(key)?)))
    }
}
