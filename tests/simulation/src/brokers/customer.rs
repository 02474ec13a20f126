//! The application of a client: connects again and again, subscribes, publishes.

use super::{
    host::{BROKER, name},
    plan::{TOPICS, What, Wish},
    world::World,
};
use crate::{
    counter::Sometimes,
    ground::{Halt, Next, Step, Undo},
    letter::{Letter, Side},
    machine::{Told, Why},
    plan::qos,
    rng::Rng,
};
use mqtt_pure::{
    Binary, CommandError, Connect, Message, Properties, Property, QoS, RetainHandling,
    Subscription, SubscriptionId, Text, TopicFilter, TopicName, Version, Will,
};
use std::num::NonZeroU16;

/// What the application of a client knows.
#[derive(Debug, Default)]
pub struct Device {
    pub is_up: bool,
    /// It takes no part any more, or not yet.
    pub is_away: bool,
    /// It has dropped its state: the server is to do so too.
    pub is_clean_next: bool,
    pub is_waiting: bool,
    /// Messages that it has taken, and that are not durable yet: session, letter and QoS.
    pub taken: Vec<(usize, u32, u32, QoS)>,
}

impl World {
    /// The client tries again after a while.
    pub fn retry(&mut self, at: usize) {
        let device = &mut self.devices[at];
        if device.is_up && !device.is_waiting && !device.is_away {
            device.is_waiting = true;
            self.ground.retry(at);
        }
    }

    /// A new connection, unless there is one.
    pub fn connect(&mut self, at: usize) -> Step {
        let device = &mut self.devices[at];
        device.is_waiting = false;
        if !device.is_up || device.is_away || self.clients[at].session.is_connected() {
            return Ok(());
        }
        self.open(at)
    }

    pub fn open(&mut self, at: usize) -> Step {
        let number = self.clients[at].dial(&mut self.ground, at);
        let (plan, device) = (&self.ground.plan.clients[at], &mut self.devices[at]);
        let is_clean = plan.is_clean || device.is_clean_next;
        device.is_clean_next |= is_clean;
        let wrong = |error: &dyn std::fmt::Display| error.to_string();
        let name = name(self.setup.devices[at].account);
        let name = Text::new(&name).map_err(|error| wrong(&error))?;
        let mut connect = Connect::new(plan.version, name);
        (connect.clean_session, connect.keep_alive) = (is_clean, plan.keep_alive);
        let is_5_0 = plan.version == Version::V5_0;
        let properties = plan.properties();
        connect.properties = Properties::from(&properties[..]);
        let id = self.ground.letters.len() as u32;
        let payload = Letter::payload(id, 0);
        let (topic, retain) = self.setup.devices[at].will;
        let delay = [Property::WillDelayInterval(plan.will.map_or(0, |(_, delay)| delay))];
        if let Some((qos, _)) = plan.will {
            connect.will = Some(Will {
                topic: TopicName::new(TOPICS[usize::from(topic)]).map_err(|error| wrong(&error))?,
                payload: Binary::new(&payload).map_err(|error| wrong(&error))?,
                properties: if is_5_0 { Properties::from(&delay) } else { Properties::EMPTY },
                qos,
                retain,
            });
            let will = Letter { is_excused: true, ..letter(at, topic, qos, self.ground.now) };
            self.ground.letters.push(will);
        }
        let node = &mut self.clients[at];
        let opened = node.session.opened(self.ground.instant(), &connect);
        opened.map_err(|error| format!("CONNECT is refused: {error}"))?;
        node.connected(number);
        self.settle_client(at)
    }

    pub fn client_told(&mut self, at: usize, told: Told) -> Step {
        match told {
            Told::Connected { session_present, keep_alive } => {
                self.clients[at].accepted(&self.ground, session_present, keep_alive)?;
                self.devices[at].is_clean_next = false;
                for wish in self.setup.devices[at].wishes.clone() {
                    self.subscribe(at, wish)?;
                }
                Ok(())
            }
            Told::Message { payload, qos, .. } => self.got(at, &payload, qos),
            Told::Close(Why::SessionPresent) => {
                self.devices[at].is_clean_next = true;
                Ok(())
            }
            Told::Close(Why::Fault(fault)) => {
                Err(format!("client {at} finds a fault: {fault}").into())
            }
            Told::Close(Why::Late(_)) => {
                self.ground.see(Sometimes::PingLate);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A message has come: not more often than it was sent.
    fn got(&mut self, at: usize, payload: &[u8], qos: QoS) -> Step {
        // One that clears a topic has no name.
        let Some(letter) = Letter::id(payload) else { return Ok(()) };
        let connection = self.clients[at].connection.unwrap_or_default();
        let account = self.setup.devices[at].account;
        let Some(&generation) = self.generations.get(&connection) else {
            return Err("a message on a connection of nobody".to_owned().into());
        };
        let key = (account, generation, letter, qos);
        let count = self.received.entry(key).or_default();
        *count += 1;
        self.devices[at].taken.push(key);
        let written = self.model.copies.count(account, generation, letter, qos);
        if *count > 1 && qos == QoS::AtLeastOnce {
            self.ground.see(Sometimes::Duplicate);
        } else if *count > written {
            let text = format!(
                "letter {letter} of {qos:?} comes to {account} {count} times, for {written} (I1)"
            );
            return Err(text.into());
        }
        Ok(())
    }

    pub fn subscribe(&mut self, at: usize, wish: Wish) -> Step {
        let wrong = |error: &dyn std::fmt::Display| error.to_string();
        let filter = TopicFilter::new(wish.filter).map_err(|error| wrong(&error))?;
        let mut all = [Subscription::new(filter, wish.qos)];
        all[0].options.no_local = wish.no_local;
        all[0].options.retain_as_published = wish.as_published;
        all[0].options.retain_handling = match wish.handling {
            0 => RetainHandling::SendAlways,
            1 => RetainHandling::SendIfNew,
            _ => RetainHandling::DoNotSend,
        };
        let id = SubscriptionId::new(wish.identifier).map(Property::SubscriptionIdentifier);
        let properties = Properties::from(id.as_slice());
        let now = self.ground.instant();
        let result = self.clients[at].session.subscribe(now, &all, properties);
        self.clients[at].requested(&mut self.ground, result)
    }

    fn unsubscribe(&mut self, at: usize, filter: &str) -> Step {
        let filter = TopicFilter::new(filter).map_err(|error| error.to_string())?;
        let now = self.ground.instant();
        let result = self.clients[at].session.unsubscribe(now, &[filter], Properties::EMPTY);
        self.clients[at].requested(&mut self.ground, result)
    }

    /// What the script wants of a client.
    pub fn client_does(&mut self, at: usize, what: What, rng: &mut Rng) -> Step {
        let is_request = matches!(what, What::Subscribe | What::Unsubscribe);
        if is_request && !self.clients[at].session.is_connected() {
            return Ok(());
        }
        let done = match what {
            What::Publish => self.publish(at, rng),
            What::Clear => self.clear(at, rng),
            What::Subscribe => {
                let wish = Wish::new(rng, self.ground.plan.clients[at].version);
                self.subscribe(at, wish)
            }
            What::Unsubscribe => {
                let wish = Wish::new(rng, self.ground.plan.clients[at].version);
                let mine: Vec<_> =
                    self.setup.devices[at].wishes.iter().map(|of| of.filter).collect();
                let is_mine = rng.chance(700) && !mine.is_empty();
                self.unsubscribe(at, if is_mine { rng.pick(&mine) } else { wish.filter })
            }
            What::ClientLeaves => self.leave(at, rng),
            _ => Ok(()),
        };
        match done {
            Err(Halt::Crash) => self.crash_client(at),
            Err(error) => Err(error),
            Ok(()) => self.settle_client(at),
        }
    }

    /// Publishes some messages.
    fn publish(&mut self, at: usize, rng: &mut Rng) -> Step {
        let count = rng.pick(&[1, 1, 2, 3, 8]);
        let (qos_of_all, topic) = (qos(rng), rng.index(TOPICS.len()) as u8);
        for _ in 0..count {
            let is_5_0 = self.ground.plan.clients[at].version == Version::V5_0;
            let qos = if rng.chance(500) { qos_of_all } else { qos(rng) };
            let expiry = (is_5_0 && rng.chance(100)).then(|| rng.range(1, 20) as u32);
            let letter = Letter { expiry, ..letter(at, topic, qos, self.ground.now) };
            let len = rng.pick(&[0, 0, 20, 20, 100, 700]);
            let aliases = self.host.options.session.topic_alias_maximum;
            let alias =
                if is_5_0 && rng.chance(500) { aliases.min(1 + u16::from(topic)) } else { 0 };
            let alias = if alias == 1 + u16::from(topic) { alias } else { 0 };
            let retain = rng.chance(200);
            self.send(at, letter, topic, (qos, retain), alias, Some(len))?;
            self.ground.fuse(Side::Client(at))?;
        }
        Ok(())
    }

    /// Clears what is retained of a topic.
    fn clear(&mut self, at: usize, rng: &mut Rng) -> Step {
        let (topic, qos) =
            (rng.index(TOPICS.len()) as u8, rng.pick(&[QoS::AtMostOnce, QoS::AtLeastOnce]));
        // It has no name that could be seen to arrive.
        let letter =
            Letter { taken: 1, is_excused: true, ..letter(at, topic, qos, self.ground.now) };
        self.send(at, letter, topic, (qos, true), 0, None)
    }

    fn send(
        &mut self,
        at: usize,
        letter: Letter,
        topic: u8,
        (qos, retain): (QoS, bool),
        alias: u16,
        len: Option<usize>,
    ) -> Step {
        let id = self.ground.letters.len() as u32;
        let name = TopicName::new(TOPICS[usize::from(topic)]).map_err(|error| error.to_string())?;
        let mut properties = Vec::new();
        if self.ground.plan.clients[at].version == Version::V5_0 {
            properties.extend(letter.expiry.map(Property::MessageExpiryInterval));
            properties.extend(NonZeroU16::new(alias).map(Property::TopicAlias));
        }
        let payload = len.map_or(Vec::new(), |len| Letter::payload(id, len));
        let message = Message::new(name, payload)
            .with_properties(Properties::from(&properties[..]))
            .map_err(|error| error.to_string())?
            .with_qos(qos)
            .with_retain(retain);
        let now = self.ground.instant();
        match self.clients[at].session.publish(now, message) {
            Ok(published) => {
                self.ground.log(|| format!("{at} publishes {id} {topic} {qos:?} {retain}"));
                self.ground.accept(letter);
                match published.token() {
                    Some(token) => self.clients[at].token_given(&mut self.ground, token, Some(id)),
                    None => Ok(()),
                }
            }
            Err(
                CommandError::QueueFull | CommandError::NotConnected | CommandError::OutgoingFull,
            ) => Ok(()),
            // What the server has said of its limits.
            Err(error) => Err(format!("a message is refused: {error}").into()),
        }
    }

    /// The application of the broker publishes.
    pub fn announce(&mut self, rng: &mut Rng) -> Step {
        let (topic, qos, retain) = (rng.index(TOPICS.len()) as u8, qos(rng), rng.chance(300));
        let id = self.ground.letters.len() as u32;
        let letter =
            Letter { from: BROKER, is_excused: true, ..letter(0, topic, qos, self.ground.now) };
        self.ground.letters.push(letter);
        let name = TOPICS[usize::from(topic)];
        let message = Message::new(
            TopicName::new(name).map_err(|error| error.to_string())?,
            Letter::payload(id, 0),
        );
        let message = message.with_qos(qos).with_retain(retain);
        self.observe(None)?;
        let published = self.host.broker.publish(self.ground.instant(), &message);
        published.map_err(|error| format!("not announced: {error}"))?;
        let of = super::model::Publication {
            by: None,
            topic: name,
            letter: Some(id),
            qos,
            retain,
            may_expire: false,
        };
        let since = self.model.copies.all.len();
        self.model.published(of, self.ground.now);
        self.observe_from(None, since)?;
        self.settle_broker()
    }

    /// The client says that it leaves, when it knows of the session that it leaves: else the next CONNACK
    /// would present one that it has never heard of, as if it were the one that it remembers.
    fn leave(&mut self, at: usize, rng: &mut Rng) -> Step {
        let node = &self.clients[at];
        if !node.session.is_connected() && !self.ground.plan.clients[at].is_clean {
            return Ok(());
        }
        self.clients[at].leave(&self.ground, rng)
    }

    // The driver of a client.

    /// Bytes come to a client.
    pub fn client_receives(&mut self, at: usize, bytes: &[u8]) -> Step {
        self.clients[at].input.extend_from_slice(bytes);
        while let Some(cuts) = &mut self.ground.chunks {
            let node = &mut self.clients[at];
            node.visible = node.input.len().min(node.visible + 1 + cuts.index(3));
            if node.visible == node.input.len() {
                break;
            }
            match self.hear(at) {
                Err(Halt::Crash) => return self.crash_client(at),
                result => result?,
            };
        }
        let node = &mut self.clients[at];
        node.visible = node.input.len();
        self.settle_client(at)
    }

    /// Does what the driver does after each event, with the crash that may come of it.
    pub fn settle_client(&mut self, at: usize) -> Step {
        loop {
            match self.round(at) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(Halt::Crash) => return self.crash_client(at),
                Err(error) => return Err(error),
            }
        }
    }

    fn round(&mut self, at: usize) -> Step<bool> {
        let side = Side::Client(at);
        loop {
            let is_told = self.hear(at)?;
            self.clients[at].collect(&self.ground);
            if !self.hear(at)? && !is_told {
                break;
            }
        }
        self.ground.fuse(side)?;
        self.clients[at].persist(&mut self.ground)?;
        self.devices[at].taken.clear();
        for undo in std::mem::take(&mut self.ground.undo[at]) {
            if let Undo::Accepted(id) = undo {
                self.ground.letters[id as usize].is_promised = true;
            }
        }
        if self.ground.events.is_multiple_of(4) {
            self.clients[at].compare()?;
        }
        self.ground.fuse(side)?;
        self.clients[at].write(&mut self.ground)?;
        if self.clients[at].is_closing && self.clients[at].connection.is_some() {
            let node = &mut self.clients[at];
            node.session.closed(self.ground.instant());
            if let Some(connection) = node.connection.take() {
                self.ground.close(connection, false, 0);
            }
            self.retry(at);
        }
        self.clients[at].within_limits()?;
        self.clients[at].schedule(&mut self.ground);
        Ok(self.clients[at].has_room_again())
    }

    fn hear(&mut self, at: usize) -> Step<bool> {
        let mut is_told = false;
        while let Some(told) = self.clients[at].next(&mut self.ground) {
            is_told = true;
            self.clients[at].told(&mut self.ground, &told)?;
            self.client_told(at, told)?;
            self.ground.fuse(Side::Client(at))?;
        }
        if self.clients[at].waits_for_room() {
            self.ground.see(Sometimes::Blocked);
        }
        Ok(is_told)
    }

    /// A crash: what was not persisted has not happened.
    pub fn crash_client(&mut self, at: usize) -> Step {
        self.ground.fuses[at] = None;
        let undo = std::mem::take(&mut self.ground.undo[at]);
        self.ground.log(|| format!("{at} crashes, {undo:?}"));
        for undo in undo.into_iter().rev() {
            match undo {
                Undo::Accepted(id) => self.ground.letters[id as usize].is_excused = true,
                Undo::Excused(id) => self.ground.letters[id as usize].is_excused = false,
                Undo::TokenGiven(..)
                | Undo::TokenEnded(..)
                | Undo::Delivered(..)
                | Undo::Forgotten(..) => self.clients[at].undo(undo),
                Undo::Taken(_) | Undo::Account(..) => {}
            }
        }
        for key in std::mem::take(&mut self.devices[at].taken) {
            if let Some(count) = self.received.get_mut(&key) {
                *count -= 1;
            }
        }
        if let Some(connection) = self.clients[at].connection.take() {
            let late = self.ground.rng.below(1_000);
            self.ground.close(connection, false, late);
        }
        self.devices[at].is_up = false;
        self.ground.see(Sometimes::CrashClient);
        let millis = self.ground.rng.below(3_000);
        self.ground.after(millis, Next::Restart(Side::Client(at)));
        Ok(())
    }

    pub fn restart_client(&mut self, at: usize) -> Step {
        if !self.devices[at].is_up {
            self.devices[at].is_up = true;
            self.clients[at].crash(&mut self.ground)?;
            self.settle_client(at)?;
            self.retry(at);
        }
        Ok(())
    }
}

/// A message of a client.
fn letter(at: usize, topic: u8, qos: QoS, now: u64) -> Letter {
    Letter {
        from: Side::Client(at),
        publisher: at,
        topic,
        qos,
        at: now,
        expiry: None,
        is_promised: false,
        is_excused: false,
        taken: 0,
    }
}
