//! PUBACK, PUBREC, PUBREL and PUBCOMP: one shape, four names.

use super::{
    EncodeError, Field, PacketType, Properties,
    encode::{check_properties, check_room},
    fields::Fields,
    watch::Watch,
};
use crate::{
    types::{PacketId, ReasonCode, Version},
    wire::Writer,
};
use bytes::BufMut;

/// Defines one of the four.
macro_rules! ack {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(C)]
        pub struct $name<'a> {
            /// The identifier of the PUBLISH that it belongs to.
            pub packet_id: PacketId,
            /// How it went. 3.1 and 3.1.1 can only say success.
            pub reason: ReasonCode,
            /// The properties, which 3.1 and 3.1.1 do not have.
            pub properties: Properties<'a>,
        }

        impl<'a> $name<'a> {
            /// Success, without properties.
            #[inline]
            pub const fn new(packet_id: PacketId) -> Self {
                Self { packet_id, reason: ReasonCode::SUCCESS, properties: Properties::EMPTY }
            }

            pub(crate) fn decode<W: Watch<'a>>(
                mut r: Fields<'a, '_, W>,
            ) -> Result<Self, W::Fault> {
                let packet_id = r.packet_id()?;
                r.finish()?;
                Ok(Self::new(packet_id))
            }

            /// The number of bytes that [`Self::encode`] writes.
            pub fn encoded_len(&self, version: Version) -> Result<usize, EncodeError> {
                check(PacketType::$name, self.reason, self.properties, version).map(|()| 4)
            }

            /// Writes the packet. On an error nothing has been written.
            #[inline]
            pub fn encode(
                &self,
                version: Version,
                out: &mut impl BufMut,
            ) -> Result<(), EncodeError> {
                check(PacketType::$name, self.reason, self.properties, version)?;
                check_room(out, 4)?;
                let [high, low] = self.packet_id.get().to_be_bytes();
                Writer::new(out).bytes(&[PacketType::$name.first_byte(), 2, high, low]);
                Ok(())
            }
        }
    };
}

ack! {
    /// PUBACK: the receiver of a QoS 1 PUBLISH has taken it over (section 3.4).
    Puback
}
ack! {
    /// PUBREC: the receiver of a QoS 2 PUBLISH has taken it over (section 3.5).
    Pubrec
}
ack! {
    /// PUBREL: the sender of a QoS 2 PUBLISH will not send it again (section 3.6).
    Pubrel
}
ack! {
    /// PUBCOMP: the receiver of a QoS 2 PUBLISH has forgotten its identifier (section 3.7).
    Pubcomp
}

/// Makes sure that the version can say this.
#[inline]
fn check(
    packet_type: PacketType,
    reason: ReasonCode,
    properties: Properties<'_>,
    version: Version,
) -> Result<(), EncodeError> {
    if reason != ReasonCode::SUCCESS {
        return Err(EncodeError::NotInVersion { packet_type, field: Field::ReasonCode, version });
    }
    check_properties(packet_type, properties, version)
}
