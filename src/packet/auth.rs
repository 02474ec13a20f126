//! AUTH: a step of an extended authentication, in 5.0 alone.

use super::{
    EncodeError, ErrorKind, Field, PacketType, Properties, PropertyId, Rule,
    codes::Codes,
    encode::{Body, encode_methods},
    fields::Fields,
    outcome::{outcome_len, write_outcome},
    watch::Watch,
};
use crate::{
    types::{ReasonCode, Version},
    wire::Writer,
};
use bytes::BufMut;

/// AUTH: a step of an extended authentication (section 3.15 of 5.0).
///
/// ```
/// use mqtt_pure::{Auth, Binary, Properties, Property, ReasonCode, Text, Version};
///
/// let properties = [
///     Property::AuthenticationMethod(Text::new("SCRAM-SHA-1")?),
///     Property::AuthenticationData(Binary::new(&[1, 2])?),
/// ];
/// let auth = Auth::new(ReasonCode::CONTINUE_AUTHENTICATION, Properties::from(&properties));
/// let mut bytes = Vec::new();
/// auth.encode(Version::V5_0, &mut bytes)?;
/// assert_eq!(&bytes[..6], b"\xf0\x15\x18\x13\x15\x00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Auth<'a> {
    /// Whether to go on, to begin anew, or that it is done.
    pub reason: ReasonCode,
    /// The properties, of which the authentication method has to be one.
    pub properties: Properties<'a>,
}

impl<'a> Auth<'a> {
    /// A step with these properties.
    pub const fn new(reason: ReasonCode, properties: Properties<'a>) -> Self {
        Self { reason, properties }
    }

    pub(crate) fn decode<W: Watch<'a>>(mut r: Fields<'a, '_, W>) -> Result<Self, W::Fault> {
        if r.is_done() {
            let at = r.at();
            if r.refuses(Rule::EmptyAuth) {
                let field = Field::Property(PropertyId::AuthenticationMethod);
                r.breach(ErrorKind::PropertyMissing, field, at, 0)?;
            }
            let codes = Codes::of(PacketType::Auth, r.version(), r.options.sender);
            if codes.read(ReasonCode::SUCCESS.get()).is_none() {
                r.breach(ErrorKind::InvalidReasonCode, Field::ReasonCode, at, 0)?;
            }
        }
        let (reason, properties) = r.outcome()?;
        Ok(Self { reason, properties })
    }
}

impl Body for Auth<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        PacketType::Auth.first_byte()
    }

    #[inline]
    fn body_len(&self, version: Version) -> Result<usize, EncodeError> {
        let packet_type = PacketType::Auth;
        if !packet_type.is_in(version) {
            let field = Field::FixedHeader;
            return Err(EncodeError::NotInVersion { packet_type, field, version });
        }
        outcome_len(packet_type, self.reason, self.properties, version)
    }

    #[inline]
    fn write<B: BufMut>(&self, _: Version, len: usize, out: &mut Writer<'_, B>) {
        write_outcome(len, self.reason, self.properties, out);
    }
}

encode_methods!(Auth<'a>);
