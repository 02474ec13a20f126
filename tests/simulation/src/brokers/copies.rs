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
    /// Of a group: those of whom one is to get it, as long as nobody has.
    pub members: Vec<(usize, u32, Wish)>,
    pub published: (QoS, bool),
    /// It was written for its receiver once.
    pub is_written: bool,
    /// It need not come.
    pub is_excused: bool,
    /// It may come with other options.
    pub is_loose: bool,
}

impl Copy {
    /// Whether nobody of the group has got it.
    pub const fn is_open_to_all(&self) -> bool {
        self.of.account == usize::MAX
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
    /// The last copy that was written, by receiver, topic and QoS.
    last: BTreeMap<(usize, u32, &'static str, QoS), usize>,
    /// What was last sent with an identifier.
    sent: BTreeMap<(usize, u32, u16), usize>,
}

/// A PUBLISH that the broker writes.
#[derive(Debug)]
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

impl Copies {
    pub fn commit(&mut self) {
        self.durable = self.all.len();
        self.undo.clear();
    }

    pub fn roll_back(&mut self) {
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

    fn push(&mut self, of: New, members: Vec<(usize, u32, Wish)>, published: (QoS, bool)) {
        self.by_letter.entry(of.letter).or_default().push(self.all.len());
        let is_excused = !of.is_due;
        self.all.push(Copy {
            of,
            members,
            published,
            is_written: false,
            is_excused,
            is_loose: false,
        });
    }

    pub fn add(&mut self, of: New) {
        let published = (of.qos, of.retain);
        self.push(of, Vec::new(), published);
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
        self.push(of, members, (qos, retain));
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
                || copy.is_open_to_all()
                    && copy.members.iter().any(|(of, then, _)| is_old(*of, *then));
            if is_its && !copy.is_excused {
                self.excuse(at);
            }
        }
    }

    /// What has been added since then need not come to those that have no room for it.
    pub fn excuse_since(&mut self, since: usize, has_no_room: impl Fn(usize) -> bool) -> u64 {
        let mut count = 0;
        for at in 0..self.all.len() {
            let copy = &self.all[at];
            let is_retained = matches!(copy.of.kind, Kind::Retained(_));
            let is_its = if copy.of.account < usize::MAX {
                has_no_room(copy.of.account)
            } else {
                copy.members.iter().any(|(of, ..)| has_no_room(*of))
            };
            if !copy.is_written && !copy.is_excused && is_its && (at >= since || is_retained) {
                self.excuse(at);
                count += 1;
            }
        }
        count
    }

    /// The client does not want it any more.
    pub fn excuse_matching(&mut self, account: usize, generation: u32, filter: &str) {
        for at in 0..self.all.len() {
            let copy = &self.all[at];
            let is_its = (copy.of.account, copy.of.generation) == (account, generation)
                || copy.members.iter().any(|(of, then, _)| (*of, *then) == (account, generation));
            if is_its && !copy.is_written && matches(filter, copy.of.topic) {
                self.excuse(at);
            }
        }
    }

    /// What is retained and still to come for a subscription comes otherwise.
    pub fn loosen(&mut self, account: usize, generation: u32, filter: &'static str) {
        for at in 0..self.all.len() {
            let copy = &self.all[at];
            let is_its = (copy.of.account, copy.of.generation) == (account, generation);
            if is_its && !copy.is_written && copy.of.kind == Kind::Retained(filter) {
                self.excuse(at);
                if !std::mem::replace(&mut self.all[at].is_loose, true) {
                    self.undo.push(Undo::Loose(at));
                }
            }
        }
    }

    /// How many copies may have come, or have to.
    pub fn count(&self, account: usize, generation: u32, letter: Id, qos: QoS) -> (u32, u32) {
        let places = self.by_letter.get(&letter).into_iter().flatten();
        let mine = places.map(|at| &self.all[*at]).filter(|copy| {
            (copy.of.account, copy.of.generation, copy.of.qos) == (account, generation, qos)
        });
        mine.fold((0, 0), |(written, due), copy| {
            (written + u32::from(copy.is_written), due + u32::from(!copy.is_excused))
        })
    }

    /// The broker sends a message: it has to be one that was to come.
    pub fn wrote(&mut self, of: &Written) -> Result<&Copy, String> {
        let places = self.by_letter.get(&of.letter).cloned().unwrap_or_default();
        let is_mine =
            |copy: &Copy| (copy.of.account, copy.of.generation) == (of.account, of.generation);
        let is_exact = |copy: &Copy| {
            is_mine(copy)
                && copy.of.qos == of.qos
                && copy.of.retain == of.retain
                && copy.of.ids == of.ids
        };
        if of.dup {
            // If it is not what had the identifier before, it was durable and not written.
            let sent = of.id.and_then(|id| self.sent.get(&(of.account, of.generation, id)));
            let is_it =
                |at: &usize| self.all[*at].of.letter == of.letter && is_exact(&self.all[*at]);
            if let Some(at) = sent.copied().filter(is_it) {
                return Ok(&self.all[at]);
            }
        }
        let open = || places.iter().copied().filter(|at| !self.all[*at].is_written);
        // One that was dropped, as QoS 0 may be, is not the one that comes.
        let is_next = |at: usize| {
            let key = (of.account, of.generation, self.all[at].of.topic, of.qos);
            // Copies of one message, by several subscriptions, have no order.
            self.last
                .get(&key)
                .is_none_or(|last| *last < at || self.all[*last].of.letter == of.letter)
        };
        let found = open()
            .find(|at| is_exact(&self.all[*at]) && is_next(*at))
            .or_else(|| open().find(|at| is_exact(&self.all[*at])))
            .or_else(|| open().find(|at| self.member(*at, of).is_some() && is_next(*at)))
            .or_else(|| open().find(|at| self.member(*at, of).is_some()))
            .or_else(|| open().find(|at| is_mine(&self.all[*at]) && self.all[*at].is_loose));
        let found = found.or_else(|| self.exchange(&places, of));
        let Some(at) = found else {
            let known: Vec<_> = places.iter().map(|at| &self.all[*at]).collect();
            return Err(format!("{of:?} is to come to nobody, of {known:?} (I1, E3)"));
        };
        if self.all[at].of.kind == Kind::Shared
            && let Some(resolved) = self.member(at, of)
        {
            self.all[at].of = resolved;
        }
        if let Some(id) = of.id {
            self.sent.insert((of.account, of.generation, id), at);
        }
        let copy = &mut self.all[at];
        copy.is_written = true;
        // Which copy of a message that has come twice a member got can't be told.
        let is_vague = copy.of.kind == Kind::Shared && copy.published.0 < QoS::ExactlyOnce;
        if copy.is_loose {
            copy.of.qos = of.qos;
        } else if !is_vague {
            let key = (of.account, of.generation, copy.of.topic, of.qos);
            if let Some(last) = self.last.insert(key, at)
                && last > at
                && self.all[last].of.letter != of.letter
            {
                let (this, last) = (&self.all[at], &self.all[last]);
                return Err(format!("{this:?} comes after {last:?} (I4)"));
            }
        }
        Ok(&self.all[at])
    }

    /// A copy of a group that was taken for what another member got, who may have got it by another
    /// group: who is in several can't tell.
    fn exchange(&mut self, places: &[usize], of: &Written) -> Option<usize> {
        for &at in places {
            let copy = &self.all[at];
            if !copy.is_written || copy.of.kind != Kind::Shared || self.member(at, of).is_none() {
                continue;
            }
            let holder = Written {
                account: copy.of.account,
                generation: copy.of.generation,
                letter: of.letter,
                qos: copy.of.qos,
                retain: copy.of.retain,
                dup: false,
                id: None,
                ids: copy.of.ids.clone(),
            };
            let other = places.iter().copied().find(|other| {
                let is_open = !self.all[*other].is_written;
                is_open && self.member(*other, &holder).is_some()
            });
            if let Some(other) = other
                && let Some(resolved) = self.member(other, &holder)
            {
                (self.all[other].of, self.all[other].is_written) = (resolved, true);
                return Some(at);
            }
        }
        None
    }

    /// The copy that a member of a group gets of this, if that is how it comes.
    fn member(&self, at: usize, of: &Written) -> Option<New> {
        let copy = &self.all[at];
        let (qos, retain) = copy.published;
        let mut mine = copy.members.iter().filter(|(account, generation, _)| {
            (*account, *generation) == (of.account, of.generation)
        });
        let (account, generation, wish) = *mine.next()?;
        let ids = if wish.identifier > 0 { vec![wish.identifier] } else { Vec::new() };
        let is_it = of.qos == qos.min(wish.qos)
            && of.retain == (retain && wish.as_published)
            && of.ids == ids;
        is_it.then(|| New {
            account,
            generation,
            qos: of.qos,
            retain: of.retain,
            ids,
            ..copy.of.clone()
        })
    }
}
