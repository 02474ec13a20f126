//! DISCONNECT: a client, or in 5.0 a server, takes its leave.

use super::{
    EncodeError, PacketType, Properties,
    encode::{Body, encode_methods},
    fields::Fields,
    outcome::{outcome_len, write_outcome},
    watch::Watch,
};
use crate::{
    types::{ReasonCode, Version},
    wire::Writer,
};
use bytes::BufMut;

/// DISCONNECT: the last packet of a client that leaves in order; in 5.0 also of a server, and with the
/// reason (section 3.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Disconnect<'a> {
    /// Why. 3.1 and 3.1.1 can only say success, which is the normal end.
    pub reason: ReasonCode,
    /// The properties, which 3.1 and 3.1.1 do not have.
    pub properties: Properties<'a>,
}

impl<'a> Disconnect<'a> {
    /// The normal end, without properties.
    pub const fn new() -> Self {
        Self { reason: ReasonCode::SUCCESS, properties: Properties::EMPTY }
    }

    pub(crate) fn decode<W: Watch<'a>>(mut r: Fields<'a, '_, W>) -> Result<Self, W::Fault> {
        let (reason, properties) = r.outcome()?;
        Ok(Self { reason, properties })
    }
}

impl Default for Disconnect<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl Body for Disconnect<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        PacketType::Disconnect.first_byte()
    }

    #[inline]
    fn body_len(&self, version: Version) -> Result<usize, EncodeError> {
        outcome_len(PacketType::Disconnect, self.reason, self.properties, version)
    }

    #[inline]
    fn write<B: BufMut>(&self, _: Version, len: usize, out: &mut Writer<'_, B>) {
        write_outcome(len, self.reason, self.properties, out);
    }
}

encode_methods!(Disconnect<'a>);
