//! Cuts one whole packet off the front of a byte stream, or says how many bytes are missing.

use super::{
    DecodeError, DecodeOptions, ErrorKind, Field, PacketType, Rule, explain::Value, fields::Fields,
    publish, watch::Watch,
};
use crate::{
    types::{QoS, Versions},
    wire::varint::{self, Varint},
};
use core::fmt;

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

    /// Whether its Remaining Length was in its shortest form.
    #[inline]
    pub(crate) fn is_minimal(&self) -> bool {
        is_minimal(usize::from(self.header_len), self.body.len())
    }

    /// Its fields, to be read under this watch.
    #[inline(always)]
    pub(crate) fn fields<'w, W: Watch<'a>>(
        self,
        options: &'w DecodeOptions,
        watch: &'w mut W,
    ) -> Fields<'a, 'w, W> {
        Fields::new(self.packet_type, self.body, usize::from(self.header_len), options, watch)
    }

    /// The number of bytes of the whole packet, fixed header included.
    pub fn packet_len(&self) -> usize {
        usize::from(self.header_len).saturating_add(self.body.len())
    }
}

/// Whether a fixed header of so many bytes has this Remaining Length in its shortest form.
#[inline]
pub(crate) fn is_minimal(header_len: usize, remaining_length: usize) -> bool {
    let len = u32::try_from(remaining_length).unwrap_or(varint::MAX);
    header_len <= varint::len(len).saturating_add(1)
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
    Ok(match header(input, &options, &mut ())? {
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
pub(crate) fn plain<'a>(input: &'a [u8], options: &DecodeOptions) -> Option<(Frame<'a>, &'a [u8])> {
    let header = plain_header(input, options)?;
    let len = usize::try_from(header.remaining_length).ok()?;
    let (body, after) = input.get(header.header_len()..)?.split_at_checked(len)?;
    Some((header.frame(body), after))
}

/// The fixed header at the front of `input` if it is whole and as senders write it.
#[inline]
pub(crate) fn plain_header(input: &[u8], options: &DecodeOptions) -> Option<Header> {
    let (&first, rest) = input.split_first()?;
    let Varint::Whole { value, len, minimal: true } = varint::decode(rest) else { return None };
    let packet_type = (*PLAIN_TYPES.get(usize::from(first))?)?;
    let header = Header { packet_type, first, len: len.saturating_add(1), remaining_length: value };
    let is_plain = header.packet_len() <= options.max_packet_size
        && options.sender.is_none()
        && options.allow_glance();
    is_plain.then_some(header)
}

/// The packet type by the first byte, if its flags need no second look, nor does the version.
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
                PacketType::Auth => false,
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
            | PacketType::Disconnect
            | PacketType::Auth => false,
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
    options: &DecodeOptions,
    watch: &mut W,
) -> Result<Start, DecodeError> {
    let Some((&first, rest)) = input.split_first() else { return Ok(Start::Partial) };
    let packet_type = check_first(first, options, watch)?;
    let fault = |kind, field, at, value| {
        DecodeError::new(kind, Some(packet_type), field, options.version, at, value)
    };
    let bounds = Bounds::of(packet_type, first, options);
    let length = varint::decode(rest);
    if let Some(kind) = beyond(length, rest, bounds.max, options.max_packet_size) {
        let is_limit = kind == ErrorKind::PacketTooLarge;
        let value = if is_limit { options.max_packet_size } else { 0 };
        watch.breach(fault(kind, Field::RemainingLength, 1, value))?;
    }
    let (remaining_length, len) = match length {
        Varint::Partial { .. } => return Ok(Start::Partial),
        Varint::TooLong { .. } => {
            let kind = ErrorKind::RemainingLengthTooLong;
            return Err(fault(kind, Field::RemainingLength, 1, 0));
        }
        Varint::Whole { value, len, minimal } => {
            if !minimal && options.refuses(Rule::NonMinimalLength) {
                // [MQTT-1.5.5-1]
                let kind = ErrorKind::NonMinimalLength;
                watch.breach(fault(kind, Field::RemainingLength, 1, value))?;
            }
            (value, len.saturating_add(1))
        }
    };
    let header = Header { packet_type, first, len, remaining_length };
    watch.saw(Field::RemainingLength, 1..header.header_len(), Value::Number(remaining_length));
    let is_short = match packet_type {
        // All of it may be left out, or nothing.
        PacketType::Auth => remaining_length == 1,
        _ => remaining_length < bounds.min,
    };
    if is_short {
        let (kind, field) = too_short(&header, bounds);
        let body_len = usize::try_from(remaining_length).unwrap_or(usize::MAX);
        watch.breach(fault(kind, field, header.header_len().saturating_add(body_len), 0))?;
    }
    Ok(Start::Header(header))
}

/// Whether a Remaining Length, as far as it has arrived, is beyond what the packet type can have or
/// what the limit allows.
#[inline]
fn beyond(length: Varint, bytes: &[u8], max: u32, limit: u32) -> Option<ErrorKind> {
    is_beyond(length, bytes.len(), max, limit)?;
    // What its first bytes have said stands, whatever came after them.
    (1..=bytes.len()).find_map(|len| {
        let part = bytes.get(..len).unwrap_or_default();
        is_beyond(varint::decode(part), len, max, limit)
    })
}

#[inline]
fn is_beyond(length: Varint, held: usize, max: u32, limit: u32) -> Option<ErrorKind> {
    let (min, len) = match length {
        // One byte more at least.
        Varint::Partial { min } => (min, u32::try_from(held).unwrap_or(3).saturating_add(1)),
        Varint::TooLong { min } => (min, 4),
        Varint::Whole { value, len, .. } => (value, u32::from(len)),
    };
    if min > max {
        return Some(ErrorKind::TrailingBytes);
    }
    let packet_len = min.saturating_add(len).saturating_add(1);
    (packet_len > limit).then_some(ErrorKind::PacketTooLarge)
}

/// Checks the first byte.
#[inline]
fn check_first<'a, W: Watch<'a, Fault = DecodeError>>(
    first: u8,
    options: &DecodeOptions,
    watch: &mut W,
) -> Result<PacketType, DecodeError> {
    let (number, flags) = (first.wrapping_shr(4), first & 0x0f);
    let fault = |kind, packet_type, value: u8| {
        let value = u32::from(value);
        DecodeError::new(kind, packet_type, Field::FixedHeader, options.version, 0, value)
    };
    let is_known = |packet_type: &PacketType| packet_type.is_in(options.version);
    let Some(packet_type) = PacketType::new(number).filter(is_known) else {
        return Err(fault(ErrorKind::ReservedType, None, number));
    };
    watch.saw(Field::FixedHeader, 0..1, Value::FirstByte(packet_type, flags));
    if packet_type == PacketType::Publish {
        if flags & 0x06 == 0x06 {
            // [MQTT-3.3.1-4]
            watch.breach(fault(ErrorKind::InvalidQos, Some(packet_type), flags))?;
        } else if flags & 0x0e == 0x08 && options.refuses(Rule::DupAtQos0) {
            // [MQTT-3.3.1-2]
            watch.breach(fault(ErrorKind::DupAtQos0, Some(packet_type), flags))?;
        }
    } else if !flags_are_allowed(packet_type, flags, options) {
        // [MQTT-2.2.2-2]; 5.0: [MQTT-2.1.3-1]
        watch.breach(fault(ErrorKind::ReservedFlags, Some(packet_type), flags))?;
    }
    if options.sender.is_some_and(|sender| !packet_type.is_sent_by(sender, options.version)) {
        watch.breach(fault(ErrorKind::WrongDirection, Some(packet_type), number))?;
    }
    Ok(packet_type)
}

fn flags_are_allowed(packet_type: PacketType, flags: u8, options: &DecodeOptions) -> bool {
    use PacketType as P;
    if flags == packet_type.required_flags() {
        return true;
    }
    if !options.refuses(Rule::UnusedBitsIn3_1) {
        // 3.1 calls these three QoS 1 messages, which may have DUP set; the rest is unused.
        return packet_type.required_flags() == 0 || flags & 0x06 == 0x02;
    }
    let is_answer = matches!(
        packet_type,
        P::Connack | P::Puback | P::Pubrec | P::Pubcomp | P::Suback | P::Unsuback | P::Pingresp
    );
    is_answer && !options.refuses(Rule::AckFlags)
}

/// Which Remaining Lengths a packet type can have.
#[derive(Clone, Copy)]
struct Bounds {
    min: u32,
    max: u32,
    /// The last field that is missing for sure when it is less.
    last: Field,
}

impl Bounds {
    #[inline]
    const fn of(packet_type: PacketType, first: u8, options: &DecodeOptions) -> Self {
        let has_id = first & 0x06 != 0;
        match packet_type {
            PacketType::Connect => Self::of_connect(first, options.versions),
            PacketType::Pingreq | PacketType::Pingresp => Self::new(0, 0, Field::End),
            _ if options.version.pick(false, false, true) => Self::of_5_0(packet_type, has_id),
            _ => Self::of_3(packet_type, has_id),
        }
    }

    const fn new(min: u32, max: u32, last: Field) -> Self {
        Self { min, max, last }
    }

    /// Without properties: the fixed part of 3.1, and five fields. With flags it can be 3.1 alone, whose
    /// protocol name is the longer one.
    const fn of_connect(first: u8, versions: Versions) -> Self {
        let is_3_1 = first & 0x0f != 0;
        let has_properties = versions.have_properties() && !is_3_1;
        let min = if is_3_1 { 14 } else { 12 };
        Self::new(min, if has_properties { varint::MAX } else { 327_697 }, Field::ClientId)
    }

    const fn of_3(packet_type: PacketType, has_id: bool) -> Self {
        use PacketType as P;
        match packet_type {
            // A third byte makes it a CONNACK of 5.0 or a surplus; its code tells.
            P::Connack => Self::new(2, 3, Field::ReturnCode),
            P::Publish if has_id => Self::new(5, varint::MAX, Field::PacketId),
            P::Publish => Self::new(3, varint::MAX, Field::TopicName),
            P::Subscribe => Self::new(6, varint::MAX, Field::RequestedQos),
            P::Suback => Self::new(3, varint::MAX, Field::ReturnCode),
            P::Unsubscribe => Self::new(5, varint::MAX, Field::TopicFilter),
            P::Puback | P::Pubrec | P::Pubrel | P::Pubcomp | P::Unsuback => {
                Self::new(2, 2, Field::PacketId)
            }
            _ => Self::new(0, 0, Field::End),
        }
    }

    const fn of_5_0(packet_type: PacketType, has_id: bool) -> Self {
        use PacketType as P;
        let (min, last) = match packet_type {
            // With two bytes it is a CONNACK of 3.1.1; its code tells.
            P::Connack => (2, Field::ReasonCode),
            // Without a topic it needs a topic alias, which is longer.
            P::Publish if has_id => (6, Field::PropertyLength),
            P::Publish => (4, Field::PropertyLength),
            P::Puback | P::Pubrec | P::Pubrel | P::Pubcomp => (2, Field::PacketId),
            P::Subscribe => (7, Field::SubscriptionOptions),
            P::Suback | P::Unsuback => (4, Field::ReasonCode),
            P::Unsubscribe => (6, Field::TopicFilter),
            P::Auth => (0, Field::PropertyLength),
            _ => (0, Field::End),
        };
        Self::new(min, varint::MAX, last)
    }
}

/// What is missing for sure if the Remaining Length is less than the packet type needs.
#[cold]
fn too_short(header: &Header, bounds: Bounds) -> (ErrorKind, Field) {
    use PacketType as P;
    // The packet identifier, and in 5.0 the length of properties.
    let without_list = bounds.min.saturating_sub(match header.packet_type {
        P::Subscribe => 4,
        P::Unsubscribe => 3,
        _ => 1,
    });
    match header.packet_type {
        P::Subscribe | P::Unsubscribe | P::Suback | P::Unsuback => {
            match header.remaining_length {
                0 | 1 => (ErrorKind::TruncatedField, Field::PacketId),
                len if len < without_list => (ErrorKind::TruncatedField, Field::PropertyLength),
                len if len > without_list => (ErrorKind::TruncatedField, bounds.last),
                // [MQTT-3.8.3-3] [MQTT-3.10.3-2]
                _ => match header.packet_type {
                    P::Suback | P::Unsuback => (ErrorKind::NoReasonCodes, bounds.last),
                    _ => (ErrorKind::NoFilters, Field::TopicFilter),
                },
            }
        }
        _ => (ErrorKind::TruncatedField, bounds.last),
    }
}
