//! Reads a block of properties: checks it once, so that it can be read lazily.

use super::{
    DecodeOptions, ErrorKind, Field, PacketType, Properties, PropertyId,
    content::Content,
    explain::Value,
    fields::Fields,
    properties::{METHOD, required_by, required_in},
    property::{Allowed, Form, Holder, Row},
    room::Room,
    watch::{Glance, Watch},
};
use crate::{
    types::{SubscriptionId, Version},
    wire::{Binary, Text, plain},
};

/// The least number of bytes of a property without which others cannot be: the authentication method
/// and the topic alias.
const LEAST: usize = 3;

/// What has been read of a block.
struct Block {
    holder: Holder,
    /// The bits of the properties that are there, and of those that have to be.
    seen: u32,
    required: u32,
    count: u32,
    user_properties: u32,
    /// Whether it has been said that something is missing.
    is_told: bool,
    /// What may still come, as a glance sees it.
    allowed: Allowed,
}

const ALIAS: u32 = PropertyId::TopicAlias.row().bit;
const DATA: u32 = PropertyId::AuthenticationData.row().bit;

impl Block {
    #[inline]
    fn new(holder: Holder, required: u32) -> Self {
        let allowed = holder.allowed();
        Self { holder, seen: 0, required, count: 0, user_properties: 0, is_told: false, allowed }
    }

    /// The property that has to follow.
    #[inline]
    const fn missing(&self) -> Option<PropertyId> {
        match self.required & !self.seen {
            0 => None,
            ALIAS => Some(PropertyId::TopicAlias),
            _ => Some(PropertyId::AuthenticationMethod),
        }
    }

    /// What has to follow this property, of which so many bytes are still to come after a string.
    #[inline]
    fn room(&self, id: PropertyId, bytes: usize) -> Room {
        match self.missing() {
            Some(missing) => Room::missing(bytes.saturating_add(LEAST), missing),
            None => Room::at_least(bytes, Field::Property(id)),
        }
    }
}

impl<'a, W: Watch<'a>> Fields<'a, '_, W> {
    /// The properties of the packet, which 3.1 and 3.1.1 do not have.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn properties(&mut self, room: Room) -> Result<Properties<'a>, W::Fault> {
        let holder = Holder::Packet(self.packet_type);
        self.properties_of(holder, Field::PropertyLength, room, required_in(holder))
    }

    /// The properties of the will, which 3.1 and 3.1.1 do not have.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn will_properties(&mut self, room: Room) -> Result<Properties<'a>, W::Fault> {
        self.properties_of(Holder::Will, Field::WillPropertyLength, room, 0)
    }

    /// The properties of a PUBLISH, which make up for a topic that it does not have.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn publish_properties(
        &mut self,
        has_topic: bool,
    ) -> Result<Properties<'a>, W::Fault> {
        let holder = Holder::Packet(self.packet_type);
        let required = if has_topic { 0 } else { ALIAS };
        self.properties_of(holder, Field::PropertyLength, Room::ANY, required)
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn properties_of(
        &mut self,
        holder: Holder,
        field: Field,
        room: Room,
        required: u32,
    ) -> Result<Properties<'a>, W::Fault> {
        if !self.has_properties() {
            return Ok(Properties::none());
        }
        if W::TELLS {
            return self.block(field, room, Block::new(holder, required));
        }
        if let ([0, after @ ..], 0) = (self.rest(), required) {
            // [MQTT-2.2.2-1]
            self.go_on_with(after);
            return Ok(Properties::none());
        }
        match glance(self.rest(), holder, required, self.version, self.options) {
            Some((properties, after)) => {
                self.go_on_with(after);
                Ok(properties)
            }
            None => Err(self.error(ErrorKind::TruncatedField, field, 0, 0)),
        }
    }

    #[inline(never)]
    fn block(
        &mut self,
        field: Field,
        room: Room,
        block: Block,
    ) -> Result<Properties<'a>, W::Fault> {
        self.read_block(field, room, block)
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn read_block(
        &mut self,
        field: Field,
        room: Room,
        mut block: Block,
    ) -> Result<Properties<'a>, W::Fault> {
        let start = self.at();
        let len = self.varint(field)?;
        self.saw(field, start, Value::Number(len));
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if W::TELLS {
            self.check_block(field, start, len, room)?;
        } else if self.rest().len() < len {
            return Err(self.error(ErrorKind::TruncatedField, field, start, 0));
        }
        let mut part = self.part(len);
        let bytes = part.rest();
        if W::TELLS {
            part.require_missing(&mut block)?;
        }
        while !part.is_done() {
            part.property(&mut block)?;
            if W::TELLS {
                part.require_missing(&mut block)?;
            }
        }
        if !W::TELLS && !part.is_enough(&block) {
            return Err(self.strange());
        }
        let Block { holder, seen, count, .. } = block;
        Ok(Properties::from_checked(bytes, count, seen, holder))
    }

    /// Makes sure that the block has its place in the packet, and what must follow has too.
    #[inline]
    fn check_block(
        &mut self,
        field: Field,
        start: usize,
        len: usize,
        room: Room,
    ) -> Result<(), W::Fault> {
        match self.left().checked_sub(len) {
            Some(left) => {
                let at = self.at().saturating_add(len);
                self.check_room(room, left, at)
            }
            None => {
                // The length is there, what it is of is not.
                let is_of_packet = field == Field::PropertyLength;
                let field = if is_of_packet { Field::Properties } else { field };
                Err(self.error(ErrorKind::TruncatedField, field, start, 0))
            }
        }
    }

    /// Makes sure that there is room for the property that has to follow.
    #[inline]
    fn require_missing(&mut self, block: &mut Block) -> Result<(), W::Fault> {
        match block.missing() {
            Some(id) if self.left() < LEAST && !block.is_told => {
                block.is_told = true;
                let at = self.packet_end();
                self.breach(ErrorKind::PropertyMissing, Field::Property(id), at, 0)
            }
            _ => Ok(()),
        }
    }

    /// One property.
    #[inline]
    fn property(&mut self, block: &mut Block) -> Result<(), W::Fault> {
        let start = self.at();
        let number = self.u8(Field::Properties)?;
        let Some(row) = Row::of(number) else {
            self.breach(ErrorKind::PropertyUnknown, Field::Properties, start, number.into())?;
            // Nobody knows where it ends.
            return self.skip(start);
        };
        let id = row.id;
        let field = Field::Property(id);
        if W::TELLS {
            self.check_place(row, block, start)?;
        } else if block.allowed.once & row.bit == 0 {
            return Err(self.strange());
        }
        block.allowed.once &= !row.bit | block.allowed.often;
        block.seen |= row.bit;
        if W::TELLS {
            block.required |= required_by(id, block.holder);
        }
        // There are fewer than bytes.
        block.count = block.count.wrapping_add(1);
        if W::TELLS && self.left() < row.form.least_len() {
            return Err(self.error(ErrorKind::TruncatedField, field, self.packet_end(), 0));
        }
        let value = self.property_value(id, row.form, block)?;
        self.saw(field, start, value);
        Ok(())
    }

    /// Makes sure that the property may be here.
    fn check_place(&mut self, row: &Row, block: &mut Block, start: usize) -> Result<(), W::Fault> {
        let (id, number) = (row.id, row.id.number());
        let field = Field::Property(id);
        if !row.is_allowed_in(block.holder) {
            self.breach(ErrorKind::PropertyNotAllowed, field, start, number.into())?;
        } else if block.seen & row.bit != 0 && !row.is_repeatable_in(block.holder) {
            self.breach(ErrorKind::PropertyRepeated, field, start, number.into())?;
        }
        if let (Some(sender), Some(allowed)) = (self.options.sender, id.sender_in(block.holder))
            && sender != allowed
        {
            // [MQTT-3.3.4-6] [MQTT-3.14.2-2]
            self.breach(ErrorKind::PropertyOfOtherSide, field, start, number.into())?;
        }
        if id == PropertyId::UserProperty {
            block.user_properties = block.user_properties.saturating_add(1);
            let limit = self.options.max_user_properties;
            if block.user_properties > limit {
                self.breach(ErrorKind::TooManyUserProperties, field, start, limit)?;
            }
        }
        Ok(())
    }

    /// Whether a glance may leave it at that: nothing is missing that may have to be there, and there
    /// are not even as many properties as there may be user properties; nor is there a question who
    /// sends them.
    #[inline]
    fn is_enough(&self, block: &Block) -> bool {
        let is_few = block.count <= self.options.max_user_properties;
        block.required & !block.seen == 0
            && block.seen & (DATA | METHOD) != DATA
            && is_few
            && self.options.sender.is_none()
    }

    #[inline]
    fn property_value(
        &mut self,
        id: PropertyId,
        form: Form,
        block: &Block,
    ) -> Result<Value<'a>, W::Fault> {
        let field = Field::Property(id);
        let start = self.at();
        let mut is_wrong = false;
        let number = match form {
            Form::Bit => {
                let byte = self.u8(field)?;
                is_wrong = byte > 1;
                byte.into()
            }
            Form::U16 => self.u16(field)?.into(),
            Form::NonZeroU16 => {
                let value = self.u16(field)?;
                is_wrong = value == 0;
                value.into()
            }
            Form::U32 => self.u32(field)?,
            Form::NonZeroU32 => {
                let value = self.u32(field)?;
                is_wrong = value == 0;
                value
            }
            Form::Varint => {
                let value = self.varint(field)?;
                is_wrong = SubscriptionId::new(value).is_none();
                value
            }
            Form::Text => return self.string(id, Content::Text, block, 0).map(Value::Text),
            Form::TopicName => {
                return self.string(id, Content::TopicName, block, 0).map(Value::Text);
            }
            Form::Binary => {
                let bytes = self.prefixed(field, block.room(id, 0), Content::Binary)?;
                return Ok(match id {
                    PropertyId::AuthenticationData => Value::Secret(bytes.len()),
                    _ => Value::Bytes(Binary::from_checked(bytes).as_bytes()),
                });
            }
            Form::Pair => {
                // [MQTT-1.5.7-1]
                let name = self.string(id, Content::Text, block, 2)?;
                return Ok(Value::Pair(name, self.string(id, Content::Text, block, 0)?));
            }
        };
        if is_wrong {
            self.breach(ErrorKind::PropertyValue, field, start, number)?;
        }
        Ok(Value::Number(number))
    }

    /// A string of a property, of which so many bytes at least follow.
    #[inline]
    fn string(
        &mut self,
        id: PropertyId,
        content: Content,
        block: &Block,
        follow: usize,
    ) -> Result<Text<'a>, W::Fault> {
        let field = Field::Property(id);
        let bytes = self.prefixed(field, block.room(id, follow), content)?;
        let is_plain = match content {
            Content::TopicName => plain::is_plain_name(bytes),
            _ => plain::is_plain(bytes),
        };
        if !is_plain || self.refuses_discouraged() {
            self.check(field, bytes, content)?;
        }
        Ok(Text::from_checked(bytes))
    }
}

/// The properties at the front of these bytes if nothing about them is unusual or wrong, and what
/// follows. Apart from its callers, whose fields stay in registers so.
#[inline(never)]
fn glance<'a>(
    bytes: &'a [u8],
    holder: Holder,
    required: u32,
    version: Version,
    options: &DecodeOptions,
) -> Option<(Properties<'a>, &'a [u8])> {
    let watch = &mut Glance;
    // The type serves errors, of which a glance tells nothing.
    let mut fields = Fields::new(PacketType::Publish, bytes, 0, options, watch).of_version(version);
    let block = Block::new(holder, required);
    let properties = fields.read_block(Field::PropertyLength, Room::ANY, block).ok()?;
    Some((properties, fields.rest()))
}

impl Form {
    /// The least number of bytes of a value.
    const fn least_len(self) -> usize {
        match self {
            Self::Bit | Self::Varint => 1,
            Self::U16 | Self::NonZeroU16 | Self::Text | Self::Binary => 2,
            Self::TopicName => 3,
            Self::U32 | Self::NonZeroU32 | Self::Pair => 4,
        }
    }
}
