//! What both indexes of topics are made of.

mod hash;
mod kids;
mod radix;
mod runs;
mod select;
mod slab;
mod steps;
mod table;
mod visit;

pub(crate) use radix::Radix;
pub(crate) use runs::{Place, Runs};
pub(crate) use select::Select;
pub(crate) use slab::Slab;
pub(crate) use steps::Walk;
pub use steps::{OutOfSteps, Within};
pub(crate) use visit::Visit;

/// The number of nothing.
pub(crate) const NONE: u32 = u32::MAX;
