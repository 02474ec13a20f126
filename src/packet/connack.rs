//! CONNACK: a server answers a CONNECT.

use super::{
    EncodeError, ErrorKind, Field, PacketType, Properties, Rule,
    encode::{Body, check_properties, encode_methods},
    explain::Value,
    fields::Fields,
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
        let is_unused = r.version() == Version::V3_1 && !r.refuses(Rule::UnusedBitsIn3_1);
        let reserved = if r.version() == Version::V3_1 { flags } else { flags & 0xfe };
        if reserved != 0 && !is_unused {
            let kind = ErrorKind::ReservedConnackFlags;
            r.breach(kind, Field::AcknowledgeFlags, start, flags.into())?;
        }
        let session_present = r.version() != Version::V3_1 && flags & 1 != 0;
        let reason = Self::decode_code(&mut r, session_present)?;
        r.finish()?;
        Ok(Self { session_present, reason, properties: Properties::EMPTY })
    }

    fn decode_code<W: Watch<'a>>(
        r: &mut Fields<'a, '_, W>,
        session_present: bool,
    ) -> Result<ReasonCode, W::Fault> {
        let start = r.at();
        let code = r.u8(Field::ReturnCode)?;
        r.saw(Field::ReturnCode, start, Value::Number(code.into()));
        let Some(return_code) = ConnectReturnCode::new(code) else {
            // A server that speaks only 5.0 refuses with `20 03 00 84 00`.
            let is_5_0 = code >= 0x80 && r.left() == 1;
            let kind = if is_5_0 {
                ErrorKind::ConnackOfOtherVersion
            } else {
                ErrorKind::InvalidReasonCode
            };
            r.breach(kind, Field::ReturnCode, start, code.into())?;
            return Ok(ReasonCode::new(code));
        };
        if session_present && return_code != ConnectReturnCode::Accepted {
            // [MQTT-3.2.2-4]
            r.breach(ErrorKind::SessionPresentOnError, Field::ReturnCode, start, code.into())?;
        }
        Ok(return_code.reason())
    }
}

impl Body for Connack<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        PacketType::Connack.first_byte()
    }

    #[inline]
    fn body_len(&self, version: Version) -> Result<usize, EncodeError> {
        let not_in_version = |field| {
            let packet_type = PacketType::Connack;
            Err(EncodeError::NotInVersion { packet_type, field, version })
        };
        if self.session_present && self.reason != ReasonCode::SUCCESS {
            // [MQTT-3.2.2-4]
            return Err(EncodeError::SessionPresentOnError);
        }
        if self.session_present && version == Version::V3_1 {
            return not_in_version(Field::AcknowledgeFlags);
        }
        if self.return_code().is_none() {
            return not_in_version(Field::ReturnCode);
        }
        check_properties(PacketType::Connack, self.properties, version)?;
        Ok(2)
    }

    #[inline]
    fn write<B: BufMut>(&self, _: Version, out: &mut Writer<'_, B>) {
        let code = self.return_code().map_or(0, ConnectReturnCode::get);
        out.bytes(&[u8::from(self.session_present), code]);
    }
}

encode_methods!(Connack<'a>);
