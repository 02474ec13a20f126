//! How much work a walk may do.

/// A walk through a tree has used up its steps, and has more to visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the steps for this walk are used up, and there is more to visit")]
pub struct OutOfSteps;

/// A walk through a tree that counts its steps: one for each node that it comes to.
pub trait Walk {
    /// What it visits.
    type Item;

    /// The next one, if there are steps left to find it.
    fn step(&mut self) -> Option<Result<Self::Item, OutOfSteps>>;

    /// How many steps are left.
    fn steps_mut(&mut self) -> &mut usize;
}

/// A walk with a budget of steps, made by [`Matches::within`](crate::Matches::within) or
/// [`TopicMatches::within`](crate::TopicMatches::within).
///
/// A step is a node of the tree that is looked at. When the budget is used up and there is more to
/// look at, the next item is [`OutOfSteps`], as often as it is asked for, until [`Self::grant`].
#[derive(Clone, Debug)]
pub struct Within<W>(W);

impl<W: Walk> Within<W> {
    pub(crate) fn new(mut walk: W, steps: usize) -> Self {
        *walk.steps_mut() = steps;
        Self(walk)
    }

    /// Allows so many steps more.
    pub fn grant(&mut self, steps: usize) {
        let left = self.0.steps_mut();
        *left = left.saturating_add(steps);
    }

    /// How many steps are left.
    pub fn steps_left(&mut self) -> usize {
        *self.0.steps_mut()
    }

    /// The walk, which may know more.
    pub const fn walk(&self) -> &W {
        &self.0
    }
}

impl<W: Walk> Iterator for Within<W> {
    type Item = Result<W::Item, OutOfSteps>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.step()
    }
}
