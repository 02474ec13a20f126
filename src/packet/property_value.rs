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

/// Defines values of a fixed length: the type, the number that stands for it, and how one becomes the
/// other.
macro_rules! fixed {
    ($($value:ty, $number:ident, $read:expr, $write:expr;)*) => {$(
        impl PropertyValue<'_> for $value {
            #[inline]
            fn read(reader: &mut Reader<'_>) -> Option<Self> {
                reader.$number().and_then($read)
            }

            #[inline]
            fn wire_len(&self) -> usize {
                size_of::<$number>()
            }

            #[inline]
            fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
                out.$number($write(*self));
            }
        }
    )*};
}

fixed! {
    bool, u8, |byte| Some(byte != 0), u8::from;
    u16, u16, Some, u16::from;
    NonZeroU16, u16, NonZeroU16::new, NonZeroU16::get;
    u32, u32, Some, u32::from;
    NonZeroU32, u32, NonZeroU32::new, NonZeroU32::get;
}

/// Defines values that have their length before them.
macro_rules! prefixed {
    ($($value:ident)*) => {$(
        impl<'a> PropertyValue<'a> for $value<'a> {
            #[inline]
            fn read(reader: &mut Reader<'a>) -> Option<Self> {
                reader.prefixed().map(Self::from_checked)
            }

            #[inline]
            fn wire_len(&self) -> usize {
                self.as_bytes().len().saturating_add(2)
            }

            #[inline]
            fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
                out.prefixed(self.as_bytes());
            }
        }
    )*};
}

prefixed! { Text TopicName Binary }

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
