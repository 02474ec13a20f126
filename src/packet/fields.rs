//! Reads the fields of one packet, in wire order, and says what is wrong with them.
//!
//! The same reading serves the decoder, which stops at the first fault, the check of a packet that
//! has not arrived in full, and the explanation, which goes on as far as the bytes allow. What they
//! differ in is their [`Watch`].

use super::{DecodeError, DecodeOptions, ErrorKind, Field, PacketType, Rule, explain::Value};
use crate::{
    topic::{self, TopicFilter, TopicName},
    types::{PacketId, Version},
    wire::{Binary, Reader, Text, text},
};
use core::ops::Range;

/// Whoever wants to know how the reading goes. The decoder does not: `()`.
pub(crate) trait Watch<'a> {
    /// How many bytes of the packet have not arrived yet.
    fn missing(&self) -> usize {
        0
    }

    /// A field cannot be read before more bytes arrive.
    fn wait(&mut self) {}

    /// A field was read.
    fn saw(&mut self, _field: Field, _span: Range<usize>, _value: Value<'a>) {}

    /// A rule is broken. With `Ok`, reading goes on with a stand-in.
    fn breach(&mut self, error: DecodeError) -> Result<(), DecodeError> {
        Err(error)
    }
}

impl Watch<'_> for () {}

/// Looks at a packet of which `missing` bytes have not arrived.
pub(crate) struct Partial {
    pub(crate) missing: usize,
    /// Whether reading stopped because of them.
    pub(crate) waiting: bool,
}

impl Watch<'_> for Partial {
    fn missing(&self) -> usize {
        self.missing
    }

    fn wait(&mut self) {
        self.waiting = true;
    }
}

/// The least that must follow a field, and the last field of that.
#[derive(Clone, Copy)]
pub(crate) struct Reserve {
    pub(crate) bytes: usize,
    pub(crate) last: Field,
}

impl Reserve {
    pub(crate) const NONE: Self = Self { bytes: 0, last: Field::End };

    /// Takes the least size of the next field off, which leaves what must follow that.
    pub(crate) const fn without(&mut self, bytes: usize) -> Self {
        self.bytes = self.bytes.saturating_sub(bytes);
        *self
    }
}

/// What a length-prefixed field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Binary,
    Text,
    TopicName,
    TopicFilter,
}

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

    #[cold]
    pub(crate) fn error(
        &self,
        kind: ErrorKind,
        field: Field,
        at: usize,
        value: u32,
    ) -> DecodeError {
        DecodeError::new(kind, Some(self.packet_type), field, self.options.version, at, value)
    }

    /// Reports a broken rule.
    #[cold]
    pub(crate) fn breach(
        &mut self,
        kind: ErrorKind,
        field: Field,
        at: usize,
        value: u32,
    ) -> Result<(), DecodeError> {
        let error = self.error(kind, field, at, value);
        self.watch.breach(error)
    }

    /// Tells the watch of a field that began at `start` and ends here.
    #[inline(always)]
    pub(crate) fn saw(&mut self, field: Field, start: usize, value: Value<'a>) {
        let end = self.at();
        self.watch.saw(field, start..end, value);
    }

    /// Makes sure that the packet is long enough for what must follow.
    #[inline(always)]
    pub(crate) fn require(&mut self, reserve: Reserve) -> Result<(), DecodeError> {
        if self.left() >= reserve.bytes {
            return Ok(());
        }
        Err(self.error(ErrorKind::TruncatedField, reserve.last, self.packet_end(), 0))
    }

    #[inline(always)]
    pub(crate) fn u8(&mut self, field: Field) -> Result<u8, DecodeError> {
        match self.reader.u8() {
            Some(byte) => Ok(byte),
            None => Err(self.short(field, 1)),
        }
    }

    #[inline(always)]
    pub(crate) fn u16(&mut self, field: Field) -> Result<u16, DecodeError> {
        match self.reader.u16() {
            Some(value) => Ok(value),
            None => Err(self.short(field, 2)),
        }
    }

    /// The protocol name of one of the versions.
    #[inline(always)]
    pub(crate) fn protocol_name(&mut self) -> Result<&'a [u8], DecodeError> {
        let field = Field::ProtocolName;
        let start = self.at();
        if let Some(name) = self.reader.prefixed(0) {
            self.saw(field, start, Value::Text(Text::from_checked(name)));
            if !matches!(name, b"MQTT" | b"MQIsdp") {
                // [MQTT-3.1.2-1]
                self.breach(ErrorKind::ProtocolName, field, start, 0)?;
            }
            return Ok(name);
        }
        Err(self.short_protocol_name())
    }

    /// The verdict on a protocol name that is not all there.
    #[cold]
    fn short_protocol_name(&mut self) -> DecodeError {
        let field = Field::ProtocolName;
        let rest = self.reader.rest();
        let can_become = |wire: &[u8]| rest.iter().zip(wire).all(|(a, b)| a == b);
        if can_become(b"\0\x04MQTT") || can_become(b"\0\x06MQIsdp") {
            return self.short_prefixed(field, Reserve::NONE, Content::Binary);
        }
        self.error(ErrorKind::ProtocolName, field, self.at(), 0)
    }

    #[inline(always)]
    pub(crate) fn packet_id(&mut self) -> Result<PacketId, DecodeError> {
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

    #[inline(always)]
    pub(crate) fn binary(
        &mut self,
        field: Field,
        reserve: Reserve,
    ) -> Result<Binary<'a>, DecodeError> {
        let start = self.at();
        let bytes = self.prefixed(field, reserve, Content::Binary)?;
        let value =
            if field == Field::Password { Value::Secret(bytes.len()) } else { Value::Bytes(bytes) };
        self.saw(field, start, value);
        Ok(Binary::from_checked(bytes))
    }

    #[inline(always)]
    pub(crate) fn text(&mut self, field: Field, reserve: Reserve) -> Result<Text<'a>, DecodeError> {
        let start = self.at();
        let bytes = self.prefixed(field, reserve, Content::Text)?;
        let text = Text::from_checked(bytes);
        self.saw(field, start, Value::Text(text));
        if text::classify(bytes) & text::NEEDS_CARE != 0
            || self.refuses(Rule::DiscouragedCharacters)
        {
            self.check(field, bytes, Content::Text)?;
        }
        Ok(text)
    }

    #[inline(always)]
    pub(crate) fn topic_name(
        &mut self,
        field: Field,
        reserve: Reserve,
    ) -> Result<TopicName<'a>, DecodeError> {
        let start = self.at();
        let bytes = self.prefixed(field, reserve, Content::TopicName)?;
        self.saw(field, start, Value::Text(Text::from_checked(bytes)));
        if text::classify(bytes) != 0
            || bytes.is_empty()
            || self.refuses(Rule::DiscouragedCharacters)
        {
            self.check(field, bytes, Content::TopicName)?;
        }
        Ok(TopicName::from_checked(bytes))
    }

    #[inline(always)]
    pub(crate) fn topic_filter(
        &mut self,
        field: Field,
        reserve: Reserve,
    ) -> Result<TopicFilter<'a>, DecodeError> {
        let start = self.at();
        let bytes = self.prefixed(field, reserve, Content::TopicFilter)?;
        self.saw(field, start, Value::Text(Text::from_checked(bytes)));
        let class = text::classify(bytes);
        if class & text::NEEDS_CARE != 0
            || (class != 0 && !topic::is_well_formed(bytes))
            || bytes.is_empty()
            || self.refuses(Rule::DiscouragedCharacters)
        {
            self.check(field, bytes, Content::TopicFilter)?;
        }
        Ok(TopicFilter::from_checked(bytes))
    }

    /// All that is left, which is the payload.
    #[inline(always)]
    pub(crate) fn payload(&mut self) -> Result<&'a [u8], DecodeError> {
        let start = self.at();
        let rest = self.reader.rest();
        if self.watch.missing() > 0 {
            return Err(self.short(Field::Payload, rest.len().saturating_add(1)));
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
    #[inline(always)]
    pub(crate) fn finish(&mut self) -> Result<(), DecodeError> {
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
        reserve: Reserve,
        content: Content,
    ) -> Result<&'a [u8], DecodeError> {
        match self.reader.prefixed(reserve.bytes) {
            Some(bytes) => Ok(bytes),
            None => Err(self.short_prefixed(field, reserve, content)),
        }
    }

    /// The verdict on a field of a fixed length that is not all there.
    #[cold]
    #[inline(never)]
    fn short(&mut self, field: Field, len: usize) -> DecodeError {
        if len <= self.left() {
            self.watch.wait();
        }
        self.error(ErrorKind::TruncatedField, field, self.at(), 0)
    }

    /// The verdict on a length-prefixed field that is not all there, or not what must follow it.
    #[cold]
    #[inline(never)]
    fn short_prefixed(&mut self, field: Field, reserve: Reserve, content: Content) -> DecodeError {
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
        if needed > self.left() {
            return self.error(ErrorKind::TruncatedField, field, at, 0);
        }
        if needed.saturating_add(reserve.bytes) > self.left() {
            return self.error(ErrorKind::TruncatedField, reserve.last, self.packet_end(), 0);
        }
        if let Some(present) = present {
            let missing = len.saturating_sub(present.len());
            if let Some((kind, fault_at, value)) = self.fault(present, missing, content) {
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

    /// Reports what is wrong with a string that has been read.
    #[cold]
    #[inline(never)]
    fn check(&mut self, field: Field, bytes: &[u8], content: Content) -> Result<(), DecodeError> {
        match self.fault(bytes, 0, content) {
            Some((kind, fault_at, value)) => {
                let start = self.at().saturating_sub(bytes.len());
                self.breach(kind, field, start.saturating_add(fault_at), value)
            }
            None => Ok(()),
        }
    }

    /// The first fault of a string of which `missing` bytes have not arrived: what, where in the
    /// string, and the offending byte.
    fn fault(
        &self,
        bytes: &[u8],
        missing: usize,
        content: Content,
    ) -> Option<(ErrorKind, usize, u32)> {
        let is_topic = matches!(content, Content::TopicName | Content::TopicFilter);
        if is_topic && bytes.is_empty() && missing == 0 {
            return Some((ErrorKind::EmptyTopic, 0, 0));
        }
        if content == Content::Binary {
            return None;
        }
        let discouraged = self.refuses(Rule::DiscouragedCharacters);
        let fault = text::first_fault(bytes, missing, discouraged);
        let sound = fault.and_then(|fault| bytes.get(..fault.at)).unwrap_or(bytes);
        let wildcard = match content {
            Content::TopicName => {
                topic::first_name_fault(sound).map(|at| (ErrorKind::WildcardInTopicName, at))
            }
            Content::TopicFilter => {
                let more = missing > 0 || sound.len() < bytes.len();
                topic::first_filter_fault(sound, more).map(|at| (ErrorKind::MisplacedWildcard, at))
            }
            Content::Text | Content::Binary => None,
        };
        let kind = |kind| match kind {
            text::FaultKind::IllFormed => ErrorKind::IllFormedUtf8,
            text::FaultKind::Nul => ErrorKind::HasNul,
            text::FaultKind::Discouraged => ErrorKind::DiscouragedCharacter,
        };
        let (kind, at) = wildcard.or_else(|| fault.map(|fault| (kind(fault.kind), fault.at)))?;
        Some((kind, at, bytes.get(at).copied().map_or(0, u32::from)))
    }
}
