//! A message that outlives the bytes in which it came.

use super::form::Form;
use crate::{
    packet::{EncodeError, Properties, PropertyId, Publish, Will},
    topic::TopicName,
    types::{QoS, Version},
    wire::{Writer, varint},
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
    head: Box<[u8]>,
    topic_len: usize,
    payload: Bytes,
    properties: u32,
    /// The Message Expiry Interval in seconds.
    expiry: Option<u32>,
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
    /// a message, nor is a topic alias.
    pub(super) fn copy(topic: TopicName<'_>, publish: &Publish<'_>) -> Self {
        let payload = Bytes::copy_from_slice(publish.payload);
        Self::assemble(topic, publish.properties, payload)
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
        let mut head = Vec::with_capacity(topic.as_bytes().len());
        head.extend_from_slice(topic.as_bytes());
        let count = properties.write_of_message(&mut head);
        let content = Content {
            head: head.into_boxed_slice(),
            topic_len: topic.as_bytes().len(),
            payload,
            properties: count,
            expiry: properties.message_expiry_interval(),
        };
        Self { content: Arc::new(content), alias: 0, qos: QoS::AtMostOnce, retain: false }
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
    pub const fn qos(&self) -> QoS {
        self.qos
    }

    /// Whether it is to be retained, or comes from the retained ones.
    pub const fn retain(&self) -> bool {
        self.retain
    }

    /// The properties, apart from topic alias and Message Expiry Interval.
    pub fn properties(&self) -> Properties<'_> {
        self.content.properties()
    }

    /// After how many seconds it is of no use any more.
    pub fn message_expiry_interval(&self) -> Option<u32> {
        self.content.expiry
    }

    /// The topic alias that the message may be sent with.
    pub const fn topic_alias(&self) -> u16 {
        self.alias
    }

    pub(super) fn into_content(self) -> Arc<Content> {
        self.content
    }

    pub(super) const fn content(&self) -> &Arc<Content> {
        &self.content
    }

    pub(super) const fn from_parts(content: Arc<Content>, qos: QoS, retain: bool) -> Self {
        Self { content, alias: 0, qos, retain }
    }

    /// About how many bytes it takes in memory.
    pub(super) fn weight(&self) -> usize {
        self.content.head.len().saturating_add(self.content.payload.len()).saturating_add(128)
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
    fn split(&self) -> (&[u8], &[u8]) {
        self.head.split_at_checked(self.topic_len).unwrap_or((&self.head, &[]))
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

    /// The lengths of the properties and of the body in this form.
    fn lens(&self, form: &Form) -> (usize, usize) {
        let (topic, block) = self.split();
        let topic = if form.is_topic_known { 0 } else { topic.len() };
        let id = if form.delivery.packet_id().is_some() { 2 } else { 0 };
        let (properties, properties_len) = if form.has_properties {
            let alias = if form.alias == 0 { 0 } else { 3 };
            let expiry = if form.expiry.is_some() { 5 } else { 0 };
            let len = block.len().saturating_add(alias).saturating_add(expiry);
            let len_len = varint::len(u32::try_from(len).unwrap_or(varint::MAX));
            (len, len.saturating_add(len_len))
        } else {
            (0, 0)
        };
        let body = topic.saturating_add(2).saturating_add(id).saturating_add(properties_len);
        (properties, body.saturating_add(self.payload.len()))
    }

    /// How long the packet is.
    pub(super) fn packet_len(&self, form: &Form) -> usize {
        let (_, body) = self.lens(form);
        let len = varint::len(u32::try_from(body).unwrap_or(varint::MAX));
        body.saturating_add(len).saturating_add(1)
    }

    /// Writes the packet without its payload. It has been made sure that it has a length.
    pub(super) fn write_header(&self, form: &Form, out: &mut Vec<u8>) {
        let (properties, body) = self.lens(form);
        let (topic, block) = self.split();
        let topic = if form.is_topic_known { &[][..] } else { topic };
        let mut writer = Writer::new(out);
        writer.fixed_header(form.first_byte(), u32::try_from(body).unwrap_or(varint::MAX));
        writer.prefixed(topic);
        if let Some(id) = form.delivery.packet_id() {
            writer.u16(id.get());
        }
        if !form.has_properties {
            return;
        }
        writer.varint(u32::try_from(properties).unwrap_or(varint::MAX));
        if let Some(expiry) = form.expiry {
            writer.u8(PropertyId::MessageExpiryInterval.number());
            writer.u32(expiry);
        }
        if form.alias != 0 {
            writer.u8(PropertyId::TopicAlias.number());
            writer.u16(form.alias);
        }
        writer.bytes(block);
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
