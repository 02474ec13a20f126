//! The places of messages and requests that are sent, and the lists that they are in.

use crate::session::transition::Awaited;

/// Which of its lists a slot is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Sent,
    Asked,
    Free,
}

impl Which {
    pub(super) const fn of(awaited: Awaited) -> Self {
        match awaited {
            Awaited::Puback | Awaited::Pubrec | Awaited::Pubcomp => Self::Sent,
            Awaited::Suback | Awaited::Unsuback => Self::Asked,
        }
    }
}

/// The first and the last of linked slots.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) first: u16,
    pub(super) last: u16,
}

impl List {
    pub(super) const EMPTY: Self = Self { first: NONE, last: NONE };
}

/// The number of no slot.
pub(super) const NONE: u16 = u16::MAX;

#[derive(Clone, Debug)]
pub(super) struct Slot<M> {
    pub(super) message: Option<M>,
    pub(super) awaited: Option<Awaited>,
    /// Whether it takes one of the messages that the peer accepts on this connection.
    pub(super) is_charged: bool,
    /// The one before it in its list. Of the first in a list it means nothing.
    pub(super) before: u16,
    pub(super) next: u16,
}

impl<M> Slot<M> {
    pub(super) const EMPTY: Self =
        Self { message: None, awaited: None, is_charged: false, before: NONE, next: NONE };
}
