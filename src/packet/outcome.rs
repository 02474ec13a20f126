//! Reason code and properties at the end of a packet, which 3.1 and 3.1.1 do not have and which 5.0
//! lets be left out.

use super::{
    EncodeError, ErrorKind, PacketType, Properties, Rule,
    codes::{Codes, check_reason},
    encode,
    fields::Fields,
    room::Room,
    watch::Watch,
};
use crate::{
    types::{ReasonCode, Version},
    wire::Writer,
};
use bytes::BufMut;

impl<'a, W: Watch<'a>> Fields<'a, '_, W> {
    /// Nothing, which means success and is all that 3.1 and 3.1.1 can say; or a reason code; or a
    /// reason code and properties.
    #[inline]
    pub(crate) fn outcome(&mut self) -> Result<(ReasonCode, Properties<'a>), W::Fault> {
        let codes = Codes::of(self.packet_type, self.version(), self.options.sender);
        if self.is_done() || matches!(codes, Codes::Nothing) {
            self.finish()?;
            return Ok((ReasonCode::SUCCESS, Properties::none()));
        }
        let start = self.at();
        let reason = self.reason_code(codes)?;
        if reason == ReasonCode::BAD_AUTHENTICATION_METHOD
            && self.refuses(Rule::BadAuthenticationMethodInDisconnect)
        {
            let value = reason.get().into();
            self.breach(ErrorKind::InvalidReasonCode, codes.field(), start, value)?;
        }
        if self.is_done() && self.packet_type != PacketType::Auth {
            return Ok((reason, Properties::none()));
        }
        let properties = self.properties(Room::NOTHING)?;
        self.finish()?;
        Ok((reason, properties))
    }
}

/// How many bytes they take in their shortest form. Makes sure that the packet can carry them.
#[inline]
pub(crate) fn outcome_len(
    packet_type: PacketType,
    reason: ReasonCode,
    properties: Properties<'_>,
    version: Version,
) -> Result<usize, EncodeError> {
    let has_properties = !properties.is_empty() || packet_type == PacketType::Auth;
    if reason == ReasonCode::SUCCESS && !has_properties {
        return Ok(0);
    }
    check_reason(packet_type, reason, version)?;
    if !has_properties {
        return Ok(1);
    }
    Ok(encode::properties_len(packet_type, properties, version)?.saturating_add(1))
}

/// Writes what takes so many bytes.
#[inline]
pub(crate) fn write_outcome<B: BufMut>(
    len: usize,
    reason: ReasonCode,
    properties: Properties<'_>,
    out: &mut Writer<'_, B>,
) {
    if len > 0 {
        out.u8(reason.get());
    }
    if len > 1 {
        properties.write(out);
    }
}
