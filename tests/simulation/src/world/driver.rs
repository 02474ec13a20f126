//! The driver of a process: hears what is told, persists, writes.

use super::{World, on};
use crate::{
    counter::Sometimes,
    ground::{Driver, Step, Undo},
    letter::Side,
};

impl World {
    /// The sides of the process of a side.
    pub(super) fn sides(&self, side: Side) -> Vec<Side> {
        match side {
            Side::Client(_) => vec![side],
            Side::Peer(_) => (0..self.peers.len()).map(Side::Peer).collect(),
        }
    }

    /// Does what the driver of a process does after each event: hears what is told, persists, writes.
    pub fn settle(&mut self, side: Side) -> Step {
        // When something was written there may be room for what follows from what waits to be taken.
        while self.round(side)? {}
        Ok(())
    }

    /// Tells whether there is to be another one.
    fn round(&mut self, side: Side) -> Step<bool> {
        let sides = self.sides(side);
        loop {
            let mut is_told = false;
            for &side in &sides {
                is_told |= self.hear(side)?;
            }
            // There may be more to be told of what is sent by this.
            for &side in &sides {
                on!(self, side, |node, ground| node.collect(ground));
                is_told |= self.hear(side)?;
            }
            if !is_told {
                break;
            }
        }
        self.ground.fuse(side)?;
        if self.ground.driver == Driver::WritesBeforePersisting {
            self.write(&sides)?;
            self.ground.fuse(side)?;
        }
        self.persist(side, &sides)?;
        let process = self.ground.process(side);
        if self.ground.fuses[process] == Some(0) {
            self.ground.see(Sometimes::CrashBeforeWrite);
        }
        self.ground.fuse(side)?;
        self.write(&sides)?;
        for &side in &sides {
            let is_over =
                on!(self, side, |node, _ground| node.is_closing && node.connection.is_some());
            if is_over {
                self.hang_up(side)?;
            }
            on!(self, side, |node, ground| {
                node.within_limits()?;
                node.schedule(ground);
            });
        }
        if matches!(side, Side::Peer(_)) {
            self.wills_are_out()?;
        }
        Ok(sides.iter().any(|&side| on!(self, side, |node, _ground| node.has_room_again())))
    }

    fn persist(&mut self, side: Side, sides: &[Side]) -> Step {
        for &side in sides {
            on!(self, side, |node, ground| node.persist(ground))?;
        }
        let process = self.ground.process(side);
        for undo in std::mem::take(&mut self.ground.undo[process]) {
            if let Undo::Accepted(id) = undo {
                self.ground.letters[id as usize].is_promised = true;
            }
        }
        for &side in sides {
            if self.ground.events.is_multiple_of(4) {
                on!(self, side, |node, _ground| node.compare())?;
            }
        }
        Ok(())
    }

    fn write(&mut self, sides: &[Side]) -> Step {
        for &side in sides {
            on!(self, side, |node, ground| node.write(ground))?;
        }
        Ok(())
    }

    /// Everything that the session has to tell. Tells whether there was anything.
    pub(super) fn hear(&mut self, side: Side) -> Step<bool> {
        let mut is_told = false;
        while let Some(told) = on!(self, side, |node, ground| node.next(ground)) {
            is_told = true;
            on!(self, side, |node, ground| node.told(ground, &told))?;
            match side {
                Side::Client(at) => self.client_told(at, told)?,
                Side::Peer(at) => self.peer_told(at, told)?,
            }
            self.ground.fuse(side)?;
        }
        if on!(self, side, |node, _ground| node.waits_for_room()) {
            self.ground.see(Sometimes::Blocked);
        }
        Ok(is_told)
    }

    /// The application closes the transport, as the session has told.
    fn hang_up(&mut self, side: Side) -> Step {
        let by_server = matches!(side, Side::Peer(_));
        let now = self.ground.instant();
        let connection = on!(self, side, |node, _ground| {
            node.session.closed(now);
            node.connection.take()
        });
        if let Some(connection) = connection {
            self.ground.close(connection, by_server, 0);
        }
        if let Side::Client(at) = side {
            self.retry(at);
        }
        Ok(())
    }
}
