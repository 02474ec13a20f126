//! The packets: one struct each, borrowed from the bytes that they were read from.

mod ack;
mod auth;
mod carry;
mod codes;
mod connack;
mod connect;
mod content;
mod describe;
mod disconnect;
mod encode;
mod encode_error;
mod error;
mod explain;
mod field;
mod fields;
mod frame;
mod judge;
mod list;
mod options;
mod outcome;
mod packet_type;
mod ping;
mod properties;
mod property;
mod property_value;
mod publish;
mod read_properties;
mod read_topics;
mod read_version;
mod room;
mod short;
mod standard;
mod stream;
mod stream_item;
mod strictness;
mod suback;
mod subscribe;
mod unsuback;
mod unsubscribe;
mod watch;

pub use ack::{Puback, Pubcomp, Pubrec, Pubrel};
pub(crate) use ack::{read_short, short_ack};
pub use auth::Auth;
pub(crate) use codes::check_sender;
pub use connack::Connack;
pub use connect::{Connect, Will};
pub use disconnect::Disconnect;
pub use encode_error::EncodeError;
pub use error::{DecodeError, ErrorKind};
pub use explain::{ExplainedField, Explanation, Value, explain};
pub use field::Field;
pub use frame::{Frame, Split, split};
pub(crate) use judge::{Judge, Judgement, checkpoint, next_checkpoint};
pub use list::{Entries, Entry, List};
pub use options::DecodeOptions;
pub use packet_type::PacketType;
pub use ping::{Pingreq, Pingresp};
pub use properties::Properties;
pub use property::{Property, PropertyId, UserProperty};
pub use publish::Publish;
pub use stream::{Feed, Oversize, StreamDecoder};
pub use stream_item::{Skipped, StreamItem};
pub(crate) use stream_item::{What, read_item};
pub use strictness::{Rule, Strictness};
pub use suback::Suback;
pub use subscribe::{RetainHandling, Subscribe, Subscription, SubscriptionOptions};
pub use unsuback::Unsuback;
pub use unsubscribe::Unsubscribe;

use crate::{
    types::{PacketId, ReasonCode, Role, Version},
    wire::HAS_ROOM,
};
use bytes::BufMut;
use fields::Fields;
pub(crate) use frame::Header;
use frame::Start;
use watch::{Glance, NotPlain, Partial, Watch};

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
// The packets have their small values in front, each at the same place as others of its width, and
// what is wider behind (`repr(C)`): bytes that are written in one width and soon read in another make
// a processor wait. The type has a byte of its own (`repr(u8)`), which is read with less work than one
// that shares its place with a value of CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
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
    /// A client, or in 5.0 a server, takes its leave.
    Disconnect(Disconnect<'a>),
    /// A step of an extended authentication, in 5.0 alone.
    Auth(Auth<'a>),
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
            Packet::Auth($p) => $e,
        }
    };
}

impl<'a> Packet<'a> {
    /// Reads the packet at the front of `input` and moves `input` past it.
    ///
    /// `None` means that more bytes are needed; `input` has not moved. [`split`] says how many bytes
    /// at least. What no continuation can make a packet is an error already, with few exceptions:
    /// lengths are judged when they are whole; a CONNECT is read up to a client identifier
    /// that is to be refused, because the server has an answer to that; and a CONNACK up to the code
    /// by which a server tells which version it speaks. Properties are read one by one, and what their
    /// length leaves no room for is noticed there. On an error `input` has not moved either;
    /// the connection is then to be closed, since what follows cannot be trusted.
    #[inline]
    pub fn read(input: &mut &'a [u8], options: DecodeOptions) -> Result<Option<Self>, DecodeError> {
        let options = &options;
        Self::read_plain(
            input,
            options,
            input,
            |input, packet, after| {
                *input = after;
                Ok(Some(packet))
            },
            |input| Self::read_any(input, options),
        )
    }

    /// Reads one of the packets of which a connection is full, if it is there and nothing about it
    /// is unusual or wrong: PUBLISH, the acknowledgements and the pings.
    ///
    /// What comes then is said in advance, `found` with what follows the packet or `otherwise`, both
    /// with the `context`. A packet that is handed on as a result in several steps is copied in each,
    /// in pieces that stand in the way of reading it.
    #[inline(always)]
    pub(crate) fn read_plain<C, T>(
        input: &'a [u8],
        options: &DecodeOptions,
        context: C,
        found: impl Fn(C, Self, &'a [u8]) -> T,
        otherwise: impl FnOnce(C) -> T,
    ) -> T {
        if !HAS_ROOM {
            return otherwise(context);
        }
        // Two ways, in each of which the version is not a question any more.
        if options.version.is_5_0() {
            return Self::read_plain_of(input, Version::NEWEST, options, context, found, otherwise);
        }
        Self::read_plain_of(input, Version::DEFAULT, options, context, found, otherwise)
    }

    /// [`Self::read_plain`] for a version that the compiler knows.
    #[inline(always)]
    fn read_plain_of<C, T>(
        input: &'a [u8],
        version: Version,
        options: &DecodeOptions,
        context: C,
        found: impl Fn(C, Self, &'a [u8]) -> T,
        otherwise: impl FnOnce(C) -> T,
    ) -> T {
        if let [first, len @ 0..=0x7f, rest @ ..] = input
            && let Some((body, after)) = rest.split_at_checked(usize::from(*len))
            && options.max_packet_size >= 0x82
        {
            if publish::is_plain(*first) {
                if let Some(publish) = Publish::read_plain(*first, 2, body, version, options) {
                    return found(context, Self::Publish(publish), after);
                }
            } else if let [high, low] = *body {
                if let Some(packet_id) = PacketId::new(u16::from_be_bytes([high, low])) {
                    macro_rules! found {
                        ($name:ident) => {{
                            let (reason, properties) = (ReasonCode::SUCCESS, Properties::none());
                            let packet = Self::$name($name { packet_id, reason, properties });
                            return found(context, packet, after);
                        }};
                    }
                    match first {
                        0x40 => found!(Puback),
                        0x50 => found!(Pubrec),
                        0x62 => found!(Pubrel),
                        0x70 => found!(Pubcomp),
                        _ => {}
                    }
                }
            } else {
                match first {
                    0xc0 if body.is_empty() && options.sender != Some(Role::Server) => {
                        return found(context, Self::Pingreq(Pingreq), after);
                    }
                    0xd0 if body.is_empty() && options.sender != Some(Role::Client) => {
                        return found(context, Self::Pingresp(Pingresp), after);
                    }
                    _ => {}
                }
            }
        } else if let [first, low @ 0x80..=0xff, high @ 0x01..=0x7f, rest @ ..] = input
            && publish::is_plain(*first)
            && let len = usize::from(*high).wrapping_shl(7) | usize::from(*low & 0x7f)
            && let Some((body, after)) = rest.split_at_checked(len)
            && options.max_packet_size >= 0x4003
            && let Some(publish) = Publish::read_plain(*first, 3, body, version, options)
        {
            return found(context, Self::Publish(publish), after);
        }
        otherwise(context)
    }

    /// What [`Self::read_plain`] leaves over.
    #[inline(never)]
    pub(crate) fn read_any(
        input: &mut &'a [u8],
        options: &DecodeOptions,
    ) -> Result<Option<Self>, DecodeError> {
        if input.is_empty() {
            return Ok(None);
        }
        if HAS_ROOM && let Some((frame, after)) = frame::plain(input, options) {
            let whole = core::mem::replace(input, after);
            return Self::decode_body(
                frame.first,
                frame.fields(options, &mut Glance),
                |packet| Ok(Some(packet)),
                |NotPlain| {
                    *input = whole;
                    Self::read_closely(input, options)
                },
            );
        }
        Self::read_closely(input, options)
    }

    #[cold]
    #[inline(never)]
    fn read_closely(
        input: &mut &'a [u8],
        options: &DecodeOptions,
    ) -> Result<Option<Self>, DecodeError> {
        let Start::Header(header) = frame::header(input, options, &mut ())? else {
            return Ok(None);
        };
        let (body, missing) = header.body(input);
        let frame = header.frame(body);
        match Self::decode_closely(frame, missing, options) {
            Ok(packet) => {
                *input = input.get(frame.packet_len()..).unwrap_or_default();
                Ok(Some(packet))
            }
            Err(unread) if unread.waits => Ok(None),
            Err(unread) => Err(unread.error),
        }
    }

    /// Decodes one whole packet, with the options with which [`split`] has cut it off: what these say of
    /// the fixed header has been judged then.
    pub fn decode(frame: Frame<'a>, options: DecodeOptions) -> Result<Self, DecodeError> {
        Self::decode_by(frame, &options)
    }

    fn decode_by(frame: Frame<'a>, options: &DecodeOptions) -> Result<Self, DecodeError> {
        let closely = || Self::decode_closely(frame, 0, options).map_err(|unread| unread.error);
        if !HAS_ROOM || !frame.is_minimal() || !options.allow_glance() {
            return closely();
        }
        let watch = &mut Glance;
        let fields = frame.fields(options, watch);
        Self::decode_body(frame.first, fields, Ok, |NotPlain| closely())
    }

    /// Decodes a packet of which `missing` bytes have not arrived.
    #[inline(never)]
    fn decode_closely(
        frame: Frame<'a>,
        missing: usize,
        options: &DecodeOptions,
    ) -> Result<Self, Unread> {
        let mut watch = Partial::new(missing);
        Self::decode_body(frame.first, frame.fields(options, &mut watch), Ok, Err)
            .map_err(|error| Unread { error, waits: watch.waiting })
    }

    /// The one place that dispatches on the packet type when reading; what to do with the result is
    /// said in advance, for the reason given at [`Self::read_plain`].
    #[inline(always)]
    pub(crate) fn decode_body<W: Watch<'a>, T>(
        first: u8,
        fields: Fields<'a, '_, W>,
        found: impl Fn(Self) -> T,
        fault: impl FnOnce(W::Fault) -> T,
    ) -> T {
        macro_rules! decode {
            ($name:ident $(, $first:ident)?) => {
                match $name::decode($($first,)? fields.renewed()) {
                    Ok(packet) => found(Self::$name(packet)),
                    Err(error) => fault(error),
                }
            };
        }
        match fields.packet_type {
            PacketType::Connect => decode!(Connect, first),
            PacketType::Connack => decode!(Connack),
            PacketType::Publish => decode!(Publish, first),
            PacketType::Puback => decode!(Puback),
            PacketType::Pubrec => decode!(Pubrec),
            PacketType::Pubrel => decode!(Pubrel),
            PacketType::Pubcomp => decode!(Pubcomp),
            PacketType::Subscribe => decode!(Subscribe),
            PacketType::Suback => decode!(Suback),
            PacketType::Unsubscribe => decode!(Unsubscribe),
            PacketType::Unsuback => decode!(Unsuback),
            PacketType::Pingreq => decode!(Pingreq),
            PacketType::Pingresp => decode!(Pingresp),
            PacketType::Disconnect => decode!(Disconnect),
            PacketType::Auth => decode!(Auth),
        }
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
            Self::Auth(_) => PacketType::Auth,
        }
    }

    /// The number of bytes that [`Self::encode`] writes.
    pub fn encoded_len(&self, version: Version) -> Result<usize, EncodeError> {
        each!(self, packet => packet.encoded_len(version))
    }

    /// Writes the packet in the form of this version; a CONNECT in the form of the version that it
    /// names. On an error nothing has been written.
    // Of what connections are full, the code stands at the caller's.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn encode(&self, version: Version, out: &mut impl BufMut) -> Result<(), EncodeError> {
        match self {
            Self::Publish(publish) => publish.encode(version, out),
            Self::Puback(puback) => puback.encode(version, out),
            Self::Pubrec(pubrec) => pubrec.encode(version, out),
            Self::Pubrel(pubrel) => pubrel.encode(version, out),
            Self::Pubcomp(pubcomp) => pubcomp.encode(version, out),
            Self::Pingreq(pingreq) => pingreq.encode(version, out),
            Self::Pingresp(pingresp) => pingresp.encode(version, out),
            _ => self.encode_rare(version, out),
        }
    }

    /// Like [`Self::encode`], to the front of a slice. Returns the number of bytes that are written;
    /// those behind them, and on an error all, are left as they were.
    ///
    /// ```
    /// use mqtt_pure::{Packet, PacketId, Puback, Version};
    ///
    /// let mut buffer = [0; 64];
    /// let packet = Packet::Puback(Puback::new(PacketId::MIN));
    /// let len = packet.encode_to_slice(Version::V3_1_1, &mut buffer)?;
    /// assert_eq!(buffer[..len], [0x40, 2, 0, 1]);
    /// # Ok::<(), mqtt_pure::EncodeError>(())
    /// ```
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn encode_to_slice(&self, version: Version, out: &mut [u8]) -> Result<usize, EncodeError> {
        match self {
            Self::Puback(puback) if puback.is_short() => encode::put(puback.short(), out),
            Self::Pubrec(pubrec) if pubrec.is_short() => encode::put(pubrec.short(), out),
            Self::Pubrel(pubrel) if pubrel.is_short() => encode::put(pubrel.short(), out),
            Self::Pubcomp(pubcomp) if pubcomp.is_short() => encode::put(pubcomp.short(), out),
            Self::Pingreq(_) => encode::put(Pingreq::BYTES, out),
            Self::Pingresp(_) => encode::put(Pingresp::BYTES, out),
            // All are named: without the question for any other the dispatch is shorter.
            Self::Connect(_)
            | Self::Connack(_)
            | Self::Publish(_)
            | Self::Puback(_)
            | Self::Pubrec(_)
            | Self::Pubrel(_)
            | Self::Pubcomp(_)
            | Self::Subscribe(_)
            | Self::Suback(_)
            | Self::Unsubscribe(_)
            | Self::Unsuback(_)
            | Self::Disconnect(_)
            | Self::Auth(_) => match self.encode_long_to_slice(version, out) {
                // Taken apart so that the result of those above never goes through memory.
                Ok(len) => Ok(len),
                Err(error) => Err(error),
            },
        }
    }

    #[inline(never)]
    fn encode_long_to_slice(&self, version: Version, out: &mut [u8]) -> Result<usize, EncodeError> {
        let (len, mut left) = (out.len(), out);
        self.encode(version, &mut left)?;
        Ok(len.saturating_sub(left.len()))
    }

    #[inline]
    fn encode_rare(&self, version: Version, out: &mut impl BufMut) -> Result<(), EncodeError> {
        each!(self, packet => packet.encode(version, out))
    }
}

/// Why a packet could not be read.
struct Unread {
    error: DecodeError,
    /// Whether that is for want of bytes that have not arrived.
    waits: bool,
}

#[cold]
#[inline(never)]
pub(crate) fn check_incomplete(input: &[u8], options: &DecodeOptions) -> Result<(), DecodeError> {
    match frame::header(input, options, &mut ())? {
        Start::Header(header) => check_partial(&header, input, options),
        Start::Partial => Ok(()),
    }
}

/// Whether the part of a packet that has arrived can still become one.
fn check_partial(
    header: &Header,
    input: &[u8],
    options: &DecodeOptions,
) -> Result<(), DecodeError> {
    let (body, missing) = header.body(input);
    match Packet::decode_closely(header.frame(body), missing, options) {
        Err(unread) if !unread.waits => Err(unread.error),
        _ => Ok(()),
    }
}
