//! The run: events in the order of their time, until everything is quiet.

use crate::{
    counter::Sometimes,
    customer::Customer,
    ground::{Driver, Ground, Halt, Next, Step, Undo},
    letter::Side,
    node::Node,
    plan::{Fault, Plan, What},
    rng::Rng,
};
use mqtt_pure::{Client, QoS, ReasonCode, Server};

/// Runs code for the node of a side, of whichever role.
macro_rules! on {
    ($world:expr, $side:expr, |$node:ident, $ground:ident| $body:expr) => {
        match $side {
            Side::Client(at) => {
                let ($node, $ground) = (&mut $world.clients[at], &mut $world.ground);
                $body
            }
            Side::Peer(at) => {
                let ($node, $ground) = (&mut $world.peers[at], &mut $world.ground);
                $body
            }
        }
    };
}
pub(crate) use on;

pub struct World {
    pub ground: Ground,
    pub clients: Vec<Node<Client>>,
    pub customers: Vec<Customer>,
    pub peers: Vec<Node<Server>>,
    pub broker_is_up: bool,
    /// The events of the script that do not happen.
    skipped: Vec<bool>,
}

/// How long it may take until everything is quiet.
const PATIENCE: u64 = 300_000;

impl World {
    pub fn new(seed: u64, plan: Plan, skipped: &[usize]) -> Self {
        let clients = plan.clients.iter().enumerate().map(|(at, client)| {
            Node::new(Side::Client(at), Customer::options(client, &plan), client.version)
        });
        let peers = plan.clients.iter().enumerate().map(|(at, client)| {
            Node::new(Side::Peer(at), Self::peer_options(client, &plan), client.version)
        });
        let (clients, peers) = (clients.collect(), peers.collect());
        let customers = plan.clients.iter().map(Customer::new).collect();
        let mut is_skipped = vec![false; plan.script.len()];
        for at in skipped {
            if let Some(place) = is_skipped.get_mut(*at) {
                *place = true;
            }
        }
        let ground = Ground::new(seed, plan);
        Self { ground, clients, customers, peers, broker_is_up: true, skipped: is_skipped }
    }

    pub fn run(&mut self) -> Result<(), String> {
        for at in 0..self.ground.plan.script.len() {
            if !self.skipped[at] {
                let event = self.ground.plan.script[at];
                self.ground.after(event.at, Next::Script(at));
            }
        }
        for at in 0..self.clients.len() {
            self.ground.after(at as u64, Next::Connect(at));
        }
        let heals_at = self.ground.plan.heals_at;
        self.ground.after(heals_at, Next::Heal);
        while let Some(next) = self.ground.next() {
            self.ground.log(|| format!("-- {next:?}"));
            self.step(next)?;
            if self.ground.is_healing && self.is_quiet() {
                return self.judge();
            }
            if self.ground.now > heals_at + PATIENCE {
                return Err(format!("not quiet after all that time (E1): {}", self.unrest()));
            }
        }
        Err(format!("nothing happens any more (E1): {}", self.unrest()))
    }

    /// One event, with the crash that may come of it.
    fn step(&mut self, next: Next) -> Result<(), String> {
        let side = self.side_of(&next);
        match self.happen(next) {
            Ok(()) => Ok(()),
            Err(Halt::Crash) => self.crash(side).map_err(|halt| format!("{halt:?}")),
            Err(Halt::Violation(text)) => Err(text),
        }
    }

    /// The side in whose process it happens.
    fn side_of(&self, next: &Next) -> Side {
        match next {
            Next::Script(at) => {
                let event = self.ground.plan.script[*at];
                match event.what {
                    What::ServerLeaves | What::ExpireSession | What::CrashBroker => {
                        Side::Peer(event.client)
                    }
                    _ => Side::Client(event.client),
                }
            }
            Next::Arrive { connection, at_server } | Next::Closed { connection, at_server } => {
                let at = self.ground.connections[*connection].client;
                if *at_server { Side::Peer(at) } else { Side::Client(at) }
            }
            Next::Timer(side) | Next::Restart(side) | Next::Acknowledge { side, .. } => *side,
            Next::Connect(at) => Side::Client(*at),
            Next::Heal => Side::Peer(0),
        }
    }

    pub fn is_up(&self, side: Side) -> bool {
        match side {
            Side::Client(at) => self.customers[at].is_up,
            Side::Peer(_) => self.broker_is_up,
        }
    }

    fn happen(&mut self, next: Next) -> Step {
        match next {
            Next::Script(at) => self.script(at),
            Next::Arrive { connection, at_server } => self.arrive(connection, at_server),
            Next::Closed { connection, at_server } => self.closed(connection, at_server),
            Next::Timer(side) => {
                if !self.is_up(side) {
                    return Ok(());
                }
                self.due(side);
                on!(self, side, |node, ground| node.wake(ground))?;
                self.settle(side)
            }
            Next::Connect(at) => self.connect(at),
            Next::Acknowledge { side, id, letter, qos, epoch, connection } => {
                if !self.is_up(side) {
                    return Ok(());
                }
                let is_stale = on!(self, side, |node, _ground| {
                    node.epoch != epoch
                        || qos == QoS::AtLeastOnce && node.connection != Some(connection)
                });
                if is_stale {
                    return Ok(());
                }
                let is_late = on!(self, side, |node, _ground| node.connection != Some(connection));
                if is_late {
                    self.ground.see(Sometimes::ManualLate);
                }
                let refuses = self.ground.has(Fault::Refuse) && self.ground.rng.chance(200);
                let reason = if refuses { ReasonCode::QUOTA_EXCEEDED } else { ReasonCode::SUCCESS };
                let is_taken = on!(self, side, |node, ground| node
                    .acknowledge(ground, id, letter, qos, reason))?;
                if is_taken && let Side::Peer(at) = side {
                    self.route(at, letter)?;
                }
                self.settle(side)
            }
            Next::Restart(side) => self.restart(side),
            Next::Heal => self.heal(),
        }
    }

    /// The sides of the process of a side.
    fn sides(&self, side: Side) -> Vec<Side> {
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
        for &side in &sides {
            if let Side::Peer(at) = side {
                self.forsake(at);
            }
        }
        loop {
            let mut is_told = false;
            for &side in &sides {
                is_told |= self.hear(side)?;
            }
            // What is sent by this is in the journal too, and there may be more to be told.
            let is_right = self.ground.driver != Driver::PersistsBeforeTransmit;
            for &side in sides.iter().filter(|_| is_right) {
                let now = self.ground.instant();
                on!(self, side, |node, _ground| {
                    let _ = node.session.transmit(now);
                });
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
                on!(self, side, |node, _ground| { node.is_closing && node.connection.is_some() });
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
    fn hear(&mut self, side: Side) -> Step<bool> {
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

    fn arrive(&mut self, connection: usize, at_server: bool) -> Step {
        let (now, is_split) = (self.ground.now, self.ground.has(Fault::Split));
        let of = &mut self.ground.connections[connection];
        let at = of.client;
        let count = {
            let len = if at_server { of.to_server.bytes.len() } else { of.to_client.bytes.len() };
            if is_split && len > 0 { 1 + of.rng.index(len.min(40)) } else { len }
        };
        let pipe = of.pipe(at_server);
        pipe.is_arriving = false;
        if pipe.stalled_until > now {
            self.ground.set_out(connection, at_server);
            return Ok(());
        }
        let bytes: Vec<u8> = pipe.bytes.drain(..count).collect();
        if !pipe.bytes.is_empty() {
            self.ground.set_out(connection, at_server);
        } else if let Some(ends) = pipe.ends {
            let millis = ends.saturating_sub(now);
            self.ground.after(millis, Next::Closed { connection, at_server });
        }
        let (reader, writer) = if at_server {
            (Side::Peer(at), Side::Client(at))
        } else {
            (Side::Client(at), Side::Peer(at))
        };
        if !self.is_up(reader) {
            self.ground.close(connection, at_server, 0);
        } else {
            if at_server && !self.ground.connections[connection].is_attached {
                self.introduce(connection, &bytes)?;
            } else if on!(self, reader, |node, _ground| node.connection == Some(connection)) {
                self.take_in(reader, &bytes)?;
            }
        }
        // There is room again.
        let waits = on!(self, writer, |node, _ground| {
            node.has_unwritten() && node.connection == Some(connection)
        });
        if waits && self.is_up(writer) {
            if let Err(halt) = self.settle(writer) {
                return match halt {
                    Halt::Crash => self.crash(writer),
                    violation => Err(violation),
                };
            }
        }
        Ok(())
    }

    /// Bytes are given to a session, in as many calls as it pleases.
    pub fn take_in(&mut self, side: Side, bytes: &[u8]) -> Step {
        on!(self, side, |node, _ground| node.input.extend_from_slice(bytes));
        while let Some(cuts) = &mut self.ground.chunks {
            let step = 1 + cuts.index(3);
            let is_all = on!(self, side, |node, _ground| {
                node.visible = node.input.len().min(node.visible + step);
                node.visible == node.input.len()
            });
            if is_all {
                break;
            }
            self.hear(side)?;
            if on!(self, side, |node, _ground| node.connection.is_none()) {
                break;
            }
        }
        on!(self, side, |node, _ground| node.visible = node.input.len());
        self.hear(side)?;
        self.settle(side)
    }

    fn closed(&mut self, connection: usize, at_server: bool) -> Step {
        let at = self.ground.connections[connection].client;
        let side = if at_server { Side::Peer(at) } else { Side::Client(at) };
        let is_there = on!(self, side, |node, _ground| node.connection == Some(connection));
        if !is_there || !self.is_up(side) {
            return Ok(());
        }
        let is_cut = on!(self, side, |node, _ground| !node.input.is_empty());
        if is_cut {
            self.ground.see(Sometimes::CutMidPacket);
        }
        let now = self.ground.instant();
        if at_server {
            self.gone(at, false);
        }
        on!(self, side, |node, _ground| {
            node.session.closed(now);
            node.connection = None;
            // What could not be taken before is lost.
            node.input.clear();
            node.visible = 0;
        });
        self.settle(side)?;
        if let Side::Client(at) = side {
            self.retry(at);
        }
        Ok(())
    }

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

    fn restart(&mut self, side: Side) -> Step {
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

    /// A choice of an event.
    pub fn choices(&self, at: usize) -> Rng {
        Rng::new(self.ground.plan.script[at].seed)
    }
}
