//! PINGREQ and PINGRESP: nothing but their fixed header.

use super::{EncodeError, PacketType, encode::check_room, fields::Fields, watch::Watch};
use crate::{types::Version, wire::Writer};
use bytes::BufMut;

/// Defines one of the two.
macro_rules! ping {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name;

        impl $name {
            pub(crate) const BYTES: [u8; 2] = [PacketType::$name.first_byte(), 0];

            pub(crate) fn decode<'a, W: Watch<'a>>(
                mut r: Fields<'a, '_, W>,
            ) -> Result<Self, W::Fault> {
                r.finish()?;
                Ok(Self)
            }
        }

        impl $name {
            /// The number of bytes that [`Self::encode`] writes.
            pub const fn encoded_len(&self, _: Version) -> Result<usize, EncodeError> {
                Ok(2)
            }

            /// Writes the packet. On an error nothing has been written.
            #[inline]
            pub fn encode(&self, _: Version, out: &mut impl BufMut) -> Result<(), EncodeError> {
                check_room(out, 2)?;
                Writer::new(out).bytes(&Self::BYTES);
                Ok(())
            }
        }
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
