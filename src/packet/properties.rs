//! The properties of a packet: a block of bytes that were checked when the packet was decoded.

use core::fmt;

/// The properties of a packet. 3.1 and 3.1.1 have none, so there it is always empty.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Properties<'a> {
    block: &'a [u8],
}

impl Properties<'_> {
    /// No properties.
    pub const EMPTY: Self = Self { block: &[] };

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.block.is_empty()
    }
}

impl fmt::Debug for Properties<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().finish()
    }
}
