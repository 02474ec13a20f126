//! PINGREQ and PINGRESP: nothing but their fixed header.

use super::{
    EncodeError, PacketType,
    encode::{Body, encode_methods},
    fields::Fields,
    watch::Watch,
};
use crate::{types::Version, wire::Writer};
use bytes::BufMut;

/// Defines one of the two.
macro_rules! ping {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name;

        impl $name {
            pub(crate) fn decode<'a, W: Watch<'a>>(
                mut r: Fields<'a, '_, W>,
            ) -> Result<Self, W::Fault> {
                r.finish()?;
                Ok(Self)
            }
        }

        impl Body for $name {
            #[inline]
            fn first_byte(&self) -> u8 {
                PacketType::$name.first_byte()
            }

            #[inline]
            fn body_len(&self, _: Version) -> Result<usize, EncodeError> {
                Ok(0)
            }

            #[inline]
            fn write<B: BufMut>(&self, _: Version, _: &mut Writer<'_, B>) {}
        }

        encode_methods!($name);
    };
}

ping! {
    /// PINGREQ: a client shows that it is alive and asks whether the server is (section 3.12).
    Pingreq
}
ping! {
    /// PINGRESP: the answer to a PINGREQ (section 3.13).
    Pingresp
}
