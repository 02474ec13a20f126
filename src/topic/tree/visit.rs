//! From a topic name to the filters that match it.

use super::{
    OutOfSteps, hash,
    runs::{Branch, Place, ROOT, Runs, Then},
};

/// A walk over all filters that match a name. At each level, `#` comes first, then what begins with
/// `+`, then what begins with the level itself.
///
/// The way back from a branch is in the branch, so that no stack is needed.
#[derive(Clone, Debug)]
pub(crate) struct Visit<'t, 'n> {
    filters: &'t Runs,
    name: &'n [u8],
    branch: u32,
    /// Where in the name the branch begins.
    start: usize,
    /// How many levels of the run are behind, their hash, and where the next one begins: behind the
    /// end of the name if there is none.
    levels: u32,
    hash: u64,
    at: usize,
    /// Which run of the branch is the next.
    run: usize,
    /// How many runs may still be looked up; each further bucket of a table counts as one, and so do
    /// 128 bytes of the name.
    pub(crate) steps: usize,
}

impl<'t, 'n> Visit<'t, 'n> {
    pub(crate) fn new(filters: &'t Runs, name: &'n [u8]) -> Self {
        let hash = filters.start(ROOT);
        let (branch, start, levels, at, run) = (ROOT, 0, 0, 0, 0);
        Self { filters, name, branch, start, levels, hash, at, run, steps: usize::MAX }
    }

    /// The next filter. The function is told a number and where it was found, and answers whether
    /// this is a filter of that place, which matches the name.
    #[inline]
    pub(crate) fn next(
        &mut self,
        accepts: impl Fn(u32, &Place) -> bool,
    ) -> Option<Result<u32, OutOfSteps>> {
        loop {
            let branch = self.filters.branch(self.branch)?;
            // What is longer than the rest of the name does not match, nor does what comes after it.
            let run = branch.runs().get(self.run);
            let Some(run) = run.filter(|run| self.levels == run.levels || self.walk(run.levels))
            else {
                if self.branch == ROOT {
                    return None;
                }
                self.leave(branch);
                continue;
            };
            if self.steps == 0 {
                return Some(Err(OutOfSteps));
            }
            self.steps = self.steps.wrapping_sub(1);
            self.run = self.run.wrapping_add(1);
            let is_end = self.at > self.name.len();
            let is_first = self.branch == ROOT && self.levels == 0;
            let is_fit = match run.then {
                Then::End => is_end,
                // [MQTT-4.7.2-1]
                _ if is_first && self.name.first() == Some(&b'$') => false,
                Then::Rest => true,
                Then::Plus => !is_end,
            };
            if !is_fit {
                continue;
            }
            if run.then == Then::Plus {
                self.enter();
                continue;
            }
            let &mut Self { branch, levels, hash, .. } = self;
            let place = Place { branch, levels, then: run.then, hash };
            let found = self.filters.find(&place, &mut self.steps, |id| accepts(id, &place));
            if let Some(id) = found {
                return Some(Ok(id));
            }
        }
    }

    /// Walks to the end of a run, if the name is long enough.
    #[inline]
    fn walk(&mut self, levels: u32) -> bool {
        let &mut Self { levels: mut behind, mut hash, mut at, name, .. } = self;
        while behind < levels && at <= name.len() {
            (hash, at) = hash::level(hash, name, at);
            behind = behind.wrapping_add(1);
        }
        self.charge(at.saturating_sub(self.at));
        (self.levels, self.hash, self.at) = (behind, hash, at);
        behind == levels
    }

    /// Takes steps for bytes that are walked over: long levels are more work than short ones.
    #[inline(always)]
    fn charge(&mut self, bytes: usize) {
        self.steps = self.steps.saturating_sub(bytes >> 7);
    }

    /// Goes on in the branch that is behind a `+` here, if there is one.
    fn enter(&mut self) {
        let fork = self.filters.fork(self.branch, self.levels, self.hash, &mut self.steps);
        let Some(branch) = fork else { return };
        let rest = self.name.get(self.at..).unwrap_or_default();
        let level = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
        self.charge(level);
        self.at = self.at.saturating_add(level).saturating_add(1);
        (self.branch, self.start, self.levels, self.run) = (branch, self.at, 0, 0);
        self.hash = self.filters.start(branch);
    }

    /// Goes back to where the `+` of the branch is.
    fn leave(&mut self, branch: &Branch) {
        self.at = self.before(self.start);
        self.start = match branch.parent {
            ROOT => 0,
            _ => (0..branch.levels).fold(self.at, |at, _| self.before(at)),
        };
        (self.branch, self.levels, self.hash) = (branch.parent, branch.levels, branch.hash);
        let runs = self.filters.branch(branch.parent).map_or(&[][..], Branch::runs);
        self.run = runs.partition_point(|run| run.key() <= (branch.levels, Then::Plus));
    }

    /// Where the level begins that is before this one.
    fn before(&self, at: usize) -> usize {
        let before = self.name.get(..at.saturating_sub(1)).unwrap_or_default();
        before.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash.saturating_add(1))
    }
}
