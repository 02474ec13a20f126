//! CONNECT: a client asks for a connection, and leaves its will.

use super::{
    EncodeError, ErrorKind, Field, PacketType, Properties, Rule,
    encode::{Body, encode_methods, properties_len, properties_len_of, write_properties},
    explain::Value,
    fields::Fields,
    property::Holder,
    room::{Room, Then},
    watch::Watch,
};
use crate::{
    topic::TopicName,
    types::{QoS, Version},
    wire::{Binary, Text, Writer},
};
use bytes::BufMut;

const USER_NAME: u8 = 0x80;
const PASSWORD: u8 = 0x40;
const WILL_RETAIN: u8 = 0x20;
const WILL_QOS: u8 = 0x18;
const WILL: u8 = 0x04;
const CLEAN_SESSION: u8 = 0x02;
const RESERVED: u8 = 0x01;

/// CONNECT: the first packet of a client (section 3.1). `Debug` does not show the password.
///
/// ```
/// use mqtt_pure::{Connect, Text, Version};
///
/// let connect = Connect::new(Version::V3_1_1, Text::new("sensor-17")?);
/// let mut bytes = Vec::new();
/// connect.encode(Version::V3_1_1, &mut bytes)?;
/// assert_eq!(&bytes[..9], b"\x10\x15\x00\x04MQTT\x04");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Connect<'a> {
    /// The largest number of seconds between two packets of the client; 0 for any.
    pub keep_alive: u16,
    /// What the server publishes if the connection ends without a DISCONNECT.
    pub will: Option<Will<'a>>,
    /// The client identifier. It may be empty in 5.0, and in 3.1.1 with `clean_session`.
    pub client_id: Text<'a>,
    /// The user name.
    pub user_name: Option<Text<'a>>,
    /// The password, which needs a user name in 3.1 and 3.1.1.
    pub password: Option<Binary<'a>>,
    /// The properties, which 3.1 and 3.1.1 do not have.
    pub properties: Properties<'a>,
    /// The version that the client speaks. It is what the packet is encoded for.
    pub version: Version,
    /// Whether both sides begin with an empty session. In 3.1 and 3.1.1 they keep nothing of it
    /// either; 5.0 calls it Clean Start, and a property says how long the session is kept.
    pub clean_session: bool,
}

/// The message that a server publishes for a client that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Will<'a> {
    /// The topic.
    pub topic: TopicName<'a>,
    /// The payload.
    pub payload: Binary<'a>,
    /// The properties, which 3.1 and 3.1.1 do not have.
    pub properties: Properties<'a>,
    /// The QoS with which it is published.
    pub qos: QoS,
    /// Whether it is retained.
    pub retain: bool,
}

impl<'a> Connect<'a> {
    /// A clean session, a keep alive of 60 seconds, no will and no credentials.
    pub const fn new(version: Version, client_id: Text<'a>) -> Self {
        Self {
            version,
            clean_session: true,
            keep_alive: 60,
            client_id,
            will: None,
            user_name: None,
            password: None,
            properties: Properties::EMPTY,
        }
    }

    #[inline(always)]
    pub(crate) fn decode<W: Watch<'a>>(
        first: u8,
        mut r: Fields<'a, '_, W>,
    ) -> Result<Self, W::Fault> {
        let (header_len, remaining_length) = (r.at(), r.left());
        r.version = r.connect_version(first)?;
        if W::TELLS {
            r.named();
            r.check_minimal(header_len, remaining_length)?;
            if r.has_properties() {
                // Flags, keep alive, and the lengths of properties and client identifier.
                r.require(6, Field::ClientId)?;
            }
            return Self::decode_flags(r);
        }
        if first != PacketType::Connect.first_byte() {
            return Err(r.strange());
        }
        // Two ways, in each of which the version is not a question any more; a glance leaves 3.1 to
        // others.
        if r.has_properties() {
            return Self::decode_flags(r.of_version(Version::NEWEST));
        }
        Self::decode_flags(r.of_version(Version::DEFAULT))
    }

    /// What follows the version.
    #[inline(always)]
    fn decode_flags<W: Watch<'a>>(mut r: Fields<'a, '_, W>) -> Result<Self, W::Fault> {
        let version = r.version();
        let flags = read_flags(&mut r)?;
        let mut following = Following::new(version, flags);
        check_length(&mut r, following)?;

        let start = r.at();
        let keep_alive = r.u16(Field::KeepAlive)?;
        r.saw(Field::KeepAlive, start, Value::Number(keep_alive.into()));

        let properties = r.properties(Room::at_least(
            following.bytes.saturating_add(2),
            following.last_after_client_id(),
        ))?;
        let client_id = read_client_id(&mut r, flags, following.room())?;
        let (will, will_topic) = if flags & WILL != 0 {
            let will = read_will(&mut r, flags, &mut following)?;
            (Some(will), Some(will.topic))
        } else {
            (None, None)
        };
        let user_name = if is_there(&r, flags, USER_NAME) {
            Some(r.text(Field::UserName, following.after(USER_NAME, 2))?)
        } else {
            None
        };
        let password = if is_there(&r, flags, PASSWORD) {
            Some(r.binary(Field::Password, following.after(PASSWORD, 2))?)
        } else {
            None
        };
        r.finish()?;
        r.confirm(client_id, user_name, will_topic)?;
        Ok(Self {
            version,
            clean_session: flags & CLEAN_SESSION != 0,
            keep_alive,
            client_id,
            will,
            user_name,
            password,
            properties,
        })
    }

    #[inline]
    fn flags(&self) -> u8 {
        let mut flags = 0;
        if self.clean_session {
            flags |= CLEAN_SESSION;
        }
        if let Some(will) = &self.will {
            flags |= WILL | will.qos.level().wrapping_shl(3);
            if will.retain {
                flags |= WILL_RETAIN;
            }
        }
        if self.user_name.is_some() {
            flags |= USER_NAME;
        }
        if self.password.is_some() {
            flags |= PASSWORD;
        }
        flags
    }
}

#[cfg_attr(target_pointer_width = "64", inline(always))]
fn read_flags<'a, W: Watch<'a>>(r: &mut Fields<'a, '_, W>) -> Result<u8, W::Fault> {
    let start = r.at();
    let flags = r.u8(Field::ConnectFlags)?;
    r.saw(Field::ConnectFlags, start, Value::ConnectFlags(flags));
    let form = Form::of(r.version());
    let breach_of = |r: &mut Fields<'a, '_, W>, kind, flags: u8| {
        r.breach(kind, Field::ConnectFlags, start, flags.into())
    };
    let breach = |r: &mut Fields<'a, '_, W>, kind| breach_of(r, kind, flags);
    if flags & RESERVED != 0 && r.refuses(Rule::UnusedBitsIn3_1) {
        // [MQTT-3.1.2-3]
        breach(r, ErrorKind::ReservedConnectFlag)?;
    }
    if flags & WILL == 0 {
        if flags & (WILL_QOS | WILL_RETAIN) != 0 && !form.is_loose {
            // [MQTT-3.1.2-11] [MQTT-3.1.2-13] [MQTT-3.1.2-15]; 3.1 disregards the bits.
            breach(r, ErrorKind::WillFlagsWithoutWill)?;
            if flags & WILL_QOS != 0 && flags & WILL_RETAIN != 0 {
                breach_of(r, ErrorKind::WillFlagsWithoutWill, flags & !WILL_QOS)?;
            }
        }
    } else if W::TELLS && flags & WILL_QOS == WILL_QOS {
        // A glance asks when it makes a QoS of them.
        // [MQTT-3.1.2-14]; 5.0: [MQTT-3.1.2-12]
        breach(r, ErrorKind::InvalidQos)?;
    }
    if flags & PASSWORD != 0 && flags & USER_NAME == 0 && form.password_needs_user_name {
        // [MQTT-3.1.2-22]
        breach(r, ErrorKind::PasswordWithoutUserName)?;
    }
    Ok(flags)
}

#[cfg_attr(target_pointer_width = "64", inline(always))]
fn read_client_id<'a, W: Watch<'a>>(
    r: &mut Fields<'a, '_, W>,
    flags: u8,
    room: Room,
) -> Result<Text<'a>, W::Fault> {
    let start = r.at();
    // [MQTT-3.1.3-3] [MQTT-3.1.3-4]
    let client_id = r.text(Field::ClientId, room)?;
    let is_refused = if client_id.is_empty() {
        Form::of(r.version()).needs_client_id(flags & CLEAN_SESSION != 0)
    } else {
        r.refuses(Rule::ClientIdLengthIn3_1) && client_id.as_str().chars().count() > 23
    };
    if is_refused {
        let len = u32::from(client_id.wire_len());
        r.breach(ErrorKind::ClientId, Field::ClientId, start, len)?;
    }
    Ok(client_id)
}

#[cfg_attr(target_pointer_width = "64", inline(always))]
fn read_will<'a, W: Watch<'a>>(
    r: &mut Fields<'a, '_, W>,
    flags: u8,
    following: &mut Following,
) -> Result<Will<'a>, W::Fault> {
    // [MQTT-3.1.2-9] [MQTT-3.1.3-1] [MQTT-3.1.3-10]
    let qos = match QoS::new((flags & WILL_QOS).wrapping_shr(3)) {
        Some(qos) => qos,
        // It has been told.
        None => r.tell(|_| Ok(QoS::default()))?,
    };
    let properties = r.will_properties(following.after_properties())?;
    Ok(Will {
        topic: r.will_topic(following.after(0, 3))?,
        payload: r.binary(Field::WillPayload, following.after(0, 2))?,
        qos,
        retain: flags & WILL_RETAIN != 0,
        properties,
    })
}

/// Whether a flagged field follows. In 3.1 the Remaining Length wins over the flags: user name and
/// password may be missing if the packet ends where they would begin.
#[inline(always)]
fn is_there<'a, W: Watch<'a>>(r: &Fields<'a, '_, W>, flags: u8, flag: u8) -> bool {
    flags & flag != 0 && (!Form::of(r.version()).is_loose || r.left() > 0)
}

/// What the versions say differently about CONNECT.
#[derive(Clone, Copy)]
struct Form {
    /// Bits without a meaning are disregarded, the last fields may be missing, and the protocol name is
    /// the longer one: 3.1.
    is_loose: bool,
    password_needs_user_name: bool,
    /// The length of the properties, where there are properties.
    property_length: usize,
}

impl Form {
    #[inline(always)]
    const fn of(version: Version) -> Self {
        const OF_3_1_1: Form =
            Form { is_loose: false, password_needs_user_name: true, property_length: 0 };
        const OF_3_1: Form = Form { is_loose: true, ..OF_3_1_1 };
        const OF_5_0: Form =
            Form { is_loose: false, password_needs_user_name: false, property_length: 1 };
        version.pick(OF_3_1, OF_3_1_1, OF_5_0)
    }

    /// Whether an empty client identifier is refused [MQTT-3.1.3-7] [MQTT-3.1.3-8]: always in 3.1,
    /// never in 5.0.
    #[inline]
    const fn needs_client_id(self, clean_session: bool) -> bool {
        self.is_loose || self.password_needs_user_name && !clean_session
    }
}

/// Makes sure that what the flags announce has a place in the packet. An empty client identifier has,
/// even where it is refused, because the server answers it.
#[cfg_attr(target_pointer_width = "64", inline(always))]
fn check_length<'a, W: Watch<'a>>(
    r: &mut Fields<'a, '_, W>,
    following: Following,
) -> Result<(), W::Fault> {
    // The keep alive and the length of the client identifier.
    let least = following.bytes.saturating_add(following.property_length).saturating_add(4);
    r.require(least, following.last_after_client_id())
}

/// What the flags say follows a field.
#[derive(Clone, Copy)]
struct Following {
    /// The least size of what must follow: the length of each field, and a character of the topic.
    bytes: usize,
    /// The length of the properties, where there are properties.
    property_length: usize,
    last: Field,
    /// The flags of what 3.1 allows to be missing at the end.
    optional: u8,
}

impl Following {
    /// What follows the client identifier.
    #[inline(always)]
    fn new(version: Version, flags: u8) -> Self {
        let Form { is_loose, property_length, .. } = Form::of(version);
        let mut following = Self { bytes: 0, property_length, last: Field::End, optional: 0 };
        let mut required = flags;
        if is_loose {
            following.optional = flags & (USER_NAME | PASSWORD);
            required &= !(USER_NAME | PASSWORD);
        }
        let fields = [
            (WILL, property_length.saturating_add(5), Field::WillPayload),
            (USER_NAME, 2, Field::UserName),
            (PASSWORD, 2, Field::Password),
        ];
        for (flag, bytes, last) in fields {
            if required & flag != 0 {
                following.bytes = following.bytes.saturating_add(bytes);
                following.last = last;
            }
        }
        following
    }

    /// Takes off the next field, of at least so many bytes; what follows that.
    #[inline(always)]
    fn after(&mut self, flag: u8, bytes: usize) -> Room {
        self.optional &= !flag;
        self.bytes = self.bytes.saturating_sub(bytes);
        self.room()
    }

    /// Takes off the length of the will's properties; what follows them.
    #[inline(always)]
    fn after_properties(&mut self) -> Room {
        self.after(0, self.property_length)
    }

    /// The last field that must be there.
    #[inline(always)]
    fn last_after_client_id(self) -> Field {
        if self.bytes > 0 { self.last } else { Field::ClientId }
    }

    #[inline(always)]
    const fn room(self) -> Room {
        let then = match (self.bytes, self.optional) {
            (0, 0) => Then::Nothing,
            (0, PASSWORD) => Then::NothingOr(2, Field::Password),
            (0, _) => Then::NothingOr(2, Field::UserName),
            _ => Then::Anything,
        };
        Room::at_least(self.bytes, self.last).and(then)
    }
}

impl Body for Connect<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        PacketType::Connect.first_byte()
    }

    #[inline]
    fn body_len(&self, _: Version) -> Result<usize, EncodeError> {
        let (packet_type, form) = (PacketType::Connect, Form::of(self.version));
        let properties = properties_len(packet_type, self.properties, self.version)?;
        if self.password.is_some() && self.user_name.is_none() && form.password_needs_user_name {
            // [MQTT-3.1.2-22]
            return Err(EncodeError::PasswordWithoutUserName);
        }
        if self.client_id.is_empty() && form.needs_client_id(self.clean_session) {
            // [MQTT-3.1.3-7]
            return Err(EncodeError::EmptyClientId);
        }
        // No field has more than 65,537 bytes, and no properties have more than a packet can: there is
        // nothing to overflow.
        let field = |len: usize| len.wrapping_add(2);
        let will = match &self.will {
            Some(will) => {
                let (holder, properties) = (Holder::Will, will.properties);
                properties_len_of(packet_type, holder, properties, self.version)?
                    .wrapping_add(field(will.topic.text().len()))
                    .wrapping_add(field(will.payload.len()))
            }
            None => 0,
        };
        Ok(field(self.version.protocol_name().len())
            .wrapping_add(4)
            .wrapping_add(properties)
            .wrapping_add(field(self.client_id.len()))
            .wrapping_add(will)
            .wrapping_add(self.user_name.map_or(0, |name| field(name.len())))
            .wrapping_add(self.password.map_or(0, |password| field(password.len()))))
    }

    #[inline]
    fn write<B: BufMut>(&self, _: Version, _: usize, out: &mut Writer<'_, B>) {
        let [high, low] = self.keep_alive.to_be_bytes();
        let (level, flags) = (self.version.level(), self.flags());
        // In one piece of constant size, which is what makes it fast.
        if Form::of(self.version).is_loose {
            out.bytes(&[0, 6, b'M', b'Q', b'I', b's', b'd', b'p', level, flags, high, low]);
        } else {
            out.bytes(&[0, 4, b'M', b'Q', b'T', b'T', level, flags, high, low]);
        }
        write_properties(&self.properties, self.version, out);
        // [MQTT-3.1.3-1]
        out.text(self.client_id);
        if let Some(will) = &self.will {
            write_properties(&will.properties, self.version, out);
            out.text(will.topic.text());
            out.binary(will.payload);
        }
        if let Some(user_name) = self.user_name {
            out.text(user_name);
        }
        if let Some(password) = self.password {
            out.binary(password);
        }
    }
}

encode_methods!(Connect<'a>);
