//! The driver of the broker: hears what comes, makes it durable, writes; and holds all of it against
//! the model.

use super::{
    copies::Written,
    model::{Publication, Testament},
    plan::{TOPICS, Wish},
    world::World,
};
use crate::{
    counter::Sometimes,
    ground::{Driver, Ground, Halt, Next, Step},
    letter::{Letter, Side},
    plan::Fault,
};
use bytes::Buf;
use mqtt_pure::{
    Accept, Broker, BrokerAction, BrokerOptions, BrokerRecord, BrokerSnapshot, CloseReason,
    Connect, ConnectionId, DecodeOptions, Fault as Flaw, Instant, Packet, Policy, Properties,
    Publication as Asked, QoS, ReasonCode, RetainHandling, Role, Subject, Version,
};
use std::collections::{BTreeMap, VecDeque};

/// The broker as a process.
pub const BROKER: Side = Side::Peer(0);

/// How often the driver goes round before something is wrong.
const ROUNDS: u32 = 5_000;

/// The application: it allows everything, and notes the wills.
#[derive(Debug, Default)]
pub struct Rules {
    wills: VecDeque<(String, Vec<u8>)>,
}

impl Policy for Rules {
    type Client = ();

    fn publish(&mut self, by: Subject<'_, ()>, publication: &Asked<'_>) -> Result<(), ReasonCode> {
        if publication.is_will {
            self.wills.push_back((by.client_id.to_string(), publication.payload.to_vec()));
        }
        Ok(())
    }
}

/// What a CONNECT says.
#[derive(Clone, Copy, Debug)]
struct Greeting {
    is_clean: bool,
    expiry: u32,
    keep_alive: u16,
    will: Option<Testament>,
}

/// A connection, as the broker has it.
#[derive(Debug)]
pub struct Link {
    pub id: ConnectionId,
    pub account: usize,
    pub input: Vec<u8>,
    taken: Vec<u8>,
    written: Vec<u8>,
    /// How much of what is to be written was looked at.
    observed: usize,
    version: Version,
    greeting: Option<Greeting>,
    /// Another connection, or the application, has put an end to it.
    pub ends: Option<CloseReason>,
    /// The session that it belongs to.
    pub generation: Option<u32>,
    last_taken: u64,
    keep_alive: u16,
    /// The answers that are to come, by identifier.
    answers: BTreeMap<u16, Vec<u8>>,
    /// DISCONNECT has come, or has been written.
    is_over: bool,
    said: Option<ReasonCode>,
    pub is_waiting: bool,
}

pub struct Host {
    pub broker: Broker<Rules>,
    pub options: BrokerOptions,
    /// What is durable.
    pub stored: BrokerSnapshot,
    /// What a crash may have left of the last records.
    torn: Vec<BrokerRecord>,
    pub links: BTreeMap<usize, Link>,
    pub is_up: bool,
    pub scheduled: Option<u64>,
    dropped_full: u64,
}

impl Host {
    pub fn new(options: BrokerOptions) -> Self {
        let broker = Broker::new(options.clone(), Rules::default());
        Self {
            stored: broker.snapshot(),
            broker,
            options,
            torn: Vec::new(),
            links: BTreeMap::new(),
            is_up: true,
            scheduled: None,
            dropped_full: 0,
        }
    }
}

/// The name of an account.
pub fn name(account: usize) -> String {
    format!("client-{account}")
}

fn account_of(name: &str) -> Option<usize> {
    name.strip_prefix("client-")?.parse().ok()
}

fn topic_of(letter: u32, ground: &Ground) -> Result<&'static str, String> {
    let of = ground.letters.get(letter as usize).ok_or("a message that nobody sent")?;
    Ok(TOPICS[usize::from(of.topic)])
}

impl Greeting {
    fn new(connect: &Connect<'_>, ground: &Ground) -> Result<Self, String> {
        let is_5_0 = connect.version == Version::V5_0;
        let will = match connect.will {
            None => None,
            Some(will) => {
                let letter = Letter::id(will.payload.as_bytes()).ok_or("a will of nobody")?;
                Some(Testament {
                    letter,
                    topic: topic_of(letter, ground)?,
                    qos: will.qos,
                    retain: will.retain,
                    delay: will.properties.will_delay_interval().unwrap_or(0),
                })
            }
        };
        let expiry = match (is_5_0, connect.clean_session) {
            (true, _) => connect.properties.session_expiry_interval().unwrap_or(0),
            (false, true) => 0,
            (false, false) => u32::MAX,
        };
        let (is_clean, keep_alive) = (connect.clean_session, connect.keep_alive);
        Ok(Self { is_clean, expiry, keep_alive, will })
    }
}

impl World {
    /// Bytes come to the broker.
    pub fn broker_receives(&mut self, connection: usize, bytes: &[u8]) -> Step {
        let now = self.ground.instant();
        if !self.host.links.contains_key(&connection) {
            if self.ground.connections[connection].is_attached {
                // The broker has closed it.
                return Ok(());
            }
            self.ground.connections[connection].is_attached = true;
            let device = self.ground.connections[connection].client;
            let id = self.host.broker.opened(now).map_err(|error| error.to_string())?;
            let link = Link {
                id,
                account: self.setup.devices[device].account,
                input: Vec::new(),
                taken: Vec::new(),
                written: Vec::new(),
                observed: 0,
                version: Version::V3_1_1,
                greeting: None,
                ends: None,
                generation: None,
                last_taken: now.as_millis(),
                keep_alive: 0,
                answers: BTreeMap::new(),
                is_over: false,
                said: None,
                is_waiting: false,
            };
            self.host.links.insert(connection, link);
        }
        if let Some(link) = self.host.links.get_mut(&connection) {
            link.input.extend_from_slice(bytes);
        }
        self.settle_broker()
    }

    /// Does what the driver does after each event, with the crash that may come of it.
    pub fn settle_broker(&mut self) -> Step {
        match self.drive() {
            Err(Halt::Crash) => self.crash_broker(),
            result => result,
        }
    }

    fn drive(&mut self) -> Step {
        for _ in 0..ROUNDS {
            self.observe(None)?;
            let open = self.host.links.iter().filter(|(_, link)| !link.input.is_empty());
            let open: Vec<usize> = open.map(|(at, _)| *at).collect();
            let mut is_more = false;
            for connection in open {
                is_more |= self.feed(connection)?;
            }
            self.ground.fuse(BROKER)?;
            if self.ground.driver == Driver::WritesBeforePersisting {
                self.write_all()?;
                self.ground.fuse(BROKER)?;
            }
            self.persist()?;
            if self.ground.fuses[self.ground.process(BROKER)] == Some(0) {
                self.ground.see(Sometimes::CrashBeforeWrite);
            }
            self.ground.fuse(BROKER)?;
            is_more |= self.write_all()?;
            self.model.wills_are_out(self.ground.now, self.ground.up_since)?;
            let now = self.ground.instant();
            match self.host.broker.deadline() {
                // There is work to go on with.
                Some(due) if due.as_millis() == 0 => self.broker_wakes()?,
                _ if !is_more => {
                    self.within_limits()?;
                    self.schedule(now);
                    return Ok(());
                }
                _ => {}
            }
        }
        Err("the broker never comes to an end".to_owned().into())
    }

    fn schedule(&mut self, now: Instant) {
        let deadline = self.host.broker.deadline().map(|due| due.as_millis());
        if deadline == self.host.scheduled {
            return;
        }
        self.host.scheduled = deadline;
        if let Some(due) = deadline {
            let late = self.ground.plan.late;
            let late =
                if self.ground.is_healing || late == 0 { 0 } else { self.ground.rng.below(late) };
            let millis = due.saturating_sub(now.as_millis()) + late;
            self.ground.after(millis, Next::Timer(BROKER));
        }
    }

    /// Time has passed.
    pub fn broker_wakes(&mut self) -> Step {
        let now = self.ground.instant();
        self.host.broker.timeout(now);
        match self.host.broker.deadline() {
            Some(due) if due <= now && due.as_millis() > 0 => {
                Err(format!("the broker is due at {due:?} after it (I10)").into())
            }
            _ => self.observe(None),
        }
    }

    /// Gives the broker what has come. Tells whether something was taken.
    fn feed(&mut self, connection: usize) -> Step<bool> {
        let now = self.ground.instant();
        let mut is_taken = false;
        let mut visible = 0;
        loop {
            let Some(link) = self.host.links.get_mut(&connection) else { return Ok(is_taken) };
            visible = match &mut self.ground.chunks {
                Some(cuts) => link.input.len().min(visible + 1 + cuts.index(40)),
                None => link.input.len(),
            };
            let is_closing = self.host.broker.closing(link.id).is_some();
            let mut rest = &link.input[..visible];
            let action = self.host.broker.receive(now, link.id, &mut rest);
            let count = visible - rest.len();
            let asks = match &action {
                Some(BrokerAction::Connect(connect)) => {
                    (link.version, link.greeting) =
                        (connect.version, Some(Greeting::new(connect, &self.ground)?));
                    if account_of(connect.client_id.as_str()) != Some(link.account) {
                        return Err("a CONNECT of somebody else".to_owned().into());
                    }
                    true
                }
                Some(BrokerAction::Auth(_)) => {
                    return Err("an AUTH of nobody".to_owned().into());
                }
                _ => false,
            };
            let bytes: Vec<u8> = link.input.drain(..count).collect();
            visible -= count;
            is_taken |= count > 0;
            if !is_closing {
                if count > 0 {
                    link.last_taken = now.as_millis();
                }
                link.taken.extend(bytes);
            }
            self.observe(Some(connection))?;
            if asks {
                self.ground.fuse(BROKER)?;
                self.decide(connection)?;
                self.ground.fuse(BROKER)?;
                continue;
            }
            let left = self.host.links.get(&connection).map_or(0, |link| link.input.len());
            if visible >= left {
                self.ground.fuse(BROKER)?;
                return Ok(is_taken);
            }
        }
    }

    /// Accepts a client, or refuses it.
    fn decide(&mut self, connection: usize) -> Step {
        let now = self.ground.instant();
        let Some(link) = self.host.links.get_mut(&connection) else { return Ok(()) };
        let (id, account, version) = (link.id, link.account, link.version);
        let Some(greeting) = link.greeting else { return Ok(()) };
        if self.ground.has(Fault::Refuse) && self.ground.rng.chance(150) {
            self.ground.see(Sometimes::Refused);
            link.ends = Some(CloseReason::Refused);
            let reason = Some(ReasonCode::SERVER_UNAVAILABLE);
            let refused = self.host.broker.refuse(now, id, reason, Properties::EMPTY);
            refused.map_err(|error| format!("not refused: {error}"))?;
            return self.observe(None);
        }
        self.tick();
        let older = self.model.state.accounts[account].online;
        if let Some(older) = older.and_then(|older| self.host.links.get_mut(&older)) {
            older.ends = Some(CloseReason::TakenOver);
            self.ground.see(Sometimes::TakenOver);
        }
        let was_due = self.model.state.accounts[account].will_due;
        let before = self.model.state.accounts[account].generation;
        let had_session = self.model.state.accounts[account].session.is_some();
        let is_resumed = self.model.accepted(
            account,
            now.as_millis(),
            connection,
            greeting.is_clean,
            greeting.expiry,
            greeting.will,
        );
        let of = &self.model.state.accounts[account];
        let generation = of.generation;
        for (is_seen, what) in [
            (is_resumed, Sometimes::Resumed),
            (was_due.is_some() && of.due.is_empty(), Sometimes::WillCancelled),
            (had_session && generation > before && greeting.is_clean, Sometimes::CleanStart),
            (true, Sometimes::Accepted),
        ] {
            if is_seen {
                self.ground.see(what);
            }
        }
        self.generations.insert(connection, generation);
        if let Some(link) = self.host.links.get_mut(&connection) {
            link.generation = Some(generation);
            let most = self.host.options.max_keep_alive;
            let is_long = most > 0 && (greeting.keep_alive == 0 || greeting.keep_alive > most);
            let is_told = version == Version::V5_0 && is_long;
            link.keep_alive = if is_told { most } else { greeting.keep_alive };
        }
        self.ground.connections[connection].session_present =
            Some(is_resumed && version != Version::V3_1);
        let accepted = self.host.broker.accept(now, id, Accept::new(()));
        accepted.map_err(|error| format!("not accepted: {error}"))?;
        self.observe(None)
    }

    fn tick(&mut self) {
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
    fn see_closed(&mut self) -> Step {
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

    fn publish_will(&mut self, name: &str, payload: &[u8]) -> Step {
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
    fn take_packets(&mut self, connection: usize) -> Step {
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

    fn took(&mut self, connection: usize, packet: &Packet<'_>) -> Step {
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
            Packet::Subscribe(subscribe) => {
                let ids = subscribe.properties.subscription_identifiers().next();
                let mut codes = Vec::new();
                for subscription in subscribe.subscriptions.iter() {
                    let options = subscription.options;
                    let filter = subscription.filter.as_str();
                    let mut known = super::plan::FILTERS.iter().chain(&super::plan::SHARED);
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

    /// What the broker has recorded becomes durable.
    fn persist(&mut self) -> Step {
        let now = self.ground.instant();
        let records = self.host.broker.journal(now);
        self.host.torn.clone_from(&records);
        self.observe(None)?;
        self.ground.fuse(BROKER)?;
        self.host.torn.clear();
        for record in records {
            self.ground.log(|| format!("persists {record:?}"));
            let applied = self.host.stored.apply(record);
            applied.map_err(|error| format!("a record that does not apply: {error}"))?;
        }
        self.model.commit();
        let process = self.ground.process(BROKER);
        self.ground.undo[process].clear();
        if self.ground.events.is_multiple_of(4) {
            self.compare()?;
        }
        Ok(())
    }

    /// What is durable is what there is, the tokens apart.
    pub fn compare(&self) -> Step {
        let mut is = self.host.broker.snapshot();
        for (name, session) in &mut is.sessions {
            if let Some(stored) = self.host.stored.sessions.get(name) {
                session.session.next_token = stored.session.next_token;
            }
        }
        if is == self.host.stored {
            return Ok(());
        }
        Err(format!("stored {:?}\nis {is:?}", self.host.stored).into())
    }

    /// Writes for everybody who has something to be written. Tells whether anything was.
    fn write_all(&mut self) -> Step<bool> {
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
    fn close_if_over(&mut self, connection: usize) -> Step {
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
    fn look_at(&mut self, connection: usize, fresh: &[u8]) -> Step {
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

    fn wrote(&mut self, connection: usize, packet: &Packet<'_>) -> Step {
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
                let copy = self.model.copies.wrote(&of)?;
                let is_shared = copy.of.kind == super::copies::Kind::Shared;
                let is_retained = matches!(copy.of.kind, super::copies::Kind::Retained(_));
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

    /// Counts that are never to be exceeded, and what there is where there may be one.
    fn within_limits(&mut self) -> Step {
        let counters = self.host.broker.counters();
        let accounts = &self.model.state.accounts;
        if counters.connections as usize != self.host.links.len()
            || counters.sessions as usize > accounts.len()
            || counters.retained as usize > TOPICS.len()
        {
            return Err(format!("{counters:?}, with {} connections", self.host.links.len()).into());
        }
        let most = self.host.options.session.max_queued as usize;
        let in_flight = usize::from(self.host.options.session.max_in_flight);
        for session in self.host.broker.sessions() {
            if session.queued > most || session.in_flight > in_flight {
                return Err(format!("{}: {} queued (I8)", session.client_id, session.queued).into());
            }
            let account = account_of(session.client_id).ok_or("a session of nobody")?;
            let online = session.connection;
            let expected = accounts[account].online.and_then(|at| self.host.links.get(&at));
            if online != expected.map(|link| link.id) {
                return Err(format!("{account} is at {online:?}, not {expected:?} (I13)").into());
            }
        }
        Ok(())
    }

    /// Subscriptions and retained messages are those that the standard says.
    pub fn inspect(&mut self) -> Step {
        self.tick();
        for (at, account) in self.model.state.accounts.iter().enumerate() {
            let mut all = BTreeMap::new();
            self.host.broker.for_each_subscription(&name(at), |to, granted| {
                all.insert(format!("{to:?}"), *granted);
            });
            let is_haunted =
                account.expired_at.is_some_and(|then| then + self.model.late >= self.ground.now);
            let has_session = self.host.broker.session(&name(at)).is_some();
            if has_session != account.session.is_some() && !is_haunted {
                return Err(format!("{at} has a session: {has_session}, {account:?} (I13)").into());
            }
            if all.len() != account.subscriptions.len() && !is_haunted {
                return Err(format!("{at} has {all:?}, not {:?}", account.subscriptions).into());
            }
        }
        for (topic, kept) in &self.model.state.retained {
            let name = mqtt_pure::TopicName::new(topic).map_err(|error| error.to_string())?;
            let is = self.host.broker.retained(name).and_then(|of| Letter::id(of.payload()));
            if is != Some(kept.letter) && !kept.may_expire {
                return Err(format!("{is:?} is retained of {topic}, not {kept:?}").into());
            }
        }
        if self.host.broker.counters().retained as usize > self.model.state.retained.len() {
            return Err("more is retained than was published".to_owned().into());
        }
        Ok(())
    }

    /// A restored broker is the same broker.
    pub fn restore_alike(&mut self) -> Step {
        let restore = |snapshot: BrokerSnapshot| {
            let (options, now) = (self.host.options.clone(), self.ground.instant());
            let again = Broker::restore(options, Rules::default(), snapshot, now);
            again.map_err(|error| format!("not restored: {error}"))
        };
        // Connections end by it, the first time.
        let mut first = restore(self.host.broker.snapshot())?;
        first.journal(self.ground.instant());
        let first = first.snapshot();
        let second = restore(first.clone())?.snapshot();
        self.ground.counters.see(Sometimes::RestoredAlike);
        if first != second {
            return Err(format!("{first:?}\nrestored as {second:?}").into());
        }
        Ok(())
    }

    /// A crash: what was not durable has not happened.
    pub fn crash_broker(&mut self) -> Step {
        let process = self.ground.process(BROKER);
        self.ground.fuses[process] = None;
        let undo = std::mem::take(&mut self.ground.undo[process]);
        if !undo.is_empty() {
            self.ground.see(Sometimes::CrashUndone);
        }
        for undo in undo.into_iter().rev() {
            if let crate::ground::Undo::Taken(id) = undo {
                self.ground.letters[id as usize].taken -= 1;
            }
        }
        self.ground.log(|| "the broker crashes".to_owned());
        self.model.roll_back();
        self.ground.see(Sometimes::CrashBroker);
        self.host.is_up = false;
        self.host.scheduled = None;
        self.host.links.clear();
        for connection in 0..self.ground.connections.len() {
            if self.ground.connections[connection].is_attached {
                let late = self.ground.rng.below(1_000);
                self.ground.close(connection, true, late);
            }
        }
        let millis = self.ground.rng.below(3_000);
        self.ground.after(millis, Next::Restart(BROKER));
        Ok(())
    }

    pub fn restart_broker(&mut self) -> Step {
        if self.host.is_up {
            return Ok(());
        }
        let now = self.ground.instant();
        let mut left = self.host.stored.clone();
        // Of the last records some may have been written, which count for nothing.
        let torn = std::mem::take(&mut self.host.torn);
        let count = self.ground.rng.index(torn.len().max(1));
        for record in torn.into_iter().take(count) {
            self.ground.see(Sometimes::TornJournal);
            left.apply(record).map_err(|error| format!("a torn record: {error}"))?;
        }
        let restored = Broker::restore(self.host.options.clone(), Rules::default(), left, now);
        self.host.broker = restored.map_err(|error| format!("not restored: {error}"))?;
        (self.host.is_up, self.host.dropped_full) = (true, 0);
        self.ground.up_since = self.ground.now;
        self.tick();
        for at in 0..self.model.state.accounts.len() {
            // What was over before is noticed now.
            let account = self.model.of(at);
            let was_online = account.online.is_some();
            if account.expired_at.is_some() || was_online && account.expiry == 0 {
                account.expired_at = Some(self.ground.now);
            }
            self.model.gone(at, self.ground.now, false);
            // What was being sent of the retained messages is sent anew.
            let stored = self.host.stored.sessions.get(&*name(at));
            let again = stored.into_iter().flat_map(|session| &session.subscriptions);
            for subscription in again.filter(|subscription| subscription.replays) {
                let wishes = &self.model.state.accounts[at].subscriptions;
                if let Some(wish) = wishes.get(&subscription.filter.filter).copied() {
                    self.model.owe_retained(at, wish, false);
                }
            }
        }
        self.settle_broker()
    }
}

impl Link {
    fn answered(&mut self, id: u16, codes: &[u8]) -> Step {
        match self.answers.remove(&id) {
            Some(expected) if expected == codes => Ok(()),
            other => Err(format!("{codes:x?} is the answer to {id}, not {other:x?}").into()),
        }
    }
}
