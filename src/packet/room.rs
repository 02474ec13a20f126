//! The room that a length-prefixed field has to leave in its packet.

use super::{ErrorKind, Field, PropertyId};

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
    /// What it is if they do not follow.
    pub(crate) fault: ErrorKind,
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
    pub(crate) const ANY: Self = Self::at_least(0, Field::End);

    /// Nothing may follow.
    pub(crate) const NOTHING: Self = Self::ANY.and(Then::Nothing);

    /// At least so many bytes must follow.
    pub(crate) const fn at_least(bytes: usize, last: Field) -> Self {
        Self { bytes, last, fault: ErrorKind::TruncatedField, then: Then::Anything }
    }

    /// At least so many bytes must follow, because this property has to.
    pub(crate) const fn missing(bytes: usize, id: PropertyId) -> Self {
        let last = Field::Property(id);
        Self { bytes, last, fault: ErrorKind::PropertyMissing, then: Then::Anything }
    }

    /// The same, and then this.
    pub(crate) const fn and(self, then: Then) -> Self {
        Self { then, ..self }
    }
}
