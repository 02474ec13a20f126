//! A message that outlives the bytes in which it came.

use super::form::Form;
use crate::{
    packet::{EncodeError, Properties, Property, PropertyId, Publish, Will},
    topic::TopicName,
    types::{QoS, Version},
    wire::{Writer, text::wire_len, varint},
};
use alloc::{boxed::Box, sync::Arc, vec::Vec};
use bytes::Bytes;
use core::{fmt, num::NonZeroU16};

/// A message that is kept: one that waits, that is on its way, or that is retained.
///
/// A clone shares topic, properties and payload with the original, so that a message to many
/// subscribers is in memory once.
///
/// ```
/// use mqtt_pure::{Message, QoS, TopicName};
///
/// let message = Message::new(TopicName::new("a/b")?, "hi").with_qos(QoS::AtLeastOnce);
/// let retained = message.clone().with_retain(true);
/// assert_eq!(retained.topic(), message.topic());
/// assert_eq!(&retained.payload()[..], b"hi");
/// # Ok::<(), mqtt_pure::TopicError>(())
/// ```
#[derive(Clone)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "Plain", try_from = "Plain")
)]
pub struct Message {
    content: Arc<Content>,
    /// The topic alias that may stand for the topic, 0 for none.
    alias: u16,
    qos: QoS,
    retain: bool,
}

/// What the copies of a message share.
pub(super) struct Content {
    /// The topic, and behind it the properties as they are on the wire, without alias and expiry.
    head: Head,
    topic_len: u16,
    payload: Bytes,
    properties: u32,
    /// The Message Expiry Interval in seconds.
    expiry: Option<u32>,
}

/// Bytes that are mostly few, so that they need no memory of their own.
enum Head {
    Short { len: u8, bytes: [u8; SHORT] },
    Long(Box<[u8]>),
}

const SHORT: usize = 46;

impl Head {
    #[inline]
    fn short(bytes: &[u8]) -> Option<Self> {
        let len = u8::try_from(bytes.len()).ok()?;
        let mut all = [0; SHORT];
        all.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self::Short { len, bytes: all })
    }

    fn new(bytes: Vec<u8>) -> Self {
        Self::short(&bytes).unwrap_or_else(|| Self::Long(bytes.into_boxed_slice()))
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

impl Message {
    /// A message of QoS 0 that is not retained.
    pub fn new(topic: TopicName<'_>, payload: impl Into<Bytes>) -> Self {
        Self::assemble(topic, Properties::EMPTY, payload.into())
    }

    /// Adds properties; of a topic alias it takes the number alone. An error if there are any already
    /// that a PUBLISH may not have.
    pub fn with_properties(self, properties: Properties<'_>) -> Result<Self, EncodeError> {
        let publish = Publish { properties, ..Publish::new(self.topic(), &[]) };
        publish.encoded_len(Version::NEWEST)?;
        let alias = properties.topic_alias().map_or(0, NonZeroU16::get);
        let payload = self.content.payload.clone();
        Ok(Self { alias, ..Self::assemble(self.topic(), properties, payload) }
            .with_qos(self.qos)
            .with_retain(self.retain))
    }

    /// Copies a PUBLISH, with the topic that its alias stands for. DUP and identifier are not part of
    /// a message, nor are a topic alias and the identifiers of the subscriptions that it came by.
    pub(super) fn copy(topic: TopicName<'_>, publish: &Publish<'_>) -> Self {
        let payload = Bytes::copy_from_slice(publish.payload);
        let is_own = |p: &Property<'_>| p.id() != PropertyId::SubscriptionIdentifier;
        let own: Vec<_> = publish.properties.iter().filter(is_own).collect();
        Self::assemble(topic, Properties::from(&own[..]), payload)
            .with_qos(publish.qos())
            .with_retain(publish.retain)
    }

    /// Copies a will; its delay is not part of it.
    pub(super) fn of_will(will: &Will<'_>) -> Self {
        let payload = Bytes::copy_from_slice(will.payload.as_bytes());
        Self::assemble(will.topic, will.properties, payload)
            .with_qos(will.qos)
            .with_retain(will.retain)
    }

    /// The properties have been checked.
    fn assemble(topic: TopicName<'_>, properties: Properties<'_>, payload: Bytes) -> Self {
        let topic_len = wire_len(topic.as_bytes());
        let short = if properties.is_empty() { Head::short(topic.as_bytes()) } else { None };
        let content = match short {
            Some(head) => Content { head, topic_len, payload, properties: 0, expiry: None },
            None => Self::long_content(topic, properties, payload),
        };
        Self { content: Arc::new(content), alias: 0, qos: QoS::AtMostOnce, retain: false }
    }

    #[cold]
    fn long_content(topic: TopicName<'_>, properties: Properties<'_>, payload: Bytes) -> Content {
        let mut head = Vec::with_capacity(topic.as_bytes().len());
        head.extend_from_slice(topic.as_bytes());
        let count = properties.write_of_message(&mut head);
        Content {
            head: Head::new(head),
            topic_len: wire_len(topic.as_bytes()),
            payload,
            properties: count,
            expiry: properties.message_expiry_interval(),
        }
    }

    /// With this QoS.
    #[must_use]
    pub const fn with_qos(mut self, qos: QoS) -> Self {
        self.qos = qos;
        self
    }

    /// With this RETAIN flag.
    #[must_use]
    pub const fn with_retain(mut self, retain: bool) -> Self {
        self.retain = retain;
        self
    }

    /// The topic.
    pub fn topic(&self) -> TopicName<'_> {
        self.content.topic()
    }

    /// The payload.
    pub fn payload(&self) -> &Bytes {
        &self.content.payload
    }

    /// The QoS.
    #[inline]
    pub const fn qos(&self) -> QoS {
        self.qos
    }

    /// Whether it is to be retained, or comes from the retained ones.
    #[inline]
    pub const fn retain(&self) -> bool {
        self.retain
    }

    /// The properties, apart from topic alias and Message Expiry Interval.
    pub fn properties(&self) -> Properties<'_> {
        self.content.properties()
    }

    /// After how many seconds it is of no use any more. Whenever it is sent, the time for which it has
    /// waited is taken off.
    #[inline]
    pub fn message_expiry_interval(&self) -> Option<u32> {
        self.content.expiry
    }

    /// The topic alias that the message may be sent with.
    #[inline]
    pub const fn topic_alias(&self) -> u16 {
        self.alias
    }

    /// Content, topic alias, QoS and RETAIN.
    #[inline(always)]
    pub(super) fn into_parts(self) -> (Arc<Content>, u16, QoS, bool) {
        (self.content, self.alias, self.qos, self.retain)
    }

    #[inline]
    pub(super) const fn from_parts(
        content: Arc<Content>,
        alias: u16,
        qos: QoS,
        retain: bool,
    ) -> Self {
        Self { content, alias, qos, retain }
    }

    /// Whether it has what no version before 5.0 has.
    #[inline]
    pub(super) fn is_of_5_0(&self) -> bool {
        self.content.properties != 0 || self.content.expiry.is_some()
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn weight(&self) -> usize {
        self.content
            .head
            .bytes()
            .len()
            .saturating_add(self.content.payload.len())
            .saturating_add(128)
    }
}

/// Topic, QoS and sizes; not what is in the payload.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("topic", &self.topic())
            .field("payload", &format_args!("<{} bytes>", self.content.payload.len()))
            .field("qos", &self.qos)
            .field("retain", &self.retain)
            .field("properties", &self.properties())
            .finish()
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&*self.content, &*other.content);
        (self.qos, self.retain, self.alias) == (other.qos, other.retain, other.alias)
            && (a.topic(), a.expiry, &a.payload) == (b.topic(), b.expiry, &b.payload)
            && a.properties() == b.properties()
    }
}

impl Eq for Message {}

impl Content {
    #[inline]
    fn split(&self) -> (&[u8], &[u8]) {
        let head = self.head.bytes();
        head.split_at_checked(usize::from(self.topic_len)).unwrap_or((head, &[]))
    }

    pub(super) fn topic(&self) -> TopicName<'_> {
        TopicName::from_checked(self.split().0)
    }

    fn properties(&self) -> Properties<'_> {
        Properties::of_message(self.split().1, self.properties)
    }

    pub(super) const fn payload(&self) -> &Bytes {
        &self.payload
    }

    pub(super) const fn expiry(&self) -> Option<u32> {
        self.expiry
    }

    /// The lengths of the packet in this form.
    #[inline(always)]
    pub(super) fn lens(&self, form: Form) -> Lens {
        let topic = if form.is_topic_known { 0 } else { usize::from(self.topic_len) };
        let id = if form.packet_id.is_some() { 4 } else { 2 };
        let body = self.payload.len().saturating_add(topic.saturating_add(id));
        let (properties, body) = if form.has_properties {
            self.lens_of_5_0(form.alias != 0, form.expiry.is_some(), body)
        } else {
            (0, body)
        };
        let body = u32::try_from(body).unwrap_or(u32::MAX);
        Lens { properties, body }
    }

    /// The lengths of the properties, and of the body with them.
    #[inline]
    fn lens_of_5_0(&self, has_alias: bool, has_expiry: bool, body: usize) -> (u32, usize) {
        let alias = if has_alias { 3 } else { 0 };
        let expiry = if has_expiry { 5 } else { 0 };
        let (_, block) = self.split();
        let len = block.len().saturating_add(alias).saturating_add(expiry);
        let properties = u32::try_from(len).unwrap_or(varint::MAX);
        (properties, body.saturating_add(len).saturating_add(varint::len(properties)))
    }

    /// Writes the packet without its payload. It has been made sure that it has these lengths.
    #[inline(always)]
    pub(super) fn write_header(&self, form: Form, lens: Lens, out: &mut Vec<u8>) {
        let topic = if form.is_topic_known { &[][..] } else { self.split().0 };
        let [_, _, high, low] = lens.body.to_be_bytes();
        let topic_len = if form.is_topic_known { 0 } else { self.topic_len };
        let [topic_high, topic_low] = topic_len.to_be_bytes();
        // Short headers are written in pieces of constant size, which is what makes them fast.
        if lens.body < 0x80 {
            out.extend_from_slice(&[form.first_byte, low, topic_high, topic_low]);
        } else if lens.body < 0x4000 {
            let high = high.wrapping_shl(1) | low.wrapping_shr(7);
            let start = [form.first_byte, low | 0x80, high, topic_high, topic_low];
            out.extend_from_slice(&start);
        } else {
            let mut writer = Writer::new(out);
            writer.fixed_header(form.first_byte, lens.body);
            writer.bytes(&[topic_high, topic_low]);
        }
        out.extend_from_slice(topic);
        match form.packet_id.map(|id| id.get().to_be_bytes()) {
            Some([high, low]) if form.has_properties && lens.properties == 0 => {
                return out.extend_from_slice(&[high, low, 0]);
            }
            Some(id) => out.extend_from_slice(&id),
            None => {}
        }
        if form.has_properties {
            self.write_properties(form.expiry, form.alias, lens.properties, out);
        }
    }

    #[inline(never)]
    fn write_properties(&self, expiry: Option<u32>, alias: u16, len: u32, out: &mut Vec<u8>) {
        let mut writer = Writer::new(out);
        writer.varint(len);
        if let Some(expiry) = expiry {
            writer.u8(PropertyId::MessageExpiryInterval.number());
            writer.u32(expiry);
        }
        if alias != 0 {
            writer.u8(PropertyId::TopicAlias.number());
            writer.u16(alias);
        }
        writer.bytes(self.split().1);
    }
}

/// The lengths in a PUBLISH.
#[derive(Clone, Copy)]
pub(super) struct Lens {
    /// Of the properties, without this length.
    properties: u32,
    /// The Remaining Length, or what is too much for one.
    body: u32,
}

impl Lens {
    /// Whether the packet can be written and is at most so long.
    #[inline]
    pub(super) const fn fit(self, maximum: u32) -> bool {
        self.body <= varint::MAX && self.packet() <= maximum
    }

    /// Of the whole packet, for whoever is told that it is too long.
    pub(super) fn packet_len(self) -> usize {
        usize::try_from(self.packet()).unwrap_or(usize::MAX)
    }

    /// Of the whole packet.
    #[inline]
    const fn packet(self) -> u32 {
        let len = match self.body {
            0..0x80 => 2,
            0x80..0x4000 => 3,
            0x4000..0x20_0000 => 4,
            _ => 5,
        };
        self.body.saturating_add(len)
    }
}

/// A message as it is stored.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Plain {
    topic: alloc::string::String,
    payload: Bytes,
    qos: u8,
    retain: bool,
    topic_alias: u16,
    message_expiry_interval: Option<u32>,
    /// As they are on the wire, without those above.
    properties: Bytes,
}

#[cfg(feature = "serde")]
impl From<Message> for Plain {
    fn from(message: Message) -> Self {
        Self {
            topic: message.topic().as_str().into(),
            payload: message.payload().clone(),
            qos: message.qos.level(),
            retain: message.retain,
            topic_alias: message.alias,
            message_expiry_interval: message.message_expiry_interval(),
            properties: Bytes::copy_from_slice(message.content.split().1),
        }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<Plain> for Message {
    type Error = &'static str;

    /// What is stored may have been changed by anybody.
    fn try_from(plain: Plain) -> Result<Self, Self::Error> {
        use crate::packet::{DecodeOptions, Packet};
        let name = TopicName::new(&plain.topic).map_err(|_| "not a topic name")?;
        let qos = QoS::new(plain.qos).ok_or("not a QoS")?;
        let len = |len| u32::try_from(len).ok().filter(|len| *len <= varint::MAX);
        let too_long = "properties that are too long";
        let mut block = Vec::new();
        Writer::new(&mut block).varint(len(plain.properties.len()).ok_or(too_long)?);
        block.extend_from_slice(&plain.properties);
        let mut body = Vec::new();
        Writer::new(&mut body).prefixed(name.as_bytes());
        body.extend_from_slice(&block);
        let mut bytes = Vec::new();
        Writer::new(&mut bytes).fixed_header(0x30, len(body.len()).ok_or(too_long)?);
        bytes.extend_from_slice(&body);
        let options = DecodeOptions::new(Version::NEWEST)
            .with_max_packet_size(DecodeOptions::MAX_PACKET_SIZE);
        let Ok(Some(Packet::Publish(publish))) = Packet::read(&mut &bytes[..], options) else {
            return Err("not properties of a message");
        };
        let mut message = Self::assemble(name, publish.properties, plain.payload);
        if message.content.split().1 != &plain.properties[..] {
            return Err("properties that no message keeps");
        }
        if let Some(content) = Arc::get_mut(&mut message.content) {
            content.expiry = plain.message_expiry_interval;
        }
        message.alias = plain.topic_alias;
        Ok(message.with_qos(qos).with_retain(plain.retain))
    }
}
