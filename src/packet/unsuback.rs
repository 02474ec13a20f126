//! UNSUBACK: a server answers an UNSUBSCRIBE.

use super::{
    EncodeError, PacketType, Properties,
    encode::{Body, check_properties, encode_methods},
    fields::Fields,
    watch::Watch,
};
use crate::{
    types::{PacketId, Version},
    wire::Writer,
};
use bytes::BufMut;

/// UNSUBACK: an UNSUBSCRIBE has been carried out (section 3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Unsuback<'a> {
    /// The identifier of the UNSUBSCRIBE.
    pub packet_id: PacketId,
    /// The properties, which 3.1 and 3.1.1 do not have.
    pub properties: Properties<'a>,
}

impl<'a> Unsuback<'a> {
    /// Without properties.
    pub const fn new(packet_id: PacketId) -> Self {
        Self { packet_id, properties: Properties::EMPTY }
    }

    pub(crate) fn decode<W: Watch<'a>>(mut r: Fields<'a, '_, W>) -> Result<Self, W::Fault> {
        let packet_id = r.packet_id()?;
        r.finish()?;
        Ok(Self::new(packet_id))
    }
}

impl Body for Unsuback<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        PacketType::Unsuback.first_byte()
    }

    #[inline]
    fn body_len(&self, version: Version) -> Result<usize, EncodeError> {
        check_properties(PacketType::Unsuback, self.properties, version)?;
        Ok(2)
    }

    #[inline]
    fn write<B: BufMut>(&self, _: Version, out: &mut Writer<'_, B>) {
        out.u16(self.packet_id.get());
    }
}

encode_methods!(Unsuback<'a>);
