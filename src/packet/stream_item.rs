//! What comes out of a byte stream.

use super::{
    DecodeError, DecodeOptions, Packet, PacketType, Publish, fields::Fields, frame::Header,
    judge::read_publish_start, watch::Partial,
};
use crate::{
    topic::TopicName,
    types::{PacketId, QoS},
};
use core::{fmt, num::NonZeroU16};

/// What a [`StreamDecoder`](super::StreamDecoder) takes out of the stream.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamItem<'a> {
    /// A whole packet.
    Packet(Packet<'a>),
    /// The beginning of a PUBLISH whose payload follows in pieces.
    Publish {
        /// The packet, with an empty payload.
        publish: Publish<'a>,
        /// How many bytes of payload follow as [`StreamItem::Payload`].
        payload_len: usize,
    },
    /// The next piece of the payload of the PUBLISH that was announced.
    Payload {
        /// The bytes, never none.
        bytes: &'a [u8],
        /// How many bytes are still to come; with 0 the payload is complete.
        left: usize,
    },
    /// A packet that is over the limit. Its bytes will be dropped as they arrive.
    Skipped(Skipped<'a>),
}

/// Shows how long a payload is, not what is in it.
impl fmt::Debug for StreamItem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packet(packet) => packet.fmt(f),
            Self::Publish { publish, payload_len } => {
                write!(f, "{publish:?} with {payload_len} bytes to come")
            }
            Self::Payload { bytes, left } => {
                write!(f, "Payload <{} bytes>, {left} to come", bytes.len())
            }
            Self::Skipped(skipped) => skipped.fmt(f),
        }
    }
}

/// What is known of a packet that is skipped: enough to acknowledge it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped<'a> {
    /// The type.
    pub packet_type: PacketType,
    /// The number of bytes of the whole packet.
    pub packet_len: u32,
    /// The QoS, of a PUBLISH.
    pub qos: Option<QoS>,
    /// The packet identifier, where the packet has one.
    pub packet_id: Option<PacketId>,
    /// The topic, of a PUBLISH; `None` where it alone is over the limit, or where a topic alias
    /// stands for it.
    pub topic: Option<TopicName<'a>>,
    /// The topic alias, of a PUBLISH of 5.0; `None` also where the properties are over the limit.
    pub topic_alias: Option<NonZeroU16>,
}

/// What an item is that has been found but not read yet.
pub(crate) enum What {
    Packet(Header),
    Publish(Header),
    Payload {
        left: usize,
    },
    Skipped(Header),
    /// A packet identifier alone, at this offset of the packet.
    SkippedId(Header, usize),
}

/// Reads an item from its bytes.
pub(crate) fn read_item<'a>(
    what: What,
    bytes: &'a [u8],
    options: &DecodeOptions,
) -> Result<StreamItem<'a>, DecodeError> {
    match what {
        What::Packet(header) => {
            let (body, _) = header.body(bytes);
            Packet::decode(header.frame(body), *options).map(StreamItem::Packet)
        }
        What::Payload { left } => Ok(StreamItem::Payload { bytes, left }),
        What::Publish(header) => {
            let (publish, payload_len) = read_publish_start(&header, bytes, options)?;
            Ok(StreamItem::Publish { publish, payload_len })
        }
        What::Skipped(header) => {
            let mut skipped = Skipped::new(&header);
            if header.packet_type == PacketType::Publish {
                skipped.learn(&header, bytes, options)?;
            } else if header.has_packet_id() {
                let (body, missing) = header.body(bytes);
                let mut watch = Partial::new(missing);
                let at = header.header_len();
                let mut fields = Fields::new(header.packet_type, body, at, options, &mut watch);
                skipped.packet_id = Some(fields.packet_id()?);
            }
            Ok(StreamItem::Skipped(skipped))
        }
        What::SkippedId(header, at) => {
            let mut skipped = Skipped::new(&header);
            if header.has_packet_id() {
                let mut watch = ();
                let mut fields = Fields::new(header.packet_type, bytes, at, options, &mut watch);
                skipped.packet_id = Some(fields.packet_id()?);
            }
            Ok(StreamItem::Skipped(skipped))
        }
    }
}

impl<'a> Skipped<'a> {
    /// Learns from the beginning of a PUBLISH: up to the properties, or with them.
    fn learn(
        &mut self,
        header: &Header,
        bytes: &'a [u8],
        options: &DecodeOptions,
    ) -> Result<(), DecodeError> {
        let (body, missing) = header.body(bytes);
        let mut watch = Partial::new(missing);
        let mut fields = header.frame(body).fields(options, &mut watch);
        let (topic, delivery) = Publish::decode_address(header.first, &mut fields, true)?;
        (self.topic, self.packet_id) = (topic, delivery.packet_id());
        if !fields.rest().is_empty() {
            self.topic_alias = fields.publish_properties(topic.is_some())?.topic_alias();
        }
        Ok(())
    }

    fn new(header: &Header) -> Self {
        let is_publish = header.packet_type == PacketType::Publish;
        Self {
            packet_type: header.packet_type,
            packet_len: header.packet_len(),
            qos: is_publish.then(|| header.qos()),
            packet_id: None,
            topic: None,
            topic_alias: None,
        }
    }
}
