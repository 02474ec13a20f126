//! Reads the fields of one packet, in wire order, and says what is wrong with them.
//!
//! The same reading serves the decoder, which stops at the first fault, the check of a packet that
//! has not arrived in full, and the explanation, which goes on as far as the bytes allow. What they
//! differ in is their [`Watch`].

use super::{
    DecodeError, DecodeOptions, ErrorKind, Field, PacketType, Rule,
    content::{Content, first_fault},
    explain::Value,
    room::{Room, Then},
    watch::Watch,
};
use crate::{
    topic::{self, TopicFilter, TopicName},
    types::{PacketId, Version},
    wire::{Binary, Reader, Text, plain},
};

/// What is told to those who do not want to be told.
const UNTOLD: DecodeError = DecodeError {
    kind: ErrorKind::TruncatedField,
    packet_type: None,
    field: Field::End,
    version: Version::V3_1_1,
    offset: 0,
    value: 0,
};

pub(crate) struct Fields<'a, 'w, W> {
    reader: Reader<'a>,
    /// The offset in the packet at which the bytes at hand end.
    end: usize,
    pub(crate) packet_type: PacketType,
    pub(crate) options: DecodeOptions,
    watch: &'w mut W,
}

impl<'a, 'w, W: Watch<'a>> Fields<'a, 'w, W> {
    #[inline(always)]
    pub(crate) const fn new(
        packet_type: PacketType,
        body: &'a [u8],
        header_len: usize,
        options: DecodeOptions,
        watch: &'w mut W,
    ) -> Self {
        let end = header_len.saturating_add(body.len());
        Self { reader: Reader::new(body), end, packet_type, options, watch }
    }

    /// The same, made of its parts: where several readers begin with the same fields, each has its
    /// own, and the compiler need not keep them in memory for one because of another.
    #[inline(always)]
    pub(crate) fn renewed(self) -> Self {
        let Self { reader, end, packet_type, options, watch } = self;
        Self { reader, end, packet_type, options, watch }
    }

    #[inline(always)]
    pub(crate) const fn version(&self) -> Version {
        self.options.version
    }

    #[inline(always)]
    pub(crate) const fn refuses(&self, rule: Rule) -> bool {
        self.options.strictness.refuses(rule)
    }

    /// The offset in the packet of what is read next.
    #[inline(always)]
    pub(crate) const fn at(&self) -> usize {
        self.end.saturating_sub(self.reader.rest().len())
    }

    /// The offset at which the packet ends.
    fn packet_end(&self) -> usize {
        self.end.saturating_add(self.watch.missing())
    }

    /// How much of the packet has not been read, arrived or not.
    pub(crate) fn left(&self) -> usize {
        self.reader.rest().len().saturating_add(self.watch.missing())
    }

    /// Finds out what is wrong, for those who want to be told.
    #[inline(always)]
    fn tell<T>(
        &mut self,
        find_out: impl FnOnce(&mut Self) -> Result<T, W::Fault>,
    ) -> Result<T, W::Fault> {
        if W::TELLS { find_out(self) } else { Err(UNTOLD.into()) }
    }

    /// The fault that ends the reading.
    #[inline(always)]
    pub(crate) fn error(&self, kind: ErrorKind, field: Field, at: usize, value: u32) -> W::Fault {
        let (packet_type, version) = (Some(self.packet_type), self.options.version);
        if W::TELLS {
            DecodeError::new(kind, packet_type, field, version, at, value).into()
        } else {
            UNTOLD.into()
        }
    }

    /// Reports a broken rule.
    #[inline(always)]
    pub(crate) fn breach(
        &mut self,
        kind: ErrorKind,
        field: Field,
        at: usize,
        value: u32,
    ) -> Result<(), W::Fault> {
        let (packet_type, version) = (Some(self.packet_type), self.options.version);
        self.tell(|r| {
            r.watch.breach(DecodeError::new(kind, packet_type, field, version, at, value))
        })
    }

    /// Tells the watch of a field that began at `start` and ends here.
    #[inline(always)]
    pub(crate) fn saw(&mut self, field: Field, start: usize, value: Value<'a>) {
        let end = self.at();
        self.watch.saw(field, start..end, value);
    }

    /// Makes sure that the packet is long enough for what must follow.
    #[inline]
    pub(crate) fn require(&mut self, bytes: usize, last: Field) -> Result<(), W::Fault> {
        if !W::TELLS || self.left() >= bytes {
            return Ok(());
        }
        Err(self.error(ErrorKind::TruncatedField, last, self.packet_end(), 0))
    }

    /// Makes sure that the `left` bytes after a field, which ends at `at`, may follow it.
    #[inline]
    fn check_room(&mut self, room: Room, left: usize, at: usize) -> Result<(), W::Fault> {
        let Some(after) = left.checked_sub(room.bytes) else {
            return Err(self.error(ErrorKind::TruncatedField, room.last, self.packet_end(), 0));
        };
        match room.then {
            Then::Nothing if after > 0 => {
                let surplus = at.saturating_add(room.bytes);
                self.breach(ErrorKind::TrailingBytes, Field::End, surplus, 0)
            }
            Then::NothingOr(min, field) if after > 0 && after < min => {
                Err(self.error(ErrorKind::TruncatedField, field, self.packet_end(), 0))
            }
            _ => Ok(()),
        }
    }

    #[inline(always)]
    pub(crate) fn u8(&mut self, field: Field) -> Result<u8, W::Fault> {
        match self.reader.u8() {
            Some(byte) => Ok(byte),
            None => self.tell(|r| Err(r.short(field, 1))),
        }
    }

    #[inline(always)]
    pub(crate) fn u16(&mut self, field: Field) -> Result<u16, W::Fault> {
        match self.reader.u16() {
            Some(value) => Ok(value),
            None => self.tell(|r| Err(r.short(field, 2))),
        }
    }

    /// The protocol name of one of the versions.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn protocol_name(&mut self) -> Result<&'a [u8], W::Fault> {
        let field = Field::ProtocolName;
        let start = self.at();
        let Some(name) = self.reader.prefixed() else {
            return self.tell(|r| Err(r.short_protocol_name()));
        };
        self.saw(field, start, Value::Text(Text::from_checked(name)));
        if name.len() == 6 {
            self.check_length_of_3_1(self.left())?;
        }
        // A glance leaves 3.1 to those who look closer, and is spared all questions about it.
        if name != b"MQTT" && !(W::TELLS && name == b"MQIsdp") {
            // [MQTT-3.1.2-1]
            self.breach(ErrorKind::ProtocolName, field, start, 0)?;
        }
        Ok(name)
    }

    /// Makes sure that a CONNECT of 3.1 has place for level, flags, keep alive and a client
    /// identifier after the protocol name.
    #[inline]
    fn check_length_of_3_1(&mut self, left: usize) -> Result<(), W::Fault> {
        if left >= 6 {
            return Ok(());
        }
        let (packet_type, kind) = (Some(self.packet_type), ErrorKind::TruncatedField);
        let at = self.packet_end();
        Err(DecodeError::new(kind, packet_type, Field::ClientId, Version::V3_1, at, 0).into())
    }

    /// The verdict on a protocol name that is not all there.
    #[cold]
    fn short_protocol_name(&mut self) -> W::Fault {
        let (start, field) = (self.at(), Field::ProtocolName);
        let rest = self.reader.rest();
        if let ([0, 6, ..], Some(left)) = (rest, self.left().checked_sub(8))
            && let Err(error) = self.check_length_of_3_1(left)
        {
            return error;
        }
        let can_become = |wire: &[u8]| rest.iter().zip(wire).all(|(a, b)| a == b);
        if !can_become(b"\0\x04MQTT") && !can_become(b"\0\x06MQIsdp") {
            return self.error(ErrorKind::ProtocolName, field, start, 0);
        }
        self.short_prefixed(field, Room::ANY, Content::Binary)
    }

    #[inline(always)]
    pub(crate) fn packet_id(&mut self) -> Result<PacketId, W::Fault> {
        let start = self.at();
        let value = self.u16(Field::PacketId)?;
        self.saw(Field::PacketId, start, Value::Number(value.into()));
        match PacketId::new(value) {
            Some(id) => Ok(id),
            // [MQTT-2.3.1-1]
            None => {
                self.breach(ErrorKind::PacketIdZero, Field::PacketId, start, 0)?;
                Ok(PacketId::MIN)
            }
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn binary(&mut self, field: Field, room: Room) -> Result<Binary<'a>, W::Fault> {
        let start = self.at();
        let bytes = self.prefixed(field, room, Content::Binary)?;
        let value =
            if field == Field::Password { Value::Secret(bytes.len()) } else { Value::Bytes(bytes) };
        self.saw(field, start, value);
        Ok(Binary::from_checked(bytes))
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn text(&mut self, field: Field, room: Room) -> Result<Text<'a>, W::Fault> {
        let start = self.at();
        let bytes = self.prefixed(field, room, Content::Text)?;
        let text = Text::from_checked(bytes);
        self.saw(field, start, Value::Text(text));
        // A glance looks at the texts when it has found all fields: see `confirm`.
        if W::TELLS && (!plain::is_plain(bytes) || self.refuses(Rule::DiscouragedCharacters)) {
            self.check(field, bytes, Content::Text)?;
        }
        Ok(text)
    }

    /// [`Self::topic_name`] as one of several texts.
    #[inline(always)]
    pub(crate) fn will_topic(&mut self, room: Room) -> Result<TopicName<'a>, W::Fault> {
        if W::TELLS {
            return self.topic_name(Field::WillTopic, room);
        }
        self.prefixed(Field::WillTopic, room, Content::TopicName).map(TopicName::from_checked)
    }

    /// What a glance has not looked at in [`Self::text`] and [`Self::will_topic`], so that the way
    /// from one length to the next is short.
    #[inline(always)]
    pub(crate) fn confirm(
        &self,
        texts: [Option<Text<'a>>; 2],
        topic: Option<TopicName<'a>>,
    ) -> Result<(), W::Fault> {
        if W::TELLS {
            return Ok(());
        }
        let is_plain =
            |text: Option<Text<'a>>| text.is_none_or(|text| plain::is_plain(text.as_bytes()));
        let [first, second] = texts;
        // All are looked at before one question is asked.
        let is_enough = is_plain(first)
            & is_plain(second)
            & topic.is_none_or(|topic| plain::is_plain_name(topic.as_bytes()))
            & !self.refuses(Rule::DiscouragedCharacters);
        if is_enough { Ok(()) } else { Err(UNTOLD.into()) }
    }

    #[inline(always)]
    pub(crate) fn topic_name(
        &mut self,
        field: Field,
        room: Room,
    ) -> Result<TopicName<'a>, W::Fault> {
        let start = self.at();
        let bytes = self.prefixed(field, room, Content::TopicName)?;
        self.saw(field, start, Value::Text(Text::from_checked(bytes)));
        if !plain::is_plain_name(bytes) || self.refuses(Rule::DiscouragedCharacters) {
            self.check(field, bytes, Content::TopicName)?;
        }
        Ok(TopicName::from_checked(bytes))
    }

    #[inline]
    pub(crate) fn topic_filter(
        &mut self,
        field: Field,
        room: Room,
    ) -> Result<TopicFilter<'a>, W::Fault> {
        let start = self.at();
        let bytes = self.prefixed(field, room, Content::TopicFilter)?;
        self.saw(field, start, Value::Text(Text::from_checked(bytes)));
        let is_plain = plain::is_plain_name(bytes) || topic::is_plain_and_well_formed(bytes);
        if !is_plain || self.refuses(Rule::DiscouragedCharacters) {
            self.check(field, bytes, Content::TopicFilter)?;
        }
        Ok(TopicFilter::from_checked(bytes))
    }

    /// All that is left, which is the payload.
    #[inline]
    pub(crate) fn payload(&mut self) -> Result<&'a [u8], W::Fault> {
        let start = self.at();
        let rest = self.reader.rest();
        if self.watch.missing() > 0 {
            return self.tell(|r| Err(r.short(Field::Payload, rest.len().saturating_add(1))));
        }
        self.reader = Reader::new(&[]);
        self.saw(Field::Payload, start, Value::Bytes(rest));
        Ok(rest)
    }

    /// Whether every byte of the packet has been read, those to come included.
    #[inline(always)]
    pub(crate) fn is_done(&self) -> bool {
        self.reader.rest().is_empty() && self.watch.missing() == 0
    }

    /// What has been read, and what not yet.
    #[inline(always)]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.reader.rest()
    }

    /// Makes sure that nothing follows.
    #[inline]
    pub(crate) fn finish(&mut self) -> Result<(), W::Fault> {
        if self.is_done() {
            return Ok(());
        }
        let start = self.at();
        self.breach(ErrorKind::TrailingBytes, Field::End, start, 0)?;
        let rest = self.reader.rest();
        self.reader = Reader::new(&[]);
        self.saw(Field::End, start, Value::Bytes(rest));
        Ok(())
    }

    #[inline(always)]
    fn prefixed(
        &mut self,
        field: Field,
        room: Room,
        content: Content,
    ) -> Result<&'a [u8], W::Fault> {
        if !W::TELLS {
            // If the rest can be read, there was room for it.
            return self.reader.prefixed().ok_or_else(|| UNTOLD.into());
        }
        match self.reader.prefixed() {
            Some(bytes) => {
                self.check_room(room, self.left(), self.at())?;
                Ok(bytes)
            }
            None => self.tell(|r| Err(r.short_prefixed(field, room, content))),
        }
    }

    /// The verdict on a field of a fixed length that is not all there.
    #[cold]
    #[inline(never)]
    fn short(&mut self, field: Field, len: usize) -> W::Fault {
        if len <= self.left() {
            self.watch.wait();
        }
        self.error(ErrorKind::TruncatedField, field, self.at(), 0)
    }

    /// The verdict on a length-prefixed field that is not all there, or not what must follow it.
    #[cold]
    #[inline(never)]
    fn short_prefixed(&mut self, field: Field, room: Room, content: Content) -> W::Fault {
        let at = self.at();
        let (len, present) = match self.reader.rest() {
            [] => (0, None),
            [high] => (usize::from(u16::from_be_bytes([*high, 0])), None),
            [high, low, rest @ ..] => {
                let len = usize::from(u16::from_be_bytes([*high, *low]));
                (len, Some(rest.get(..len).unwrap_or(rest)))
            }
        };
        let needed = len.saturating_add(2);
        let left = self.left().checked_sub(needed);
        if left.is_none_or(|left| left < room.bytes) {
            let (field, at) = match room.bytes {
                0 => (field, at),
                _ => (room.last, self.packet_end()),
            };
            return self.error(ErrorKind::TruncatedField, field, at, 0);
        }
        if present.is_some()
            && let Some(left) = left
            && let Err(error) = self.check_room(room, left, at.saturating_add(needed))
        {
            return error;
        }
        if let Some(present) = present {
            let missing = len.saturating_sub(present.len());
            let discouraged = self.refuses(Rule::DiscouragedCharacters);
            if let Some((kind, fault_at, value)) =
                first_fault(present, missing, content, discouraged)
            {
                return self.error(
                    kind,
                    field,
                    at.saturating_add(2).saturating_add(fault_at),
                    value,
                );
            }
        }
        self.watch.wait();
        self.error(ErrorKind::TruncatedField, field, at, 0)
    }

    /// Looks closer at a string that has been read, and reports what is wrong with it.
    #[inline]
    fn check(&mut self, field: Field, bytes: &[u8], content: Content) -> Result<(), W::Fault> {
        let discouraged = self.refuses(Rule::DiscouragedCharacters);
        match first_fault(bytes, 0, content, discouraged) {
            Some((kind, at, value)) => {
                let start = self.at().saturating_sub(bytes.len());
                self.breach(kind, field, start.saturating_add(at), value)
            }
            None => Ok(()),
        }
    }
}
