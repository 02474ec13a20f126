//! What is to come to whom: each message that the broker has taken, once for each who is to get it.

use super::plan::{Wish, matches};
use crate::letter::Id;
use mqtt_pure::QoS;
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Live,
    /// For this subscription.
    Retained(&'static str),
    /// For one of a group.
    Shared,
}

/// A copy that is to come.
#[derive(Clone, Debug)]
pub struct New {
    pub account: usize,
    pub generation: u32,
    pub letter: Id,
    pub topic: &'static str,
    pub qos: QoS,
    pub retain: bool,
    pub ids: Vec<u32>,
    pub kind: Kind,
    /// Whether it has to come.
    pub is_due: bool,
}

#[derive(Clone, Debug)]
pub struct Copy {
    pub of: New,
    /// Of a group: those of whom one is to get it. Its other options are as published.
    pub members: Vec<(usize, u32, Wish)>,
    /// What was written that is taken for it.
    pub written: Option<usize>,
    /// It need not come.
    pub is_excused: bool,
    /// It may come with other options.
    pub is_loose: bool,
    /// At the end: it need not have come.
    pub may_be_lost: bool,
}

impl Copy {
    /// Whether this may be how it comes.
    fn fits(&self, of: &Written) -> bool {
        if self.of.kind == Kind::Shared {
            return self.members.iter().any(|member| self.fits_member(member, of));
        }
        let is_as_owed =
            (self.of.qos, self.of.retain, &self.of.ids) == (of.qos, of.retain, &of.ids);
        (self.of.account, self.of.generation) == (of.account, of.generation)
            && (is_as_owed || self.is_loose)
    }

    fn fits_member(&self, member: &(usize, u32, Wish), of: &Written) -> bool {
        let (account, generation, wish) = member;
        let (qos, retain) = (self.of.qos, self.of.retain);
        (*account, *generation) == (of.account, of.generation)
            && of.qos == qos.min(wish.qos)
            && of.retain == (retain && wish.as_published)
            && of.ids.iter().eq((wish.identifier > 0).then_some(&wish.identifier))
    }
}

/// A change that a crash of the broker undoes.
#[derive(Debug)]
enum Undo {
    Excused(usize),
    Loose(usize),
}

#[derive(Debug, Default)]
pub struct Copies {
    pub all: Vec<Copy>,
    /// Where to look.
    by_letter: BTreeMap<Id, Vec<usize>>,
    durable: usize,
    undo: Vec<Undo>,
    writes: Vec<Written>,
    writes_of: BTreeMap<Id, Vec<usize>>,
    /// How far the broker has come at least, by receiver, topic and QoS.
    reached: BTreeMap<(usize, u32, &'static str, QoS), Reached>,
    /// What was written with an identifier that is in use.
    sent: BTreeMap<(usize, u32, u16), usize>,
    /// Identifiers that are not in use any more, once that is durable.
    answered: Vec<(usize, u32, u16)>,
}

/// The last copy of all that has come for certain, and the last of another message.
#[derive(Clone, Copy, Debug)]
struct Reached {
    letter: Id,
    at: usize,
    of_others: Option<usize>,
}

impl Reached {
    /// A message has come that was at this place or later.
    fn add(&mut self, letter: Id, at: usize) {
        if letter == self.letter {
            self.at = self.at.max(at);
        } else if at > self.at {
            *self = Self { letter, at, of_others: Some(self.at) };
        } else {
            self.of_others = self.of_others.max(Some(at));
        }
    }

    fn before(&self, letter: Id) -> Option<usize> {
        if letter == self.letter { self.of_others } else { Some(self.at) }
    }
}

/// A PUBLISH that the broker writes.
#[derive(Clone, Debug)]
pub struct Written {
    pub account: usize,
    pub generation: u32,
    pub letter: Id,
    pub qos: QoS,
    pub retain: bool,
    pub dup: bool,
    pub id: Option<u16>,
    pub ids: Vec<u32>,
}

impl Written {
    fn is_like(&self, of: &Self) -> bool {
        (self.letter, self.qos, self.retain, &self.ids) == (of.letter, of.qos, of.retain, &of.ids)
    }
}

impl Copies {
    pub fn commit(&mut self) {
        self.durable = self.all.len();
        self.undo.clear();
        for key in self.answered.drain(..) {
            self.sent.remove(&key);
        }
    }

    /// The client has acknowledged what had this identifier.
    pub fn answered(&mut self, account: usize, generation: u32, id: u16) {
        self.answered.push((account, generation, id));
    }

    pub fn roll_back(&mut self) {
        self.answered.clear();
        while self.all.len() > self.durable {
            if let Some(copy) = self.all.pop() {
                let at = self.all.len();
                if let Some(places) = self.by_letter.get_mut(&copy.of.letter) {
                    places.retain(|place| *place != at);
                }
            }
        }
        for undo in self.undo.drain(..) {
            match undo {
                Undo::Excused(at) => {
                    if let Some(copy) = self.all.get_mut(at) {
                        copy.is_excused = false;
                    }
                }
                Undo::Loose(at) => {
                    if let Some(copy) = self.all.get_mut(at) {
                        copy.is_loose = false;
                    }
                }
            }
        }
    }

    fn push(&mut self, of: New, members: Vec<(usize, u32, Wish)>) {
        self.by_letter.entry(of.letter).or_default().push(self.all.len());
        let is_excused = !of.is_due;
        self.all.push(Copy {
            of,
            members,
            written: None,
            is_excused,
            is_loose: false,
            may_be_lost: false,
        });
    }

    pub fn add(&mut self, of: New) {
        self.push(of, Vec::new());
    }

    pub fn add_shared(
        &mut self,
        letter: Id,
        topic: &'static str,
        qos: QoS,
        retain: bool,
        members: Vec<(usize, u32, Wish)>,
        is_due: bool,
    ) {
        let of = New {
            account: usize::MAX,
            generation: 0,
            letter,
            topic,
            qos,
            retain,
            ids: Vec::new(),
            kind: Kind::Shared,
            is_due,
        };
        self.push(of, members);
    }

    fn excuse(&mut self, at: usize) {
        if !std::mem::replace(&mut self.all[at].is_excused, true) {
            self.undo.push(Undo::Excused(at));
        }
    }

    /// The sessions before this one of the client have ended: what one of its members may have had is
    /// lost with it.
    pub fn session_over(&mut self, account: usize, generation: u32) {
        for at in 0..self.all.len() {
            let copy = &self.all[at];
            let is_old = |of: usize, then: u32| of == account && then < generation;
            let is_its = is_old(copy.of.account, copy.of.generation)
                || copy.written.is_none()
                    && copy.members.iter().any(|(of, then, _)| is_old(*of, *then));
            if is_its && !copy.is_excused {
                self.excuse(at);
            }
        }
    }

    /// What has been added since then need not come to those that have no room for it.
    pub fn excuse_since(&mut self, since: usize, has_no_room: impl Fn(usize) -> bool) {
        for at in 0..self.all.len() {
            let copy = &self.all[at];
            let is_retained = matches!(copy.of.kind, Kind::Retained(_));
            let is_its = match copy.of.kind {
                Kind::Shared => copy.members.iter().any(|(of, ..)| has_no_room(*of)),
                _ => has_no_room(copy.of.account),
            };
            if copy.written.is_none() && is_its && (at >= since || is_retained) {
                self.excuse(at);
            }
        }
    }

    /// The client does not want it any more.
    pub fn excuse_matching(&mut self, account: usize, generation: u32, filter: &str) {
        for at in 0..self.all.len() {
            let copy = &self.all[at];
            let is_its = (copy.of.account, copy.of.generation) == (account, generation)
                || copy.members.iter().any(|(of, then, _)| (*of, *then) == (account, generation));
            if is_its && copy.written.is_none() && matches(filter, copy.of.topic) {
                self.excuse(at);
            }
        }
    }

    /// What is retained and still to come for a subscription comes otherwise.
    pub fn loosen(&mut self, account: usize, generation: u32, filter: &'static str) {
        for at in 0..self.all.len() {
            let copy = &self.all[at];
            let is_its = (copy.of.account, copy.of.generation) == (account, generation);
            if is_its && copy.written.is_none() && copy.of.kind == Kind::Retained(filter) {
                self.excuse(at);
                if !std::mem::replace(&mut self.all[at].is_loose, true) {
                    self.undo.push(Undo::Loose(at));
                }
            }
        }
    }

    /// How often a message was written for somebody.
    pub fn count(&self, account: usize, generation: u32, letter: Id, qos: QoS) -> u32 {
        let key = (account, generation, qos);
        let writes = self.writes_of.get(&letter).into_iter().flatten();
        let all = writes.map(|at| &self.writes[*at]);
        all.fold(0, |sum, of| sum + u32::from((of.account, of.generation, of.qos) == key))
    }

    /// The broker sends a message: it has to be one that was to come.
    pub fn wrote(&mut self, of: &Written) -> Result<Kind, String> {
        let key = of.id.map(|id| (of.account, of.generation, id));
        if of.dup {
            // If it is not what had the identifier before, it was durable and not written.
            let sent = key.and_then(|key| self.sent.get(&key)).map(|at| &self.writes[*at]);
            if sent.is_some_and(|sent| sent.is_like(of)) {
                return Ok(Kind::Live);
            }
        }
        let number = self.writes.len();
        self.writes.push(of.clone());
        self.writes_of.entry(of.letter).or_default().push(number);
        if let Some(key) = key {
            self.sent.insert(key, number);
        }
        let places = self.by_letter.get(&of.letter).cloned().unwrap_or_default();
        if !self.place(number, &places, &mut Vec::new()) {
            let known: Vec<_> = places.iter().map(|at| &self.all[*at]).collect();
            return Err(format!("{of:?} is to come to nobody, of {known:?} (I1, E3)"));
        }
        self.in_order(of, &places)?;
        let taken =
            places.iter().map(|at| &self.all[*at]).find(|copy| copy.written == Some(number));
        Ok(taken.map_or(Kind::Live, |copy| copy.of.kind))
    }

    /// Finds a copy for what was written. Several may look alike, and which it is does not show: what was
    /// taken for one before may turn out to be another.
    fn place(&mut self, number: usize, places: &[usize], tried: &mut Vec<usize>) -> bool {
        let of = self.writes[number].clone();
        let fits = |copies: &Self, at: usize| copies.all[at].fits(&of);
        if let Some(&at) =
            places.iter().find(|at| self.all[**at].written.is_none() && fits(self, **at))
        {
            self.all[at].written = Some(number);
            return true;
        }
        for &at in places {
            if tried.contains(&at) || !fits(self, at) {
                continue;
            }
            tried.push(at);
            let Some(other) = self.all[at].written else { continue };
            if self.place(other, places, tried) {
                self.all[at].written = Some(number);
                return true;
            }
        }
        false
    }

    /// Messages of one topic and QoS come in the order in which they were published. Where it can't be told
    /// which copy it is, each is given the benefit of the doubt; those of one message have no order.
    fn in_order(&mut self, of: &Written, places: &[usize]) -> Result<(), String> {
        let fitting = || places.iter().copied().filter(|at| self.all[*at].fits(of));
        let (Some(first), Some(last)) = (fitting().min(), fitting().max()) else { return Ok(()) };
        if fitting().any(|at| self.all[at].is_loose) {
            return Ok(());
        }
        let key = (of.account, of.generation, self.all[first].of.topic, of.qos);
        let Some(reached) = self.reached.get_mut(&key) else {
            self.reached.insert(key, Reached { letter: of.letter, at: first, of_others: None });
            return Ok(());
        };
        if let Some(before) = reached.before(of.letter).filter(|before| *before > last) {
            let (this, before) = (&self.all[last], &self.all[before]);
            return Err(format!("{this:?} comes after {before:?} (I4)"));
        }
        reached.add(of.letter, first);
        Ok(())
    }

    /// What came is taken for what had to come, rather than for what could have been dropped, or lost with
    /// the session of another member.
    pub fn prefer_due(&mut self, is_over: impl Fn(usize, u32) -> bool) {
        for copy in &mut self.all {
            let mut members = copy.members.iter();
            let is_lost = members.any(|(of, then, wish)| {
                is_over(*of, *then) || wish.qos.min(copy.of.qos) == QoS::AtMostOnce
            });
            copy.may_be_lost = copy.is_excused || is_lost;
        }
        for at in 0..self.all.len() {
            if self.all[at].written.is_none() && !self.all[at].is_excused {
                self.claim(at, &mut Vec::new());
            }
        }
    }

    /// Finds what was written that can be taken for a copy.
    fn claim(&mut self, at: usize, tried: &mut Vec<usize>) -> bool {
        let letter = self.all[at].of.letter;
        for number in self.writes_of.get(&letter).cloned().unwrap_or_default() {
            if tried.contains(&number) || !self.all[at].fits(&self.writes[number]) {
                continue;
            }
            tried.push(number);
            let places = &self.by_letter[&letter];
            let holder =
                places.iter().copied().find(|other| self.all[*other].written == Some(number));
            let is_free = holder.is_none_or(|holder| {
                if self.all[holder].may_be_lost {
                    self.all[holder].written = None;
                    self.all[holder].is_excused = true;
                    return true;
                }
                self.claim(holder, tried)
            });
            if is_free {
                self.all[at].written = Some(number);
                return true;
            }
        }
        false
    }

    /// Whom a copy has come to, and as what.
    pub fn receiver(&self, copy: &Copy) -> Option<&Written> {
        copy.written.map(|number| &self.writes[number])
    }
}
