//! CONNECT: a client asks for a connection, and leaves its will.

use super::{
    EncodeError, ErrorKind, Field, PacketType, Properties, Rule,
    encode::{Body, check_properties, encode_methods},
    explain::Value,
    fields::Fields,
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
    /// The client identifier. It may be empty in 3.1.1 with `clean_session` only.
    pub client_id: Text<'a>,
    /// The user name.
    pub user_name: Option<Text<'a>>,
    /// The password, which needs a user name.
    pub password: Option<Binary<'a>>,
    /// The properties, which 3.1 and 3.1.1 do not have.
    pub properties: Properties<'a>,
    /// The version that the client speaks. It is what the packet is encoded for.
    pub version: Version,
    /// Whether both sides begin with an empty session and keep nothing of it.
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
    pub(crate) fn decode<W: Watch<'a>>(mut r: Fields<'a, '_, W>) -> Result<Self, W::Fault> {
        let version = read_version(&mut r)?;
        r.options.version = version;
        let flags = read_flags(&mut r)?;
        let mut following = Following::new(version, flags);
        check_length(&mut r, following)?;

        let start = r.at();
        let keep_alive = r.u16(Field::KeepAlive)?;
        r.saw(Field::KeepAlive, start, Value::Number(keep_alive.into()));

        let client_id = read_client_id(&mut r, flags, following.room())?;
        let will =
            if flags & WILL != 0 { Some(read_will(&mut r, flags, &mut following)?) } else { None };
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
        r.confirm([Some(client_id), user_name], will.map(|will| will.topic))?;
        Ok(Self {
            version,
            clean_session: flags & CLEAN_SESSION != 0,
            keep_alive,
            client_id,
            will,
            user_name,
            password,
            properties: Properties::EMPTY,
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

/// Protocol name and level, which together name the version.
#[cfg_attr(target_pointer_width = "64", inline(always))]
fn read_version<'a, W: Watch<'a>>(r: &mut Fields<'a, '_, W>) -> Result<Version, W::Fault> {
    let name = r.protocol_name()?;
    if name == b"MQIsdp" {
        r.options.version = Version::V3_1;
    }
    let start = r.at();
    let level = r.u8(Field::ProtocolLevel)?;
    r.saw(Field::ProtocolLevel, start, Value::Number(level.into()));
    let bridge = || Version::from_wire(name, level & 0x7f).filter(|_| !r.refuses(Rule::BridgeBit));
    match Version::from_wire(name, level).or_else(bridge) {
        Some(version) => Ok(version),
        // [MQTT-3.1.2-2]
        None => {
            r.breach(ErrorKind::ProtocolLevel, Field::ProtocolLevel, start, level.into())?;
            Ok(r.version())
        }
    }
}

#[cfg_attr(target_pointer_width = "64", inline(always))]
fn read_flags<'a, W: Watch<'a>>(r: &mut Fields<'a, '_, W>) -> Result<u8, W::Fault> {
    let start = r.at();
    let flags = r.u8(Field::ConnectFlags)?;
    r.saw(Field::ConnectFlags, start, Value::ConnectFlags(flags));
    let is_3_1 = r.version() == Version::V3_1;
    let bits_are_unused = is_3_1 && !r.refuses(Rule::UnusedBitsIn3_1);
    let mut breach = |kind| r.breach(kind, Field::ConnectFlags, start, flags.into());
    if flags & RESERVED != 0 && !bits_are_unused {
        // [MQTT-3.1.2-3]
        breach(ErrorKind::ReservedConnectFlag)?;
    }
    if flags & WILL == 0 {
        if flags & (WILL_QOS | WILL_RETAIN) != 0 && !is_3_1 {
            // [MQTT-3.1.2-11] [MQTT-3.1.2-13] [MQTT-3.1.2-15]; 3.1 disregards the bits.
            breach(ErrorKind::WillFlagsWithoutWill)?;
        }
    } else if flags & WILL_QOS == WILL_QOS {
        // [MQTT-3.1.2-14]
        breach(ErrorKind::InvalidQos)?;
    }
    if flags & PASSWORD != 0 && flags & USER_NAME == 0 {
        // [MQTT-3.1.2-22]
        breach(ErrorKind::PasswordWithoutUserName)?;
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
    let is_3_1 = r.version() == Version::V3_1;
    // [MQTT-3.1.3-3] [MQTT-3.1.3-4]
    let client_id = r.text(Field::ClientId, room)?;
    let is_refused = if client_id.is_empty() {
        needs_client_id(r.version(), flags)
    } else {
        let is_limited = is_3_1 && r.refuses(Rule::ClientIdLengthIn3_1);
        is_limited && client_id.as_str().chars().count() > 23
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
    Ok(Will {
        // [MQTT-3.1.2-9] [MQTT-3.1.3-10]
        topic: r.will_topic(following.after(0, 3))?,
        payload: r.binary(Field::WillPayload, following.after(0, 2))?,
        qos: QoS::new((flags & WILL_QOS).wrapping_shr(3)).unwrap_or_default(),
        retain: flags & WILL_RETAIN != 0,
        properties: Properties::EMPTY,
    })
}

/// Whether a flagged field follows. In 3.1 the Remaining Length wins over the flags: user name and
/// password may be missing if the packet ends where they would begin.
#[inline(always)]
fn is_there<'a, W: Watch<'a>>(r: &Fields<'a, '_, W>, flags: u8, flag: u8) -> bool {
    flags & flag != 0 && (r.version() != Version::V3_1 || r.left() > 0)
}

/// Whether an empty client identifier is refused [MQTT-3.1.3-7] [MQTT-3.1.3-8]; 3.1 wants a
/// character at least.
#[inline]
const fn needs_client_id(version: Version, flags: u8) -> bool {
    matches!(version, Version::V3_1) || flags & CLEAN_SESSION == 0
}

/// Makes sure that what the flags announce has a place in the packet. An empty client identifier has,
/// even where it is refused, because the server answers it.
#[cfg_attr(target_pointer_width = "64", inline(always))]
fn check_length<'a, W: Watch<'a>>(
    r: &mut Fields<'a, '_, W>,
    following: Following,
) -> Result<(), W::Fault> {
    // The keep alive and the length of the client identifier.
    let least = following.bytes.saturating_add(4);
    let last = if following.bytes > 0 { following.last } else { Field::ClientId };
    r.require(least, last)
}

/// What the flags say follows a field.
#[derive(Clone, Copy)]
struct Following {
    /// The least size of what must follow: the length of each field, and a character of the topic.
    bytes: usize,
    last: Field,
    /// The flags of what 3.1 allows to be missing at the end.
    optional: u8,
}

impl Following {
    /// What follows the client identifier.
    #[inline(always)]
    fn new(version: Version, flags: u8) -> Self {
        let mut following = Self { bytes: 0, last: Field::End, optional: 0 };
        let mut required = flags;
        if version == Version::V3_1 {
            following.optional = flags & (USER_NAME | PASSWORD);
            required &= !(USER_NAME | PASSWORD);
        }
        let fields = [
            (WILL, 5, Field::WillPayload),
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

    #[inline(always)]
    const fn room(self) -> Room {
        let then = match (self.bytes, self.optional) {
            (0, 0) => Then::Nothing,
            (0, PASSWORD) => Then::NothingOr(2, Field::Password),
            (0, _) => Then::NothingOr(2, Field::UserName),
            _ => Then::Anything,
        };
        Room { bytes: self.bytes, last: self.last, then }
    }
}

impl Body for Connect<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        PacketType::Connect.first_byte()
    }

    #[inline]
    fn body_len(&self, _: Version) -> Result<usize, EncodeError> {
        check_properties(PacketType::Connect, self.properties, self.version)?;
        if let Some(will) = &self.will {
            check_properties(PacketType::Connect, will.properties, self.version)?;
        }
        if self.password.is_some() && self.user_name.is_none() {
            // [MQTT-3.1.2-22]
            return Err(EncodeError::PasswordWithoutUserName);
        }
        if self.client_id.is_empty() && (!self.clean_session || self.version == Version::V3_1) {
            // [MQTT-3.1.3-7]
            return Err(EncodeError::EmptyClientId);
        }
        let field = |len: usize| len.saturating_add(2);
        let will = self.will.map_or(0, |will| {
            field(will.topic.text().len()).saturating_add(field(will.payload.len()))
        });
        Ok(field(self.version.protocol_name().len())
            .saturating_add(4)
            .saturating_add(field(self.client_id.len()))
            .saturating_add(will)
            .saturating_add(self.user_name.map_or(0, |name| field(name.len())))
            .saturating_add(self.password.map_or(0, |password| field(password.len()))))
    }

    #[inline]
    fn write<B: BufMut>(&self, _: Version, out: &mut Writer<'_, B>) {
        let [high, low] = self.keep_alive.to_be_bytes();
        let (level, flags) = (self.version.level(), self.flags());
        match self.version {
            Version::V3_1 => {
                out.bytes(&[0, 6, b'M', b'Q', b'I', b's', b'd', b'p', level, flags, high, low]);
            }
            Version::V3_1_1 => {
                out.bytes(&[0, 4, b'M', b'Q', b'T', b'T', level, flags, high, low]);
            }
        }
        // [MQTT-3.1.3-1]
        out.text(self.client_id);
        if let Some(will) = &self.will {
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
