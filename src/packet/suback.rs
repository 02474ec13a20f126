//! SUBACK: a server answers a SUBSCRIBE.

use super::{
    EncodeError, Entry, ErrorKind, Field, List, PacketType, Properties, Rule,
    encode::{Body, check_properties, encode_methods},
    explain::Value,
    fields::Fields,
    list::sealed::Wire,
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
        let bytes = r.rest();
        if r.is_done() {
            let at = r.at();
            r.breach(ErrorKind::NoReasonCodes, Field::ReturnCode, at, 0)?;
        }
        let mut count = 0_usize;
        while !r.is_done() {
            let start = r.at();
            let code = r.u8(Field::ReturnCode)?;
            r.saw(Field::ReturnCode, start, Value::Number(code.into()));
            let fails_in_3_1 = r.version() == Version::V3_1 && r.refuses(Rule::SubackFailureIn3_1);
            // [MQTT-3.9.3-2]
            if code > 2 && (code != 0x80 || fails_in_3_1) {
                r.breach(ErrorKind::InvalidReasonCode, Field::ReturnCode, start, code.into())?;
            }
            count = count.saturating_add(1);
        }
        let codes = List::from_checked(bytes, count);
        Ok(Self { packet_id, codes, properties: Properties::EMPTY })
    }
}

impl Entry<'_> for ReasonCode {}

#[allow(private_interfaces, reason = "sealed: nobody else calls it")]
impl<'a> Wire<'a> for ReasonCode {
    #[inline]
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
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
        let exists = |code: ReasonCode| matches!(code.get(), 0..=2 | 0x80);
        if !self.codes.iter().all(exists) {
            let field = Field::ReturnCode;
            return Err(EncodeError::NotInVersion { packet_type, field, version });
        }
        check_properties(packet_type, self.properties, version)?;
        Ok(self.codes.len().saturating_add(2))
    }

    #[inline]
    fn write<B: BufMut>(&self, _: Version, out: &mut Writer<'_, B>) {
        out.u16(self.packet_id.get());
        self.codes.write(out);
    }
}

encode_methods!(Suback<'a>);
