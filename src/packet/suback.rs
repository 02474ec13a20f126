//! SUBACK: a server answers a SUBSCRIBE.

use super::{
    EncodeError, Entry, List, PacketType, Properties,
    codes::{Codes, check_reason},
    encode::{Body, encode_methods, properties_len, write_properties},
    fields::Fields,
    list::sealed::Wire,
    room::Room,
    watch::Watch,
};
use crate::{
    types::{PacketId, ReasonCode, Version},
    wire::{Reader, Writer},
};
use bytes::BufMut;

/// SUBACK: what became of each topic filter of a SUBSCRIBE (section 3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Suback<'a> {
    /// The identifier of the SUBSCRIBE.
    pub packet_id: PacketId,
    /// One code for each filter, in order: the granted QoS or a failure.
    ///
    /// 3.1.1 has one failure code, [`ReasonCode::UNSPECIFIED_ERROR`]. The text of 3.1 has none, but
    /// servers send it there too, so it can be written and, by default, read.
    pub codes: List<'a, ReasonCode>,
    /// The properties, which 3.1 and 3.1.1 do not have.
    pub properties: Properties<'a>,
}

impl<'a> Suback<'a> {
    /// Without properties.
    pub fn new(packet_id: PacketId, codes: impl Into<List<'a, ReasonCode>>) -> Self {
        Self { packet_id, codes: codes.into(), properties: Properties::EMPTY }
    }

    pub(crate) fn decode<W: Watch<'a>>(mut r: Fields<'a, '_, W>) -> Result<Self, W::Fault> {
        let packet_id = r.packet_id()?;
        let properties = r.properties(Room::CODES)?;
        let bytes = r.rest();
        let codes = Codes::of(PacketType::Suback, r.version(), r.options.sender);
        let count = r.reason_codes(codes)?;
        Ok(Self { packet_id, codes: List::from_checked(bytes, count, 0), properties })
    }
}

impl Entry<'_> for ReasonCode {}

#[allow(private_interfaces, reason = "sealed: nobody else calls it")]
impl<'a> Wire<'a> for ReasonCode {
    #[inline]
    fn read(reader: &mut Reader<'a>, _: u32) -> Option<Self> {
        reader.u8().map(Self::new)
    }

    #[inline]
    fn wire_len(&self) -> usize {
        1
    }

    #[inline]
    fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        out.u8(self.get());
    }
}

impl Body for Suback<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        PacketType::Suback.first_byte()
    }

    #[inline]
    fn body_len(&self, version: Version) -> Result<usize, EncodeError> {
        let packet_type = PacketType::Suback;
        if self.codes.is_empty() {
            return Err(EncodeError::Empty { packet_type });
        }
        // [MQTT-3.9.3-2]
        self.codes.iter().try_for_each(|code| check_reason(packet_type, code, version))?;
        let properties = properties_len(packet_type, self.properties, version)?;
        Ok(self.codes.len().saturating_add(2).saturating_add(properties))
    }

    #[inline]
    fn write<B: BufMut>(&self, version: Version, _: usize, out: &mut Writer<'_, B>) {
        out.u16(self.packet_id.get());
        write_properties(&self.properties, version, out);
        self.codes.write(out);
    }
}

encode_methods!(Suback<'a>);
