//! PUBLISH: a message.

use super::{
    DecodeOptions, EncodeError, PacketType, Properties, encode,
    fields::Fields,
    frame,
    watch::{Glance, Watch},
};
use crate::{
    topic::TopicName,
    types::{Delivery, PacketId, QoS, Version},
    wire::{Text, Writer},
};
use bytes::BufMut;
use core::fmt;

const RETAIN: u8 = 0x01;
const DUP: u8 = 0x08;

/// PUBLISH: a message on its way (section 3.3). `Debug` shows how long the payload is, not what it
/// is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Publish<'a> {
    /// The QoS with the packet identifier and DUP that go with it.
    pub delivery: Delivery,
    /// To a server: keep it for later subscribers. From a server: it was kept.
    pub retain: bool,
    /// The topic that it is published to. Without one, which 5.0 alone allows, it is the topic for
    /// which the topic alias stands.
    pub topic: Option<TopicName<'a>>,
    /// The application's bytes, of any number up to what the packet can hold.
    pub payload: &'a [u8],
    /// The properties, which 3.1 and 3.1.1 do not have.
    pub properties: Properties<'a>,
}

impl<'a> Publish<'a> {
    /// A message at QoS 0 that is not retained.
    pub const fn new(topic: TopicName<'a>, payload: &'a [u8]) -> Self {
        Self {
            topic: Some(topic),
            payload,
            delivery: Delivery::AtMostOnce,
            retain: false,
            properties: Properties::EMPTY,
        }
    }

    /// Reads what follows a plain fixed header of this length if nothing is unusual or wrong.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn read_plain(
        first: u8,
        header_len: usize,
        body: &'a [u8],
        version: Version,
        options: &DecodeOptions,
    ) -> Option<Self> {
        let watch = &mut Glance;
        let fields = Fields::new(PacketType::Publish, body, header_len, options, watch);
        Self::decode_all(first, fields.of_version(version), false).ok()
    }

    /// Reads the PUBLISH at the front, which what follows is given with, if all of it is there and nothing
    /// is unusual or wrong.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn read_front(
        input: &'a [u8],
        version: Version,
        options: &DecodeOptions,
    ) -> Option<(Self, &'a [u8])> {
        let (first, header_len, body, after) = match input {
            [first, len @ 0..=0x7f, rest @ ..] if options.max_packet_size >= 0x82 => {
                let (body, after) = rest.split_at_checked(usize::from(*len))?;
                (*first, 2, body, after)
            }
            [first, low @ 0x80..=0xff, high @ 0x01..=0x7f, rest @ ..]
                if options.max_packet_size >= 0x4003 =>
            {
                let len = usize::from(*high).wrapping_shl(7) | usize::from(*low & 0x7f);
                let (body, after) = rest.split_at_checked(len)?;
                (*first, 3, body, after)
            }
            _ => return None,
        };
        if !is_plain(first) {
            return None;
        }
        Some((Self::read_plain(first, header_len, body, version, options)?, after))
    }

    /// The number of bytes of a packet that has begun and of which nothing but payload is missing, if
    /// nothing is unusual or wrong so far: then nothing can become wrong any more.
    #[inline]
    pub(crate) fn plain_start(input: &'a [u8], options: &DecodeOptions) -> Option<usize> {
        let header = frame::plain_header(input, options)
            .filter(|header| header.packet_type == PacketType::Publish)?;
        let (body, missing) = header.body(input);
        let watch = &mut Glance;
        let mut fields = header.frame(body).fields(options, watch);
        if missing == 0 || Self::decode_start(header.first, &mut fields).is_err() {
            return None;
        }
        Some(input.len().saturating_add(missing))
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn decode<W: Watch<'a>>(first: u8, r: Fields<'a, '_, W>) -> Result<Self, W::Fault> {
        Self::decode_all(first, r, true)
    }

    /// [`Self::decode`], and what to expect: whether the topic may be left to an alias.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn decode_all<W: Watch<'a>>(
        first: u8,
        mut r: Fields<'a, '_, W>,
        may_lack_topic: bool,
    ) -> Result<Self, W::Fault> {
        let (topic, delivery) = Self::decode_address(first, &mut r, may_lack_topic)?;
        let properties = r.publish_properties(topic.is_some())?;
        let payload = r.payload()?;
        Ok(Self { topic, payload, delivery, retain: first & RETAIN != 0, properties })
    }

    /// All but the payload. Even the end of that may be missing, which the watch is told.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn decode_start<W: Watch<'a>>(
        first: u8,
        r: &mut Fields<'a, '_, W>,
    ) -> Result<Self, W::Fault> {
        let (topic, delivery) = Self::decode_address(first, r, true)?;
        let properties = r.publish_properties(topic.is_some())?;
        Ok(Self { topic, payload: &[], delivery, retain: first & RETAIN != 0, properties })
    }

    /// Topic and packet identifier.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn decode_address<W: Watch<'a>>(
        first: u8,
        r: &mut Fields<'a, '_, W>,
        may_lack_topic: bool,
    ) -> Result<(Option<TopicName<'a>>, Delivery), W::Fault> {
        // [MQTT-3.3.2-1] [MQTT-3.3.2-2]
        if first & 0x06 == 0 {
            // [MQTT-2.3.1-5]; 5.0: [MQTT-2.2.1-2]
            return Ok((r.published_topic(0, may_lack_topic)?, Delivery::AtMostOnce));
        }
        let topic = r.published_topic(2, may_lack_topic)?;
        let packet_id = r.packet_id()?;
        let dup = first & DUP != 0;
        let delivery = if first & 0x06 == 0x02 {
            Delivery::AtLeastOnce { packet_id, dup }
        } else {
            Delivery::ExactlyOnce { packet_id, dup }
        };
        Ok((topic, delivery))
    }

    /// The QoS.
    pub const fn qos(&self) -> QoS {
        self.delivery.qos()
    }

    /// The packet identifier, which QoS 1 and 2 have.
    pub const fn packet_id(&self) -> Option<PacketId> {
        self.delivery.packet_id()
    }

    /// Whether it is marked as a repetition.
    pub const fn dup(&self) -> bool {
        self.delivery.dup()
    }

    /// The number of bytes that [`Self::encode`] writes.
    pub fn encoded_len(&self, version: Version) -> Result<usize, EncodeError> {
        let body_len = self.body_len(version, self.payload.len())?;
        let remaining_length = encode::remaining_length(PacketType::Publish, body_len)?;
        Ok(encode::packet_len(remaining_length, body_len))
    }

    /// Writes the packet. On an error nothing has been written.
    #[inline]
    pub fn encode(&self, version: Version, out: &mut impl BufMut) -> Result<(), EncodeError> {
        let body_len = self.body_len(version, self.payload.len())?;
        let remaining_length = encode::remaining_length(PacketType::Publish, body_len)?;
        encode::check_room(out, encode::packet_len(remaining_length, body_len))?;
        self.write_header(version, remaining_length, out);
        out.put_slice(self.payload);
        Ok(())
    }

    /// Writes everything before a payload of `payload_len` bytes, whatever [`Self::payload`] is, so
    /// that the payload need not be copied or be in one piece. On an error nothing has been
    /// written.
    ///
    /// ```
    /// use mqtt_pure::{Publish, TopicName, Version};
    ///
    /// let payload = vec![0; 1_000_000];
    /// let publish = Publish::new(TopicName::new("a/b")?, &payload);
    /// let mut header = Vec::new();
    /// publish.encode_header(Version::V3_1_1, payload.len(), &mut header)?;
    /// assert_eq!(header, b"\x30\xc5\x84\x3d\x00\x03a/b"); // and then the payload as it is
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn encode_header(
        &self,
        version: Version,
        payload_len: usize,
        out: &mut impl BufMut,
    ) -> Result<(), EncodeError> {
        let body_len = self.body_len(version, payload_len)?;
        let remaining_length = encode::remaining_length(PacketType::Publish, body_len)?;
        let packet_len = encode::packet_len(remaining_length, body_len);
        encode::check_room(out, packet_len.saturating_sub(payload_len))?;
        self.write_header(version, remaining_length, out);
        Ok(())
    }

    #[inline]
    fn body_len(&self, version: Version, payload_len: usize) -> Result<usize, EncodeError> {
        let packet_type = PacketType::Publish;
        let properties = encode::properties_len(packet_type, self.properties, version)?;
        let packet_id_len = if self.packet_id().is_some() { 2 } else { 0 };
        let topic_len = match self.topic {
            Some(topic) => topic.as_bytes().len(),
            None => self.check_alias()?,
        };
        Ok(payload_len
            .saturating_add(topic_len)
            .saturating_add(2)
            .saturating_add(packet_id_len)
            .saturating_add(properties))
    }

    /// The length of a topic that is not there, if an alias is.
    #[cold]
    fn check_alias(&self) -> Result<usize, EncodeError> {
        match self.properties.topic_alias() {
            Some(_) => Ok(0),
            None => Err(EncodeError::NoTopic),
        }
    }

    /// Short headers are written in one piece of constant size, which is what makes them fast.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn write_header(&self, version: Version, remaining_length: u32, out: &mut impl BufMut) {
        let [_, _, high, low] = remaining_length.to_be_bytes();
        let topic = self.topic.map_or(Text::EMPTY, TopicName::text);
        let [topic_high, topic_low] = topic.wire_len().to_be_bytes();
        if remaining_length < 0x80 {
            out.put_slice(&[self.first_byte(), low, topic_high, topic_low]);
        } else if remaining_length < 0x4000 {
            let high = high.wrapping_shl(1) | low.wrapping_shr(7);
            out.put_slice(&[self.first_byte(), low | 0x80, high, topic_high, topic_low]);
        } else {
            let mut writer = Writer::new(out);
            writer.fixed_header(self.first_byte(), remaining_length);
            writer.bytes(&[topic_high, topic_low]);
        }
        out.put_slice(topic.as_bytes());
        if let Some(packet_id) = self.packet_id() {
            out.put_slice(&packet_id.get().to_be_bytes());
        }
        // [MQTT-2.2.2-1]
        encode::write_properties(&self.properties, version, &mut Writer::new(out));
    }

    #[inline]
    fn first_byte(&self) -> u8 {
        let qos = self.qos().level().wrapping_shl(1);
        let dup = if self.dup() { DUP } else { 0 };
        0x30 | dup | qos | u8::from(self.retain)
    }
}

/// Whether a first byte is that of a PUBLISH and needs no second look: QoS 0 to 2, no DUP at QoS 0.
#[inline(always)]
pub(crate) const fn is_plain(first: u8) -> bool {
    matches!(first, 0x30..=0x35 | 0x3a..=0x3d)
}

impl fmt::Debug for Publish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publish")
            .field("topic", &self.topic)
            .field("payload", &format_args!("<{} bytes>", self.payload.len()))
            .field("delivery", &self.delivery)
            .field("retain", &self.retain)
            .field("properties", &self.properties)
            .finish()
    }
}
