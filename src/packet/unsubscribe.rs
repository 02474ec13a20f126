//! UNSUBSCRIBE: a client wants no more messages.

use super::{
    EncodeError, Entry, ErrorKind, Field, List, PacketType, Properties,
    encode::{Body, check_shared, encode_methods, properties_len, write_properties},
    fields::Fields,
    list::sealed::Wire,
    room::{Room, Then},
    watch::Watch,
};
use crate::{
    topic::TopicFilter,
    types::{PacketId, Version},
    wire::{Reader, Writer},
};
use bytes::BufMut;

/// UNSUBSCRIBE: a client gives up one or more topic filters (section 3.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Unsubscribe<'a> {
    /// The identifier that the UNSUBACK will carry.
    pub packet_id: PacketId,
    /// The filters, one at least.
    pub filters: List<'a, TopicFilter<'a>>,
    /// The properties, which 3.1 and 3.1.1 do not have.
    pub properties: Properties<'a>,
}

impl<'a> Unsubscribe<'a> {
    /// Without properties.
    pub fn new(packet_id: PacketId, filters: impl Into<List<'a, TopicFilter<'a>>>) -> Self {
        Self { packet_id, filters: filters.into(), properties: Properties::EMPTY }
    }

    pub(crate) fn decode<W: Watch<'a>>(mut r: Fields<'a, '_, W>) -> Result<Self, W::Fault> {
        let packet_id = r.packet_id()?;
        let properties = r.properties(Room::filters(3, Field::TopicFilter))?;
        let bytes = r.rest();
        if r.is_done() {
            // [MQTT-3.10.3-2]
            let at = r.at();
            r.breach(ErrorKind::NoFilters, Field::TopicFilter, at, 0)?;
        }
        let mut count = 0_u32;
        while !r.is_done() {
            // [MQTT-3.10.3-1]
            r.topic_filter(Field::TopicFilter, ROOM)?;
            // There are fewer than bytes.
            count = count.wrapping_add(1);
        }
        Ok(Self { packet_id, filters: List::from_checked(bytes, count, 0), properties })
    }
}

/// Nothing follows a filter, or another one.
const ROOM: Room = Room::ANY.and(Then::NothingOr(3, Field::TopicFilter));

impl<'a> Entry<'a> for TopicFilter<'a> {}

#[allow(private_interfaces, reason = "sealed: nobody else calls it")]
impl<'a> Wire<'a> for TopicFilter<'a> {
    #[inline]
    fn read(reader: &mut Reader<'a>, _: u32) -> Option<Self> {
        reader.prefixed().map(TopicFilter::from_checked)
    }

    #[inline]
    fn wire_len(&self) -> usize {
        self.text().len().saturating_add(2)
    }

    #[inline]
    fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        out.text(self.text());
    }
}

impl Body for Unsubscribe<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        PacketType::Unsubscribe.first_byte()
    }

    #[inline]
    fn body_len(&self, version: Version) -> Result<usize, EncodeError> {
        let packet_type = PacketType::Unsubscribe;
        let properties = properties_len(packet_type, self.properties, version)?;
        if self.filters.is_empty() {
            // [MQTT-3.10.3-2]
            return Err(EncodeError::Empty { packet_type });
        }
        check_shared(packet_type, self.filters, properties)?;
        Ok(self.filters.wire_len().saturating_add(2).saturating_add(properties))
    }

    #[inline]
    fn write<B: BufMut>(&self, version: Version, _: usize, out: &mut Writer<'_, B>) {
        out.u16(self.packet_id.get());
        write_properties(&self.properties, version, out);
        self.filters.write(out);
    }
}

encode_methods!(Unsubscribe<'a>);
