//! The packets: one struct each, borrowed from the bytes that they were read from.

mod ack;
mod connack;
mod connect;
mod disconnect;
mod encode;
mod error;
mod explain;
mod field;
mod fields;
mod frame;
mod judge;
mod list;
mod packet_type;
mod ping;
mod properties;
mod publish;
mod room;
mod stream;
mod stream_item;
mod strictness;
mod suback;
mod subscribe;
mod unsuback;
mod unsubscribe;
mod watch;

pub use ack::{Puback, Pubcomp, Pubrec, Pubrel};
pub use connack::Connack;
pub use connect::{Connect, Will};
pub use disconnect::Disconnect;
pub use error::{DecodeError, EncodeError, ErrorKind};
pub use explain::{ExplainedField, Explanation, Value, explain};
pub use field::Field;
pub use frame::{DecodeOptions, Frame, Split, split};
pub use list::{Entries, Entry, List};
pub use packet_type::PacketType;
pub use ping::{Pingreq, Pingresp};
pub use properties::Properties;
pub use publish::Publish;
pub use stream::{Feed, Oversize, StreamDecoder};
pub use stream_item::{Skipped, StreamItem};
pub use strictness::{Rule, Strictness};
pub use suback::Suback;
pub use subscribe::{Subscribe, Subscription, SubscriptionOptions};
pub use unsuback::Unsuback;
pub use unsubscribe::Unsubscribe;

use crate::types::{PacketId, Version};
use bytes::BufMut;
use fields::Fields;
use frame::{Header, Start};
use watch::{Glance, Partial, Watch};

/// A packet of any type.
///
/// ```
/// use mqtt_pure::{DecodeOptions, Packet};
///
/// let mut input: &[u8] = b"\x30\x07\x00\x03a/bhi\xc0\x00\xd0";
/// let options = DecodeOptions::default();
/// while let Some(packet) = Packet::read(&mut input, options)? {
///     match packet {
///         Packet::Publish(publish) => assert_eq!(publish.payload, b"hi"),
///         other => assert!(matches!(other, Packet::Pingreq(_))),
///     }
/// }
/// assert_eq!(input, b"\xd0"); // the first byte of a packet that has not arrived yet
/// # Ok::<(), mqtt_pure::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// A client asks for a connection.
    Connect(Connect<'a>),
    /// A server answers a CONNECT.
    Connack(Connack<'a>),
    /// A message.
    Publish(Publish<'a>),
    /// Acknowledges a QoS 1 PUBLISH.
    Puback(Puback<'a>),
    /// First answer to a QoS 2 PUBLISH.
    Pubrec(Pubrec<'a>),
    /// Answer to a PUBREC.
    Pubrel(Pubrel<'a>),
    /// Answer to a PUBREL, the end of a QoS 2 delivery.
    Pubcomp(Pubcomp<'a>),
    /// A client asks for messages.
    Subscribe(Subscribe<'a>),
    /// Answers a SUBSCRIBE.
    Suback(Suback<'a>),
    /// A client wants no more messages.
    Unsubscribe(Unsubscribe<'a>),
    /// Answers an UNSUBSCRIBE.
    Unsuback(Unsuback<'a>),
    /// A client shows that it is alive.
    Pingreq(Pingreq),
    /// Answers a PINGREQ.
    Pingresp(Pingresp),
    /// A client takes its leave.
    Disconnect(Disconnect<'a>),
}

/// Applies an expression to whichever packet it is.
macro_rules! each {
    ($packet:expr, $p:ident => $e:expr) => {
        match $packet {
            Packet::Connect($p) => $e,
            Packet::Connack($p) => $e,
            Packet::Publish($p) => $e,
            Packet::Puback($p) => $e,
            Packet::Pubrec($p) => $e,
            Packet::Pubrel($p) => $e,
            Packet::Pubcomp($p) => $e,
            Packet::Subscribe($p) => $e,
            Packet::Suback($p) => $e,
            Packet::Unsubscribe($p) => $e,
            Packet::Unsuback($p) => $e,
            Packet::Pingreq($p) => $e,
            Packet::Pingresp($p) => $e,
            Packet::Disconnect($p) => $e,
        }
    };
}

/// The flags of a PUBLISH, one bit each, that need no second look: QoS 0 to 2, no DUP at QoS 0.
const PLAIN_PUBLISH_FLAGS: u16 = 0b0011_1100_0011_1111;

impl<'a> Packet<'a> {
    /// Reads the packet at the front of `input` and moves `input` past it.
    ///
    /// `None` means that more bytes are needed; `input` has not moved. [`split`] says how many bytes
    /// at least. What no continuation can make a packet is an error already, with three exceptions:
    /// lengths are judged when they are whole; a CONNECT is read up to a client identifier
    /// that is to be refused, because the server has an answer to that; and a CONNACK up to the code
    /// by which a server tells that it speaks 5.0 only. On an error `input` has not moved either;
    /// the connection is then to be closed, since what follows cannot be trusted.
    #[inline]
    pub fn read(input: &mut &'a [u8], options: DecodeOptions) -> Result<Option<Self>, DecodeError> {
        match Self::read_whole(input, options) {
            Ok(None) => check_incomplete(input, options).map(|()| None),
            other => other,
        }
    }

    /// [`Self::read`], without a look at a packet that has not arrived in full.
    // Where code size counts, one copy is enough.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn read_whole(
        input: &mut &'a [u8],
        options: DecodeOptions,
    ) -> Result<Option<Self>, DecodeError> {
        if let [first, len, rest @ ..] = *input
            && let Some((body, after)) = rest.split_at_checked(usize::from(*len))
            && *len < 0x80
            && options.max_packet_size >= 0x82
        {
            if let Some(packet) = Self::read_plain(*first, 2, body, options) {
                *input = after;
                return Ok(Some(packet));
            }
        } else if let [first @ 0x30..=0x3d, low @ 0x80..=0xff, high @ 0x01..=0x7f, rest @ ..] =
            *input
            && let len = usize::from(*high).wrapping_shl(7) | usize::from(*low & 0x7f)
            && let Some((body, after)) = rest.split_at_checked(len)
            && options.max_packet_size >= 0x4003
            && let Some(packet) = Self::read_plain(*first, 3, body, options)
        {
            *input = after;
            return Ok(Some(packet));
        }
        Self::read_any(input, options)
    }

    /// The packets of which a connection is full: PUBLISH, the acknowledgements and the pings, if
    /// nothing about them is unusual or wrong. `None` sends the rest to [`Self::read_any`].
    #[inline(always)]
    fn read_plain(
        first: u8,
        header_len: usize,
        body: &'a [u8],
        options: DecodeOptions,
    ) -> Option<Self> {
        if first & 0xf0 == 0x30 {
            if PLAIN_PUBLISH_FLAGS.wrapping_shr(u32::from(first & 0x0f)) & 1 == 0 {
                return None;
            }
            let watch = &mut Glance;
            let fields = Fields::new(PacketType::Publish, body, header_len, options, watch);
            // What is wrong is said in one place.
            return Publish::decode(first, fields).ok().map(Self::Publish);
        }
        let [high, low] = *body else {
            return match (first, body) {
                (0xc0, []) => Some(Self::Pingreq(Pingreq)),
                (0xd0, []) => Some(Self::Pingresp(Pingresp)),
                _ => None,
            };
        };
        let packet_id = PacketId::new(u16::from_be_bytes([high, low]))?;
        match first {
            0x40 => Some(Self::Puback(Puback::new(packet_id))),
            0x50 => Some(Self::Pubrec(Pubrec::new(packet_id))),
            0x62 => Some(Self::Pubrel(Pubrel::new(packet_id))),
            0x70 => Some(Self::Pubcomp(Pubcomp::new(packet_id))),
            _ => None,
        }
    }

    #[cold]
    #[inline(never)]
    fn read_any(input: &mut &'a [u8], options: DecodeOptions) -> Result<Option<Self>, DecodeError> {
        match split(input, options)? {
            Split::Whole(frame) => {
                let packet = Self::decode(frame, options)?;
                *input = input.get(frame.packet_len()..).unwrap_or_default();
                Ok(Some(packet))
            }
            Split::NeedMore(_) => Ok(None),
        }
    }

    /// Decodes one whole packet.
    #[inline]
    pub fn decode(frame: Frame<'a>, options: DecodeOptions) -> Result<Self, DecodeError> {
        let header_len = usize::from(frame.header_len);
        if cfg!(target_pointer_width = "64") {
            // What is wrong, if anything, is worth a second reading; a second reader is not worth its
            // room on small processors.
            let mut watch = Glance;
            let fields =
                Fields::new(frame.packet_type, frame.body, header_len, options, &mut watch);
            if let Ok(packet) = Self::decode_body(frame.first, fields) {
                return Ok(packet);
            }
        }
        let mut watch = Partial { missing: 0, waiting: false };
        let fields = Fields::new(frame.packet_type, frame.body, header_len, options, &mut watch);
        Self::decode_body(frame.first, fields)
    }

    /// The one place that dispatches on the packet type when reading.
    pub(crate) fn decode_body<W: Watch<'a>>(
        first: u8,
        fields: Fields<'a, '_, W>,
    ) -> Result<Self, W::Fault> {
        Ok(match fields.packet_type {
            PacketType::Connect => Self::Connect(Connect::decode(fields)?),
            PacketType::Connack => Self::Connack(Connack::decode(fields)?),
            PacketType::Publish => Self::Publish(Publish::decode(first, fields)?),
            PacketType::Puback => Self::Puback(Puback::decode(fields)?),
            PacketType::Pubrec => Self::Pubrec(Pubrec::decode(fields)?),
            PacketType::Pubrel => Self::Pubrel(Pubrel::decode(fields)?),
            PacketType::Pubcomp => Self::Pubcomp(Pubcomp::decode(fields)?),
            PacketType::Subscribe => Self::Subscribe(Subscribe::decode(fields)?),
            PacketType::Suback => Self::Suback(Suback::decode(fields)?),
            PacketType::Unsubscribe => Self::Unsubscribe(Unsubscribe::decode(fields)?),
            PacketType::Unsuback => Self::Unsuback(Unsuback::decode(fields)?),
            PacketType::Pingreq => Self::Pingreq(Pingreq::decode(fields)?),
            PacketType::Pingresp => Self::Pingresp(Pingresp::decode(fields)?),
            PacketType::Disconnect => Self::Disconnect(Disconnect::decode(fields)?),
        })
    }

    /// The type of the packet.
    pub const fn packet_type(&self) -> PacketType {
        match self {
            Self::Connect(_) => PacketType::Connect,
            Self::Connack(_) => PacketType::Connack,
            Self::Publish(_) => PacketType::Publish,
            Self::Puback(_) => PacketType::Puback,
            Self::Pubrec(_) => PacketType::Pubrec,
            Self::Pubrel(_) => PacketType::Pubrel,
            Self::Pubcomp(_) => PacketType::Pubcomp,
            Self::Subscribe(_) => PacketType::Subscribe,
            Self::Suback(_) => PacketType::Suback,
            Self::Unsubscribe(_) => PacketType::Unsubscribe,
            Self::Unsuback(_) => PacketType::Unsuback,
            Self::Pingreq(_) => PacketType::Pingreq,
            Self::Pingresp(_) => PacketType::Pingresp,
            Self::Disconnect(_) => PacketType::Disconnect,
        }
    }

    /// The number of bytes that [`Self::encode`] writes.
    pub fn encoded_len(&self, version: Version) -> Result<usize, EncodeError> {
        each!(self, packet => packet.encoded_len(version))
    }

    /// Writes the packet in the form of this version; a CONNECT in the form of the version that it
    /// names. On an error nothing has been written.
    #[inline]
    pub fn encode(&self, version: Version, out: &mut impl BufMut) -> Result<(), EncodeError> {
        each!(self, packet => packet.encode(version, out))
    }
}

#[cold]
#[inline(never)]
fn check_incomplete(input: &[u8], options: DecodeOptions) -> Result<(), DecodeError> {
    match frame::header(input, options, &mut ())? {
        Start::Header(header) => check_partial(&header, input, options),
        Start::Partial => Ok(()),
    }
}

/// Whether the part of a packet that has arrived can still become one.
fn check_partial(header: &Header, input: &[u8], options: DecodeOptions) -> Result<(), DecodeError> {
    let (body, missing) = header.body(input);
    let mut watch = Partial { missing, waiting: false };
    let header_len = header.header_len();
    let fields = Fields::new(header.packet_type, body, header_len, options, &mut watch);
    match Packet::decode_body(header.first, fields) {
        Err(error) if !watch.waiting => Err(error),
        _ => Ok(()),
    }
}
