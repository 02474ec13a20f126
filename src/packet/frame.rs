//! Cuts one whole packet off the front of a byte stream, or says how many bytes are missing.

use super::{
    DecodeError, ErrorKind, Field, PacketType, Rule, Strictness, explain::Value, fields::Fields,
    publish, watch::Watch,
};
use crate::{
    types::{QoS, Version},
    wire::varint::{self, Varint},
};
use core::fmt;

/// How a decoder decodes: by which version, how strictly, and up to which size.
///
/// ```
/// use mqtt_pure::{DecodeOptions, Strictness, Version};
///
/// let options = DecodeOptions::new(Version::V3_1_1)
///     .with_strictness(Strictness::STRICT)
///     .with_max_packet_size(64 * 1024);
/// assert_eq!(options.max_packet_size, 65_536);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DecodeOptions {
    /// The version that the connection speaks. A CONNECT names its version itself; before it, a
    /// server uses the default.
    pub version: Version,
    /// Which of the rules are applied that the standard leaves open.
    pub strictness: Strictness,
    /// The largest packet that is accepted, in bytes, fixed header included. A larger one is an
    /// error as soon as its Remaining Length has arrived. The default is 1 MiB, the largest useful
    /// value [`Self::MAX_PACKET_SIZE`].
    pub max_packet_size: u32,
}

impl DecodeOptions {
    /// The size of the largest packet that MQTT can express: 268,435,460 bytes.
    pub const MAX_PACKET_SIZE: u32 = 268_435_460;

    /// The defaults for this version.
    pub const fn new(version: Version) -> Self {
        Self { version, strictness: Strictness::DEFAULT, max_packet_size: 1_048_576 }
    }

    /// The same with other rules.
    #[must_use]
    pub const fn with_strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }

    /// The same with another size limit in bytes, fixed header included.
    #[must_use]
    pub const fn with_max_packet_size(mut self, bytes: u32) -> Self {
        self.max_packet_size = bytes;
        self
    }
}

/// The defaults for 3.1.1.
impl Default for DecodeOptions {
    fn default() -> Self {
        Self::new(Version::V3_1_1)
    }
}

impl From<Version> for DecodeOptions {
    fn from(version: Version) -> Self {
        Self::new(version)
    }
}

/// The bytes of one whole packet, of which the fixed header has been checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    pub(crate) packet_type: PacketType,
    pub(crate) first: u8,
    pub(crate) header_len: u8,
    pub(crate) body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The type of the packet.
    pub const fn packet_type(&self) -> PacketType {
        self.packet_type
    }

    /// The first byte: type and flags.
    pub const fn first_byte(&self) -> u8 {
        self.first
    }

    /// What follows the fixed header.
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Its fields, to be read under this watch.
    #[inline(always)]
    pub(crate) fn fields<'w, W: Watch<'a>>(
        self,
        options: DecodeOptions,
        watch: &'w mut W,
    ) -> Fields<'a, 'w, W> {
        Fields::new(self.packet_type, self.body, usize::from(self.header_len), options, watch)
    }

    /// The number of bytes of the whole packet, fixed header included.
    pub fn packet_len(&self) -> usize {
        usize::from(self.header_len).saturating_add(self.body.len())
    }
}

/// Shows how long the packet is, not what is in it.
impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("packet_type", &self.packet_type)
            .field("first_byte", &self.first)
            .field("packet_len", &self.packet_len())
            .finish()
    }
}

/// What stands at the front of a byte stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split<'a> {
    /// A whole packet, [`Frame::packet_len`] bytes of the input.
    Whole(Frame<'a>),
    /// A part of a packet: at least this many more bytes are needed, never 0.
    NeedMore(usize),
}

/// Cuts one whole packet off the front of `input`.
///
/// It looks at the fixed header alone, so asking again while a large packet trickles in costs the
/// same each time. What it refuses it refuses with the first byte that settles it: a wrong first
/// byte, a Remaining Length that the packet type cannot have or that is over the limit.
///
/// ```
/// use mqtt_pure::{DecodeOptions, Split, split};
///
/// let options = DecodeOptions::default();
/// assert_eq!(split(b"\x30\x07\x00\x03a", options)?, Split::NeedMore(4));
/// let input = b"\x30\x07\x00\x03a/bhi\xc0\x00";
/// let Split::Whole(frame) = split(input, options)? else { return Err("not whole".into()) };
/// assert_eq!(frame.packet_len(), 9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[inline]
pub fn split(input: &[u8], options: DecodeOptions) -> Result<Split<'_>, DecodeError> {
    Ok(match header(input, options, &mut ())? {
        Start::Partial => Split::NeedMore(1),
        Start::Header(header) => match header.body(input) {
            (body, 0) => Split::Whole(header.frame(body)),
            (_, missing) => Split::NeedMore(missing),
        },
    })
}

/// The whole packet at the front of `input`, and what follows it, if its fixed header is as senders
/// write it. Whether its length suits its type, reading it will tell.
#[inline]
pub(crate) fn plain(input: &[u8], limit: u32) -> Option<(Frame<'_>, &[u8])> {
    let header = plain_header(input, limit)?;
    let len = usize::try_from(header.remaining_length).ok()?;
    let (body, after) = input.get(header.header_len()..)?.split_at_checked(len)?;
    Some((header.frame(body), after))
}

/// The fixed header at the front of `input` if it is whole and as senders write it.
#[inline]
pub(crate) fn plain_header(input: &[u8], limit: u32) -> Option<Header> {
    let (&first, rest) = input.split_first()?;
    let Varint::Whole { value, len, minimal: true } = varint::decode(rest) else { return None };
    let packet_type = (*PLAIN_TYPES.get(usize::from(first))?)?;
    let header = Header { packet_type, first, len: len.saturating_add(1), remaining_length: value };
    (header.packet_len() <= limit).then_some(header)
}

/// The packet type by the first byte, if its flags need no second look.
static PLAIN_TYPES: [Option<PacketType>; 256] = plain_types();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "evaluated by the compiler, with 256 values of a byte"
)]
const fn plain_types() -> [Option<PacketType>; 256] {
    let mut types = [None; 256];
    let mut first = 0;
    while first < 256 {
        if let Some(packet_type) = PacketType::new((first >> 4) as u8) {
            let is_plain = match packet_type {
                PacketType::Publish => publish::is_plain(first as u8),
                _ => first as u8 == packet_type.first_byte(),
            };
            if is_plain {
                types[first] = Some(packet_type);
            }
        }
        first += 1;
    }
    types
}

/// What is known of a packet from its first bytes.
pub(crate) enum Start {
    /// The fixed header goes on.
    Partial,
    Header(Header),
}

/// A fixed header that has been checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) packet_type: PacketType,
    pub(crate) first: u8,
    pub(crate) len: u8,
    pub(crate) remaining_length: u32,
}

impl Header {
    /// The QoS that the first byte of a PUBLISH names.
    pub(crate) const fn qos(&self) -> QoS {
        match self.first & 0x06 {
            0x02 => QoS::AtLeastOnce,
            0x04 => QoS::ExactlyOnce,
            _ => QoS::AtMostOnce,
        }
    }

    pub(crate) const fn packet_len(&self) -> u32 {
        self.remaining_length.saturating_add(self.len_u32())
    }

    #[allow(clippy::as_conversions, reason = "u8 to u32 loses nothing; `From` is not const")]
    const fn len_u32(&self) -> u32 {
        self.len as u32
    }

    /// Whether what follows the fixed header (and the topic, in PUBLISH) is a packet identifier.
    pub(crate) const fn has_packet_id(&self) -> bool {
        match self.packet_type {
            PacketType::Publish => self.first & 0x06 != 0,
            PacketType::Connect
            | PacketType::Connack
            | PacketType::Pingreq
            | PacketType::Pingresp
            | PacketType::Disconnect => false,
            _ => true,
        }
    }

    /// How many bytes of the packet follow its first `len`.
    pub(crate) fn len_after(&self, len: usize) -> usize {
        usize::try_from(self.packet_len()).unwrap_or(usize::MAX).saturating_sub(len)
    }

    pub(crate) fn header_len(&self) -> usize {
        usize::from(self.len)
    }

    /// What follows the fixed header in `input`, which begins with it, and how much is missing.
    pub(crate) fn body<'a>(&self, input: &'a [u8]) -> (&'a [u8], usize) {
        let len = usize::try_from(self.remaining_length).unwrap_or(usize::MAX);
        let rest = input.get(self.header_len()..).unwrap_or_default();
        (rest.get(..len).unwrap_or(rest), len.saturating_sub(rest.len()))
    }

    /// The whole packet with this body.
    pub(crate) const fn frame<'a>(&self, body: &'a [u8]) -> Frame<'a> {
        Frame { packet_type: self.packet_type, first: self.first, header_len: self.len, body }
    }
}

/// Reads and checks the fixed header.
#[inline]
pub(crate) fn header<'a, W: Watch<'a, Fault = DecodeError>>(
    input: &[u8],
    options: DecodeOptions,
    watch: &mut W,
) -> Result<Start, DecodeError> {
    let Some((&first, rest)) = input.split_first() else { return Ok(Start::Partial) };
    let packet_type = check_first(first, options, watch)?;
    let fault = |kind, field, at, value| {
        DecodeError::new(kind, Some(packet_type), field, options.version, at, value)
    };
    let limit = options.max_packet_size;
    let length = varint::decode(rest);
    if let Some(kind) = beyond(length, rest, packet_type, limit) {
        let value = if kind == ErrorKind::PacketTooLarge { limit } else { 0 };
        watch.breach(fault(kind, Field::RemainingLength, 1, value))?;
    }
    let (remaining_length, len) = match length {
        Varint::Partial { .. } => return Ok(Start::Partial),
        Varint::TooLong { .. } => {
            let kind = ErrorKind::RemainingLengthTooLong;
            return Err(fault(kind, Field::RemainingLength, 1, 0));
        }
        Varint::Whole { value, len, minimal } => {
            if !minimal && options.strictness.refuses(Rule::NonMinimalLength) {
                let kind = ErrorKind::NonMinimalLength;
                watch.breach(fault(kind, Field::RemainingLength, 1, value))?;
            }
            (value, len.saturating_add(1))
        }
    };
    let header = Header { packet_type, first, len, remaining_length };
    watch.saw(Field::RemainingLength, 1..header.header_len(), Value::Number(remaining_length));
    if let Some((kind, field)) = too_short(&header) {
        let body_len = usize::try_from(remaining_length).unwrap_or(usize::MAX);
        watch.breach(fault(kind, field, header.header_len().saturating_add(body_len), 0))?;
    }
    Ok(Start::Header(header))
}

/// Whether a Remaining Length, as far as it has arrived, is beyond what the packet type can have or
/// what the limit allows.
#[inline]
fn beyond(length: Varint, bytes: &[u8], packet_type: PacketType, limit: u32) -> Option<ErrorKind> {
    is_beyond(length, bytes.len(), packet_type, limit)?;
    // What its first bytes have said stands, whatever came after them.
    (1..=bytes.len()).find_map(|len| {
        let part = bytes.get(..len).unwrap_or_default();
        is_beyond(varint::decode(part), len, packet_type, limit)
    })
}

#[inline]
fn is_beyond(
    length: Varint,
    held: usize,
    packet_type: PacketType,
    limit: u32,
) -> Option<ErrorKind> {
    let (min, len) = match length {
        // One byte more at least.
        Varint::Partial { min } => (min, u32::try_from(held).unwrap_or(3).saturating_add(1)),
        Varint::TooLong { min } => (min, 4),
        Varint::Whole { value, len, .. } => (value, u32::from(len)),
    };
    if min > max_length(packet_type) {
        return Some(ErrorKind::TrailingBytes);
    }
    let packet_len = min.saturating_add(len).saturating_add(1);
    (packet_len > limit).then_some(ErrorKind::PacketTooLarge)
}

/// Checks the first byte.
#[inline]
fn check_first<'a, W: Watch<'a, Fault = DecodeError>>(
    first: u8,
    options: DecodeOptions,
    watch: &mut W,
) -> Result<PacketType, DecodeError> {
    let (number, flags) = (first.wrapping_shr(4), first & 0x0f);
    let fault = |kind, packet_type, value: u8| {
        let value = u32::from(value);
        DecodeError::new(kind, packet_type, Field::FixedHeader, options.version, 0, value)
    };
    let Some(packet_type) = PacketType::new(number) else {
        return Err(fault(ErrorKind::ReservedType, None, number));
    };
    watch.saw(Field::FixedHeader, 0..1, Value::FirstByte(packet_type, flags));
    if packet_type == PacketType::Publish {
        if flags & 0x06 == 0x06 {
            // [MQTT-3.3.1-4]
            watch.breach(fault(ErrorKind::InvalidQos, Some(packet_type), flags))?;
        } else if flags & 0x0e == 0x08 && options.strictness.refuses(Rule::DupAtQos0) {
            // [MQTT-3.3.1-2]
            watch.breach(fault(ErrorKind::DupAtQos0, Some(packet_type), flags))?;
        }
    } else if !flags_are_allowed(packet_type, flags, options) {
        // [MQTT-2.2.2-2]
        watch.breach(fault(ErrorKind::ReservedFlags, Some(packet_type), flags))?;
    }
    Ok(packet_type)
}

fn flags_are_allowed(packet_type: PacketType, flags: u8, options: DecodeOptions) -> bool {
    use PacketType as P;
    let strictness = options.strictness;
    if flags == packet_type.required_flags() {
        return true;
    }
    if options.version == Version::V3_1 && !strictness.refuses(Rule::UnusedBitsIn3_1) {
        // 3.1 calls these three QoS 1 messages, which may have DUP set; the rest is unused.
        return packet_type.required_flags() == 0 || flags & 0x06 == 0x02;
    }
    let is_answer = matches!(
        packet_type,
        P::Connack | P::Puback | P::Pubrec | P::Pubcomp | P::Suback | P::Unsuback | P::Pingresp
    );
    is_answer && !strictness.refuses(Rule::AckFlags)
}

/// The largest Remaining Length that the packet type can have.
#[inline]
const fn max_length(packet_type: PacketType) -> u32 {
    match packet_type {
        // The fixed part of 3.1, and five fields.
        PacketType::Connect => 327_697,
        // A third byte makes it a CONNACK of 5.0 or a surplus; its code tells.
        PacketType::Connack => 3,
        PacketType::Puback
        | PacketType::Pubrec
        | PacketType::Pubrel
        | PacketType::Pubcomp
        | PacketType::Unsuback => 2,
        PacketType::Pingreq | PacketType::Pingresp | PacketType::Disconnect => 0,
        PacketType::Publish
        | PacketType::Subscribe
        | PacketType::Suback
        | PacketType::Unsubscribe => varint::MAX,
    }
}

/// What is missing for sure if the Remaining Length is less than the packet type needs.
#[inline]
fn too_short(header: &Header) -> Option<(ErrorKind, Field)> {
    use PacketType as P;
    let (min, last) = match header.packet_type {
        P::Connect => (12, Field::ClientId),
        P::Connack => (2, Field::ReturnCode),
        P::Publish if header.has_packet_id() => (5, Field::PacketId),
        P::Publish => (3, Field::TopicName),
        P::Puback | P::Pubrec | P::Pubrel | P::Pubcomp | P::Unsuback => (2, Field::PacketId),
        P::Subscribe => (6, Field::RequestedQos),
        P::Suback => (3, Field::ReturnCode),
        P::Unsubscribe => (5, Field::TopicFilter),
        P::Pingreq | P::Pingresp | P::Disconnect => (0, Field::End),
    };
    if header.remaining_length >= min {
        return None;
    }
    Some(match (header.packet_type, header.remaining_length) {
        // [MQTT-3.8.3-3] [MQTT-3.10.3-2]
        (P::Subscribe | P::Unsubscribe, 2) => (ErrorKind::NoFilters, Field::TopicFilter),
        (P::Suback, 2) => (ErrorKind::NoReasonCodes, Field::ReturnCode),
        (P::Subscribe | P::Unsubscribe | P::Suback, 0 | 1) => {
            (ErrorKind::TruncatedField, Field::PacketId)
        }
        _ => (ErrorKind::TruncatedField, last),
    })
}
