//! From a topic name to the filters that match it.

use super::{
    NONE, OutOfSteps, hash,
    runs::{Place, ROOT, Runs, Then},
};
use alloc::vec::Vec;

/// Branches that are still to be visited, and where their part of the name begins; last come, first
/// served.
///
/// There are no more than a filter in the tree has levels. The room here is enough for the filters of
/// trees that have no higher limit than the default.
#[derive(Clone, Debug)]
struct Pending {
    branches: [u32; ROOM],
    starts: [u32; ROOM],
    len: usize,
    more: Vec<(u32, u32)>,
}

const ROOM: usize = 128;

impl Pending {
    const fn new() -> Self {
        Self { branches: [NONE; ROOM], starts: [0; ROOM], len: 0, more: Vec::new() }
    }

    fn push(&mut self, (branch, start): (u32, u32)) {
        match (self.branches.get_mut(self.len), self.starts.get_mut(self.len)) {
            (Some(b), Some(s)) => {
                (*b, *s) = (branch, start);
                self.len = self.len.saturating_add(1);
            }
            _ => self.more.push((branch, start)),
        }
    }

    fn pop(&mut self) -> Option<(u32, u32)> {
        if let Some(last) = self.more.pop() {
            return Some(last);
        }
        let at = self.len.checked_sub(1)?;
        self.len = at;
        Some((*self.branches.get(at)?, *self.starts.get(at)?))
    }
}

/// A walk over all filters that match a name.
#[derive(Clone, Debug)]
pub(crate) struct Visit<'t, 'n> {
    filters: &'t Runs,
    name: &'n [u8],
    branch: u32,
    /// How many levels of the run are behind, and their hash.
    levels: u32,
    hash: u64,
    /// Where the next level begins; behind the end of the name if there is none.
    at: usize,
    /// Which run of the branch is the next.
    run: usize,
    pending: Pending,
    /// How many runs may still be looked up.
    pub(crate) steps: usize,
}

impl<'t, 'n> Visit<'t, 'n> {
    pub(crate) fn new(filters: &'t Runs, name: &'n [u8]) -> Self {
        let hash = filters.start(ROOT);
        let (branch, levels, at, run) = (ROOT, 0, 0, 0);
        let (pending, steps) = (Pending::new(), usize::MAX);
        Self { filters, name, branch, levels, hash, at, run, pending, steps }
    }

    /// The next filter. The function is told a number and where it was found, and answers whether
    /// this is a filter of that place, which matches the name.
    #[inline]
    pub(crate) fn next(
        &mut self,
        accepts: impl Fn(u32, &Place) -> bool,
    ) -> Option<Result<u32, OutOfSteps>> {
        loop {
            let run = self.filters.branch(self.branch).and_then(|branch| branch.runs.get(self.run));
            // What is longer than the rest of the name can't match, nor can what comes after it.
            let Some(run) = run.filter(|run| self.walk(run.levels)) else {
                let (branch, at) = self.pending.pop()?;
                (self.branch, self.levels, self.run) = (branch, 0, 0);
                self.hash = self.filters.start(branch);
                self.at = usize::try_from(at).unwrap_or(usize::MAX);
                continue;
            };
            if self.steps == 0 {
                return Some(Err(OutOfSteps));
            }
            self.steps = self.steps.saturating_sub(1);
            self.run = self.run.saturating_add(1);
            let is_end = self.at > self.name.len();
            // [MQTT-4.7.2-1]
            let is_hidden =
                self.branch == ROOT && self.levels == 0 && self.name.first() == Some(&b'$');
            let place =
                Place { branch: self.branch, levels: self.levels, then: run.then, hash: self.hash };
            match run.then {
                Then::Rest if !is_hidden => {}
                Then::End if is_end => {}
                Then::Plus if !is_hidden && !is_end => {
                    self.fork();
                    continue;
                }
                _ => continue,
            }
            if let Some(id) = self.filters.find(&place, |id| accepts(id, &place)) {
                return Some(Ok(id));
            }
        }
    }

    /// Walks to the end of a run, if the name is long enough.
    fn walk(&mut self, levels: u32) -> bool {
        while self.levels < levels {
            if self.at > self.name.len() {
                return false;
            }
            (self.hash, self.at) = hash::level(self.hash, self.name, self.at);
            self.levels = self.levels.saturating_add(1);
        }
        true
    }

    /// Keeps the branch for later that is behind a `+` here.
    fn fork(&mut self) {
        let Some(branch) = self.filters.fork(self.branch, self.levels, self.hash) else { return };
        let rest = self.name.get(self.at..).unwrap_or_default();
        let level = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
        let start = self.at.saturating_add(level).saturating_add(1);
        self.pending.push((branch, u32::try_from(start).unwrap_or(u32::MAX)));
    }
}
