//! The values of properties on the wire.

use super::property::UserProperty;
use crate::{
    topic::TopicName,
    types::{QoS, SubscriptionId},
    wire::{Binary, Reader, Text, Writer, varint},
};
use bytes::BufMut;
use core::num::{NonZeroU16, NonZeroU32};

/// A value of a property.
pub(crate) trait PropertyValue<'a>: Sized {
    /// The value at the front of checked bytes.
    fn read(reader: &mut Reader<'a>) -> Option<Self>;

    fn wire_len(&self) -> usize;

    fn write<B: BufMut>(&self, out: &mut Writer<'_, B>);

    /// Whether it may be sent, for types that have more values than the property.
    #[inline]
    fn is_valid(&self) -> bool {
        true
    }
}

impl PropertyValue<'_> for bool {
    #[inline]
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.u8().map(|byte| byte != 0)
    }

    #[inline]
    fn wire_len(&self) -> usize {
        1
    }

    #[inline]
    fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        out.u8(u8::from(*self));
    }
}

impl PropertyValue<'_> for QoS {
    #[inline]
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.u8().and_then(Self::new)
    }

    #[inline]
    fn wire_len(&self) -> usize {
        1
    }

    #[inline]
    fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        out.u8(self.level());
    }

    /// Maximum QoS is 0 or 1; without it it is 2.
    #[inline]
    fn is_valid(&self) -> bool {
        *self != Self::ExactlyOnce
    }
}

impl PropertyValue<'_> for u16 {
    #[inline]
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.u16()
    }

    #[inline]
    fn wire_len(&self) -> usize {
        2
    }

    #[inline]
    fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        out.u16(*self);
    }
}

impl PropertyValue<'_> for NonZeroU16 {
    #[inline]
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.u16().and_then(Self::new)
    }

    #[inline]
    fn wire_len(&self) -> usize {
        2
    }

    #[inline]
    fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        out.u16(self.get());
    }
}

impl PropertyValue<'_> for u32 {
    #[inline]
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.u32()
    }

    #[inline]
    fn wire_len(&self) -> usize {
        4
    }

    #[inline]
    fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        out.u32(*self);
    }
}

impl PropertyValue<'_> for NonZeroU32 {
    #[inline]
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.u32().and_then(Self::new)
    }

    #[inline]
    fn wire_len(&self) -> usize {
        4
    }

    #[inline]
    fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        out.u32(self.get());
    }
}

impl PropertyValue<'_> for SubscriptionId {
    #[inline]
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.varint().and_then(Self::new)
    }

    #[inline]
    fn wire_len(&self) -> usize {
        varint::len(self.get())
    }

    #[inline]
    fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        out.varint(self.get());
    }
}

impl<'a> PropertyValue<'a> for Text<'a> {
    #[inline]
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        reader.prefixed().map(Self::from_checked)
    }

    #[inline]
    fn wire_len(&self) -> usize {
        self.len().saturating_add(2)
    }

    #[inline]
    fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        out.text(*self);
    }
}

impl<'a> PropertyValue<'a> for TopicName<'a> {
    #[inline]
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        reader.prefixed().map(Self::from_checked)
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

impl<'a> PropertyValue<'a> for Binary<'a> {
    #[inline]
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        reader.prefixed().map(Self::from_checked)
    }

    #[inline]
    fn wire_len(&self) -> usize {
        self.len().saturating_add(2)
    }

    #[inline]
    fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        out.binary(*self);
    }
}

impl<'a> PropertyValue<'a> for UserProperty<'a> {
    #[inline]
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let name = PropertyValue::read(reader)?;
        Some(Self { name, value: PropertyValue::read(reader)? })
    }

    #[inline]
    fn wire_len(&self) -> usize {
        PropertyValue::wire_len(&self.name).saturating_add(PropertyValue::wire_len(&self.value))
    }

    #[inline]
    fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        out.text(self.name);
        out.text(self.value);
    }
}
