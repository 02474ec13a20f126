//! The run: events in the order of their time, until everything is quiet.

mod crash;
mod driver;

use crate::{
    counter::Sometimes,
    customer::Customer,
    ground::{Ground, Halt, Next, Step},
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

    fn arrive(&mut self, connection: usize, at_server: bool) -> Step {
        let Some(bytes) = self.ground.arrived(connection, at_server) else { return Ok(()) };
        let at = self.ground.connections[connection].client;
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
            return match self.settle(writer) {
                Err(Halt::Crash) => self.crash(writer),
                result => result,
            };
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
        if at_server {
            self.gone(at, false);
        }
        on!(self, side, |node, ground| node.cut_off(ground));
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
