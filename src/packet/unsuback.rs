//! UNSUBACK: a server answers an UNSUBSCRIBE.

use super::{
    EncodeError, Field, List, PacketType, Properties,
    codes::{Codes, check_reason},
    encode::{Body, encode_methods, properties_len, write_properties},
    fields::Fields,
    room::Room,
    watch::Watch,
};
use crate::{
    types::{PacketId, ReasonCode, Version},
    wire::Writer,
};
use bytes::BufMut;

/// UNSUBACK: an UNSUBSCRIBE has been carried out (section 3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Unsuback<'a> {
    /// The identifier of the UNSUBSCRIBE.
    pub packet_id: PacketId,
    /// One code for each filter, in order. 3.1 and 3.1.1 have none.
    pub codes: List<'a, ReasonCode>,
    /// The properties, which 3.1 and 3.1.1 do not have.
    pub properties: Properties<'a>,
}

impl<'a> Unsuback<'a> {
    /// The answer of 3.1 and 3.1.1: without codes and properties.
    pub const fn new(packet_id: PacketId) -> Self {
        let codes = List::from_checked(&[], 0, 0);
        Self { packet_id, codes, properties: Properties::EMPTY }
    }

    /// The answer of 5.0, without properties.
    pub fn with_codes(packet_id: PacketId, codes: impl Into<List<'a, ReasonCode>>) -> Self {
        Self { packet_id, codes: codes.into(), properties: Properties::EMPTY }
    }

    pub(crate) fn decode<W: Watch<'a>>(mut r: Fields<'a, '_, W>) -> Result<Self, W::Fault> {
        let packet_id = r.packet_id()?;
        let codes = Codes::of(PacketType::Unsuback, r.version(), r.options.sender);
        if matches!(codes, Codes::Nothing) {
            r.finish()?;
            return Ok(Self::new(packet_id));
        }
        let properties = r.properties(Room::CODES)?;
        let bytes = r.rest();
        let count = r.reason_codes(codes)?;
        Ok(Self { packet_id, codes: List::from_checked(bytes, count, 0), properties })
    }
}

impl Body for Unsuback<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        PacketType::Unsuback.first_byte()
    }

    #[inline]
    fn body_len(&self, version: Version) -> Result<usize, EncodeError> {
        let packet_type = PacketType::Unsuback;
        let properties = properties_len(packet_type, self.properties, version)?;
        match (properties, self.codes.is_empty()) {
            (0, true) => return Ok(2),
            (0, false) => {
                let field = Field::ReasonCode;
                return Err(EncodeError::NotInVersion { packet_type, field, version });
            }
            (_, true) => return Err(EncodeError::Empty { packet_type }),
            (_, false) => {}
        }
        // [MQTT-3.11.3-2]
        self.codes.iter().try_for_each(|code| check_reason(packet_type, code, version))?;
        Ok(self.codes.len().saturating_add(2).saturating_add(properties))
    }

    #[inline]
    fn write<B: BufMut>(&self, version: Version, _: usize, out: &mut Writer<'_, B>) {
        out.u16(self.packet_id.get());
        write_properties(&self.properties, version, out);
        self.codes.write(out);
    }
}

encode_methods!(Unsuback<'a>);
