//! The 27 properties of 5.0 as one table: identifier, value, where it may be, and how often.

use super::{PacketType, Properties, list::sealed::Wire, property_value::PropertyValue};
use crate::{
    topic::TopicName,
    types::{QoS, Role, SubscriptionId},
    wire::{Binary, Reader, Text, Writer},
};
use bytes::BufMut;
use core::{
    fmt,
    num::{NonZeroU16, NonZeroU32},
};

/// What may carry properties: a packet of this type, or a will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    Packet(PacketType),
    Will,
}

impl Holder {
    /// The number of the packet type, 0 for the will.
    #[inline]
    #[allow(clippy::as_conversions, reason = "u8 to u32 loses nothing; `From` is not const")]
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Will => 0,
            Self::Packet(packet_type) => packet_type.number() as u32,
        }
    }

    #[inline]
    const fn bit(self) -> u16 {
        1_u16.wrapping_shl(self.number())
    }
}

/// What a value looks like on the wire, and which values there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A byte that is 0 or 1.
    Bit,
    U16,
    NonZeroU16,
    U32,
    NonZeroU32,
    /// A variable byte integer other than 0.
    Varint,
    Text,
    TopicName,
    Binary,
    Pair,
}

/// What is to be known of a property.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) id: PropertyId,
    pub(crate) form: Form,
    /// One bit for each property.
    pub(crate) bit: u32,
    /// The bits of those who may carry it, and of those who may carry it more than once.
    holders: u16,
    repeatable: u16,
}

const CONNECT: u16 = Holder::Packet(PacketType::Connect).bit();
const CONNACK: u16 = Holder::Packet(PacketType::Connack).bit();
const PUBLISH: u16 = Holder::Packet(PacketType::Publish).bit();
const PUBACK: u16 = Holder::Packet(PacketType::Puback).bit();
const PUBREC: u16 = Holder::Packet(PacketType::Pubrec).bit();
const PUBREL: u16 = Holder::Packet(PacketType::Pubrel).bit();
const PUBCOMP: u16 = Holder::Packet(PacketType::Pubcomp).bit();
const SUBSCRIBE: u16 = Holder::Packet(PacketType::Subscribe).bit();
const SUBACK: u16 = Holder::Packet(PacketType::Suback).bit();
const UNSUBSCRIBE: u16 = Holder::Packet(PacketType::Unsubscribe).bit();
const UNSUBACK: u16 = Holder::Packet(PacketType::Unsuback).bit();
const DISCONNECT: u16 = Holder::Packet(PacketType::Disconnect).bit();
const AUTH: u16 = Holder::Packet(PacketType::Auth).bit();
const WILL: u16 = Holder::Will.bit();
const ACKS: u16 = PUBACK | PUBREC | PUBREL | PUBCOMP | SUBACK | UNSUBACK;
const ANY: u16 =
    CONNECT | CONNACK | PUBLISH | ACKS | SUBSCRIBE | UNSUBSCRIBE | DISCONNECT | AUTH | WILL;

/// Defines the access to a property that may be there once, or more often.
macro_rules! getter {
    (one $(#[$doc:meta])* $getter:ident $variant:ident $value:ty) => {
        $(#[$doc])*
        pub fn $getter(&self) -> Option<$value> {
            if !self.may_have(PropertyId::$variant) {
                return None;
            }
            self.iter().find_map(|property| match property {
                Property::$variant(value) => Some(value),
                _ => None,
            })
        }
    };
    (many $(#[$doc:meta])* $getter:ident $variant:ident $value:ty) => {
        $(#[$doc])*
        ///
        /// In their order.
        pub fn $getter(&self) -> impl Iterator<Item = $value> + Clone + use<'a> {
            let entries =
                if self.may_have(PropertyId::$variant) { *self } else { Self::EMPTY };
            entries.iter().filter_map(|property| match property {
                Property::$variant(value) => Some(value),
                _ => None,
            })
        }
    };
}

/// Defines everything that knows each property.
macro_rules! properties {
    ($(
        $(#[$doc:meta])*
        $number:literal $variant:ident($value:ty) $form:ident $name:literal $count:ident $getter:ident
        in $holders:expr $(, repeatable in $repeatable:expr)?;
    )*) => {
        /// The identifier of a property (section 2.2.2.2).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum PropertyId {
            $($(#[$doc])* $variant = $number,)*
        }

        impl PropertyId {
            /// Every identifier, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The identifier of this number, `None` if 5.0 has no such property.
            #[inline]
            pub const fn new(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The number on the wire.
            pub const fn number(self) -> u8 {
                match self {
                    $(Self::$variant => $number,)*
                }
            }

            /// The name, in the standard's words.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            #[inline]
            pub(crate) const fn row(self) -> Row {
                match self {
                    $(Self::$variant => Row {
                        id: Self::$variant,
                        form: Form::$form,
                        bit: 1_u32.wrapping_shl(Ordinal::$variant.get()),
                        holders: $holders,
                        repeatable: 0 $(| $repeatable)?,
                    },)*
                }
            }
        }

        /// The properties, numbered without gaps.
        #[allow(dead_code, reason = "a number for each")]
        #[derive(Clone, Copy)]
        #[repr(u8)]
        enum Ordinal {
            $($variant,)*
        }

        /// Typed access to each.
        impl<'a> Properties<'a> {
            $(getter!($count $(#[$doc])* $getter $variant $value);)*
        }

        /// A property with its value.
        // The values stand at one place, so that they are copied in wide pieces, and so does the number
        // of the variant: it leaves no gap before them, which would be copied too.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(C, usize)]
        #[non_exhaustive]
        pub enum Property<'a> {
            $($(#[$doc])* $variant($value),)*
        }

        impl<'a> Property<'a> {
            /// Which property it is.
            pub const fn id(&self) -> PropertyId {
                match self {
                    $(Self::$variant(_) => PropertyId::$variant,)*
                }
            }

            /// Whether it is for people who look for a fault, and may be left out.
            pub(crate) const fn is_explanation(&self) -> bool {
                matches!(self, Self::ReasonString(_) | Self::UserProperty(_))
            }

            /// Whether the value is one that may be sent.
            pub(crate) fn is_valid(&self) -> bool {
                match self {
                    $(Self::$variant(value) => PropertyValue::is_valid(value),)*
                }
            }
        }

        #[allow(private_interfaces, reason = "sealed: nobody else calls it")]
        impl<'a> Wire<'a> for Property<'a> {
            // Handed on in memory it would be read in wider pieces than it was written in.
            #[cfg_attr(target_pointer_width = "64", inline(always))]
            #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
            fn read(reader: &mut Reader<'a>, _: u32) -> Option<Self> {
                Some(match PropertyId::new(reader.u8()?)? {
                    $(PropertyId::$variant => Self::$variant(PropertyValue::read(reader)?),)*
                })
            }

            #[inline]
            fn wire_len(&self) -> usize {
                let value = match self {
                    $(Self::$variant(value) => value.wire_len(),)*
                };
                value.saturating_add(1)
            }

            #[inline]
            fn write<B: BufMut>(&self, out: &mut Writer<'_, B>) {
                out.u8(self.id().number());
                match self {
                    $(Self::$variant(value) => value.write(out),)*
                }
            }
        }
    };
}

properties! {
    /// Whether the payload is UTF-8 text.
    0x01 PayloadFormatIndicator(bool) Bit "payload format indicator" one payload_format_indicator
    in PUBLISH | WILL;
    /// After how many seconds the message is of no use any more.
    0x02 MessageExpiryInterval(u32) U32 "message expiry interval" one message_expiry_interval
    in PUBLISH | WILL;
    /// What kind of payload it is, in words of the applications.
    0x03 ContentType(Text<'a>) Text "content type" one content_type
    in PUBLISH | WILL;
    /// The topic for answers to the message.
    0x08 ResponseTopic(TopicName<'a>) TopicName "response topic" one response_topic
    in PUBLISH | WILL;
    /// By what the sender of a request knows the answer.
    0x09 CorrelationData(Binary<'a>) Binary "correlation data" one correlation_data
    in PUBLISH | WILL;
    /// In SUBSCRIBE: what messages of these subscriptions are to carry. In PUBLISH, which servers
    /// alone send so: the subscriptions that it matches, one property for each.
    0x0b SubscriptionIdentifier(SubscriptionId) Varint "subscription identifier" many subscription_identifiers
    in PUBLISH | SUBSCRIBE, repeatable in PUBLISH;
    /// For how many seconds the session is kept after the connection; `u32::MAX` for ever.
    0x11 SessionExpiryInterval(u32) U32 "session expiry interval" one session_expiry_interval
    in CONNECT | CONNACK | DISCONNECT;
    /// The client identifier that the server chose.
    0x12 AssignedClientIdentifier(Text<'a>) Text "assigned client identifier" one assigned_client_identifier
    in CONNACK;
    /// The keep alive in seconds that the client has to use instead of its own.
    0x13 ServerKeepAlive(u16) U16 "server keep alive" one server_keep_alive
    in CONNACK;
    /// The name of the extended authentication.
    0x15 AuthenticationMethod(Text<'a>) Text "authentication method" one authentication_method
    in CONNECT | CONNACK | AUTH;
    /// Data of the authentication method. `Debug` does not show it.
    0x16 AuthenticationData(Binary<'a>) Binary "authentication data" one authentication_data
    in CONNECT | CONNACK | AUTH;
    /// Whether the server may send reason strings and user properties with every answer.
    0x17 RequestProblemInformation(bool) Bit "request problem information" one request_problem_information
    in CONNECT;
    /// How many seconds the server waits before it publishes the will.
    0x18 WillDelayInterval(u32) U32 "will delay interval" one will_delay_interval
    in WILL;
    /// Whether the client wants response information.
    0x19 RequestResponseInformation(bool) Bit "request response information" one request_response_information
    in CONNECT;
    /// What the client may make response topics of.
    0x1a ResponseInformation(Text<'a>) Text "response information" one response_information
    in CONNACK;
    /// Other servers that the client may use.
    0x1c ServerReference(Text<'a>) Text "server reference" one server_reference
    in CONNACK | DISCONNECT;
    /// The reason, in words for people.
    0x1f ReasonString(Text<'a>) Text "reason string" one reason_string
    in CONNACK | ACKS | DISCONNECT | AUTH;
    /// How many messages of QoS 1 and 2 may be in flight to the sender of this.
    0x21 ReceiveMaximum(NonZeroU16) NonZeroU16 "receive maximum" one receive_maximum
    in CONNECT | CONNACK;
    /// The largest topic alias that the sender of this accepts; 0 for none.
    0x22 TopicAliasMaximum(u16) U16 "topic alias maximum" one topic_alias_maximum
    in CONNECT | CONNACK;
    /// The number that stands for the topic on this connection.
    0x23 TopicAlias(NonZeroU16) NonZeroU16 "topic alias" one topic_alias
    in PUBLISH;
    /// The highest QoS that the server takes: 0 or 1. A server that takes QoS 2 says nothing.
    0x24 MaximumQos(QoS) Bit "maximum QoS" one maximum_qos
    in CONNACK;
    /// Whether the server keeps retained messages.
    0x25 RetainAvailable(bool) Bit "retain available" one retain_available
    in CONNACK;
    /// A name and a value that applications give a meaning.
    0x26 UserProperty(UserProperty<'a>) Pair "user property" many user_properties
    in ANY, repeatable in ANY;
    /// The largest packet in bytes that the sender of this accepts.
    0x27 MaximumPacketSize(NonZeroU32) NonZeroU32 "maximum packet size" one maximum_packet_size
    in CONNECT | CONNACK;
    /// Whether the server takes topic filters with wildcards.
    0x28 WildcardSubscriptionAvailable(bool) Bit "wildcard subscription available" one wildcard_subscription_available
    in CONNACK;
    /// Whether the server takes subscription identifiers.
    0x29 SubscriptionIdentifiersAvailable(bool) Bit "subscription identifiers available" one subscription_identifiers_available
    in CONNACK;
    /// Whether the server takes shared subscriptions.
    0x2a SharedSubscriptionAvailable(bool) Bit "shared subscription available" one shared_subscription_available
    in CONNACK;
}

/// The rows by the numbers of their properties.
static ROWS: [Option<Row>; 0x2b] = rows();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "evaluated by the compiler, with numbers within the table"
)]
const fn rows() -> [Option<Row>; 0x2b] {
    let mut rows = [None; 0x2b];
    let mut number = 0;
    while number < rows.len() {
        if let Some(id) = PropertyId::new(number as u8) {
            rows[number] = Some(id.row());
        }
        number += 1;
    }
    rows
}

/// The bits of the properties that a holder may carry, and of those that it may carry more than once.
#[derive(Clone, Copy)]
pub(crate) struct Allowed {
    pub(crate) once: u32,
    pub(crate) often: u32,
}

/// What each holder may carry, by its number.
static ALLOWED: [Allowed; 16] = allowed();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, with numbers within the table"
)]
const fn allowed() -> [Allowed; 16] {
    let mut all = [Allowed { once: 0, often: 0 }; 16];
    let mut at = 0;
    while at < PropertyId::ALL.len() {
        let row = PropertyId::ALL[at].row();
        let mut holder = 0;
        while holder < 16 {
            if row.holders & 1 << holder != 0 {
                all[holder].once |= row.bit;
            }
            if row.repeatable & 1 << holder != 0 {
                all[holder].often |= row.bit;
            }
            holder += 1;
        }
        at += 1;
    }
    all
}

impl Holder {
    /// What it may carry.
    #[inline]
    pub(crate) fn allowed(self) -> Allowed {
        let number = usize::try_from(self.number()).unwrap_or_default();
        ALLOWED.get(number).copied().unwrap_or(Allowed { once: 0, often: 0 })
    }
}

impl Row {
    /// The row of the property of this number, if there is one.
    #[inline]
    pub(crate) fn of(number: u8) -> Option<&'static Self> {
        ROWS.get(usize::from(number))?.as_ref()
    }

    /// Whether this holder may carry the property.
    #[inline]
    pub(crate) const fn is_allowed_in(&self, holder: Holder) -> bool {
        self.holders & holder.bit() != 0
    }

    /// Whether this holder may carry it more than once.
    #[inline]
    pub(crate) const fn is_repeatable_in(&self, holder: Holder) -> bool {
        self.repeatable & holder.bit() != 0
    }
}

impl Ordinal {
    #[allow(clippy::as_conversions, reason = "reads the discriminant of a `repr(u8)` enum")]
    const fn get(self) -> u32 {
        self as u32
    }
}

impl PropertyId {
    /// Whether a will may carry it, but not the CONNECT itself.
    pub(crate) const fn is_of_will(self) -> bool {
        self.row().holders & (WILL | CONNECT) == WILL
    }

    /// The only side that may send it in this packet, where the other may not.
    pub(crate) const fn sender_in(self, holder: Holder) -> Option<Role> {
        match (self, holder) {
            // [MQTT-3.3.4-6]
            (Self::SubscriptionIdentifier, Holder::Packet(PacketType::Publish)) => {
                Some(Role::Server)
            }
            // [MQTT-3.14.2-2]
            (Self::SessionExpiryInterval, Holder::Packet(PacketType::Disconnect)) => {
                Some(Role::Client)
            }
            (Self::ServerReference, Holder::Packet(PacketType::Disconnect)) => Some(Role::Server),
            _ => None,
        }
    }
}

impl fmt::Display for PropertyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name and a value (section 2.2.2.2, property 0x26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserProperty<'a> {
    /// The name.
    pub name: Text<'a>,
    /// The value.
    pub value: Text<'a>,
}

impl<'a> UserProperty<'a> {
    /// A name and a value.
    pub const fn new(name: Text<'a>, value: Text<'a>) -> Self {
        Self { name, value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_bits_are_unique() {
        let mut bits = 0;
        for id in PropertyId::ALL {
            assert_eq!(PropertyId::new(id.number()), Some(*id));
            assert_eq!(bits & id.row().bit, 0);
            bits |= id.row().bit;
        }
        assert_eq!(bits.count_ones(), 27);
        for number in 0..=255 {
            assert_eq!(Row::of(number).map(|row| row.id), PropertyId::new(number));
        }
        let known = (0..=255).filter_map(PropertyId::new).count();
        assert_eq!(known, 27);
        assert!(PropertyId::ALL.is_sorted());
    }

    /// Table 2-4 of the standard, by packet.
    #[test]
    fn each_packet_has_its_properties() {
        use PacketType as P;
        let holders: [(Holder, &[u8]); 14] = [
            (Holder::Packet(P::Connect), &[0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27]),
            (Holder::Will, &[1, 2, 3, 8, 9, 0x18, 0x26]),
            (
                Holder::Packet(P::Connack),
                &[
                    0x11, 0x12, 0x13, 0x15, 0x16, 0x1a, 0x1c, 0x1f, 0x21, 0x22, 0x24, 0x25, 0x26,
                    0x27, 0x28, 0x29, 0x2a,
                ],
            ),
            (Holder::Packet(P::Publish), &[1, 2, 3, 8, 9, 0x0b, 0x23, 0x26]),
            (Holder::Packet(P::Puback), &[0x1f, 0x26]),
            (Holder::Packet(P::Pubrec), &[0x1f, 0x26]),
            (Holder::Packet(P::Pubrel), &[0x1f, 0x26]),
            (Holder::Packet(P::Pubcomp), &[0x1f, 0x26]),
            (Holder::Packet(P::Subscribe), &[0x0b, 0x26]),
            (Holder::Packet(P::Suback), &[0x1f, 0x26]),
            (Holder::Packet(P::Unsubscribe), &[0x26]),
            (Holder::Packet(P::Unsuback), &[0x1f, 0x26]),
            (Holder::Packet(P::Disconnect), &[0x11, 0x1c, 0x1f, 0x26]),
            (Holder::Packet(P::Auth), &[0x15, 0x16, 0x1f, 0x26]),
        ];
        for (holder, numbers) in holders {
            let allowed = PropertyId::ALL.iter().filter(|id| id.row().is_allowed_in(holder));
            assert!(allowed.map(|id| id.number()).eq(numbers.iter().copied()), "{holder:?}");
            let repeatable = PropertyId::ALL.iter().filter(|id| id.row().is_repeatable_in(holder));
            let expected: &[u8] =
                if holder == Holder::Packet(P::Publish) { &[0x0b, 0x26] } else { &[0x26] };
            assert!(repeatable.map(|id| id.number()).eq(expected.iter().copied()), "{holder:?}");
            let Allowed { once, often } = holder.allowed();
            for row in PropertyId::ALL.iter().map(|id| id.row()) {
                assert_eq!(once & row.bit != 0, row.is_allowed_in(holder));
                assert_eq!(often & row.bit != 0, row.is_repeatable_in(holder));
            }
        }
    }
}
