//! PUBACK, PUBREC, PUBREL and PUBCOMP: one shape, four names.

use super::{
    EncodeError, PacketType, Properties,
    encode::{self, Body, check_room},
    fields::Fields,
    outcome::{outcome_len, write_outcome},
    watch::Watch,
};
use crate::{
    types::{PacketId, ReasonCode, Version},
    wire::Writer,
};
use bytes::BufMut;

/// The type and the identifier of an acknowledgement at the front that says success and nothing else,
/// which all versions say alike, and what follows it.
#[inline(always)]
pub(crate) const fn read_short(input: &[u8]) -> Option<(PacketType, PacketId, &[u8])> {
    let [first, 2, high, low, after @ ..] = input else { return None };
    let packet_type = match *first {
        0x40 => PacketType::Puback,
        0x50 => PacketType::Pubrec,
        0x62 => PacketType::Pubrel,
        0x70 => PacketType::Pubcomp,
        _ => return None,
    };
    match PacketId::new(u16::from_be_bytes([*high, *low])) {
        Some(packet_id) => Some((packet_type, packet_id, after)),
        None => None,
    }
}

/// An acknowledgement that says success and nothing else.
#[inline]
pub(crate) const fn short_ack(packet_type: PacketType, packet_id: PacketId) -> [u8; 4] {
    let [high, low] = packet_id.get().to_be_bytes();
    [packet_type.first_byte(), 2, high, low]
}

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

            #[inline]
            pub(crate) fn decode<W: Watch<'a>>(
                mut r: Fields<'a, '_, W>,
            ) -> Result<Self, W::Fault> {
                let packet_id = r.packet_id()?;
                let (reason, properties) = r.outcome()?;
                Ok(Self { packet_id, reason, properties })
            }

            /// The number of bytes that [`Self::encode`] writes.
            pub fn encoded_len(&self, version: Version) -> Result<usize, EncodeError> {
                if self.is_short() {
                    return Ok(4);
                }
                encode::encoded_len(self, PacketType::$name, version)
            }

            /// Writes the packet in its shortest form. On an error nothing has been written.
            #[inline]
            pub fn encode(
                &self,
                version: Version,
                out: &mut impl BufMut,
            ) -> Result<(), EncodeError> {
                if !self.is_short() {
                    return self.encode_long(version, out);
                }
                check_room(out, 4)?;
                Writer::new(out).bytes(&self.short());
                Ok(())
            }

            // Apart from the short form, which is written where it is called for.
            #[inline(never)]
            fn encode_long(
                &self,
                version: Version,
                out: &mut impl BufMut,
            ) -> Result<(), EncodeError> {
                encode::packet(self, PacketType::$name, version, out)
            }

            /// The packet if it is short.
            #[inline]
            pub(crate) const fn short(&self) -> [u8; 4] {
                short_ack(PacketType::$name, self.packet_id)
            }

            /// Whether it says success and nothing else, which all versions say alike.
            #[inline]
            pub(crate) fn is_short(&self) -> bool {
                self.reason == ReasonCode::SUCCESS && self.properties.is_empty()
            }
        }

        impl Body for $name<'_> {
            #[inline]
            fn first_byte(&self) -> u8 {
                PacketType::$name.first_byte()
            }

            #[inline]
            fn body_len(&self, version: Version) -> Result<usize, EncodeError> {
                let packet_type = PacketType::$name;
                let len = outcome_len(packet_type, self.reason, self.properties, version)?;
                Ok(len.saturating_add(2))
            }

            #[inline]
            fn write<B: BufMut>(&self, _: Version, len: usize, out: &mut Writer<'_, B>) {
                out.u16(self.packet_id.get());
                write_outcome(len.saturating_sub(2), self.reason, self.properties, out);
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
