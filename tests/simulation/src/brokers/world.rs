//! The run: events in the order of their time, until everything is quiet, and once more when an
//! observer has come.

use super::{
    copies::Kind,
    customer::Device,
    host::{BROKER, Host, name},
    model::Model,
    plan::{Setup, What},
};
use crate::{
    counter::Sometimes,
    ground::{Ground, Next, Step},
    letter::Side,
    node::Node,
    rng::Rng,
};
use mqtt_pure::{Client, QoS, ReasonCode, SessionOptions, Version};
use std::collections::{BTreeMap, BTreeSet};

pub struct World {
    pub ground: Ground,
    pub setup: Setup,
    pub clients: Vec<Node<Client>>,
    pub devices: Vec<Device>,
    pub host: Host,
    pub model: Model,
    /// The sessions that connections belong to.
    pub generations: BTreeMap<usize, u32>,
    /// How often messages have come, by session, letter and QoS.
    pub received: BTreeMap<(usize, u32, u32, QoS), u32>,
    skipped: Vec<bool>,
    is_observed: bool,
}

/// How long it may take until everything is quiet.
const PATIENCE: u64 = 300_000;

impl World {
    pub fn new(seed: u64, setup: Setup, skipped: &[usize]) -> Self {
        let ground = Ground::new(seed, setup.plan.clone());
        let clients = setup.plan.clients.iter().enumerate().map(|(at, client)| {
            let mut options = SessionOptions::new();
            options.max_in_flight = client.max_in_flight;
            options.max_queued = client.max_queued;
            options.max_outgoing = setup.plan.max_outgoing;
            Node::new(Side::Client(at), options, client.version)
        });
        let clients: Vec<_> = clients.collect();
        let devices = setup.devices.iter().map(|device| Device {
            is_up: true,
            is_away: device.is_observer,
            ..Device::default()
        });
        let mut is_skipped = vec![false; setup.script.len()];
        for at in skipped {
            if let Some(place) = is_skipped.get_mut(*at) {
                *place = true;
            }
        }
        let expiry = setup.options.session.session_expiry;
        Self {
            ground,
            devices: devices.collect(),
            host: Host::new(setup.options.clone()),
            model: Model::new(clients.len(), setup.options.overlapping, expiry, setup.plan.late),
            clients,
            setup,
            generations: BTreeMap::new(),
            received: BTreeMap::new(),
            skipped: is_skipped,
            is_observed: false,
        }
    }

    pub fn run(&mut self) -> Result<(), String> {
        for at in 0..self.setup.script.len() {
            if !self.skipped[at] {
                let event = self.setup.script[at];
                self.ground.after(event.at, Next::Script(at));
            }
        }
        for at in 0..self.clients.len() {
            self.retry(at);
        }
        let heals_at = self.ground.plan.heals_at;
        self.ground.after(heals_at, Next::Heal);
        while let Some(next) = self.ground.next() {
            self.ground.log(|| format!("-- {next:?}"));
            self.happen(next).map_err(|halt| format!("{halt:?}"))?;
            if self.ground.is_healing && self.is_quiet() {
                if self.is_observed {
                    return self.judge().map_err(|halt| format!("{halt:?}"));
                }
                // Whoever comes now finds what is retained.
                self.is_observed = true;
                let observer = self.clients.len() - 1;
                self.devices[observer].is_away = false;
                self.retry(observer);
            }
            if self.ground.now > heals_at + PATIENCE {
                return Err(format!("not quiet after all that time (E1): {}", self.unrest()));
            }
        }
        Err(format!("nothing happens any more (E1): {}", self.unrest()))
    }

    fn happen(&mut self, next: Next) -> Step {
        match next {
            Next::Script(at) => self.script(at),
            Next::Arrive { connection, at_server } => self.arrive(connection, at_server),
            Next::Closed { connection, at_server } => self.closed(connection, at_server),
            Next::Timer(Side::Client(at)) if self.devices[at].is_up => {
                self.clients[at].wake(&mut self.ground)?;
                self.settle_client(at)
            }
            Next::Timer(Side::Peer(_)) if self.host.is_up => {
                self.host.scheduled = None;
                self.broker_wakes()?;
                self.settle_broker()
            }
            Next::Connect(at) => self.connect(at),
            Next::Restart(Side::Client(at)) => self.restart_client(at),
            Next::Restart(Side::Peer(_)) => self.restart_broker(),
            Next::Heal => self.heal(),
            Next::Timer(_) | Next::Acknowledge { .. } => Ok(()),
        }
    }

    fn script(&mut self, number: usize) -> Step {
        let event = self.setup.script[number];
        let (at, mut rng) = (event.client, Rng::new(event.seed));
        self.ground.log(|| format!("{event:?}"));
        let account = self.setup.devices[at].account;
        match event.what {
            What::Announce if self.host.is_up => self.announce(&mut rng),
            What::BrokerThrowsOut if self.host.is_up => {
                let online = self.model.state.accounts[account].online;
                let now = self.ground.instant();
                if let Some(link) = online.and_then(|online| self.host.links.get_mut(&online)) {
                    link.ends = Some(mqtt_pure::CloseReason::Disconnected);
                    let reason = ReasonCode::ADMINISTRATIVE_ACTION;
                    let done = self.host.broker.disconnect(now, &name(account), reason);
                    done.map_err(|error| format!("not thrown out: {error}"))?;
                }
                self.settle_broker()
            }
            What::ExpireSession if self.host.is_up => {
                // Without Session Present a client can't know of it.
                let may_know = self.clients[at].version != Version::V3_1;
                self.model.tick(self.ground.now);
                let of = &self.model.state.accounts[account];
                if may_know && of.online.is_none() && of.session.is_some() {
                    let now = self.ground.instant();
                    self.model.session_over(account, self.ground.now);
                    let done = self.host.broker.expire_session(now, &name(account));
                    done.map_err(|error| format!("not ended: {error}"))?;
                }
                self.settle_broker()
            }
            What::CrashBroker => {
                let process = self.ground.process(BROKER);
                self.ground.fuses[process] = Some(rng.below(20) as u32);
                Ok(())
            }
            // A crash of one that comes up is the same as one before that.
            What::CrashClient if !self.devices[at].is_up => Ok(()),
            What::CrashClient => {
                self.ground.fuses[at] = Some(rng.below(12) as u32);
                Ok(())
            }
            What::Probe if self.host.is_up => {
                self.compare()?;
                self.inspect()?;
                self.restore_alike()?;
                if self.devices[at].is_up {
                    self.clients[at].restore_alike(&mut self.ground)?;
                }
                Ok(())
            }
            _ if !self.devices[at].is_up => Ok(()),
            What::Cut | What::HalfOpen => {
                if let Some(connection) = self.clients[at].connection {
                    let is_half = event.what == What::HalfOpen;
                    self.ground.cut(connection, is_half, &mut rng);
                }
                Ok(())
            }
            What::Stall => {
                self.ground.stall(self.clients[at].connection, &mut rng);
                Ok(())
            }
            What::TakeOver => self.open(at),
            // Before 3.1.1 a client can't know that a CONNECT of its own, given up and late, has ended
            // its session.
            What::CleanStart if self.clients[at].version == Version::V3_1 => Ok(()),
            What::CleanStart => {
                self.devices[at].is_clean_next = true;
                self.open(at)
            }
            what => self.client_does(at, what, &mut rng),
        }
    }

    fn arrive(&mut self, connection: usize, at_server: bool) -> Step {
        let Some(bytes) = self.ground.arrived(connection, at_server) else { return Ok(()) };
        let at = self.ground.connections[connection].client;
        if at_server {
            if !self.host.is_up {
                self.ground.close(connection, true, 0);
            } else if !bytes.is_empty() {
                self.broker_receives(connection, &bytes)?;
            }
            let node = &self.clients[at];
            if node.has_unwritten() && node.connection == Some(connection) && self.devices[at].is_up
            {
                self.settle_client(at)?;
            }
            return Ok(());
        }
        if !self.devices[at].is_up {
            self.ground.close(connection, false, 0);
        } else if self.clients[at].connection == Some(connection) {
            self.client_receives(at, &bytes)?;
        }
        // There is room again.
        if self.host.is_up && self.host.links.get(&connection).is_some_and(|link| link.is_waiting) {
            return match self.write(connection) {
                Err(crate::ground::Halt::Crash) => self.crash_broker(),
                Err(error) => Err(error),
                Ok(_) => self.settle_broker(),
            };
        }
        Ok(())
    }

    fn closed(&mut self, connection: usize, at_server: bool) -> Step {
        if at_server {
            if self.host.is_up && self.host.links.contains_key(&connection) {
                self.hang_up(connection)?;
                self.settle_broker()?;
            }
            return Ok(());
        }
        let at = self.ground.connections[connection].client;
        if self.clients[at].connection != Some(connection) || !self.devices[at].is_up {
            return Ok(());
        }
        self.clients[at].cut_off(&mut self.ground);
        self.settle_client(at)?;
        self.retry(at);
        Ok(())
    }

    /// The faults end: what is broken is mended, and everybody connects.
    fn heal(&mut self) -> Step {
        self.ground.mend();
        for at in 0..self.clients.len() {
            if self.setup.devices[at].is_rival {
                self.devices[at].is_away = true;
                if let Some(connection) = self.clients[at].connection {
                    let mut rng = Rng::new(0);
                    self.ground.cut(connection, false, &mut rng);
                }
            }
            if !self.devices[at].is_up {
                self.ground.after(1, Next::Restart(Side::Client(at)));
            }
            self.ground.after(2, Next::Connect(at));
        }
        if !self.host.is_up {
            self.ground.after(1, Next::Restart(BROKER));
        }
        Ok(())
    }

    fn is_quiet(&self) -> bool {
        let is_at_rest = |at: usize| {
            let (device, node) = (&self.devices[at], &self.clients[at]);
            device.is_up && if device.is_away { node.connection.is_none() } else { node.is_quiet() }
        };
        // The broker may have taken a CONNECT that its client gave up long ago for a newer connection.
        let has_same_connections = || {
            let of_clients = self.clients.iter().filter_map(|node| node.connection);
            self.host.links.keys().copied().eq(of_clients.collect::<BTreeSet<_>>())
        };
        self.host.is_up
            && (0..self.clients.len()).all(is_at_rest)
            && self.host.broker.deadline().is_none_or(|due| due.as_millis() > self.ground.now)
            && self.host.broker.sessions().all(|session| {
                session.connection.is_none() || session.in_flight == 0 && session.queued == 0
            })
            && has_same_connections()
            && self.ground.connections.iter().all(|connection| {
                connection.to_server.bytes.is_empty() && connection.to_client.bytes.is_empty()
            })
    }

    /// Who is not quiet.
    fn unrest(&self) -> String {
        let mut text = format!("up {}, {} links; ", self.host.is_up, self.host.links.len());
        for (at, node) in self.clients.iter().enumerate().filter(|(_, node)| !node.is_quiet()) {
            let (session, is_away) = (&node.session, self.devices[at].is_away);
            text.push_str(&format!(
                "{at}: {} in flight, {} queued, connected {}, away {is_away}; ",
                session.in_flight(),
                session.queued(),
                session.is_connected()
            ));
        }
        for session in self.host.broker.sessions() {
            text.push_str(&format!(
                "session {}: {} in flight, {} queued, at {:?}; ",
                session.client_id, session.in_flight, session.queued, session.connection
            ));
        }
        text
    }

    /// Everything that was promised is kept.
    fn judge(&mut self) -> Step {
        self.compare()?;
        self.inspect()?;
        for (node, device) in self.clients.iter().zip(&self.devices) {
            if !device.is_away {
                node.at_the_end()?;
            }
            node.compare()?;
            let seen = node.wire.seen;
            let counters = &mut self.ground.counters;
            counters.add(Sometimes::ResentPublish, seen.resent_publish);
            counters.add(Sometimes::ResentPubrel, seen.resent_pubrel);
            counters.add(Sometimes::ReusedPastHeld, seen.reused_past_held);
            counters.add(Sometimes::QuotaUsedUp, seen.quota_used_up);
            counters.add(Sometimes::AliasUsed, seen.aliases);
            counters.add(Sometimes::PingSent, seen.pings);
        }
        for (id, letter) in self.ground.letters.iter().enumerate() {
            let is_due = letter.is_promised && !letter.is_excused && letter.qos > QoS::AtMostOnce;
            let is_away = self.devices[letter.publisher].is_away;
            if is_due && letter.taken == 0 && !is_away {
                return Err(format!("letter {id} never came: {letter:?} (E1)").into());
            }
        }
        self.everybody_has_all()
    }

    fn everybody_has_all(&mut self) -> Step {
        let accounts = &self.model.state.accounts;
        self.model.copies.prefer_due(|of, then| accounts[of].generation > then);
        let observer = self.clients.len() - 1;
        let mut owed = BTreeMap::new();
        for copy in &self.model.copies.all {
            let of = &copy.of;
            if copy.is_excused {
                continue;
            }
            let by = self.model.copies.receiver(copy);
            if of.kind == Kind::Shared && by.is_none() {
                if !copy.may_be_lost {
                    return Err(format!("nobody has {copy:?} (E1)").into());
                }
                continue;
            }
            let (to, generation, qos) = by.map_or((of.account, of.generation, of.qos), |by| {
                (by.account, by.generation, by.qos)
            });
            let is_there = self.model.state.accounts.get(to).is_some_and(|account| {
                account.generation == generation && account.session.is_some()
            });
            if is_there && (qos > QoS::AtMostOnce || to == observer) {
                let key = (to, generation, of.letter, qos);
                *owed.entry(key).or_insert(0_u32) += 1;
            }
        }
        for (key, owed) in owed {
            let (account, _, letter, qos) = key;
            let received = self.received.get(&key).copied().unwrap_or_default();
            let is_fine = if qos == QoS::AtLeastOnce { received > 0 } else { received >= owed };
            // A session with which nobody came back.
            let is_away = (0..self.clients.len())
                .all(|at| self.setup.devices[at].account != account || self.devices[at].is_away);
            if !is_fine && !is_away {
                let text = format!(
                    "{account} has letter {letter} of {qos:?} {received} times, not {owed} (E1)"
                );
                return Err(text.into());
            }
        }
        Ok(())
    }
}
