//! What every packet shares when it is written: everything is checked before the first byte is.

use super::{EncodeError, Field, PacketType, Properties, property::Holder};
use crate::{
    topic::TopicFilter,
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

    /// Writes what follows the fixed header, of which the length is known.
    fn write<B: BufMut>(&self, version: Version, len: usize, out: &mut Writer<'_, B>);
}

/// The number of bytes of the properties of a packet, their length included.
#[inline(always)]
pub(crate) fn properties_len(
    packet_type: PacketType,
    properties: Properties<'_>,
    version: Version,
) -> Result<usize, EncodeError> {
    properties_len_of(packet_type, Holder::Packet(packet_type), properties, version)
}

/// The number of bytes of the properties of this holder, their length included.
#[inline(always)]
pub(crate) fn properties_len_of(
    packet_type: PacketType,
    holder: Holder,
    properties: Properties<'_>,
    version: Version,
) -> Result<usize, EncodeError> {
    let least = least_properties_len(version);
    if properties.is_empty() && !matches!(holder, Holder::Packet(PacketType::Auth)) {
        return Ok(least);
    }
    some_properties_len(packet_type, holder, properties, version)
}

/// How many bytes no properties take.
#[inline(always)]
const fn least_properties_len(version: Version) -> usize {
    version.pick(0, 0, 1)
}

#[inline(never)]
fn some_properties_len(
    packet_type: PacketType,
    holder: Holder,
    properties: Properties<'_>,
    version: Version,
) -> Result<usize, EncodeError> {
    if least_properties_len(version) == 0 {
        let field = Field::Properties;
        return Err(EncodeError::NotInVersion { packet_type, field, version });
    }
    let len = properties.block_len(packet_type, holder)?;
    let varint_len = varint::len(remaining_length(packet_type, len)?);
    Ok(len.saturating_add(varint_len))
}

/// Writes the properties, where the version has them.
#[inline(always)]
pub(crate) fn write_properties<B: BufMut>(
    properties: &Properties<'_>,
    version: Version,
    out: &mut Writer<'_, B>,
) {
    if least_properties_len(version) == 0 {
        return;
    }
    if properties.is_empty() {
        // [MQTT-2.2.2-1]
        out.u8(0);
    } else {
        properties.write(out);
    }
}

/// Makes sure that what looks like shared subscriptions are some, where the version has them, which
/// is where properties take some bytes.
#[inline]
pub(crate) fn check_shared<'a>(
    packet_type: PacketType,
    filters: impl IntoIterator<Item = TopicFilter<'a>>,
    properties_len: usize,
) -> Result<(), EncodeError> {
    // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
    let is_malformed = |filter: TopicFilter<'_>| filter.is_shared() && filter.share().is_none();
    if properties_len > 0 && filters.into_iter().any(is_malformed) {
        return Err(EncodeError::SharedSubscription { packet_type });
    }
    Ok(())
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

/// Writes a packet of which all bytes are known to the front of a slice.
#[inline(always)]
pub(crate) fn put<const N: usize>(packet: [u8; N], out: &mut [u8]) -> Result<usize, EncodeError> {
    let available = out.len();
    let place = out.first_chunk_mut().ok_or(EncodeError::NoRoom { needed: N, available })?;
    *place = packet;
    Ok(N)
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
    packet.write(version, body_len, &mut writer);
    Ok(())
}

/// The number of bytes of a whole packet.
#[inline]
pub(crate) fn encoded_len<P: Body>(
    packet: &P,
    packet_type: PacketType,
    version: Version,
) -> Result<usize, EncodeError> {
    let body_len = packet.body_len(version)?;
    Ok(packet_len(remaining_length(packet_type, body_len)?, body_len))
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
                encode::encoded_len(self, PacketType::$name, version)
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
