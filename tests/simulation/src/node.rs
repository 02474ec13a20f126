//! One session and what its driver keeps for it, alike for both roles.

mod client;
mod durable;
mod messages;
mod writing;

use crate::{
    counter::Sometimes,
    ground::{Ground, Next, Step, Undo},
    letter::{Id, Side},
    machine::{Machine, Told},
    plan::Fault,
    wire::Wire,
};
use mqtt_pure::{Dropped, QoS, Record, SessionOptions, Snapshot, Token, Version};
use std::{
    collections::{BTreeMap, BTreeSet},
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
    /// What was recorded and is not durable yet.
    pub(super) records: Vec<Record>,
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
            records: Vec::new(),
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

    /// The transport is gone.
    pub fn cut_off(&mut self, ground: &mut Ground) {
        if !self.input.is_empty() {
            ground.see(Sometimes::CutMidPacket);
        }
        self.session.closed(ground.instant());
        self.connection = None;
        // What could not be taken before is lost.
        self.input.clear();
        self.visible = 0;
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
        if self.is_closing && !told.is_of_the_end() {
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
            Some(Dropped::TooLarge) if ground.plan.has(Fault::SmallPackets) => {
                ground.see(Sometimes::TooLarge);
                self.wire.dropped(letter);
                return Ok(());
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
