//! What the broker has taken, and done: the model does likewise.

use super::{BROKER, Link, account_of, name, topic_of};
use crate::{
    brokers::{
        model::Publication,
        plan::{FILTERS, SHARED, TOPICS, Wish},
        world::World,
    },
    counter::Sometimes,
    ground::Step,
    letter::Letter,
};
use mqtt_pure::{
    CloseReason, DecodeOptions, Fault as Flaw, Packet, Puback, Pubcomp, QoS, ReasonCode,
    RetainHandling, Role, Version,
};

impl World {
    pub(super) fn tick(&mut self) {
        for _ in 0..self.model.tick(self.ground.now) {
            self.ground.see(Sometimes::SessionExpired);
        }
    }

    /// What the broker has done in a call: the model does likewise, by the packets that were taken.
    pub fn observe(&mut self, connection: Option<usize>) -> Step {
        let since = self.model.copies.all.len();
        self.observe_from(connection, since)
    }

    /// Likewise, when something has been published by it already.
    pub fn observe_from(&mut self, connection: Option<usize>, since: usize) -> Step {
        self.tick();
        if let Some(connection) = connection {
            self.take_packets(connection)?;
        }
        self.see_closed()?;
        let wills = std::mem::take(&mut self.host.broker.policy_mut().wills);
        for (name, payload) in wills {
            self.publish_will(&name, &payload)?;
        }
        let dropped = self.host.broker.counters().dropped_full;
        if dropped > self.host.dropped_full {
            self.ground.see(Sometimes::QueueFull);
            let most = self.host.options.session.max_queued as usize;
            let (broker, links) = (&self.host.broker, &self.host.links);
            let by = connection.and_then(|of| links.get(&of)).map(|link| link.account);
            self.model.copies.excuse_since(since, |account| {
                let queued = broker.session(&name(account)).map_or(0, |session| session.queued);
                queued >= most || by == Some(account)
            });
        }
        self.host.dropped_full = dropped;
        Ok(())
    }

    /// The connections that the broker puts an end to.
    pub(super) fn see_closed(&mut self) -> Step {
        let now = self.ground.now;
        let online: Vec<_> = self.model.state.accounts.iter().map(|of| of.online).collect();
        for (&connection, link) in &self.host.links {
            let reason = self.host.broker.closing(link.id);
            let is_online = online[link.account] == Some(connection);
            let Some(reason) = reason else {
                if link.ends.is_some() {
                    return Err(format!("{link:?} goes on").into());
                }
                continue;
            };
            if let CloseReason::Fault(flaw) = &reason
                && !matches!(flaw, Flaw::Late(_))
            {
                return Err(format!("the broker finds a fault of {}: {flaw}", link.account).into());
            }
            if let Some(expected) = &link.ends
                && *expected != reason
            {
                return Err(format!("{link:?} ends by {reason:?}").into());
            }
            if !is_online {
                continue;
            }
            match reason {
                CloseReason::Fault(Flaw::Late(_)) => {
                    self.ground.counters.see(Sometimes::KeepAliveFired);
                    if link.keep_alive == 0
                        || now < link.last_taken + u64::from(link.keep_alive) * 1_500
                    {
                        return Err("keep alive fires too early".to_owned().into());
                    }
                }
                CloseReason::Disconnected if link.ends.is_some() => {}
                _ => return Err(format!("{link:?} ends by {reason:?}").into()),
            }
            self.model.gone(link.account, now, false);
        }
        Ok(())
    }

    pub(super) fn publish_will(&mut self, name: &str, payload: &[u8]) -> Step {
        let now = self.ground.now;
        let account = account_of(name).ok_or("a will of nobody")?;
        let letter = Letter::id(payload).ok_or("a will that nobody wrote")?;
        let will = self.model.will(account, now, letter)?;
        self.ground.log(|| format!("will {letter} of {account}"));
        let is_delayed = will.delay > 0;
        self.ground.see(if is_delayed { Sometimes::WillDelayed } else { Sometimes::WillPublished });
        let of = Publication {
            by: Some(account),
            topic: will.topic,
            letter: Some(letter),
            qos: will.qos,
            retain: will.retain,
            may_expire: false,
        };
        self.model.published(of, now);
        Ok(())
    }

    /// The packets that the broker has taken.
    pub(super) fn take_packets(&mut self, connection: usize) -> Step {
        let Some(link) = self.host.links.get_mut(&connection) else { return Ok(()) };
        let taken = std::mem::take(&mut link.taken);
        let options = DecodeOptions::new(link.version).with_sender(Role::Client);
        let mut rest = &taken[..];
        while let Some(link) = self.host.links.get(&connection)
            && !link.is_over
            && let Some(packet) = Packet::read(&mut rest, options)
                .map_err(|error| format!("what was taken is no packet: {error}"))?
        {
            self.took(connection, &packet)?;
        }
        if let Some(link) = self.host.links.get_mut(&connection) {
            link.taken = rest.to_vec();
        }
        Ok(())
    }

    pub(super) fn took(&mut self, connection: usize, packet: &Packet<'_>) -> Step {
        let now = self.ground.now;
        let Some(link) = self.host.links.get_mut(&connection) else { return Ok(()) };
        let account = link.account;
        if matches!(packet, Packet::Connect(_)) {
            return Ok(());
        }
        if self.model.state.accounts[account].online != Some(connection) {
            return Err(format!("{} of nobody is taken", packet.packet_type()).into());
        }
        let of = self.model.of(account);
        of.is_unconfirmed = false;
        match packet {
            Packet::Publish(publish) => {
                let letter = Letter::id(publish.payload);
                let topic = match (letter, publish.topic) {
                    (Some(letter), _) => topic_of(letter, &self.ground)?,
                    (None, topic) => {
                        let topic = topic.ok_or("an alias without a name")?;
                        let mut all = TOPICS.into_iter();
                        all.find(|name| *name == topic.as_str()).ok_or("a topic of nobody")?
                    }
                };
                if publish.qos() == QoS::ExactlyOnce
                    && let Some(id) = publish.packet_id()
                    && !of.held.insert(id.get())
                {
                    // [MQTT-4.3.3-2]
                    return Ok(());
                }
                let mut may_expire = publish.properties.message_expiry_interval().is_some();
                if let Some(letter) = letter {
                    let known = &self.ground.letters[letter as usize];
                    may_expire |= known.expiry.is_some();
                    if publish.qos() == QoS::ExactlyOnce && known.taken > 0 {
                        return Err(format!("letter {letter} is sent anew (I1)").into());
                    }
                    self.ground.taken(BROKER, letter);
                }
                let of = Publication {
                    by: Some(account),
                    topic,
                    letter,
                    qos: publish.qos(),
                    retain: publish.retain,
                    may_expire,
                };
                self.model.published(of, now);
            }
            Packet::Pubrel(pubrel) => {
                of.held.remove(&pubrel.packet_id.get());
            }
            Packet::Puback(Puback { packet_id, .. })
            | Packet::Pubcomp(Pubcomp { packet_id, .. }) => {
                let generation = of.generation;
                self.model.copies.answered(account, generation, packet_id.get());
            }
            Packet::Subscribe(subscribe) => {
                let ids = subscribe.properties.subscription_identifiers().next();
                let mut codes = Vec::new();
                for subscription in subscribe.subscriptions.iter() {
                    let options = subscription.options;
                    let filter = subscription.filter.as_str();
                    let mut known = FILTERS.iter().chain(&SHARED);
                    let wish = Wish {
                        filter: known.find(|name| **name == filter).ok_or("a filter of nobody")?,
                        qos: options.qos,
                        no_local: options.no_local,
                        as_published: options.retain_as_published,
                        handling: match options.retain_handling {
                            RetainHandling::SendAlways => 0,
                            RetainHandling::SendIfNew => 1,
                            RetainHandling::DoNotSend => 2,
                        },
                        identifier: ids.map_or(0, |id| id.get()),
                    };
                    codes.push(options.qos.level());
                    self.model.subscribed(account, wish);
                }
                link.answers.insert(subscribe.packet_id.get(), codes);
            }
            Packet::Unsubscribe(unsubscribe) => {
                let mut codes = Vec::new();
                for filter in unsubscribe.filters.iter() {
                    let of = &self.model.state.accounts[account].subscriptions;
                    let is_there = of.contains_key(filter.as_str());
                    // [MQTT-3.11.3-1] of 5.0: 0x11 where there is none.
                    codes.push(if is_there { 0 } else { 0x11 });
                    self.model.unsubscribed(account, filter.as_str());
                }
                if link.version != Version::V5_0 {
                    codes.clear();
                }
                link.answers.insert(unsubscribe.packet_id.get(), codes);
            }
            Packet::Disconnect(disconnect) => {
                link.is_over = true;
                let keeps_will = disconnect.reason != ReasonCode::SUCCESS;
                let most = self.model.max_expiry;
                let of = self.model.of(account);
                if let Some(expiry) = disconnect.properties.session_expiry_interval() {
                    of.expiry = expiry.min(most);
                }
                if !keeps_will && of.will.is_some() {
                    self.ground.see(Sometimes::WillDropped);
                }
                self.model.gone(account, now, !keeps_will);
            }
            _ => {}
        }
        Ok(())
    }
}

impl Link {
    pub(super) fn answered(&mut self, id: u16, codes: &[u8]) -> Step {
        match self.answers.remove(&id) {
            Some(expected) if expected == codes => Ok(()),
            other => Err(format!("{codes:x?} is the answer to {id}, not {other:x?}").into()),
        }
    }
}
