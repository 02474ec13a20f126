//! Which codes an answer may carry, by packet and version.

use super::{
    EncodeError, ErrorKind, Field, PacketType, Properties, PropertyId, Rule, explain::Value,
    fields::Fields, property::Holder, watch::Watch,
};
use crate::types::{ConnectReturnCode, ReasonCode, ReasonCodes, Role, Version};

/// How a packet type says how it went.
#[derive(Clone, Copy)]
pub(crate) enum Codes {
    /// In the connect return codes of 3.1 and 3.1.1.
    Return,
    /// In codes that 3.1 and 3.1.1 call return codes too, though they have the values of 5.0.
    Granted(ReasonCodes),
    /// In reason codes.
    Reason(ReasonCodes),
    /// Not at all, which means success.
    Nothing,
}

impl Codes {
    /// The codes of this packet type; `None` for those that a sender of either side may use.
    #[inline]
    pub(crate) fn of(packet_type: PacketType, version: Version, sender: Option<Role>) -> Self {
        use PacketType as P;
        if version.pick(true, true, false) {
            return match packet_type {
                P::Connack => Self::Return,
                P::Suback => Self::Granted(ReasonCodes::SUBACK_3_1_1),
                _ => Self::Nothing,
            };
        }
        Self::Reason(match packet_type {
            P::Connack => ReasonCodes::CONNACK,
            P::Puback | P::Pubrec => ReasonCodes::puback(sender),
            P::Pubrel | P::Pubcomp => ReasonCodes::PUBREL,
            P::Suback => ReasonCodes::SUBACK,
            P::Unsuback => ReasonCodes::UNSUBACK,
            P::Disconnect => ReasonCodes::disconnect(sender),
            P::Auth => ReasonCodes::auth(sender),
            _ => return Self::Nothing,
        })
    }

    /// What the field is called.
    #[inline]
    pub(crate) const fn field(self) -> Field {
        match self {
            Self::Return | Self::Granted(_) => Field::ReturnCode,
            Self::Reason(_) | Self::Nothing => Field::ReasonCode,
        }
    }

    /// The code of this byte, if it is one of them.
    #[inline]
    pub(crate) fn read(self, byte: u8) -> Option<ReasonCode> {
        match self {
            Self::Return => ConnectReturnCode::new(byte).map(ConnectReturnCode::reason),
            Self::Granted(codes) | Self::Reason(codes) => {
                Some(ReasonCode::new(byte)).filter(|code| codes.contains(*code))
            }
            Self::Nothing => None,
        }
    }

    /// The byte of this code, if it is one of them.
    #[inline]
    pub(crate) fn write(self, reason: ReasonCode) -> Option<u8> {
        match self {
            Self::Return => ConnectReturnCode::from_reason(reason).map(ConnectReturnCode::get),
            Self::Granted(codes) | Self::Reason(codes) => {
                codes.contains(reason).then_some(reason.get())
            }
            Self::Nothing => (reason == ReasonCode::SUCCESS).then_some(0),
        }
    }
}

/// Makes sure that the packet can carry the code in this version.
#[inline]
pub(crate) fn check_reason(
    packet_type: PacketType,
    reason: ReasonCode,
    version: Version,
) -> Result<(), EncodeError> {
    let codes = Codes::of(packet_type, version, None);
    if codes.write(reason).is_some() {
        return Ok(());
    }
    let in_5_0 = Codes::of(packet_type, Version::NEWEST, None);
    Err(match in_5_0.write(reason) {
        Some(_) => EncodeError::NotInVersion { packet_type, field: codes.field(), version },
        None => EncodeError::InvalidReasonCode { packet_type, reason },
    })
}

/// Makes sure that it is not the other side alone that may say this.
pub(crate) fn check_sender(
    packet_type: PacketType,
    version: Version,
    sender: Role,
    reason: ReasonCode,
    properties: Properties<'_>,
) -> Result<(), EncodeError> {
    if Codes::of(packet_type, version, Some(sender)).write(reason).is_none() {
        return Err(EncodeError::InvalidReasonCode { packet_type, reason });
    }
    let holder = Holder::Packet(packet_type);
    let is_of_other = |id: &PropertyId| id.sender_in(holder).is_some_and(|role| role != sender);
    match properties.iter().map(|property| property.id()).find(is_of_other) {
        Some(property_id) => Err(EncodeError::PropertyNotAllowed { packet_type, property_id }),
        None => Ok(()),
    }
}

impl<'a, W: Watch<'a>> Fields<'a, '_, W> {
    /// A code that the packet may carry.
    #[inline]
    pub(crate) fn reason_code(&mut self, codes: Codes) -> Result<ReasonCode, W::Fault> {
        let (start, field) = (self.at(), codes.field());
        let byte = self.u8(field)?;
        self.saw(field, start, Value::Number(byte.into()));
        let Some(reason) = codes.read(byte) else {
            // [MQTT-3.2.2-8] [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1]
            // [MQTT-3.9.3-2] [MQTT-3.11.3-2] [MQTT-3.14.2-1] [MQTT-3.15.2-1]
            self.breach(ErrorKind::InvalidReasonCode, field, start, byte.into())?;
            return Ok(ReasonCode::new(byte));
        };
        Ok(reason)
    }

    /// Codes to the end of the packet, one at least.
    pub(crate) fn reason_codes(&mut self, codes: Codes) -> Result<u32, W::Fault> {
        if self.is_done() {
            let at = self.at();
            self.breach(ErrorKind::NoReasonCodes, codes.field(), at, 0)?;
        }
        let mut count = 0_u32;
        while !self.is_done() {
            let start = self.at();
            let reason = self.reason_code(codes)?;
            if reason == ReasonCode::UNSPECIFIED_ERROR && self.refuses(Rule::SubackFailureIn3_1) {
                let value = reason.get().into();
                self.breach(ErrorKind::InvalidReasonCode, codes.field(), start, value)?;
            }
            // There are fewer than bytes.
            count = count.wrapping_add(1);
        }
        Ok(count)
    }
}
