//! PUBLISH: a message.

use super::{
    DecodeOptions, EncodeError, Field, PacketType, Properties, encode,
    fields::Fields,
    frame,
    room::Room,
    watch::{Glance, Watch},
};
use crate::{
    topic::TopicName,
    types::{Delivery, PacketId, QoS, Version},
    wire::Writer,
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
    /// The topic that it is published to.
    pub topic: TopicName<'a>,
    /// The application's bytes, of any number up to what the packet can hold.
    pub payload: &'a [u8],
    /// The properties, which 3.1 and 3.1.1 do not have.
    pub properties: Properties<'a>,
}

impl<'a> Publish<'a> {
    /// A message at QoS 0 that is not retained.
    pub const fn new(topic: TopicName<'a>, payload: &'a [u8]) -> Self {
        Self {
            topic,
            payload,
            delivery: Delivery::AtMostOnce,
            retain: false,
            properties: Properties::EMPTY,
        }
    }

    /// Reads what follows a plain fixed header of this length if nothing is unusual or wrong.
    #[inline(always)]
    pub(crate) fn read_plain(
        first: u8,
        header_len: usize,
        body: &'a [u8],
        options: DecodeOptions,
    ) -> Option<Self> {
        let watch = &mut Glance;
        let fields = Fields::new(PacketType::Publish, body, header_len, options, watch);
        Self::decode(first, fields).ok()
    }

    /// The number of bytes of a packet that has begun and of which nothing but payload is missing, if
    /// nothing is unusual or wrong so far: then nothing can become wrong any more.
    #[inline]
    pub(crate) fn plain_start(input: &'a [u8], options: DecodeOptions) -> Option<usize> {
        let header = frame::plain_header(input, options.max_packet_size)
            .filter(|header| header.packet_type == PacketType::Publish)?;
        let (body, missing) = header.body(input);
        let watch = &mut Glance;
        let mut fields = header.frame(body).fields(options, watch);
        if missing == 0 || Self::decode_header(header.first, &mut fields).is_err() {
            return None;
        }
        Some(input.len().saturating_add(missing))
    }

    #[inline(always)]
    pub(crate) fn decode<W: Watch<'a>>(
        first: u8,
        mut r: Fields<'a, '_, W>,
    ) -> Result<Self, W::Fault> {
        let (topic, delivery) = Self::decode_header(first, &mut r)?;
        let payload = r.payload()?;
        let retain = first & RETAIN != 0;
        Ok(Self { topic, payload, delivery, retain, properties: Properties::EMPTY })
    }

    /// All but the payload.
    #[inline(always)]
    fn decode_header<W: Watch<'a>>(
        first: u8,
        r: &mut Fields<'a, '_, W>,
    ) -> Result<(TopicName<'a>, Delivery), W::Fault> {
        // [MQTT-3.3.2-1] [MQTT-3.3.2-2]
        if first & 0x06 == 0 {
            // [MQTT-2.3.1-5]
            return Ok((r.topic_name(Field::TopicName, Room::ANY)?, Delivery::AtMostOnce));
        }
        let topic = r.topic_name(Field::TopicName, Room::at_least(2, Field::PacketId))?;
        let packet_id = r.packet_id()?;
        let dup = first & DUP != 0;
        let delivery = if first & 0x06 == 0x02 {
            Delivery::AtLeastOnce { packet_id, dup }
        } else {
            Delivery::ExactlyOnce { packet_id, dup }
        };
        Ok((topic, delivery))
    }

    /// The packet without its payload, and how long that is. The payload may be missing, even the
    /// end of the header, which the watch is told.
    pub(crate) fn decode_start<W: Watch<'a>>(
        first: u8,
        mut r: Fields<'a, '_, W>,
    ) -> Result<(Self, usize), W::Fault> {
        let (topic, delivery) = Self::decode_header(first, &mut r)?;
        let retain = first & RETAIN != 0;
        let publish = Self { topic, payload: &[], delivery, retain, properties: Properties::EMPTY };
        Ok((publish, r.left()))
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
        self.write_header(remaining_length, out);
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
        self.write_header(remaining_length, out);
        Ok(())
    }

    #[inline]
    fn body_len(&self, version: Version, payload_len: usize) -> Result<usize, EncodeError> {
        encode::check_properties(PacketType::Publish, self.properties, version)?;
        let packet_id_len = if self.packet_id().is_some() { 2 } else { 0 };
        let topic_len = self.topic.as_bytes().len();
        Ok(payload_len.saturating_add(topic_len).saturating_add(2).saturating_add(packet_id_len))
    }

    /// Short headers are written in one piece of constant size, which is what makes them fast.
    #[inline]
    fn write_header(&self, remaining_length: u32, out: &mut impl BufMut) {
        let [_, _, high, low] = remaining_length.to_be_bytes();
        let [topic_high, topic_low] = self.topic.text().wire_len().to_be_bytes();
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
        out.put_slice(self.topic.as_bytes());
        if let Some(packet_id) = self.packet_id() {
            out.put_slice(&packet_id.get().to_be_bytes());
        }
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
