//! Who has something to write, and who is to be closed.

use super::{
    connection::{ConnectionId, State},
    counters::count,
    events::Broker,
    policy::Policy,
};
use crate::{
    session::{CloseReason, Outgoing},
    time::Instant,
};

impl<P: Policy> Broker<P> {
    /// Why the transport is to be closed after what is to be written has been; `None` if it is not.
    /// Half-close it and wait a little for the client to do likewise, or the last bytes may be lost.
    pub fn closing(&self, id: ConnectionId) -> Option<CloseReason> {
        match self.connections.get(id)?.state {
            State::Closing(reason) => Some(reason),
            _ => None,
        }
    }

    /// A connection has something to write, or is to be closed.
    pub(super) fn is_ready(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        if !core::mem::replace(&mut connection.is_ready, true) {
            self.ready.push_back(id);
        }
    }

    /// The client of a session has something to be told, if it is there.
    pub(super) fn session_is_ready(&mut self, key: u32) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        let Some(id) = session.connection else { return };
        if !core::mem::replace(&mut session.is_ready, true) {
            self.is_ready(id);
        }
    }

    /// A connection does not belong to its session any more: what is left to be said is written, and
    /// then it is closed.
    pub(super) fn detach(&mut self, now: Instant, key: u32, reason: CloseReason) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        session.is_ready = false;
        let Some(id) = session.connection.take() else { return };
        let rest = core::mem::take(session.server.transmit(now));
        self.close(id, reason, rest);
    }

    /// A connection is to be closed when this is written.
    pub(super) fn close(&mut self, id: ConnectionId, reason: CloseReason, rest: Outgoing) {
        match reason {
            CloseReason::Fault(_) => count(&mut self.counters.faults),
            CloseReason::Refused => count(&mut self.counters.refused),
            CloseReason::TakenOver => count(&mut self.counters.taken_over),
            CloseReason::Disconnected | CloseReason::PeerDisconnected => {}
        }
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.state = State::Closing(reason);
        connection.rest.push(rest);
        self.is_ready(id);
    }
}
