//! The tables of MQTT 5.0 (2.2.2.2 and 2.4), written down again for tests, and packets put together
//! byte by byte. Nothing here asks the crate.

/// What can carry properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    Connect,
    Will,
    Connack,
    Publish,
    Puback,
    Pubrec,
    Pubrel,
    Pubcomp,
    Subscribe,
    Suback,
    Unsubscribe,
    Unsuback,
    Disconnect,
    Auth,
}

/// Which properties each may carry.
pub const HOLDERS: [(Holder, &[u8]); 14] = [
    (Holder::Connect, &[0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27]),
    (Holder::Will, &[0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26]),
    (
        Holder::Connack,
        &[
            0x11, 0x12, 0x13, 0x15, 0x16, 0x1a, 0x1c, 0x1f, 0x21, 0x22, 0x24, 0x25, 0x26, 0x27,
            0x28, 0x29, 0x2a,
        ],
    ),
    (Holder::Publish, &[0x01, 0x02, 0x03, 0x08, 0x09, 0x0b, 0x23, 0x26]),
    (Holder::Puback, &[0x1f, 0x26]),
    (Holder::Pubrec, &[0x1f, 0x26]),
    (Holder::Pubrel, &[0x1f, 0x26]),
    (Holder::Pubcomp, &[0x1f, 0x26]),
    (Holder::Subscribe, &[0x0b, 0x26]),
    (Holder::Suback, &[0x1f, 0x26]),
    (Holder::Unsubscribe, &[0x26]),
    (Holder::Unsuback, &[0x1f, 0x26]),
    (Holder::Disconnect, &[0x11, 0x1c, 0x1f, 0x26]),
    (Holder::Auth, &[0x15, 0x16, 0x1f, 0x26]),
];

/// What a value looks like on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A byte, 0 or 1.
    Bit,
    U16,
    NonZeroU16,
    U32,
    NonZeroU32,
    /// A variable byte integer other than 0.
    Varint,
    Text,
    /// A string that is a topic name.
    TopicName,
    Binary,
    /// Two strings.
    Pair,
}

/// The 27 properties.
pub const PROPERTIES: [(u8, Form); 27] = [
    (0x01, Form::Bit),
    (0x02, Form::U32),
    (0x03, Form::Text),
    (0x08, Form::TopicName),
    (0x09, Form::Binary),
    (0x0b, Form::Varint),
    (0x11, Form::U32),
    (0x12, Form::Text),
    (0x13, Form::U16),
    (0x15, Form::Text),
    (0x16, Form::Binary),
    (0x17, Form::Bit),
    (0x18, Form::U32),
    (0x19, Form::Bit),
    (0x1a, Form::Text),
    (0x1c, Form::Text),
    (0x1f, Form::Text),
    (0x21, Form::NonZeroU16),
    (0x22, Form::U16),
    (0x23, Form::NonZeroU16),
    (0x24, Form::Bit),
    (0x25, Form::Bit),
    (0x26, Form::Pair),
    (0x27, Form::NonZeroU32),
    (0x28, Form::Bit),
    (0x29, Form::Bit),
    (0x2a, Form::Bit),
];

/// What a property's value looks like.
pub fn form(id: u8) -> Form {
    PROPERTIES.iter().find(|(known, _)| *known == id).unwrap().1
}

/// Whether the holder may carry it more than once.
pub fn may_repeat(holder: Holder, id: u8) -> bool {
    id == 0x26 || id == 0x0b && holder == Holder::Publish
}

/// A string or binary field.
pub fn prefixed(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    let mut out = u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    out.extend_from_slice(bytes);
    out
}

/// A variable byte integer.
pub fn varint(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let low = u8::try_from(value % 128).unwrap();
        value /= 128;
        out.push(if value > 0 { low + 128 } else { low });
        if value == 0 {
            return out;
        }
    }
}

/// A packet with this first byte.
pub fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    [&[first], &varint(body.len())[..], body].concat()
}

/// A property with a value that it may have.
pub fn sample(id: u8) -> Vec<u8> {
    let value: &[u8] = match form(id) {
        Form::Bit => b"\x01",
        Form::U16 | Form::NonZeroU16 => b"\x01\x02",
        Form::U32 | Form::NonZeroU32 => b"\x01\x02\x03\x04",
        Form::Varint => b"\x80\x01",
        Form::Text | Form::TopicName | Form::Binary => b"\0\x02ab",
        Form::Pair => b"\0\x01a\0\x02bc",
    };
    [&[id], value].concat()
}

/// What comes before the properties of the holder, after the fixed header, and what after them.
fn around(holder: Holder) -> (u8, &'static [u8], &'static [u8]) {
    match holder {
        Holder::Connect => (0x10, b"\0\x04MQTT\x05\x02\0\x3c", b"\0\x01a"),
        Holder::Will => (0x10, b"\0\x04MQTT\x05\x06\0\x3c\0\0\x01a", b"\0\x01w\0\x03bye"),
        Holder::Connack => (0x20, b"\0\0", b""),
        Holder::Publish => (0x30, b"\0\x01a", b"hi"),
        Holder::Puback => (0x40, b"\0\x0a\0", b""),
        Holder::Pubrec => (0x50, b"\0\x0a\0", b""),
        Holder::Pubrel => (0x62, b"\0\x0a\0", b""),
        Holder::Pubcomp => (0x70, b"\0\x0a\0", b""),
        Holder::Subscribe => (0x82, b"\0\x0a", b"\0\x01a\0"),
        Holder::Suback => (0x90, b"\0\x0a", b"\0"),
        Holder::Unsubscribe => (0xa2, b"\0\x0a", b"\0\x01a"),
        Holder::Unsuback => (0xb0, b"\0\x0a", b"\0"),
        Holder::Disconnect => (0xe0, b"\0", b""),
        Holder::Auth => (0xf0, b"\x18", b""),
    }
}

/// A packet with these properties, and the offset at which they begin, their length apart.
pub fn holding(holder: Holder, properties: &[u8]) -> (Vec<u8>, usize) {
    let (first, before, after) = around(holder);
    let length = varint(properties.len());
    let bytes = packet(first, &[before, &length, properties, after].concat());
    let at = bytes.len() - after.len() - properties.len();
    (bytes, at)
}

/// The properties without which the holder cannot be.
pub fn required(holder: Holder) -> &'static [u8] {
    if holder == Holder::Auth { b"\x15\0\x01m" } else { b"" }
}

/// The packets that have reason codes, with the first byte, and the codes that each may carry from
/// either side. DISCONNECT has 0x8C in one table of the standard and not in the other: it is left out.
pub const REASONS: [(Holder, &[u8]); 9] = [
    (
        Holder::Connack,
        &[
            0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90,
            0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f,
        ],
    ),
    (Holder::Puback, &[0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]),
    (Holder::Pubrec, &[0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]),
    (Holder::Pubrel, &[0x00, 0x92]),
    (Holder::Pubcomp, &[0x00, 0x92]),
    (Holder::Suback, &[0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2]),
    (Holder::Unsuback, &[0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]),
    (
        Holder::Disconnect,
        &[
            0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93,
            0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1,
            0xa2,
        ],
    ),
    (Holder::Auth, &[0x00, 0x18, 0x19]),
];

/// The code that DISCONNECT has in table 2-6 and not in table 3-10.
pub const DISPUTED_IN_DISCONNECT: u8 = 0x8c;
