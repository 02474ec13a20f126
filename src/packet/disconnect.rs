//! DISCONNECT: a client takes its leave.

use super::{
    EncodeError, Field, PacketType, Properties,
    encode::{Body, check_properties, encode_methods},
    fields::Fields,
    watch::Watch,
};
use crate::{
    types::{ReasonCode, Version},
    wire::Writer,
};
use bytes::BufMut;

/// DISCONNECT: the last packet of a client that leaves in order (section 3.14).
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
        r.finish()?;
        Ok(Self::new())
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
        let packet_type = PacketType::Disconnect;
        if self.reason != ReasonCode::SUCCESS {
            let field = Field::ReasonCode;
            return Err(EncodeError::NotInVersion { packet_type, field, version });
        }
        check_properties(packet_type, self.properties, version)?;
        Ok(0)
    }

    #[inline]
    fn write<B: BufMut>(&self, _: Version, _: &mut Writer<'_, B>) {}
}

encode_methods!(Disconnect<'a>);
