//! What the broker writes, held against the model.

use super::BROKER;
use crate::{
    brokers::{
        copies::{Kind, Written},
        plan::TOPICS,
        world::World,
    },
    counter::Sometimes,
    ground::Step,
    letter::Letter,
};
use bytes::Buf;
use mqtt_pure::{CloseReason, DecodeOptions, Packet, ReasonCode, Role, Version};

impl World {
    /// Writes for everybody who has something to be written. Tells whether anything was.
    pub(super) fn write_all(&mut self) -> Step<bool> {
        let mut is_any = false;
        // In which order connections are served depends on how what came was cut into calls.
        let mut ready = Vec::new();
        while let Some(id) = self.host.broker.next_ready() {
            ready.push(id);
        }
        ready.sort_unstable();
        for id in ready {
            let mut all = self.host.links.iter();
            let found = all.find(|(_, link)| link.id == id).map(|(connection, _)| *connection);
            let connection = found.ok_or("a connection that is gone has something to write")?;
            is_any |= self.write(connection)?;
        }
        Ok(is_any)
    }

    /// Writes what there is room for, and closes when all is written. Tells whether there was anything.
    pub fn write(&mut self, connection: usize) -> Step<bool> {
        let now = self.ground.instant();
        let mut is_any = false;
        while let Some(link) = self.host.links.get_mut(&connection) {
            let out = self.host.broker.transmit(now, link.id);
            let total = out.remaining();
            let all = out.clone().copy_to_bytes(total);
            let fresh = all.slice(link.observed.min(total)..);
            link.observed = total;
            let capacity = if self.ground.is_healing { 1 << 16 } else { self.ground.plan.capacity };
            let pipe = &self.ground.connections[connection].to_client;
            let room = match pipe.ends {
                Some(_) => usize::MAX,
                None => capacity.saturating_sub(pipe.bytes.len()),
            };
            self.look_at(connection, &fresh)?;
            if total == 0 {
                self.close_if_over(connection)?;
                break;
            }
            let mut count = total.min(room);
            let process = self.ground.process(BROKER);
            if self.ground.fuses[process] == Some(0) {
                count = self.ground.rng.index(count + 1);
                self.ground.see(Sometimes::CrashMidWrite);
            }
            let Some(link) = self.host.links.get_mut(&connection) else { break };
            link.is_waiting = count < total;
            if count > 0 {
                is_any = true;
                let bytes = self.host.broker.transmit(now, link.id).copy_to_bytes(count);
                link.observed = total - count;
                let pipe = &mut self.ground.connections[connection].to_client;
                if pipe.ends.is_none() {
                    pipe.bytes.extend(bytes);
                    self.ground.set_out(connection, false);
                }
            }
            self.ground.fuse(BROKER)?;
            if count < total {
                break;
            }
        }
        Ok(is_any)
    }

    /// A connection that is to be closed is, when what there was to be said is.
    pub(super) fn close_if_over(&mut self, connection: usize) -> Step {
        let Some(link) = self.host.links.get(&connection) else { return Ok(()) };
        let Some(reason) = self.host.broker.closing(link.id) else { return Ok(()) };
        if reason == CloseReason::TakenOver
            && link.version == Version::V5_0
            && link.said != Some(ReasonCode::SESSION_TAKEN_OVER)
        {
            return Err(format!("{link:?} is taken over and was not told").into());
        }
        self.ground.close(connection, true, 0);
        self.hang_up(connection)
    }

    /// The transport is gone.
    pub fn hang_up(&mut self, connection: usize) -> Step {
        let Some(link) = self.host.links.remove(&connection) else { return Ok(()) };
        self.tick();
        if self.model.state.accounts[link.account].online == Some(connection) {
            self.model.gone(link.account, self.ground.now, false);
        }
        self.host.broker.closed(self.ground.instant(), link.id);
        self.observe(None)
    }

    /// What is newly to be written.
    pub(super) fn look_at(&mut self, connection: usize, fresh: &[u8]) -> Step {
        let Some(link) = self.host.links.get_mut(&connection) else { return Ok(()) };
        link.written.extend_from_slice(fresh);
        let written = std::mem::take(&mut link.written);
        let options = DecodeOptions::new(link.version).with_sender(Role::Server);
        let mut rest = &written[..];
        while let Some(packet) = Packet::read(&mut rest, options)
            .map_err(|error| format!("the broker writes what is no packet: {error}"))?
        {
            self.wrote(connection, &packet)?;
        }
        if let Some(link) = self.host.links.get_mut(&connection) {
            link.written = rest.to_vec();
        }
        Ok(())
    }

    pub(super) fn wrote(&mut self, connection: usize, packet: &Packet<'_>) -> Step {
        let Some(link) = self.host.links.get_mut(&connection) else { return Ok(()) };
        if link.said.is_some() {
            return Err(format!("{} after DISCONNECT (I9)", packet.packet_type()).into());
        }
        match packet {
            Packet::Disconnect(disconnect) => link.said = Some(disconnect.reason),
            Packet::Suback(suback) => {
                let codes: Vec<_> = suback.codes.iter().map(|code| code.get()).collect();
                return link.answered(suback.packet_id.get(), &codes);
            }
            Packet::Unsuback(unsuback) => {
                let codes: Vec<_> = unsuback.codes.iter().map(|code| code.get()).collect();
                return link.answered(unsuback.packet_id.get(), &codes);
            }
            Packet::Publish(publish) => {
                let Some(generation) = link.generation else {
                    return Err("PUBLISH to nobody".to_owned().into());
                };
                let Some(letter) = Letter::id(publish.payload) else { return Ok(()) };
                let ids = publish.properties.subscription_identifiers();
                let mut ids: Vec<_> = ids.map(|id| id.get()).collect();
                ids.sort_unstable();
                let of = Written {
                    account: link.account,
                    generation,
                    letter,
                    qos: publish.qos(),
                    retain: publish.retain,
                    dup: publish.dup(),
                    id: publish.packet_id().map(|id| id.get()),
                    ids,
                };
                let (account, known) = (link.account, &self.ground.letters[letter as usize]);
                if publish
                    .topic
                    .is_some_and(|name| name.as_str() != TOPICS[usize::from(known.topic)])
                {
                    return Err(format!("letter {letter} at another topic").into());
                }
                self.ground.log(|| format!("to {account}: {of:?}"));
                let kind = self.model.copies.wrote(&of)?;
                let is_shared = kind == Kind::Shared;
                let is_retained = matches!(kind, Kind::Retained(_));
                if of.dup {
                    self.ground.see(Sometimes::ResentPublish);
                } else if is_shared {
                    self.ground.see(Sometimes::SharedSent);
                } else if is_retained {
                    self.ground.see(Sometimes::RetainedSent);
                }
                if of.ids.len() > 1 {
                    self.ground.see(Sometimes::IdentifiersJoined);
                }
            }
            _ => {}
        }
        Ok(())
    }
}
