//! How a process dies, and comes up again.

use super::{World, on};
use crate::{
    counter::Sometimes,
    ground::{Next, Step, Undo},
    letter::Side,
};

impl World {
    /// A crash: what was not persisted has not happened.
    pub fn crash(&mut self, side: Side) -> Step {
        let process = self.ground.process(side);
        self.ground.fuses[process] = None;
        let undo = std::mem::take(&mut self.ground.undo[process]);
        self.ground.log(|| format!("{side:?} crashes, {undo:?}"));
        if !undo.is_empty() {
            self.ground.see(Sometimes::CrashUndone);
        }
        for undo in undo.into_iter().rev() {
            match undo {
                Undo::Accepted(id) => self.ground.letters[id as usize].is_excused = true,
                Undo::Excused(id) => self.ground.letters[id as usize].is_excused = false,
                Undo::Taken(id) => self.ground.letters[id as usize].taken -= 1,
                Undo::Account(at, account) => self.ground.accounts[at] = *account,
                Undo::TokenGiven(side, _)
                | Undo::TokenEnded(side, ..)
                | Undo::Delivered(side, _)
                | Undo::Forgotten(side, _) => on!(self, side, |node, _ground| node.undo(undo)),
            }
        }
        for side in self.sides(side) {
            let connection = on!(self, side, |node, _ground| node.connection.take());
            if let Some(connection) = connection {
                let late = self.ground.rng.below(1_000);
                self.ground.close(connection, matches!(side, Side::Peer(_)), late);
            }
        }
        match side {
            Side::Client(at) => {
                self.customers[at].is_up = false;
                self.ground.see(Sometimes::CrashClient);
            }
            Side::Peer(_) => {
                self.broker_is_up = false;
                for connection in 0..self.ground.connections.len() {
                    if !self.ground.connections[connection].is_attached {
                        self.ground.close(connection, true, 0);
                    }
                }
                self.ground.see(Sometimes::CrashBroker);
            }
        }
        let millis = self.ground.rng.below(3_000);
        self.ground.after(millis, Next::Restart(side));
        Ok(())
    }

    pub(super) fn restart(&mut self, side: Side) -> Step {
        if self.is_up(side) {
            return Ok(());
        }
        match side {
            Side::Client(at) => self.customers[at].is_up = true,
            Side::Peer(_) => {
                self.broker_is_up = true;
                self.ground.up_since = self.ground.now;
            }
        }
        for side in self.sides(side) {
            on!(self, side, |node, ground| node.crash(ground))?;
            if let Side::Peer(at) = side {
                self.gone(at, false);
            }
        }
        // What is told now belongs to the start: nothing is lost if this crashes too.
        self.settle(side)?;
        if let Side::Client(at) = side {
            self.retry(at);
        }
        Ok(())
    }
}
