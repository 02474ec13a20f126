//! The properties of a packet, or of its will: a checked block that is read when asked, or values to
//! encode.

use super::{
    EncodeError, Entries, Entry, List, PacketType,
    list::sealed::Wire,
    property::{Holder, Property, PropertyId},
};
use crate::wire::{Writer, varint};
use alloc::vec::Vec;
use bytes::BufMut;
use core::fmt;

/// The properties of a packet. 3.1 and 3.1.1 have none, so there it is always empty.
///
/// What was decoded is a view of checked bytes; what is to be encoded is a slice of values. Neither
/// allocates, and both keep the order:
///
/// ```
/// use mqtt_pure::{Properties, Property, Text, UserProperty};
///
/// let values = [
///     Property::MessageExpiryInterval(3600),
///     Property::UserProperty(UserProperty::new(Text::new("unit")?, Text::new("kelvin")?)),
/// ];
/// let properties = Properties::from(&values);
/// assert_eq!(properties.message_expiry_interval(), Some(3600));
/// assert_eq!(properties.user_properties().count(), 1);
/// assert_eq!(properties.content_type(), None);
/// # Ok::<(), mqtt_pure::TextError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Properties<'a>(List<'a, Property<'a>>);

impl<'a> Entry<'a> for Property<'a> {}

/// The bits of the context of a decoded list that name its holder; the others name the properties.
const TAGS: u32 = 0xf000_0000;

impl Holder {
    /// The holder as bits of a context.
    #[inline]
    const fn tag(self) -> u32 {
        self.number().wrapping_shl(28)
    }
}

impl<'a> Properties<'a> {
    /// No properties.
    pub const EMPTY: Self = Self::none();

    /// [`Self::EMPTY`], put together where it is needed: a constant would be copied there as a whole.
    #[inline(always)]
    pub(crate) const fn none() -> Self {
        Self(List::from_checked(&[], 0, 0))
    }

    /// A view of a block of this holder that the caller has checked. `seen` has the bits of the
    /// properties in it.
    #[inline]
    pub(crate) const fn from_checked(
        block: &'a [u8],
        count: u32,
        seen: u32,
        holder: Holder,
    ) -> Self {
        Self(List::from_checked(block, count, seen | holder.tag()))
    }

    /// A view of what [`Self::write_of_message`] wrote. Which properties are in it has to be looked up.
    pub(crate) const fn of_message(block: &'a [u8], count: u32) -> Self {
        Self::from_checked(block, count, !TAGS, Holder::Packet(PacketType::Publish))
    }

    /// Writes what belongs to a message itself and not to the way in which it is sent, and counts it:
    /// all but topic alias, the delay of a will and the Message Expiry Interval, which runs.
    pub(crate) fn write_of_message(&self, out: &mut Vec<u8>) -> u32 {
        let mut count = 0_u32;
        for property in self.iter() {
            let is_of_sending = matches!(
                property.id(),
                PropertyId::TopicAlias
                    | PropertyId::MessageExpiryInterval
                    | PropertyId::WillDelayInterval
            );
            if !is_of_sending {
                property.write(&mut Writer::new(out));
                count = count.saturating_add(1);
            }
        }
        count
    }

    /// The properties, in order.
    pub fn iter(&self) -> Entries<'a, Property<'a>> {
        self.0.iter()
    }

    /// The number of properties.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is worth to look for this property.
    #[inline]
    pub(crate) fn may_have(&self, id: PropertyId) -> bool {
        match self.0.context() {
            Some(seen) => seen & id.row().bit != 0,
            None => true,
        }
    }

    /// The length of the block on the wire, its own length field apart. Makes sure that this holder
    /// may carry what is in it.
    #[inline]
    pub(crate) fn block_len(
        &self,
        packet_type: PacketType,
        holder: Holder,
    ) -> Result<usize, EncodeError> {
        let is_checked = self.0.context().is_some_and(|context| context & TAGS == holder.tag());
        if !is_checked {
            self.check(packet_type, holder)?;
        }
        Ok(self.0.wire_len())
    }

    #[inline(never)]
    fn check(&self, packet_type: PacketType, holder: Holder) -> Result<(), EncodeError> {
        let (mut seen, mut required) = (0, required_in(holder));
        for property in self.iter() {
            let property_id = property.id();
            let row = property_id.row();
            if !row.is_allowed_in(holder) {
                return Err(EncodeError::PropertyNotAllowed { packet_type, property_id });
            }
            if seen & row.bit != 0 && !row.is_repeatable_in(holder) {
                return Err(EncodeError::PropertyRepeated { packet_type, property_id });
            }
            if !property.is_valid() {
                return Err(EncodeError::PropertyValue { packet_type, property_id });
            }
            seen |= row.bit;
            required |= required_by(property_id, holder);
        }
        if required & !seen != 0 {
            let property_id = PropertyId::AuthenticationMethod;
            return Err(EncodeError::PropertyMissing { packet_type, property_id });
        }
        Ok(())
    }

    /// Writes the length of the block and the block.
    // Apart from its callers, which mostly have nothing to write.
    #[inline(never)]
    pub(crate) fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        let len = self.0.wire_len();
        // Whoever calls has made sure that the packet has a length.
        out.varint(u32::try_from(len).unwrap_or(varint::MAX));
        self.0.write(out);
    }
}

/// The bit of the property that others have to go with.
pub(crate) const METHOD: u32 = PropertyId::AuthenticationMethod.row().bit;

/// The bits of the properties that this holder has to carry.
#[inline]
pub(crate) const fn required_in(holder: Holder) -> u32 {
    match holder {
        Holder::Packet(PacketType::Auth) => METHOD,
        _ => 0,
    }
}

/// The bits of the properties that this holder has to carry because of this one.
#[inline]
pub(crate) const fn required_by(id: PropertyId, holder: Holder) -> u32 {
    match (id, holder) {
        (PropertyId::AuthenticationData, Holder::Packet(PacketType::Connect)) => METHOD,
        _ => 0,
    }
}

impl Default for Properties<'_> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<'a> From<&'a [Property<'a>]> for Properties<'a> {
    fn from(values: &'a [Property<'a>]) -> Self {
        Self(List::from(values))
    }
}

impl<'a, const N: usize> From<&'a [Property<'a>; N]> for Properties<'a> {
    fn from(values: &'a [Property<'a>; N]) -> Self {
        Self(List::from(values))
    }
}

impl<'a> IntoIterator for Properties<'a> {
    type Item = Property<'a>;
    type IntoIter = Entries<'a, Property<'a>>;

    fn into_iter(self) -> Entries<'a, Property<'a>> {
        self.iter()
    }
}

impl fmt::Debug for Properties<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
