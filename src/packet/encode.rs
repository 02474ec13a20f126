//! What every packet shares when it is written: everything is checked before the first byte is.

use super::{EncodeError, Field, PacketType, Properties};
use crate::{
    types::Version,
    wire::{Writer, varint},
};
use bytes::BufMut;

/// A packet as the encoder sees it.
pub(crate) trait Body {
    /// The first byte of the packet.
    fn first_byte(&self) -> u8;

    /// Checks that the version can express the packet; the length of what follows the fixed header.
    fn body_len(&self, version: Version) -> Result<usize, EncodeError>;

    /// Writes what follows the fixed header.
    fn write<B: BufMut>(&self, version: Version, out: &mut Writer<'_, B>);
}

/// Makes sure that the version has properties if there are any.
#[inline]
pub(crate) const fn check_properties(
    packet_type: PacketType,
    properties: Properties<'_>,
    version: Version,
) -> Result<(), EncodeError> {
    if properties.is_empty() {
        return Ok(());
    }
    Err(EncodeError::NotInVersion { packet_type, field: Field::Properties, version })
}

/// The Remaining Length of a body of this many bytes.
#[inline]
pub(crate) fn remaining_length(packet_type: PacketType, len: usize) -> Result<u32, EncodeError> {
    match u32::try_from(len) {
        Ok(len) if len <= varint::MAX => Ok(len),
        _ => Err(EncodeError::PacketTooLarge { packet_type, remaining_length: len }),
    }
}

/// The number of bytes of a packet with a body of this many.
#[inline]
pub(crate) const fn packet_len(remaining_length: u32, body_len: usize) -> usize {
    body_len.saturating_add(1).saturating_add(varint::len(remaining_length))
}

/// Makes sure that the buffer takes what will be written.
#[inline]
pub(crate) fn check_room(out: &impl BufMut, needed: usize) -> Result<(), EncodeError> {
    let available = out.remaining_mut();
    if needed > available {
        return Err(EncodeError::NoRoom { needed, available });
    }
    Ok(())
}

/// Writes a whole packet.
#[inline]
pub(crate) fn packet<P: Body>(
    packet: &P,
    packet_type: PacketType,
    version: Version,
    out: &mut impl BufMut,
) -> Result<(), EncodeError> {
    let body_len = packet.body_len(version)?;
    let remaining_length = remaining_length(packet_type, body_len)?;
    check_room(out, packet_len(remaining_length, body_len))?;
    let mut writer = Writer::new(out);
    writer.fixed_header(packet.first_byte(), remaining_length);
    packet.write(version, &mut writer);
    Ok(())
}

/// Gives a packet its public `encoded_len` and `encode`.
macro_rules! encode_methods {
    ($name:ident $(<$lt:lifetime>)?) => {
        impl $(<$lt>)? $name $(<$lt>)? {
            /// The number of bytes that [`Self::encode`] writes.
            pub fn encoded_len(
                &self,
                version: $crate::Version,
            ) -> Result<usize, $crate::EncodeError> {
                use $crate::packet::{PacketType, encode};
                let body_len = encode::Body::body_len(self, version)?;
                let remaining_length = encode::remaining_length(PacketType::$name, body_len)?;
                Ok(encode::packet_len(remaining_length, body_len))
            }

            /// Writes the packet. On an error nothing has been written.
            #[inline]
            pub fn encode(
                &self,
                version: $crate::Version,
                out: &mut impl bytes::BufMut,
            ) -> Result<(), $crate::EncodeError> {
                use $crate::packet::{PacketType, encode};
                encode::packet(self, PacketType::$name, version, out)
            }
        }
    };
}
pub(crate) use encode_methods;
