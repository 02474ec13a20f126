//! The room that a length-prefixed field has to leave in its packet.

use super::Field;

/// What must follow a length-prefixed field, and what may follow that.
///
/// A length that leaves no place for it is refused with the length, before the field's own bytes
/// have arrived.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    /// The least number of bytes that must follow.
    pub(crate) bytes: usize,
    /// The last field of these.
    pub(crate) last: Field,
    pub(crate) then: Then,
}

/// What may follow what must follow.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    Anything,
    Nothing,
    /// Nothing, or at least so many bytes, with which this field begins.
    NothingOr(usize, Field),
}

impl Room {
    /// Anything may follow.
    pub(crate) const ANY: Self = Self { bytes: 0, last: Field::End, then: Then::Anything };

    /// At least so many bytes must follow.
    pub(crate) const fn at_least(bytes: usize, last: Field) -> Self {
        Self { bytes, last, then: Then::Anything }
    }
}
