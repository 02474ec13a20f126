//! Filters by hash, level by level.

use super::{Slab, hash, table::Table};
use alloc::vec::Vec;
use core::slice;

/// The branch of filters that begin without `+`, which is there as long as any filter is.
pub(super) const ROOT: u32 = 0;

/// How a run of levels without a wildcard goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Then {
    /// With `#`, which ends the filter.
    Rest,
    /// Not at all.
    End,
    /// With `+`, and a branch of its own.
    Plus,
}

/// The runs in a branch that are equally long and go on in the same way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) levels: u32,
    pub(super) then: Then,
    /// How many there are.
    count: u32,
}

impl Run {
    /// What it is ordered by.
    pub(super) const fn key(&self) -> (u32, Then) {
        (self.levels, self.then)
    }
}

/// All filters that begin alike, up to and with a `+`: what may come after it.
///
/// The lengths of the runs tell what is worth being looked up.
#[derive(Clone, Debug, Default)]
pub(super) struct Branch {
    /// The branch in which it begins, and the run that leads to its `+`.
    pub(super) parent: u32,
    pub(super) levels: u32,
    pub(super) hash: u64,
    /// In order of length.
    runs: Lengths,
}

impl Branch {
    #[inline(always)]
    pub(super) fn runs(&self) -> &[Run] {
        match &self.runs {
            Lengths::One(run) => slice::from_ref(run),
            Lengths::More(runs) => runs,
        }
    }
}

/// The runs of a branch; most have one, which is close at hand then.
#[derive(Clone, Debug)]
enum Lengths {
    One(Run),
    More(Vec<Run>),
}

impl Default for Lengths {
    fn default() -> Self {
        Self::More(Vec::new())
    }
}

/// Where a filter ends: a run of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) branch: u32,
    pub(crate) levels: u32,
    pub(super) then: Then,
    pub(super) hash: u64,
}

impl Place {
    /// Whether the filter ends with `#`.
    pub(crate) const fn is_rest(&self) -> bool {
        matches!(self.then, Then::Rest)
    }

    /// Whether the filter has no wildcard.
    pub(crate) const fn is_plain(&self) -> bool {
        matches!((self.branch, self.then), (ROOT, Then::End))
    }

    /// The part of the hash that the tables keep.
    #[inline(always)]
    #[allow(clippy::as_conversions, reason = "the upper half is what is wanted")]
    pub(super) const fn short(hash: u64, then: Then) -> u32 {
        let salt = match then {
            Then::Rest => 0xa54f_f53a_5f1d_36f1,
            Then::End => 0x510e_527f_ade6_82d1,
            Then::Plus => 0x9b05_688c_2b3e_6c1f,
        };
        ((hash ^ salt).wrapping_mul(salt) >> 32) as u32
    }
}

/// Filters, each with a number. What they are is known to whoever keeps them: two may be found by one
/// hash, so that whoever asks has to compare.
#[derive(Clone, Debug)]
pub(crate) struct Runs {
    /// Filters without a wildcard, most of all.
    plain: Table,
    /// Filters with wildcards.
    wild: Table,
    /// The branches that runs lead to.
    forks: Table,
    branches: Slab<Branch>,
    seed: u64,
}

impl Runs {
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            plain: Table::new(),
            wild: Table::new(),
            forks: Table::new(),
            branches: Slab::new(),
            seed,
        }
    }

    /// How many branches there are, and entries in tables.
    pub(crate) fn node_count(&self) -> usize {
        let entries = self.plain.len().saturating_add(self.wild.len());
        entries.saturating_add(self.branches.len())
    }

    #[inline(always)]
    pub(super) fn branch(&self, id: u32) -> Option<&Branch> {
        self.branches.get(id)
    }

    /// The hash of no level of a branch.
    #[inline(always)]
    pub(super) fn start(&self, branch: u32) -> u64 {
        hash::start(self.seed, branch)
    }

    fn table(&self, place: &Place) -> &Table {
        if place.is_plain() { &self.plain } else { &self.wild }
    }

    fn table_mut(&mut self, place: &Place) -> &mut Table {
        if place.is_plain() { &mut self.plain } else { &mut self.wild }
    }

    /// The number of the filter at a place, if the function accepts it.
    #[inline(always)]
    pub(crate) fn find(
        &self,
        place: &Place,
        steps: &mut usize,
        accepts: impl FnMut(u32) -> bool,
    ) -> Option<u32> {
        self.table(place).find(Place::short(place.hash, place.then), steps, accepts)
    }

    /// The branch behind a run.
    #[inline(always)]
    pub(super) fn fork(
        &self,
        parent: u32,
        levels: u32,
        hash: u64,
        steps: &mut usize,
    ) -> Option<u32> {
        self.forks.find(Place::short(hash, Then::Plus), steps, |id| {
            self.branches.get(id).is_some_and(|branch| {
                (branch.parent, branch.levels, branch.hash) == (parent, levels, hash)
            })
        })
    }

    /// Where a filter is or would be; `None` if there is not even a branch for it.
    pub(crate) fn place(&self, filter: &[u8]) -> Option<Place> {
        let mut walk = Levels::new(self);
        loop {
            match walk.run(filter) {
                Some(place) => return Some(place),
                None => {
                    let branch = self.fork(walk.branch, walk.levels, walk.hash, &mut 0)?;
                    walk.enter(self, branch);
                }
            }
        }
    }

    /// Where a filter is to be, its branches made if need be: `None` if no numbers are left for them.
    pub(crate) fn make_place(&mut self, filter: &[u8]) -> Option<Place> {
        let most = filter.iter().filter(|&&byte| byte == b'+').count().saturating_add(1);
        let has_room =
            [&self.plain, &self.wild, &self.forks].iter().all(|table| table.has_room(most));
        if !has_room || !self.branches.has_room(most) {
            return None;
        }
        if self.branches.len() == 0 {
            self.branches.insert(Branch::default());
        }
        let mut walk = Levels::new(self);
        loop {
            match walk.run(filter) {
                Some(place) => return Some(place),
                None => {
                    let branch = match self.fork(walk.branch, walk.levels, walk.hash, &mut 0) {
                        Some(branch) => branch,
                        None => self.add_fork(walk.branch, walk.levels, walk.hash),
                    };
                    walk.enter(self, branch);
                }
            }
        }
    }

    fn add_fork(&mut self, parent: u32, levels: u32, hash: u64) -> u32 {
        let branch = Branch { parent, levels, hash, runs: Lengths::default() };
        let id = self.branches.insert(branch);
        self.forks.insert(Place::short(hash, Then::Plus), id);
        self.count(parent, levels, Then::Plus);
        id
    }

    /// Keeps the number of a filter that has none, at a place that has just been made.
    pub(crate) fn insert(&mut self, place: &Place, id: u32) {
        let hash = Place::short(place.hash, place.then);
        self.table_mut(place).insert(hash, id);
        self.count(place.branch, place.levels, place.then);
    }

    /// Takes out the number of a filter, and the branches that then lead to none.
    pub(crate) fn remove(&mut self, place: &Place, id: u32) {
        let hash = Place::short(place.hash, place.then);
        self.table_mut(place).remove(hash, id);
        let (mut at, mut levels, mut then) = (place.branch, place.levels, place.then);
        loop {
            self.discount(at, levels, then);
            let Some(branch) = self.branches.get(at).filter(|branch| branch.runs().is_empty())
            else {
                return;
            };
            let (hash, parent) = (branch.hash, branch.parent);
            (levels, then) = (branch.levels, Then::Plus);
            self.branches.remove(at);
            if at == ROOT {
                return;
            }
            self.forks.remove(Place::short(hash, Then::Plus), at);
            at = parent;
        }
    }

    /// Counts one run more.
    fn count(&mut self, branch: u32, levels: u32, then: Then) {
        let Some(Branch { runs, .. }) = self.branches.get_mut(branch) else { return };
        let new = Run { levels, then, count: 1 };
        match runs {
            Lengths::One(run) if run.key() == new.key() => run.count = run.count.saturating_add(1),
            Lengths::One(run) => {
                let mut both = Vec::from([*run, new]);
                both.sort_unstable_by_key(Run::key);
                *runs = Lengths::More(both);
            }
            Lengths::More(more) if more.is_empty() => *runs = Lengths::One(new),
            Lengths::More(more) => match more.binary_search_by_key(&new.key(), Run::key) {
                Ok(at) => {
                    if let Some(run) = more.get_mut(at) {
                        run.count = run.count.saturating_add(1);
                    }
                }
                Err(at) => more.insert(at.min(more.len()), new),
            },
        }
    }

    /// Counts one run less.
    fn discount(&mut self, branch: u32, levels: u32, then: Then) {
        let Some(Branch { runs, .. }) = self.branches.get_mut(branch) else { return };
        match runs {
            Lengths::One(run) if run.count > 1 => run.count = run.count.saturating_sub(1),
            Lengths::One(_) => *runs = Lengths::default(),
            Lengths::More(more) => {
                let Ok(at) = more.binary_search_by_key(&(levels, then), Run::key) else { return };
                match more.get_mut(at) {
                    Some(run) if run.count > 1 => run.count = run.count.saturating_sub(1),
                    _ => more.retain(|run| run.key() != (levels, then)),
                }
            }
        }
    }
}

/// A walk along a filter.
struct Levels {
    branch: u32,
    levels: u32,
    hash: u64,
    at: usize,
}

impl Levels {
    fn new(runs: &Runs) -> Self {
        Self { branch: ROOT, levels: 0, hash: runs.start(ROOT), at: 0 }
    }

    /// Goes on behind a `+`.
    fn enter(&mut self, runs: &Runs, branch: u32) {
        (self.branch, self.levels, self.hash) = (branch, 0, runs.start(branch));
        self.at = self.at.saturating_add(2);
    }

    /// Walks along a run without a wildcard: up to the place of the filter, or to a `+`.
    fn run(&mut self, filter: &[u8]) -> Option<Place> {
        let then = loop {
            match filter.get(self.at) {
                Some(b'+') => return None,
                Some(b'#') => break Then::Rest,
                None if self.at > filter.len() => break Then::End,
                _ => {}
            }
            (self.hash, self.at) = hash::level(self.hash, filter, self.at);
            self.levels = self.levels.saturating_add(1);
        };
        let &mut Self { branch, levels, hash, .. } = self;
        Some(Place { branch, levels, then, hash })
    }
}
