//! SUBSCRIBE: a client asks for messages.

use super::{
    EncodeError, Entry, ErrorKind, Field, List, PacketType, Properties, Rule,
    encode::{Body, check_properties, encode_methods},
    explain::Value,
    fields::Fields,
    list::sealed::Wire,
    room::{Room, Then},
    watch::Watch,
};
use crate::{
    topic::TopicFilter,
    types::{PacketId, QoS, Version},
    wire::{Reader, Writer},
};
use bytes::BufMut;

/// SUBSCRIBE: a client asks for the messages of one or more topic filters (section 3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Subscribe<'a> {
    /// The identifier that the SUBACK will carry.
    pub packet_id: PacketId,
    /// What is asked for, one at least.
    pub subscriptions: List<'a, Subscription<'a>>,
    /// The properties, which 3.1 and 3.1.1 do not have.
    pub properties: Properties<'a>,
}

/// One topic filter of a SUBSCRIBE and what goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subscription<'a> {
    /// Which topics.
    pub filter: TopicFilter<'a>,
    /// How.
    pub options: SubscriptionOptions,
}

impl<'a> Subscription<'a> {
    /// A subscription with this QoS at most.
    pub const fn new(filter: TopicFilter<'a>, qos: QoS) -> Self {
        Self { filter, options: SubscriptionOptions { qos } }
    }
}

/// How messages of a subscription are to be delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SubscriptionOptions {
    /// The highest QoS that the client asks for.
    pub qos: QoS,
}

impl<'a> Subscribe<'a> {
    /// Without properties.
    pub fn new(packet_id: PacketId, subscriptions: impl Into<List<'a, Subscription<'a>>>) -> Self {
        let subscriptions = subscriptions.into();
        Self { packet_id, subscriptions, properties: Properties::EMPTY }
    }

    pub(crate) fn decode<W: Watch<'a>>(mut r: Fields<'a, '_, W>) -> Result<Self, W::Fault> {
        let packet_id = r.packet_id()?;
        let bytes = r.rest();
        if r.is_done() {
            // [MQTT-3.8.3-3]
            let at = r.at();
            r.breach(ErrorKind::NoFilters, Field::TopicFilter, at, 0)?;
        }
        let mut count = 0_usize;
        while !r.is_done() {
            // [MQTT-3.8.3-1]
            r.topic_filter(Field::TopicFilter, ROOM)?;
            read_options(&mut r)?;
            count = count.saturating_add(1);
        }
        let subscriptions = List::from_checked(bytes, count);
        Ok(Self { packet_id, subscriptions, properties: Properties::EMPTY })
    }
}

/// The requested QoS must follow a filter; after it nothing, or another filter and its QoS.
const ROOM: Room =
    Room { bytes: 1, last: Field::RequestedQos, then: Then::NothingOr(4, Field::TopicFilter) };

/// The requested QoS.
#[inline(always)]
fn read_options<'a, W: Watch<'a>>(r: &mut Fields<'a, '_, W>) -> Result<(), W::Fault> {
    let start = r.at();
    let byte = r.u8(Field::RequestedQos)?;
    r.saw(Field::RequestedQos, start, Value::Number(byte.into()));
    if byte > 2 {
        let bits_are_unused = r.version() == Version::V3_1 && !r.refuses(Rule::UnusedBitsIn3_1);
        // [MQTT-3.8.3-4]
        if byte & 0xfc != 0 && !bits_are_unused {
            let kind = ErrorKind::ReservedSubscriptionBits;
            r.breach(kind, Field::RequestedQos, start, byte.into())?;
        } else if byte & 0x03 == 0x03 {
            r.breach(ErrorKind::InvalidQos, Field::RequestedQos, start, byte.into())?;
        }
    }
    Ok(())
}

impl<'a> Entry<'a> for Subscription<'a> {}

#[allow(private_interfaces, reason = "sealed: nobody else calls it")]
impl<'a> Wire<'a> for Subscription<'a> {
    // 3.1 leaves bits of the requested QoS unused; they are not sent on.
    const VERBATIM: bool = false;

    #[inline]
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let filter = TopicFilter::from_checked(reader.prefixed()?);
        let qos = QoS::new(reader.u8()? & 0x03).unwrap_or_default();
        Some(Self::new(filter, qos))
    }

    #[inline]
    fn wire_len(&self) -> usize {
        self.filter.text().len().saturating_add(3)
    }

    #[inline]
    fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        out.text(self.filter.text());
        out.u8(self.options.qos.level());
    }
}

impl Body for Subscribe<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        PacketType::Subscribe.first_byte()
    }

    #[inline]
    fn body_len(&self, version: Version) -> Result<usize, EncodeError> {
        let packet_type = PacketType::Subscribe;
        check_properties(packet_type, self.properties, version)?;
        if self.subscriptions.is_empty() {
            // [MQTT-3.8.3-3]
            return Err(EncodeError::Empty { packet_type });
        }
        Ok(self.subscriptions.wire_len().saturating_add(2))
    }

    #[inline]
    fn write<B: BufMut>(&self, _: Version, out: &mut Writer<'_, B>) {
        out.u16(self.packet_id.get());
        self.subscriptions.write(out);
    }
}

encode_methods!(Subscribe<'a>);
