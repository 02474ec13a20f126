//! What a broker owes its clients, by the standard alone: it sees the packets that the broker takes, in
//! their order, and knows nothing of the implementation.

use super::{
    copies::{Copies, Kind, New},
    plan::{Wish, matches, shared},
};
use crate::letter::Id;
use mqtt_pure::{Overlapping, QoS};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a client identifier.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Counts the sessions that there were.
    pub generation: u32,
    /// Whether there is a session, and when it ends if the client is away.
    pub session: Option<u64>,
    /// The connection of the client.
    pub online: Option<usize>,
    pub expiry: u32,
    pub will: Option<Testament>,
    pub will_due: Option<u64>,
    /// Wills that are to be published by the end of this step.
    pub due: Vec<Testament>,
    /// By filter, with `$share`.
    pub subscriptions: BTreeMap<String, Wish>,
    /// Identifiers of QoS 2 that are not released.
    pub held: BTreeSet<u16>,
    /// The session is new, and its client has sent nothing since.
    pub is_unconfirmed: bool,
    /// When a session ended by its time, which the broker may not have noticed yet.
    pub expired_at: Option<u64>,
}

impl Account {
    /// Whether there is a will that is due and has not been published.
    pub fn owes_will(&self, now: u64) -> bool {
        let is_due = self.will_due.is_some_and(|due| due <= now);
        !self.due.is_empty() || self.will.is_some() && is_due
    }
}

/// A will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Testament {
    pub letter: Id,
    pub topic: &'static str,
    pub qos: QoS,
    pub retain: bool,
    pub delay: u32,
}

/// A message that is retained.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    pub letter: Id,
    pub publisher: Option<usize>,
    pub qos: QoS,
    pub may_expire: bool,
}

/// What a crash brings back to what is durable.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub accounts: Vec<Account>,
    pub retained: BTreeMap<&'static str, Kept>,
}

#[derive(Debug)]
pub struct Model {
    pub state: State,
    durable: State,
    is_changed: bool,
    pub copies: Copies,
    pub overlapping: Overlapping,
    /// The longest time for which a session is kept.
    pub max_expiry: u32,
    /// How late timers may be.
    pub late: u64,
}

/// A message that the broker has taken.
#[derive(Clone, Copy, Debug)]
pub struct Publication {
    pub by: Option<usize>,
    pub topic: &'static str,
    /// One that clears a topic has no name.
    pub letter: Option<Id>,
    pub qos: QoS,
    pub retain: bool,
    pub may_expire: bool,
}

const fn seconds(seconds: u32) -> u64 {
    seconds as u64 * 1_000
}

impl Model {
    pub fn new(accounts: usize, overlapping: Overlapping, max_expiry: u32, late: u64) -> Self {
        let accounts = vec![Account::default(); accounts];
        let state = State { accounts, retained: BTreeMap::new() };
        Self {
            durable: state.clone(),
            state,
            is_changed: false,
            copies: Copies::default(),
            overlapping,
            max_expiry,
            late,
        }
    }

    /// What has happened is durable.
    pub fn commit(&mut self) {
        if std::mem::take(&mut self.is_changed) {
            self.durable.clone_from(&self.state);
        }
        self.copies.commit();
    }

    /// What is not durable has not happened.
    pub fn roll_back(&mut self) {
        self.state.clone_from(&self.durable);
        self.is_changed = false;
        self.copies.roll_back();
    }

    pub fn of(&mut self, account: usize) -> &mut Account {
        self.is_changed = true;
        &mut self.state.accounts[account]
    }

    /// Sessions end when their time is over. Tells how many.
    pub fn tick(&mut self, now: u64) -> u64 {
        let mut count = 0;
        for at in 0..self.state.accounts.len() {
            let of = &self.state.accounts[at];
            if of.online.is_none() && of.session.is_some_and(|end| end <= now) {
                self.of(at).expired_at = Some(now);
                self.session_over(at, now);
                count += 1;
            }
        }
        count
    }

    /// A session has ended.
    pub fn session_over(&mut self, at: usize, now: u64) {
        let account = self.of(at);
        if account.session.take().is_none() {
            return;
        }
        account.generation += 1;
        account.subscriptions.clear();
        account.held.clear();
        // [MQTT-3.1.3-9] of 5.0
        if let Some(due) = &mut account.will_due {
            *due = now.min(*due);
        }
        let generation = account.generation;
        self.copies.session_over(at, generation);
    }

    /// The connection of a client has ended; after a DISCONNECT without a will if it is clean.
    pub fn gone(&mut self, at: usize, now: u64, is_clean: bool) {
        let account = self.of(at);
        if account.online.take().is_none() {
            return;
        }
        account.session = match account.expiry {
            u32::MAX => Some(u64::MAX),
            expiry => Some(now + seconds(expiry)),
        };
        if is_clean {
            account.will = None;
        }
        // [MQTT-3.1.2-8]
        if let Some(will) = &account.will {
            account.will_due = Some(now + seconds(will.delay.min(account.expiry)));
        }
        if account.expiry == 0 {
            self.session_over(at, now);
        }
    }

    /// A client is accepted. Tells whether its session goes on.
    pub fn accepted(
        &mut self,
        at: usize,
        now: u64,
        connection: usize,
        is_clean: bool,
        expiry: u32,
        will: Option<Testament>,
    ) -> bool {
        // [MQTT-3.1.4-2]
        self.gone(at, now, false);
        // A session of which its client may not know does not go on, which is the broker's choice.
        if is_clean || self.of(at).is_unconfirmed {
            self.session_over(at, now);
        }
        let most = self.max_expiry;
        let account = self.of(at);
        let is_resumed = account.session.is_some();
        // A new connection before the will is due cancels it, if the session goes on.
        if account.will_due.is_some_and(|due| due <= now) {
            account.due.extend(account.will.take());
        }
        if !is_resumed {
            account.is_unconfirmed = true;
        }
        (account.will, account.will_due) = (will, None);
        (account.expiry, account.expired_at) = (expiry.min(most), None);
        (account.session, account.online) = (Some(u64::MAX), Some(connection));
        is_resumed
    }

    /// The broker publishes a will: it has to be one that is due.
    pub fn will(&mut self, at: usize, now: u64, letter: Id) -> Result<Testament, String> {
        let account = self.of(at);
        if let Some(place) = account.due.iter().position(|due| due.letter == letter) {
            return Ok(account.due.remove(place));
        }
        let is_due = account.will_due.is_some_and(|due| due <= now);
        match account.will.filter(|will| is_due && will.letter == letter) {
            Some(will) => {
                (account.will, account.will_due) = (None, None);
                Ok(will)
            }
            None => Err(format!("will {letter} of {at} is published: {account:?} (I12)")),
        }
    }

    /// Wills that are due are published, at the latest when timers fire.
    pub fn wills_are_out(&self, now: u64, up_since: u64) -> Result<(), String> {
        for (at, account) in self.state.accounts.iter().enumerate() {
            let waited = |due: u64| now - due.max(up_since).min(now);
            let is_late = account.will.is_some()
                && account.will_due.is_some_and(|due| waited(due) > self.late);
            if is_late || !account.due.is_empty() {
                return Err(format!("the will of {at} is late: {account:?} (I12)"));
            }
        }
        Ok(())
    }

    /// The broker has taken a message: who is to get it.
    pub fn published(&mut self, of: Publication, now: u64) {
        self.is_changed = true;
        if of.retain {
            match of.letter {
                Some(letter) => {
                    let kept =
                        Kept { letter, publisher: of.by, qos: of.qos, may_expire: of.may_expire };
                    self.state.retained.insert(of.topic, kept);
                }
                None => {
                    self.state.retained.remove(of.topic);
                }
            }
        }
        let Some(letter) = of.letter else { return };
        let mut groups: BTreeMap<&str, Vec<(usize, u32, Wish)>> = BTreeMap::new();
        let mut is_haunted = false;
        for (at, account) in self.state.accounts.iter().enumerate() {
            is_haunted |= account.expired_at.is_some_and(|then| then + self.late >= now);
            if account.session.is_none() {
                continue;
            }
            let mut wanted = Vec::new();
            for (filter, wish) in &account.subscriptions {
                if let Some(rest) = shared(filter) {
                    if matches(rest, of.topic) {
                        let members = groups.entry(filter).or_default();
                        members.push((at, account.generation, *wish));
                    }
                } else if matches(filter, of.topic) && !(wish.no_local && of.by == Some(at)) {
                    wanted.push(*wish);
                }
            }
            let new = |wishes: &[Wish]| {
                let granted = wishes.iter().map(|wish| wish.qos).max().unwrap_or_default();
                let ids = wishes.iter().map(|wish| wish.identifier).filter(|id| *id > 0);
                let mut ids: Vec<_> = ids.collect();
                ids.sort_unstable();
                New {
                    account: at,
                    generation: account.generation,
                    letter,
                    topic: of.topic,
                    qos: of.qos.min(granted),
                    retain: of.retain && wishes.iter().any(|wish| wish.as_published),
                    ids,
                    kind: Kind::Live,
                    is_due: !of.may_expire,
                }
            };
            match self.overlapping {
                _ if wanted.is_empty() => {}
                Overlapping::Once => self.copies.add(new(&wanted)),
                Overlapping::Each => {
                    for wish in &wanted {
                        self.copies.add(new(std::slice::from_ref(wish)));
                    }
                }
            }
        }
        for (_, members) in groups {
            // A member whose time is over may still be there for the broker.
            let is_due = !of.may_expire && !is_haunted;
            self.copies.add_shared(letter, of.topic, of.qos, of.retain, members, is_due);
        }
    }

    /// A client has subscribed: what is retained for it.
    pub fn subscribed(&mut self, at: usize, wish: Wish) {
        let account = self.of(at);
        let generation = account.generation;
        let before = account.subscriptions.insert(wish.filter.to_owned(), wish);
        if shared(wish.filter).is_some() {
            return;
        }
        // What was still to come of it comes as it is asked for now, or not at all.
        self.copies.loosen(at, generation, wish.filter);
        if wish.handling == 0 || wish.handling == 1 && before.is_none() {
            self.owe_retained(at, wish, true);
        } else if before.is_some_and(|before| before.no_local) {
            // What still comes of the former may be the client's own now.
            self.owe_some(at, wish, false, |kept| kept.publisher == Some(at));
        }
    }

    /// What is retained comes to a client.
    pub fn owe_retained(&mut self, at: usize, wish: Wish, is_due: bool) {
        self.owe_some(at, wish, is_due, |_| true);
    }

    fn owe_some(&mut self, at: usize, wish: Wish, is_due: bool, which: impl Fn(&Kept) -> bool) {
        let generation = self.state.accounts[at].generation;
        for (&topic, kept) in &self.state.retained {
            let is_barred = wish.no_local && kept.publisher == Some(at);
            if matches(wish.filter, topic) && !is_barred && which(kept) {
                self.copies.add(New {
                    account: at,
                    generation,
                    letter: kept.letter,
                    topic,
                    qos: kept.qos.min(wish.qos),
                    retain: true,
                    ids: if wish.identifier > 0 { vec![wish.identifier] } else { Vec::new() },
                    kind: Kind::Retained(wish.filter),
                    is_due: is_due && !kept.may_expire,
                });
            }
        }
    }

    pub fn unsubscribed(&mut self, at: usize, filter: &str) {
        let account = self.of(at);
        let generation = account.generation;
        if account.subscriptions.remove(filter).is_some() {
            let rest = shared(filter).unwrap_or(filter);
            self.copies.excuse_matching(at, generation, rest);
        }
    }
}
