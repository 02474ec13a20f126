//! What the script makes happen, how everything heals, and what has to hold then.

use crate::{
    counter::Sometimes,
    ground::{Next, Step},
    letter::Side,
    plan::{What, qos},
    world::{World, on},
};
use mqtt_pure::{QoS, Version};

impl World {
    pub fn script(&mut self, number: usize) -> Step {
        let event = self.ground.plan.script[number];
        let (at, mut rng) = (event.client, self.choices(number));
        self.ground.log(|| format!("{event:?}"));
        let is_for_broker =
            matches!(event.what, What::ServerLeaves | What::ExpireSession | What::CrashBroker);
        let side = if is_for_broker { Side::Peer(at) } else { Side::Client(at) };
        if !self.is_up(side) {
            return Ok(());
        }
        match event.what {
            What::Publish => self.publish(at, &mut rng),
            What::Subscribe | What::Unsubscribe => {
                let publisher = rng.index(self.clients.len());
                let wanted = (event.what == What::Subscribe).then(|| qos(&mut rng));
                self.subscribe(at, publisher, wanted)?;
                self.settle(side)
            }
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
            // Before 3.1.1 a client can't know that a CONNECT of its own, given up and late, has ended its
            // session.
            What::CleanStart if self.clients[at].version == Version::V3_1 => Ok(()),
            What::CleanStart => {
                self.customers[at].is_clean_next = true;
                self.open(at)
            }
            What::ClientLeaves => self.leave(at, &mut rng),
            What::ServerLeaves => self.throw_out(at),
            What::ExpireSession => {
                let is_away = self.peers[at].connection.is_none();
                // Without Session Present a client can't know of it.
                let may_know = self.peers[at].version != Version::V3_1;
                if is_away && may_know && self.peers[at].session.expire_session().is_ok() {
                    self.session_over(at);
                }
                self.settle(side)
            }
            What::CrashClient | What::CrashBroker => {
                let process = self.ground.process(side);
                self.ground.fuses[process] = Some(rng.below(12) as u32);
                Ok(())
            }
            What::Probe => {
                for side in [Side::Client(at), Side::Peer(at)] {
                    if self.is_up(side) {
                        on!(self, side, |node, ground| {
                            node.restore_alike(ground)?;
                            node.compare()?;
                        });
                    }
                }
                Ok(())
            }
        }
    }

    /// The faults end: what is broken is mended, and everybody connects.
    pub fn heal(&mut self) -> Step {
        self.ground.mend();
        for at in 0..self.clients.len() {
            if !self.customers[at].is_up {
                self.ground.after(1, Next::Restart(Side::Client(at)));
            }
            self.ground.after(2, Next::Connect(at));
        }
        if !self.broker_is_up {
            self.ground.after(1, Next::Restart(Side::Peer(0)));
        }
        Ok(())
    }

    pub fn is_quiet(&self) -> bool {
        // A server may have taken a CONNECT that its client gave up long ago for a newer connection.
        let mut pairs = self.clients.iter().zip(&self.peers);
        self.broker_is_up
            && self.customers.iter().all(|customer| customer.is_up)
            && self.clients.iter().all(|node| node.is_quiet())
            && self.peers.iter().all(|node| node.is_quiet())
            && pairs.all(|(client, peer)| client.connection == peer.connection)
            && self.ground.connections.iter().all(|connection| {
                connection.to_server.bytes.is_empty() && connection.to_client.bytes.is_empty()
            })
    }

    /// Who is not quiet.
    pub fn unrest(&self) -> String {
        let clients = self.clients.iter().filter(|node| !node.is_quiet());
        let peers = self.peers.iter().filter(|node| !node.is_quiet());
        let describe = |side: Side, sent: usize, queued: usize, is_connected: bool| {
            format!("{side:?}: {sent} in flight, {queued} queued, connected {is_connected}; ")
        };
        let clients = clients.map(|node| {
            let session = &node.session;
            describe(node.side, session.in_flight(), session.queued(), session.is_connected())
        });
        let peers = peers.map(|node| {
            let session = &node.session;
            describe(node.side, session.in_flight(), session.queued(), session.is_connected())
        });
        clients.chain(peers).collect()
    }

    /// Everything was promised is kept.
    pub fn judge(&mut self) -> Result<(), String> {
        let text = |halt| format!("{halt:?}");
        for at in 0..self.clients.len() {
            for side in [Side::Client(at), Side::Peer(at)] {
                on!(self, side, |node, _ground| {
                    node.at_the_end().map_err(text)?;
                    node.compare().map_err(text)?;
                });
                let seen = on!(self, side, |node, _ground| node.wire.seen);
                let counters = &mut self.ground.counters;
                counters.add(Sometimes::ResentPublish, seen.resent_publish);
                counters.add(Sometimes::ResentPubrel, seen.resent_pubrel);
                counters.add(Sometimes::ReusedPastHeld, seen.reused_past_held);
                counters.add(Sometimes::QuotaUsedUp, seen.quota_used_up);
                counters.add(Sometimes::AliasUsed, seen.aliases);
                counters.add(Sometimes::PingSent, seen.pings);
            }
        }
        for (id, letter) in self.ground.letters.iter().enumerate() {
            let is_due = letter.is_promised && !letter.is_excused && letter.qos > QoS::AtMostOnce;
            if is_due && letter.taken == 0 {
                return Err(format!("letter {id} never came: {letter:?} (E1)"));
            }
        }
        Ok(())
    }
}
