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
    types::{PacketId, Version},
    wire::{Binary, Reader, Text, plain},
};

/// What is told to those who do not want to be told.
const UNTOLD: DecodeError = DecodeError {
    kind: ErrorKind::TruncatedField,
    packet_type: None,
    field: Field::End,
    version: Version::DEFAULT,
    offset: 0,
    value: 0,
};

pub(crate) struct Fields<'a, 'w, W> {
    reader: Reader<'a>,
    /// The offset in the packet at which the bytes at hand end.
    end: usize,
    pub(crate) packet_type: PacketType,
    /// That of the options, until a CONNECT names another.
    pub(crate) version: Version,
    pub(crate) options: &'w DecodeOptions,
    /// How many of the missing bytes come after what is read here.
    later: usize,
    watch: &'w mut W,
}

impl<'a, 'w, W: Watch<'a>> Fields<'a, 'w, W> {
    #[inline(always)]
    pub(crate) const fn new(
        packet_type: PacketType,
        body: &'a [u8],
        header_len: usize,
        options: &'w DecodeOptions,
        watch: &'w mut W,
    ) -> Self {
        let end = header_len.saturating_add(body.len());
        let (reader, version) = (Reader::new(body), options.version);
        Self { reader, end, packet_type, version, options, later: 0, watch }
    }

    /// The same, made of its parts: where several readers begin with the same fields, each has its
    /// own, and the compiler need not keep them in memory for one because of another.
    #[inline(always)]
    pub(crate) fn renewed(self) -> Self {
        let Self { reader, end, packet_type, version, options, later, watch } = self;
        Self { reader, end, packet_type, version, options, later, watch }
    }

    /// The same in another version.
    #[inline(always)]
    pub(crate) fn of_version(self, version: Version) -> Self {
        Self { version, ..self }
    }

    #[inline(always)]
    pub(crate) const fn version(&self) -> Version {
        self.version
    }

    /// Whether the version has properties.
    #[inline(always)]
    pub(crate) const fn has_properties(&self) -> bool {
        self.version.pick(false, false, true)
    }

    #[inline(always)]
    pub(crate) const fn refuses(&self, rule: Rule) -> bool {
        self.options.strictness.of_version(self.version).refuses(rule)
    }

    /// How many of the bytes that are read here have not arrived yet.
    #[inline(always)]
    fn missing(&self) -> usize {
        self.watch.missing().saturating_sub(self.later)
    }

    /// The offset in the packet of what is read next.
    #[inline(always)]
    pub(crate) const fn at(&self) -> usize {
        self.end.saturating_sub(self.reader.rest().len())
    }

    /// The offset at which the packet ends.
    pub(crate) fn packet_end(&self) -> usize {
        self.end.saturating_add(self.missing())
    }

    /// How much of the packet has not been read, arrived or not.
    pub(crate) fn left(&self) -> usize {
        self.reader.rest().len().saturating_add(self.missing())
    }

    /// Finds out what is wrong, for those who want to be told.
    #[inline(always)]
    pub(crate) fn tell<T>(
        &mut self,
        find_out: impl FnOnce(&mut Self) -> Result<T, W::Fault>,
    ) -> Result<T, W::Fault> {
        if W::TELLS { find_out(self) } else { Err(UNTOLD.into()) }
    }

    /// The fault that ends the reading.
    #[inline(always)]
    pub(crate) fn error(&self, kind: ErrorKind, field: Field, at: usize, value: u32) -> W::Fault {
        let (packet_type, version) = (Some(self.packet_type), self.version);
        if W::TELLS {
            DecodeError::new(kind, packet_type, field, version, at, value).into()
        } else {
            UNTOLD.into()
        }
    }

    /// The fault of those who do not want to be told more.
    #[inline(always)]
    pub(crate) fn strange(&self) -> W::Fault {
        UNTOLD.into()
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
        let (packet_type, version) = (Some(self.packet_type), self.version);
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

    /// The packet has named its version.
    #[inline(always)]
    pub(crate) fn named(&mut self) {
        self.watch.named(self.version);
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
    pub(crate) fn check_room(
        &mut self,
        room: Room,
        left: usize,
        at: usize,
    ) -> Result<(), W::Fault> {
        let Some(after) = left.checked_sub(room.bytes) else {
            return Err(self.lack(room, left));
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

    /// What must follow does not.
    #[inline]
    pub(crate) fn lack(&self, room: Room, left: usize) -> W::Fault {
        let kind = if left == 0 { room.fault_if_none } else { room.fault };
        let field = if kind == ErrorKind::NoFilters { Field::TopicFilter } else { room.last };
        self.error(kind, field, self.packet_end(), 0)
    }

    /// The next so many bytes of the packet, those included that have not arrived, apart.
    #[inline(always)]
    pub(crate) fn part(&mut self, len: usize) -> Fields<'a, '_, W> {
        let rest = self.reader.rest();
        let (bytes, after) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        let end = self.at().saturating_add(bytes.len());
        let cut = len.saturating_sub(bytes.len());
        let later = self.watch.missing().saturating_sub(cut);
        self.reader = Reader::new(after);
        Fields {
            reader: Reader::new(bytes),
            end,
            packet_type: self.packet_type,
            version: self.version,
            options: self.options,
            later,
            watch: &mut *self.watch,
        }
    }

    /// Passes over all that is left.
    #[cold]
    pub(crate) fn skip(&mut self, start: usize) -> Result<(), W::Fault> {
        let rest = self.reader.rest();
        if self.missing() > 0 {
            return Err(self.short(Field::Properties, rest.len().saturating_add(1)));
        }
        self.reader = Reader::new(&[]);
        self.saw(Field::Properties, start, Value::Bytes(rest));
        Ok(())
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

    #[inline(always)]
    pub(crate) fn u32(&mut self, field: Field) -> Result<u32, W::Fault> {
        match self.reader.u32() {
            Some(value) => Ok(value),
            None => self.tell(|r| Err(r.short(field, 4))),
        }
    }

    /// A variable byte integer, always in its shortest form.
    #[inline]
    pub(crate) fn varint(&mut self, field: Field) -> Result<u32, W::Fault> {
        match self.reader.varint() {
            Some(value) => Ok(value),
            None => self.tell(|r| r.strange_varint(field)),
        }
    }

    /// Whether control characters and non-characters are faults, whatever the version. There is no
    /// glance where they are.
    #[inline(always)]
    pub(crate) const fn refuses_discouraged(&self) -> bool {
        W::TELLS && self.options.strictness.refuses(Rule::DiscouragedCharacters)
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
        let bytes = self.prefixed_in_row(field, room, Content::Binary)?;
        let value =
            if field == Field::Password { Value::Secret(bytes.len()) } else { Value::Bytes(bytes) };
        self.saw(field, start, value);
        Ok(Binary::from_checked(bytes))
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn text(&mut self, field: Field, room: Room) -> Result<Text<'a>, W::Fault> {
        let start = self.at();
        let bytes = self.prefixed_in_row(field, room, Content::Text)?;
        let text = Text::from_checked(bytes);
        self.saw(field, start, Value::Text(text));
        // A glance looks at the texts when it has found all fields: see `confirm`.
        if W::TELLS && (!plain::is_plain(bytes) || self.refuses_discouraged()) {
            self.check(field, bytes, Content::Text)?;
        }
        Ok(text)
    }

    /// All that is left, which is the payload.
    #[inline]
    pub(crate) fn payload(&mut self) -> Result<&'a [u8], W::Fault> {
        let start = self.at();
        let rest = self.reader.rest();
        if self.missing() > 0 {
            return self.tell(|r| Err(r.short(Field::Payload, rest.len().saturating_add(1))));
        }
        self.reader = Reader::new(&[]);
        self.saw(Field::Payload, start, Value::Bytes(rest));
        Ok(rest)
    }

    /// Whether every byte of the packet has been read, those to come included.
    #[inline(always)]
    pub(crate) fn is_done(&self) -> bool {
        self.reader.rest().is_empty() && self.missing() == 0
    }

    /// Notes that more bytes have to arrive.
    pub(crate) fn wait(&mut self) {
        self.watch.wait();
    }

    /// Goes on with these bytes, which follow what has been read in another way.
    #[inline(always)]
    pub(crate) fn go_on_with(&mut self, rest: &'a [u8]) {
        self.reader = Reader::new(rest);
    }

    /// What has not been read yet.
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

    /// A length-prefixed field, without any verdict if it is not all there.
    #[inline(always)]
    pub(crate) fn any_prefixed(&mut self) -> Option<&'a [u8]> {
        self.reader.prefixed()
    }

    /// [`Self::prefixed`] where others may follow.
    #[inline(always)]
    pub(crate) fn prefixed_in_row(
        &mut self,
        field: Field,
        room: Room,
        content: Content,
    ) -> Result<&'a [u8], W::Fault> {
        if !W::TELLS {
            return self.reader.prefixed_in_row().ok_or_else(|| UNTOLD.into());
        }
        self.prefixed(field, room, content)
    }

    #[inline(always)]
    pub(crate) fn prefixed(
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

    /// Looks closer at a string that has been read, and reports what is wrong with it. A glance does
    /// not.
    #[inline(always)]
    pub(crate) fn check(
        &mut self,
        field: Field,
        bytes: &[u8],
        content: Content,
    ) -> Result<(), W::Fault> {
        if W::TELLS { self.check_closely(field, bytes, content) } else { Err(self.strange()) }
    }

    #[cold]
    fn check_closely(
        &mut self,
        field: Field,
        bytes: &[u8],
        content: Content,
    ) -> Result<(), W::Fault> {
        let discouraged = self.refuses_discouraged();
        match first_fault(bytes, 0, content, discouraged) {
            Some((kind, at, value)) => {
                let start = self.at().saturating_sub(bytes.len());
                self.breach(kind, field, start.saturating_add(at), value)
            }
            None => Ok(()),
        }
    }
}
