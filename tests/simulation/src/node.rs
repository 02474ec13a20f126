//! One session and what its driver keeps for it, alike for both roles.

use crate::{
    counter::Sometimes,
    ground::{Ground, Next, Step, Undo},
    letter::{Id, Letter, Side},
    machine::{Machine, Told},
    wire::Wire,
};
use bytes::Buf;
use mqtt_pure::{
    CommandError, Dropped, Message, PacketId, Properties, Property, Publish, QoS, ReasonCode,
    SessionOptions, Snapshot, Token, TopicName, Version,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU16,
    sync::Arc,
};

pub struct Node<M> {
    pub side: Side,
    pub session: M,
    pub options: Arc<SessionOptions>,
    pub version: Version,
    /// What is durable.
    pub stored: Snapshot,
    /// What has come, and is not yet taken.
    pub input: Vec<u8>,
    /// How much of it the session sees.
    pub visible: usize,
    pub wire: Wire,
    pub tokens: BTreeMap<Token, Option<Id>>,
    /// QoS 2 of this session that the application has taken.
    delivered: BTreeSet<Id>,
    /// And what it was given and has not acknowledged.
    handed: BTreeSet<Id>,
    /// All that it was ever given.
    seen: BTreeSet<Id>,
    last_seen: BTreeMap<(usize, u8, QoS), Id>,
    pub connection: Option<usize>,
    /// Close was told on this connection.
    pub is_closing: bool,
    /// What is to be written on it was seen then.
    is_sealed: bool,
    was_blocked: bool,
    was_full: bool,
    ends_when_written: bool,
    /// How much of what is to be written was looked at.
    observed: usize,
    /// Counts sessions and crashes: what belongs to an older one is stale.
    pub epoch: u32,
    pub last_taken: u64,
    /// When something was last written.
    last_written: u64,
    /// Seconds after which a client has to write again, 0 for ever.
    pub keep_alive: u16,
    scheduled: Option<u64>,
}

impl<M: Machine> Node<M> {
    pub fn new(side: Side, options: SessionOptions, version: Version) -> Self {
        let options = Arc::new(options);
        let mut session = M::fresh(Arc::clone(&options));
        session.keep_journal();
        Self {
            side,
            stored: session.snapshot(),
            session,
            version,
            input: Vec::new(),
            visible: 0,
            wire: Wire::new(M::ROLE, true, options.max_in_flight),
            options,
            tokens: BTreeMap::new(),
            delivered: BTreeSet::new(),
            handed: BTreeSet::new(),
            seen: BTreeSet::new(),
            last_seen: BTreeMap::new(),
            connection: None,
            is_closing: false,
            is_sealed: false,
            was_blocked: false,
            was_full: false,
            ends_when_written: false,
            observed: 0,
            epoch: 0,
            last_taken: 0,
            last_written: 0,
            keep_alive: 0,
            scheduled: None,
        }
    }

    /// There is a new connection.
    pub fn connected(&mut self, connection: usize) {
        self.connection = Some(connection);
        (self.is_closing, self.is_sealed, self.observed) = (false, false, 0);
        self.input.clear();
        self.visible = 0;
        self.wire.connected(self.version);
    }

    /// The next thing that the session tells.
    pub fn next(&mut self, ground: &mut Ground) -> Option<Told> {
        let told = if self.visible > 0 {
            let visible = &self.input[..self.visible];
            let mut rest = visible;
            let told = self.session.receive(ground.instant(), &mut rest);
            let count = visible.len() - rest.len();
            if count > 0 && !self.is_closing {
                self.wire.take(&visible[..count]);
                self.last_taken = ground.now;
            }
            self.input.drain(..count);
            self.visible -= count;
            told
        } else {
            None
        };
        told.or_else(|| self.session.poll())
    }

    /// What both roles do with what is told.
    pub fn told(&mut self, ground: &mut Ground, told: &Told) -> Step {
        ground.digest((self.side, told));
        let side = self.side;
        ground.log(|| format!("{side:?} tells {told:?}"));
        let is_of_the_end = matches!(
            told,
            Told::Done(_)
                | Told::Failed(..)
                | Told::Lost(_)
                | Told::SessionEnded
                | Told::Will(_)
                | Told::DisconnectOf { .. }
                | Told::Left
                | Told::Refused
        );
        if self.is_closing && !is_of_the_end {
            return Err(format!("{:?} tells {told:?} after Close (I9)", self.side).into());
        }
        match told {
            Told::Close(_) => self.is_closing = true,
            Told::Answered(token) => {
                let named = self.token_ended(ground, *token)?;
                if named.is_some() {
                    return Err(format!("an answer for the message {token:?}").into());
                }
            }
            Told::Done(token) => {
                if let Some(letter) = self.token_ended(ground, *token)? {
                    let of = &ground.letters[letter as usize];
                    if of.taken == 0 {
                        return Err(format!("letter {letter} is done and nobody has it").into());
                    }
                }
            }
            Told::Failed(token, dropped) => {
                if let Some(letter) = self.token_ended(ground, *token)? {
                    self.failed(ground, letter, *dropped)?;
                }
            }
            Told::Lost(token) => {
                if let Some(letter) = self.token_ended(ground, *token)? {
                    ground.excuse(letter);
                    ground.see(Sometimes::LostInFlight);
                }
            }
            Told::SessionEnded => {
                let delivered = std::mem::take(&mut self.delivered);
                ground.undo(self.side, Undo::Forgotten(self.side, delivered));
                self.handed.clear();
                // What is still to be written on a connection that closes is of the session that ends.
                self.ends_when_written = self.is_closing;
                if !self.is_closing {
                    self.wire.session_ended();
                }
                self.epoch += 1;
            }
            Told::Ignored => return Err("an honest peer was ignored".to_owned().into()),
            Told::Other => return Err("told what nobody asked for".to_owned().into()),
            _ => {}
        }
        Ok(())
    }

    fn failed(&mut self, ground: &mut Ground, letter: Id, dropped: Option<Dropped>) -> Step {
        ground.excuse(letter);
        let of = &ground.letters[letter as usize];
        match dropped {
            Some(Dropped::Expired) => {
                let expiry = u64::from(of.expiry.unwrap_or(u32::MAX)) * 1_000;
                if ground.now < of.at + expiry {
                    return Err(format!("letter {letter} expires too early").into());
                }
                ground.see(Sometimes::Expired);
            }
            Some(why) => return Err(format!("letter {letter} is dropped: {why}").into()),
            None => {}
        }
        self.wire.forget(letter);
        Ok(())
    }

    fn token_ended(&mut self, ground: &mut Ground, token: Token) -> Step<Option<Id>> {
        let Some(named) = self.tokens.remove(&token) else {
            return Err(format!("{:?} names {token:?}, which is over", self.side).into());
        };
        ground.undo(self.side, Undo::TokenEnded(self.side, token, named));
        Ok(named)
    }

    pub fn token_given(&mut self, ground: &mut Ground, token: Token, named: Option<Id>) -> Step {
        if self.tokens.insert(token, named).is_some() {
            return Err(format!("{:?} gives {token:?} twice", self.side).into());
        }
        ground.undo(self.side, Undo::TokenGiven(self.side, token));
        Ok(())
    }

    /// The application sends a message. Tells whether it was taken.
    pub fn publish(
        &mut self,
        ground: &mut Ground,
        letter: Letter,
        alias: u16,
        len: usize,
    ) -> Step<Result<Id, CommandError>> {
        let topic = Letter::topic_name(letter.publisher, letter.topic);
        let (qos, expiry) = (letter.qos, letter.expiry);
        let id = ground.letters.len() as Id;
        let name = TopicName::new(&topic).map_err(|error| error.to_string())?;
        let mut properties = Vec::new();
        if self.version == Version::V5_0 {
            properties.extend(expiry.map(Property::MessageExpiryInterval));
            properties.extend(NonZeroU16::new(alias).map(Property::TopicAlias));
        }
        let message = Message::new(name, Letter::payload(id, len))
            .with_properties(Properties::from(&properties[..]))
            .map_err(|error| error.to_string())?
            .with_qos(qos);
        let (queued, room) = (self.session.queued(), self.options.max_queued);
        match self.session.publish(ground.instant(), message) {
            Ok(published) => {
                let side = self.side;
                ground.log(|| format!("{side:?} publishes letter {id} {qos:?}: {published:?}"));
                ground.accept(letter);
                if let Some(token) = published.token() {
                    self.token_given(ground, token, Some(id))?;
                }
                Ok(Ok(id))
            }
            Err(CommandError::QueueFull) => {
                ground.see(Sometimes::QueueFull);
                if queued < room as usize {
                    return Err(format!("queue full at {queued} of {room}").into());
                }
                Ok(Err(CommandError::QueueFull))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// A message has come. Gives the letter if it is to be acknowledged by the application later.
    pub fn message(
        &mut self,
        ground: &mut Ground,
        payload: &[u8],
        topic: &str,
        id: Option<PacketId>,
        qos: QoS,
    ) -> Step<Id> {
        let side = self.side;
        let Some(letter) = Letter::id(payload).filter(|id| (*id as usize) < ground.letters.len())
        else {
            return Err(format!("{side:?} gets a message that nobody sent").into());
        };
        let of = &ground.letters[letter as usize];
        let is_for = match of.from {
            Side::Client(at) => Side::Peer(at),
            Side::Peer(at) => Side::Client(at),
        };
        let (publisher, topic_number) = (of.publisher, of.topic);
        if is_for != side || of.qos != qos || Letter::topic_name(publisher, topic_number) != topic {
            return Err(format!("{side:?} gets letter {letter} at {topic}, {qos:?}: {of:?}").into());
        }
        // I4: the first deliveries come in order.
        if self.seen.insert(letter) {
            let last = self.last_seen.insert((publisher, topic_number, qos), letter);
            if last.is_some_and(|last| last > letter) {
                return Err(format!("letter {letter} comes after {last:?} (I4)").into());
            }
        } else if qos == QoS::AtMostOnce {
            return Err(format!("letter {letter} of QoS 0 comes twice (I3)").into());
        } else if qos == QoS::AtLeastOnce {
            ground.see(Sometimes::Duplicate);
        }
        if qos == QoS::ExactlyOnce
            && (self.delivered.contains(&letter) || !self.handed.insert(letter))
        {
            return Err(format!("letter {letter} of QoS 2 comes twice (I1)").into());
        }
        match id.filter(|_| self.options.manual_acknowledgement) {
            None => self.taken(ground, letter, qos),
            Some(id) => {
                let connection = self.connection.unwrap_or_default();
                let delay = if ground.is_healing { 1 } else { ground.plan.delay * 2 };
                let delay = 1 + ground.rng.below(delay + 30);
                let epoch = self.epoch;
                let next = Next::Acknowledge { side, id, letter, qos, epoch, connection };
                ground.after(delay, next);
            }
        }
        Ok(letter)
    }

    fn taken(&mut self, ground: &mut Ground, letter: Id, qos: QoS) {
        if qos == QoS::ExactlyOnce {
            self.handed.remove(&letter);
            self.delivered.insert(letter);
            ground.undo(self.side, Undo::Delivered(self.side, letter));
        }
        ground.taken(self.side, letter);
    }

    /// The application acknowledges a message that it was given. Tells whether it has taken it.
    pub fn acknowledge(
        &mut self,
        ground: &mut Ground,
        id: PacketId,
        letter: Id,
        qos: QoS,
        reason: ReasonCode,
    ) -> Step<bool> {
        let side = self.side;
        let result = self.session.acknowledge(ground.instant(), id, qos, reason);
        ground.log(|| format!("{side:?} acknowledges {id}, letter {letter}: {result:?}"));
        match result {
            Ok(()) if reason.is_failure() && self.version == Version::V5_0 => {
                self.handed.remove(&letter);
                ground.see(Sometimes::RefusedMessage);
                Ok(false)
            }
            Ok(()) => {
                self.taken(ground, letter, qos);
                Ok(true)
            }
            Err(_) if qos == QoS::AtLeastOnce => Ok(false),
            Err(error) => Err(format!("letter {letter} is not to be acknowledged: {error}").into()),
        }
    }

    /// What the session has recorded becomes durable.
    pub fn persist(&mut self, ground: &mut Ground) -> Step {
        let side = self.side;
        for record in self.session.journal() {
            ground.log(|| format!("{side:?} persists {record:?}"));
            let applied = self.stored.apply(record);
            applied.map_err(|error| format!("{side:?}: a record that does not apply: {error}"))?;
        }
        Ok(())
    }

    /// What is durable is what there is, the tokens of requests apart.
    pub fn compare(&self) -> Step {
        let mut is = self.session.snapshot();
        if is.next_token.get() < self.stored.next_token.get() {
            return Err(format!("{:?}: tokens run backwards", self.side).into());
        }
        is.next_token = self.stored.next_token;
        if is == self.stored {
            return Ok(());
        }
        Err(format!("{:?}: stored {:?}\nis {is:?}", self.side, self.stored).into())
    }

    /// A restored session is the same session.
    pub fn restore_alike(&self, ground: &mut Ground) -> Step {
        let is = self.session.snapshot();
        if is.is_connected {
            return Ok(());
        }
        let again = M::restored(Arc::clone(&self.options), is.clone(), ground.instant());
        let again = again.map_err(|error| format!("{:?}: not restored: {error}", self.side))?;
        ground.see(Sometimes::RestoredAlike);
        if again.snapshot() != is {
            return Err(
                format!("{:?}: {is:?}\nrestored as {:?}", self.side, again.snapshot()).into()
            );
        }
        Ok(())
    }

    /// Looks at what is newly to be written, then writes what there is room for.
    pub fn write(&mut self, ground: &mut Ground) -> Step {
        let (side, now) = (self.side, ground.instant());
        let out = self.session.transmit(now);
        let total = out.remaining();
        if total > self.observed {
            if self.is_sealed {
                return Err(format!("{side:?} writes after Close (I9)").into());
            }
            self.last_written = ground.now;
            let all = out.clone().copy_to_bytes(total);
            let (letters, millis) = (&ground.letters, ground.now);
            self.wire
                .write(&all[self.observed..], |publish| fresh_enough(letters, millis, publish))
                .map_err(|error| format!("{side:?}: {error}"))?;
        }
        if std::mem::take(&mut self.ends_when_written) {
            self.wire.session_ended();
        }
        self.is_sealed = self.is_closing;
        self.observed = total;
        let Some(connection) = self.connection else {
            out.advance(total);
            self.observed = 0;
            return Ok(());
        };
        let at_server = matches!(side, Side::Client(_));
        let capacity = if ground.is_healing { 1 << 16 } else { ground.plan.capacity };
        let pipe = ground.connections[connection].pipe(at_server);
        let room = match pipe.ends {
            Some(_) => usize::MAX,
            None => capacity.saturating_sub(pipe.bytes.len()),
        };
        let mut count = total.min(room);
        if count == 0 {
            return Ok(());
        }
        let process = ground.process(side);
        if ground.fuses[process] == Some(0) {
            count = ground.rng.index(count + 1);
            ground.see(Sometimes::CrashMidWrite);
        }
        self.was_full = total >= self.options.max_outgoing;
        let bytes = out.copy_to_bytes(count);
        self.observed = total - count;
        let pipe = ground.connections[connection].pipe(at_server);
        if pipe.ends.is_none() {
            pipe.bytes.extend(bytes);
            ground.set_out(connection, at_server);
        }
        ground.fuse(side)
    }

    /// Whether something that has come is not taken before something is written.
    pub fn waits_for_room(&mut self) -> bool {
        self.was_blocked = self.visible > 0 && self.session.is_blocked();
        self.was_blocked
    }

    /// Whether it may be taken now, or something more be sent.
    pub fn has_room_again(&mut self) -> bool {
        let was_full = std::mem::take(&mut self.was_full);
        let was_blocked = std::mem::take(&mut self.was_blocked) && self.visible > 0;
        (was_full || was_blocked) && !self.session.is_blocked()
    }

    pub const fn has_unwritten(&self) -> bool {
        self.observed > 0
    }

    /// The session wants to be woken.
    pub fn schedule(&mut self, ground: &mut Ground) {
        let deadline = self.session.deadline().map(|(due, _)| due.as_millis());
        if deadline == self.scheduled {
            return;
        }
        self.scheduled = deadline;
        if let Some(due) = deadline {
            let late = ground.plan.late;
            let late = if ground.is_healing || late == 0 { 0 } else { ground.rng.below(late) };
            let millis = due.saturating_sub(ground.now) + late;
            ground.after(millis, Next::Timer(self.side));
        }
    }

    /// It is woken.
    pub fn wake(&mut self, ground: &mut Ground) -> Step {
        self.scheduled = None;
        let now = ground.instant();
        self.session.timeout(now);
        match self.session.deadline() {
            Some((due, why)) if due <= now => {
                Err(format!("{:?}: {why:?} is due at {due:?} after it (I10)", self.side).into())
            }
            _ => Ok(()),
        }
    }

    /// Counts that are never to be exceeded.
    pub fn within_limits(&self) -> Step {
        let due = self.last_written + u64::from(self.keep_alive) * 1_000;
        let deadline = self.session.deadline().map_or(u64::MAX, |(due, _)| due.as_millis());
        if self.keep_alive > 0 && self.session.is_connected() && deadline > due {
            return Err(format!("{:?}: PINGREQ after {due} (I10)", self.side).into());
        }
        let queued = self.session.queued();
        if queued > self.options.max_queued as usize {
            return Err(format!("{:?}: {queued} queued (I8)", self.side).into());
        }
        Ok(())
    }

    /// Everything but what is durable is gone.
    pub fn crash(&mut self, ground: &mut Ground) -> Step {
        let restored =
            M::restored(Arc::clone(&self.options), self.stored.clone(), ground.instant());
        self.session =
            restored.map_err(|error| format!("{:?}: not restored: {error}", self.side))?;
        self.session.keep_journal();
        self.wire.restored(&self.stored);
        self.stored = self.session.snapshot();
        self.connection = None;
        self.input.clear();
        (self.visible, self.observed, self.scheduled) = (0, 0, None);
        (self.is_closing, self.is_sealed, self.ends_when_written) = (true, true, false);
        self.handed.clear();
        self.epoch += 1;
        self.tokens.retain(|_, named| named.is_some());
        Ok(())
    }

    /// Something that was not durable has not happened.
    pub fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::TokenGiven(_, token) => {
                self.tokens.remove(&token);
            }
            Undo::TokenEnded(_, token, named) => {
                self.tokens.insert(token, named);
            }
            Undo::Delivered(_, id) => {
                self.delivered.remove(&id);
            }
            Undo::Forgotten(_, ids) => self.delivered = ids,
            _ => {}
        }
    }

    /// How it is to be when everything is quiet.
    pub fn is_quiet(&self) -> bool {
        self.session.is_connected()
            && self.session.in_flight() == 0
            && self.session.queued() == 0
            && self.observed == 0
            && self.input.is_empty()
            && self.handed.is_empty()
    }

    /// And nothing may be left.
    pub fn at_the_end(&self) -> Step {
        let left = self.session.snapshot();
        if !self.tokens.is_empty() {
            return Err(format!("{:?}: never told of {:?}", self.side, self.tokens).into());
        }
        if !(left.sent.is_empty() && left.received.is_empty() && left.queued.is_empty()) {
            return Err(format!("{:?}: left at the end: {left:?}", self.side).into());
        }
        Ok(())
    }
}

/// A message is not sent when it has expired, and what is left is no more than what there was less the
/// time that it has waited.
fn fresh_enough(letters: &[Letter], now: u64, publish: &Publish<'_>) -> Result<(), String> {
    let left = publish.properties.message_expiry_interval();
    let (Some(left), Some(id)) = (left, Letter::id(publish.payload)) else { return Ok(()) };
    let of = letters.get(id as usize).ok_or("no letter")?;
    let given = of.expiry.unwrap_or_default();
    // After the first time the interval has no effect any more.
    let waited = if publish.dup() { 0 } else { ((now - of.at) / 1_000) as u32 };
    if left > given.saturating_sub(waited) || left == 0 {
        return Err(format!("letter {id} has {left} s left of {given} after {waited} s"));
    }
    Ok(())
}
