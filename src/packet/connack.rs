//! CONNACK: a server answers a CONNECT.

use super::{
    EncodeError, ErrorKind, Field, PacketType, Properties, Rule,
    codes::{Codes, check_reason},
    encode::{Body, encode_methods, properties_len, write_properties},
    explain::Value,
    fields::Fields,
    room::Room,
    watch::Watch,
};
use crate::{
    types::{ConnectReturnCode, ReasonCode, Version},
    wire::Writer,
};
use bytes::BufMut;

/// CONNACK: the connection is accepted or refused (section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Connack<'a> {
    /// Whether the server had kept a session. 3.1 cannot say it.
    pub session_present: bool,
    /// Success or why not. On the wire of 3.1 and 3.1.1 it is a [`ConnectReturnCode`].
    pub reason: ReasonCode,
    /// The properties, which 3.1 and 3.1.1 do not have.
    pub properties: Properties<'a>,
}

impl<'a> Connack<'a> {
    /// The connection is accepted.
    pub const fn accepted(session_present: bool) -> Self {
        Self { session_present, reason: ReasonCode::SUCCESS, properties: Properties::EMPTY }
    }

    /// The answer with this return code of 3.1 and 3.1.1, without a session.
    pub const fn new(code: ConnectReturnCode) -> Self {
        Self { session_present: false, reason: code.reason(), properties: Properties::EMPTY }
    }

    /// The return code of 3.1 and 3.1.1; `None` for a reason that they do not have.
    pub fn return_code(&self) -> Option<ConnectReturnCode> {
        ConnectReturnCode::from_reason(self.reason)
    }

    pub(crate) fn decode<W: Watch<'a>>(mut r: Fields<'a, '_, W>) -> Result<Self, W::Fault> {
        let start = r.at();
        let flags = r.u8(Field::AcknowledgeFlags)?;
        r.saw(Field::AcknowledgeFlags, start, Value::AcknowledgeFlags(flags));
        let known = r.version().session_present_bit();
        // [MQTT-3.2.2-1] of 5.0
        if flags & !known != 0 && r.refuses(Rule::UnusedBitsIn3_1) {
            let kind = ErrorKind::ReservedConnackFlags;
            r.breach(kind, Field::AcknowledgeFlags, start, flags.into())?;
        }
        let session_present = flags & known != 0;
        let start = r.at();
        let codes = Codes::of(PacketType::Connack, r.version(), r.options.sender);
        let code = r.rest().first().copied().unwrap_or_default();
        let (reason, is_of_3_1_1) = Self::decode_code(&mut r, codes)?;
        if session_present && reason != ReasonCode::SUCCESS {
            // [MQTT-3.2.2-4]; 5.0: [MQTT-3.2.2-6]
            let kind = ErrorKind::SessionPresentOnError;
            r.breach(kind, codes.field(), start, code.into())?;
        }
        let properties = if is_of_3_1_1 { Properties::EMPTY } else { r.properties(Room::NOTHING)? };
        r.finish()?;
        Ok(Self { session_present, reason, properties })
    }

    /// The code, and whether it is that of a CONNACK of 3.1.1 where one of 5.0 was expected.
    fn decode_code<W: Watch<'a>>(
        r: &mut Fields<'a, '_, W>,
        codes: Codes,
    ) -> Result<(ReasonCode, bool), W::Fault> {
        let (start, field) = (r.at(), codes.field());
        let byte = r.u8(field)?;
        r.saw(field, start, Value::Number(byte.into()));
        if let Some(reason) = codes.read(byte) {
            return Ok((reason, false));
        }
        let kind = match (byte, r.left()) {
            // A server that speaks 3.1.1 alone refuses a client of 5.0 with `20 02 00 01`.
            (1, 0) => return Ok((ReasonCode::UNSUPPORTED_PROTOCOL_VERSION, true)),
            // A server that speaks 5.0 alone refuses others with `20 03 00 84 00`.
            (0x80.., 1) if field == Field::ReturnCode => ErrorKind::ConnackOfOtherVersion,
            // [MQTT-3.2.2-8] of 5.0
            _ => ErrorKind::InvalidReasonCode,
        };
        r.breach(kind, field, start, byte.into())?;
        Ok((ReasonCode::new(byte), false))
    }
}

impl Body for Connack<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        PacketType::Connack.first_byte()
    }

    #[inline]
    fn body_len(&self, version: Version) -> Result<usize, EncodeError> {
        let packet_type = PacketType::Connack;
        if self.session_present && self.reason != ReasonCode::SUCCESS {
            // [MQTT-3.2.2-4]; 5.0: [MQTT-3.2.2-6]
            return Err(EncodeError::SessionPresentOnError);
        }
        if self.session_present && version.session_present_bit() == 0 {
            let field = Field::AcknowledgeFlags;
            return Err(EncodeError::NotInVersion { packet_type, field, version });
        }
        check_reason(packet_type, self.reason, version)?;
        Ok(properties_len(packet_type, self.properties, version)?.saturating_add(2))
    }

    #[inline]
    fn write<B: BufMut>(&self, version: Version, _: usize, out: &mut Writer<'_, B>) {
        let code = Codes::of(PacketType::Connack, version, None).write(self.reason);
        out.bytes(&[u8::from(self.session_present), code.unwrap_or_default()]);
        write_properties(&self.properties, version, out);
    }
}

encode_methods!(Connack<'a>);
