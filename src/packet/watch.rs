//! Whoever looks on while the fields of a packet are read.

use super::{DecodeError, Field, explain::Value};
use crate::types::Version;
use core::ops::Range;

/// Whoever wants to know how the reading goes. The decoder does not: `()`.
pub(crate) trait Watch<'a> {
    /// What is left of a fault.
    type Fault: From<DecodeError>;

    /// Whether faults are told. If not, there is no need to find out what is wrong.
    const TELLS: bool = true;

    /// How many bytes of the packet have not arrived yet.
    #[inline(always)]
    fn missing(&self) -> usize {
        0
    }

    /// A field cannot be read before more bytes arrive.
    fn wait(&mut self) {}

    /// The packet is read by the rules of this version, which it names.
    #[inline(always)]
    fn named(&mut self, _version: Version) {}

    /// A field was read.
    #[inline(always)]
    fn saw(&mut self, _field: Field, _span: Range<usize>, _value: Value<'a>) {}

    /// A rule is broken. With `Ok`, reading goes on with a stand-in.
    fn breach(&mut self, error: DecodeError) -> Result<(), Self::Fault> {
        Err(error.into())
    }
}

impl Watch<'_> for () {
    type Fault = DecodeError;
}

/// Reads what is plain, and gives up without a word on whatever needs a closer look. A result that
/// carries no error stays in registers. Only where [`DecodeOptions`](super::DecodeOptions) allow it.
pub(crate) struct Glance;

/// The packet needs a closer look.
pub(crate) struct NotPlain;

impl From<DecodeError> for NotPlain {
    #[inline(always)]
    fn from(_: DecodeError) -> Self {
        Self
    }
}

impl Watch<'_> for Glance {
    type Fault = NotPlain;
    const TELLS: bool = false;
}

/// Looks at a packet of which `missing` bytes have not arrived.
pub(crate) struct Partial {
    pub(crate) missing: usize,
    /// Whether reading stopped because of them.
    pub(crate) waiting: bool,
}

impl Partial {
    pub(crate) const fn new(missing: usize) -> Self {
        Self { missing, waiting: false }
    }
}

impl Watch<'_> for Partial {
    type Fault = DecodeError;

    fn missing(&self) -> usize {
        self.missing
    }

    fn wait(&mut self) {
        self.waiting = true;
    }
}
