//! What the applications of clients do alike, with single servers and with a whole broker.

use super::Node;
use crate::{
    ground::{Connection, Ground, Pipe, Step},
    rng::Rng,
};
use mqtt_pure::{
    Client, CommandError, Disconnect, Properties, Property, ReasonCode, Requested, Version,
};

impl Node<Client> {
    /// A new transport, whether or not there is an older one. It is that of the node when the session
    /// knows of it.
    pub fn dial(&mut self, ground: &mut Ground, at: usize) -> usize {
        let seed = ground.rng.next();
        if let Some(old) = self.connection.take() {
            // Its other end learns of it when it does.
            let late = if ground.is_healing { 0 } else { ground.rng.below(10_000) };
            ground.close(old, false, late);
        }
        ground.connections.push(Connection {
            client: at,
            to_server: Pipe::default(),
            to_client: Pipe::default(),
            rng: Rng::new(seed),
            start: Vec::new(),
            is_attached: false,
            session_present: None,
        });
        ground.connections.len() - 1
    }

    /// I13: the CONNACK says what it has to.
    pub fn accepted(
        &mut self,
        ground: &Ground,
        session_present: bool,
        keep_alive: Option<u16>,
    ) -> Step {
        let connection = &ground.connections[self.connection.unwrap_or_default()];
        self.keep_alive = keep_alive.unwrap_or(ground.plan.clients[connection.client].keep_alive);
        let expected = connection.session_present;
        if expected != Some(session_present) {
            return Err(format!("session present {session_present}, not {expected:?} (I13)").into());
        }
        Ok(())
    }

    /// What became of a request.
    pub fn requested(
        &mut self,
        ground: &mut Ground,
        result: Result<Requested, CommandError>,
    ) -> Step {
        match result {
            Ok(requested) => self.token_given(ground, requested.token, None),
            Err(CommandError::NotConnected | CommandError::OutgoingFull) => Ok(()),
            Err(error) => Err(format!("a request is refused: {error}").into()),
        }
    }

    /// The client says that it leaves.
    pub fn leave(&mut self, ground: &Ground, rng: &mut Rng) -> Step {
        let mut packet = Disconnect::new();
        let expiry = [Property::SessionExpiryInterval(rng.pick(&[0, 1, 100]))];
        if self.version == Version::V5_0 {
            if rng.chance(300) {
                packet.reason = ReasonCode::DISCONNECT_WITH_WILL_MESSAGE;
            }
            if rng.chance(300) {
                packet.properties = Properties::from(&expiry);
            }
        }
        match self.session.disconnect(ground.instant(), &packet) {
            Ok(()) | Err(CommandError::NotConnected | CommandError::SessionExpiry) => Ok(()),
            Err(error) => Err(format!("DISCONNECT is refused: {error}").into()),
        }
    }
}
