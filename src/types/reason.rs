//! What an answer says: reason codes, and the connect return codes of 3.1 and 3.1.1.

use core::fmt;

/// A reason code: below 0x80 success, from 0x80 on failure.
///
/// It is one set of numbers for all versions. The connect return codes of 3.1 and 3.1.1 have other
/// numbers on the wire, see [`ConnectReturnCode`]; the SUBACK codes have the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReasonCode(u8);

impl ReasonCode {
    /// Success; in SUBACK also: granted QoS 0.
    pub const SUCCESS: Self = Self(0x00);
    /// SUBACK: granted QoS 1.
    pub const GRANTED_QOS_1: Self = Self(0x01);
    /// SUBACK: granted QoS 2.
    pub const GRANTED_QOS_2: Self = Self(0x02);
    /// A failure that is not described further; the failure code of SUBACK in 3.1.1.
    pub const UNSPECIFIED_ERROR: Self = Self(0x80);
    /// The server does not support the protocol version.
    pub const UNSUPPORTED_PROTOCOL_VERSION: Self = Self(0x84);
    /// The client identifier is not allowed.
    pub const CLIENT_IDENTIFIER_NOT_VALID: Self = Self(0x85);
    /// The user name or the password is wrong.
    pub const BAD_USER_NAME_OR_PASSWORD: Self = Self(0x86);
    /// The client is not allowed to do this.
    pub const NOT_AUTHORIZED: Self = Self(0x87);
    /// The server is not available.
    pub const SERVER_UNAVAILABLE: Self = Self(0x88);

    /// The code of this value.
    pub const fn new(value: u8) -> Self {
        Self(value)
    }

    /// The value.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Whether it reports a failure: 0x80 and above.
    pub const fn is_failure(self) -> bool {
        self.0 >= 0x80
    }

    /// The name in the standard, `None` for values that 3.1 and 3.1.1 have no use for.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::SUCCESS => "success",
            Self::GRANTED_QOS_1 => "granted QoS 1",
            Self::GRANTED_QOS_2 => "granted QoS 2",
            Self::UNSPECIFIED_ERROR => "unspecified error",
            Self::UNSUPPORTED_PROTOCOL_VERSION => "unsupported protocol version",
            Self::CLIENT_IDENTIFIER_NOT_VALID => "client identifier not valid",
            Self::BAD_USER_NAME_OR_PASSWORD => "bad user name or password",
            Self::NOT_AUTHORIZED => "not authorized",
            Self::SERVER_UNAVAILABLE => "server unavailable",
            _ => return None,
        })
    }

    /// The code that grants a subscription at this QoS.
    pub const fn granted(qos: super::QoS) -> Self {
        Self(qos.level())
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:02X}", self.0),
        }
    }
}

impl fmt::Debug for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReasonCode(0x{:02X})", self.0)
    }
}

/// The return code of a CONNACK in 3.1 and 3.1.1 (section 3.2.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ConnectReturnCode {
    /// 0: the connection is accepted.
    Accepted = 0,
    /// 1: the server does not support the protocol level.
    UnacceptableProtocolVersion = 1,
    /// 2: the client identifier is not allowed.
    IdentifierRejected = 2,
    /// 3: the server is not available.
    ServerUnavailable = 3,
    /// 4: the user name or the password is wrong.
    BadUserNameOrPassword = 4,
    /// 5: the client is not authorized to connect.
    NotAuthorized = 5,
}

impl ConnectReturnCode {
    const ALL: [Self; 6] = [
        Self::Accepted,
        Self::UnacceptableProtocolVersion,
        Self::IdentifierRejected,
        Self::ServerUnavailable,
        Self::BadUserNameOrPassword,
        Self::NotAuthorized,
    ];

    /// The code of this number, `None` above 5.
    pub fn new(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The number on the wire, 0 to 5.
    pub const fn get(self) -> u8 {
        match self {
            Self::Accepted => 0,
            Self::UnacceptableProtocolVersion => 1,
            Self::IdentifierRejected => 2,
            Self::ServerUnavailable => 3,
            Self::BadUserNameOrPassword => 4,
            Self::NotAuthorized => 5,
        }
    }

    /// The reason code that means the same.
    pub const fn reason(self) -> ReasonCode {
        match self {
            Self::Accepted => ReasonCode::SUCCESS,
            Self::UnacceptableProtocolVersion => ReasonCode::UNSUPPORTED_PROTOCOL_VERSION,
            Self::IdentifierRejected => ReasonCode::CLIENT_IDENTIFIER_NOT_VALID,
            Self::ServerUnavailable => ReasonCode::SERVER_UNAVAILABLE,
            Self::BadUserNameOrPassword => ReasonCode::BAD_USER_NAME_OR_PASSWORD,
            Self::NotAuthorized => ReasonCode::NOT_AUTHORIZED,
        }
    }

    /// The code that means the same as this reason code, `None` where 3.1.1 has none.
    pub fn from_reason(reason: ReasonCode) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.reason() == reason)
    }
}

impl fmt::Display for ConnectReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::UnacceptableProtocolVersion => "unacceptable protocol version",
            Self::IdentifierRejected => "identifier rejected",
            Self::ServerUnavailable => "server unavailable",
            Self::BadUserNameOrPassword => "bad user name or password",
            Self::NotAuthorized => "not authorized",
        })
    }
}
