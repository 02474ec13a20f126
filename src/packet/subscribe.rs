//! SUBSCRIBE: a client asks for messages.

use super::{
    EncodeError, Entry, ErrorKind, Field, List, PacketType, Properties, Rule,
    encode::{Body, check_shared, encode_methods, properties_len, write_properties},
    explain::Value,
    fields::Fields,
    list::sealed::Wire,
    room::{Room, Then},
    watch::Watch,
};
use crate::{
    topic::TopicFilter,
    types::{PacketId, QoS, Version},
    wire::{Reader, Writer},
};
use bytes::BufMut;

/// SUBSCRIBE: a client asks for the messages of one or more topic filters (section 3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Subscribe<'a> {
    /// The identifier that the SUBACK will carry.
    pub packet_id: PacketId,
    /// What is asked for, one at least.
    pub subscriptions: List<'a, Subscription<'a>>,
    /// The properties, which 3.1 and 3.1.1 do not have.
    pub properties: Properties<'a>,
}

/// One topic filter of a SUBSCRIBE and what goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subscription<'a> {
    /// Which topics.
    pub filter: TopicFilter<'a>,
    /// How.
    pub options: SubscriptionOptions,
}

impl<'a> Subscription<'a> {
    /// A subscription with this QoS at most.
    pub const fn new(filter: TopicFilter<'a>, qos: QoS) -> Self {
        Self { filter, options: SubscriptionOptions::new(qos) }
    }
}

/// How messages of a subscription are to be delivered. 3.1 and 3.1.1 can only say the QoS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SubscriptionOptions {
    /// The highest QoS that the client asks for.
    pub qos: QoS,
    /// Messages of this client itself are not to come back.
    pub no_local: bool,
    /// Messages keep the RETAIN flag with which they were published.
    pub retain_as_published: bool,
    /// When retained messages are to be sent.
    pub retain_handling: RetainHandling,
}

/// When the retained messages of a subscription are to be sent (section 3.8.3.1 of 5.0).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RetainHandling {
    /// With every SUBSCRIBE, as 3.1 and 3.1.1 always do.
    #[default]
    SendAlways = 0,
    /// If there was no such subscription before.
    SendIfNew = 1,
    /// Never.
    DoNotSend = 2,
}

impl RetainHandling {
    /// The handling of this number, `None` unless it is 0, 1 or 2.
    pub const fn new(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::SendAlways),
            1 => Some(Self::SendIfNew),
            2 => Some(Self::DoNotSend),
            _ => None,
        }
    }

    /// The number on the wire: 0, 1 or 2.
    pub const fn number(self) -> u8 {
        match self {
            Self::SendAlways => 0,
            Self::SendIfNew => 1,
            Self::DoNotSend => 2,
        }
    }
}

const NO_LOCAL: u8 = 0x04;
const RETAIN_AS_PUBLISHED: u8 = 0x08;
/// Joins the bits that have a meaning in the context of a list if others are set in it.
const HAS_UNUSED_BITS: u32 = 0x100;
/// The bits of the requested QoS.
const REQUESTED_QOS: u8 = 0x03;

impl SubscriptionOptions {
    /// This QoS at most, and otherwise as in 3.1.1.
    pub const fn new(qos: QoS) -> Self {
        Self {
            qos,
            no_local: false,
            retain_as_published: false,
            retain_handling: RetainHandling::SendAlways,
        }
    }

    /// The options of a byte that has been checked.
    #[inline]
    fn from_checked(byte: u8, known: u8) -> Self {
        let options = byte & known;
        Self {
            qos: QoS::new(byte & REQUESTED_QOS).unwrap_or_default(),
            no_local: options & NO_LOCAL != 0,
            retain_as_published: options & RETAIN_AS_PUBLISHED != 0,
            retain_handling: RetainHandling::new(options.wrapping_shr(4) & 3).unwrap_or_default(),
        }
    }

    #[inline]
    fn byte(self) -> u8 {
        let no_local = u8::from(self.no_local).wrapping_shl(2);
        let retain_as_published = u8::from(self.retain_as_published).wrapping_shl(3);
        let retain_handling = self.retain_handling.number().wrapping_shl(4);
        self.qos.level() | no_local | retain_as_published | retain_handling
    }
}

/// What the byte after a filter is called.
#[inline]
const fn options_field(known: u8) -> Field {
    if known == REQUESTED_QOS { Field::RequestedQos } else { Field::SubscriptionOptions }
}

impl<'a> Subscribe<'a> {
    /// Without properties.
    pub fn new(packet_id: PacketId, subscriptions: impl Into<List<'a, Subscription<'a>>>) -> Self {
        let subscriptions = subscriptions.into();
        Self { packet_id, subscriptions, properties: Properties::EMPTY }
    }

    pub(crate) fn decode<W: Watch<'a>>(r: Fields<'a, '_, W>) -> Result<Self, W::Fault> {
        let mut r = r.renewed();
        let packet_id = r.packet_id()?;
        let properties = r.properties(Room::filters(4, Field::SubscriptionOptions))?;
        let bytes = r.rest();
        if r.is_done() {
            // [MQTT-3.8.3-3]; 5.0: [MQTT-3.8.3-2]
            let at = r.at();
            r.breach(ErrorKind::NoFilters, Field::TopicFilter, at, 0)?;
        }
        let known = r.version().subscription_bits();
        let field = options_field(known);
        let room = Room::at_least(1, field).and(Then::NothingOr(4, Field::TopicFilter));
        let (mut count, mut context) = (0_u32, u32::from(known));
        while !r.is_done() {
            // [MQTT-3.8.3-1]
            let filter = r.topic_filter(Field::TopicFilter, room)?;
            let options = read_options(&mut r, filter, field, known)?;
            if W::TELLS && options & !known != 0 {
                context |= HAS_UNUSED_BITS;
            }
            // There are fewer than bytes.
            count = count.wrapping_add(1);
        }
        let subscriptions = List::from_checked(bytes, count, context);
        Ok(Self { packet_id, subscriptions, properties })
    }
}

/// The requested QoS, or the subscription options.
#[inline(always)]
fn read_options<'a, W: Watch<'a>>(
    r: &mut Fields<'a, '_, W>,
    filter: TopicFilter<'a>,
    field: Field,
    known: u8,
) -> Result<u8, W::Fault> {
    let start = r.at();
    let byte = r.u8(field)?;
    let value = if field == Field::SubscriptionOptions {
        Value::SubscriptionOptions(byte)
    } else {
        Value::Number(byte.into())
    };
    r.saw(field, start, value);
    if byte > 2 && !are_fine(byte, filter, known) {
        if !W::TELLS {
            return Err(r.strange());
        }
        check_options(r, filter, field, known, byte, start)?;
    }
    Ok(byte)
}

/// Whether there is nothing to say about options.
#[inline]
fn are_fine(byte: u8, filter: TopicFilter<'_>, known: u8) -> bool {
    let is_shared = byte & NO_LOCAL != 0 && filter.is_shared();
    byte & !known == 0 && byte & REQUESTED_QOS != REQUESTED_QOS && byte & 0x30 != 0x30 && !is_shared
}

/// Finds out what there is to say.
#[cold]
fn check_options<'a, W: Watch<'a>>(
    r: &mut Fields<'a, '_, W>,
    filter: TopicFilter<'a>,
    field: Field,
    known: u8,
    byte: u8,
    start: usize,
) -> Result<(), W::Fault> {
    let is_reserved = byte & !known != 0 && r.refuses(Rule::UnusedBitsIn3_1);
    let mut breach = |kind| r.breach(kind, field, start, byte.into());
    if is_reserved {
        // [MQTT-3.8.3-4]; 5.0: [MQTT-3.8.3-5]
        breach(ErrorKind::ReservedSubscriptionBits)?;
    }
    if byte & REQUESTED_QOS == REQUESTED_QOS {
        breach(ErrorKind::InvalidQos)?;
    }
    let options = byte & known;
    if options & 0x30 == 0x30 {
        breach(ErrorKind::RetainHandling)?;
    }
    if options & NO_LOCAL != 0 && filter.is_shared() {
        // [MQTT-3.8.3-4] of 5.0
        breach(ErrorKind::NoLocalOnShared)?;
    }
    Ok(())
}

impl<'a> Entry<'a> for Subscription<'a> {}

#[allow(private_interfaces, reason = "sealed: nobody else calls it")]
impl<'a> Wire<'a> for Subscription<'a> {
    // 3.1 leaves bits of the requested QoS unused; they are not sent on.
    #[inline]
    fn is_verbatim(context: u32) -> bool {
        context & HAS_UNUSED_BITS == 0
    }

    #[inline]
    fn read(reader: &mut Reader<'a>, known: u32) -> Option<Self> {
        let filter = TopicFilter::from_checked(reader.prefixed()?);
        let [known, ..] = known.to_le_bytes();
        let options = SubscriptionOptions::from_checked(reader.u8()?, known);
        Some(Self { filter, options })
    }

    #[inline]
    fn wire_len(&self) -> usize {
        self.filter.text().len().saturating_add(3)
    }

    #[inline]
    fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
        out.text(self.filter.text());
        out.u8(self.options.byte());
    }
}

impl Body for Subscribe<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        PacketType::Subscribe.first_byte()
    }

    #[inline]
    fn body_len(&self, version: Version) -> Result<usize, EncodeError> {
        let packet_type = PacketType::Subscribe;
        let properties = properties_len(packet_type, self.properties, version)?;
        if self.subscriptions.is_empty() {
            // [MQTT-3.8.3-3]; 5.0: [MQTT-3.8.3-2]
            return Err(EncodeError::Empty { packet_type });
        }
        let known = version.subscription_bits();
        let (len, is_plain) = match self.subscriptions.values() {
            Some(values) => look_at(values, known),
            // What was decoded by the same rules has been checked.
            None => {
                let is_checked = self.subscriptions.context() == Some(known.into());
                (self.subscriptions.wire_len(), is_checked)
            }
        };
        if !is_plain {
            check_subscriptions(self.subscriptions, version)?;
            let filters = self.subscriptions.iter().map(|entry| entry.filter);
            check_shared(packet_type, filters, properties)?;
        }
        Ok(len.saturating_add(2).saturating_add(properties))
    }

    #[inline]
    fn write<B: BufMut>(&self, version: Version, _: usize, out: &mut Writer<'_, B>) {
        out.u16(self.packet_id.get());
        write_properties(&self.properties, version, out);
        self.subscriptions.write(out);
    }
}

/// How many bytes the values take, and whether there is nothing in them that could be wrong.
#[inline]
fn look_at(values: &[Subscription<'_>], known: u8) -> (usize, bool) {
    let may_share = known != REQUESTED_QOS;
    let (mut len, mut bits) = (0_usize, 0);
    for value in values {
        len = len.saturating_add(value.wire_len());
        bits |= value.options.byte();
        if may_share && value.filter.as_bytes().first() == Some(&b'$') {
            bits |= NO_LOCAL;
        }
    }
    (len, bits <= REQUESTED_QOS)
}

/// Makes sure that the version can say the options.
#[inline(never)]
fn check_subscriptions(
    subscriptions: List<'_, Subscription<'_>>,
    version: Version,
) -> Result<(), EncodeError> {
    let known = version.subscription_bits();
    for Subscription { filter, options } in subscriptions {
        if options.byte() & !known != 0 {
            let (packet_type, field) = (PacketType::Subscribe, Field::SubscriptionOptions);
            return Err(EncodeError::NotInVersion { packet_type, field, version });
        }
        if options.no_local && filter.is_shared() {
            // [MQTT-3.8.3-4] of 5.0
            return Err(EncodeError::NoLocalOnShared);
        }
    }
    Ok(())
}

encode_methods!(Subscribe<'a>);
