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
    /// What it is if nothing follows.
    pub(crate) fault_if_none: ErrorKind,
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
        let fault = ErrorKind::TruncatedField;
        Self { bytes, last, fault, fault_if_none: fault, then: Then::Anything }
    }

    /// At least one code must follow.
    pub(crate) const CODES: Self =
        Self { fault_if_none: ErrorKind::NoReasonCodes, ..Self::at_least(1, Field::ReasonCode) };

    /// At least one topic filter must follow, with what goes with it so many bytes.
    pub(crate) const fn filters(bytes: usize, last: Field) -> Self {
        Self { fault_if_none: ErrorKind::NoFilters, ..Self::at_least(bytes, last) }
    }

    /// At least so many bytes must follow, because this property has to.
    pub(crate) const fn missing(bytes: usize, id: PropertyId) -> Self {
        let last = Field::Property(id);
        let fault = ErrorKind::PropertyMissing;
        Self { bytes, last, fault, fault_if_none: fault, then: Then::Anything }
    }

    /// The same, and then this.
    pub(crate) const fn and(self, then: Then) -> Self {
        Self { then, ..self }
    }
}
