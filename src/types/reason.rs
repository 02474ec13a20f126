//! What an answer says: reason codes, and which packet may carry which.

use super::{QoS, Role};
use core::fmt;

/// A reason code: below 0x80 success, from 0x80 on failure.
///
/// It is one set of numbers for all versions. The connect return codes of 3.1 and 3.1.1 have other
/// numbers on the wire, see
/// [`ConnectReturnCode`](crate::ConnectReturnCode); the SUBACK codes have the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReasonCode(u8);

/// Defines the codes that the standard names.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $value:literal, $name:literal;)*) => {
        impl ReasonCode {
            $($(#[$doc])* pub const $code: Self = Self($value);)*

            /// Every code of the standard, in the order of their values.
            pub const ALL: &'static [Self] = &[$(Self::$code),*];

            /// The name in the standard, `None` for values that it has no use for.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($name),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// Success; in DISCONNECT: normal disconnection; in SUBACK: granted QoS 0.
    SUCCESS = 0x00, "success";
    /// SUBACK: granted QoS 1.
    GRANTED_QOS_1 = 0x01, "granted QoS 1";
    /// SUBACK: granted QoS 2.
    GRANTED_QOS_2 = 0x02, "granted QoS 2";
    /// The client leaves and wants its will to be published.
    DISCONNECT_WITH_WILL_MESSAGE = 0x04, "disconnect with will message";
    /// The message is accepted, and nobody has subscribed to it.
    NO_MATCHING_SUBSCRIBERS = 0x10, "no matching subscribers";
    /// UNSUBACK: there was no such subscription.
    NO_SUBSCRIPTION_EXISTED = 0x11, "no subscription existed";
    /// AUTH: another step is needed.
    CONTINUE_AUTHENTICATION = 0x18, "continue authentication";
    /// AUTH: the client begins anew.
    RE_AUTHENTICATE = 0x19, "re-authenticate";
    /// A failure that is not described further; the failure code of SUBACK in 3.1.1.
    UNSPECIFIED_ERROR = 0x80, "unspecified error";
    /// Bytes that cannot be a packet.
    MALFORMED_PACKET = 0x81, "malformed packet";
    /// A packet that cannot be at this place, or with this content.
    PROTOCOL_ERROR = 0x82, "protocol error";
    /// Valid, but not accepted by this implementation.
    IMPLEMENTATION_SPECIFIC_ERROR = 0x83, "implementation specific error";
    /// The server does not support the protocol version.
    UNSUPPORTED_PROTOCOL_VERSION = 0x84, "unsupported protocol version";
    /// The client identifier is not allowed.
    CLIENT_IDENTIFIER_NOT_VALID = 0x85, "client identifier not valid";
    /// The user name or the password is wrong.
    BAD_USER_NAME_OR_PASSWORD = 0x86, "bad user name or password";
    /// The client is not allowed to do this.
    NOT_AUTHORIZED = 0x87, "not authorized";
    /// The server is not available.
    SERVER_UNAVAILABLE = 0x88, "server unavailable";
    /// The server is busy, try again later.
    SERVER_BUSY = 0x89, "server busy";
    /// The client has been banned.
    BANNED = 0x8a, "banned";
    /// The server is shutting down.
    SERVER_SHUTTING_DOWN = 0x8b, "server shutting down";
    /// The authentication method is not supported, or not the one in use.
    BAD_AUTHENTICATION_METHOD = 0x8c, "bad authentication method";
    /// Nothing was received for one and a half times the keep alive.
    KEEP_ALIVE_TIMEOUT = 0x8d, "keep alive timeout";
    /// Another connection uses the client identifier.
    SESSION_TAKEN_OVER = 0x8e, "session taken over";
    /// The topic filter is well formed and not accepted.
    TOPIC_FILTER_INVALID = 0x8f, "topic filter invalid";
    /// The topic name is well formed and not accepted.
    TOPIC_NAME_INVALID = 0x90, "topic name invalid";
    /// The packet identifier is in use already.
    PACKET_IDENTIFIER_IN_USE = 0x91, "packet identifier in use";
    /// The packet identifier is not known.
    PACKET_IDENTIFIER_NOT_FOUND = 0x92, "packet identifier not found";
    /// More messages are in flight than the receiver allows.
    RECEIVE_MAXIMUM_EXCEEDED = 0x93, "receive maximum exceeded";
    /// The topic alias is zero or above the maximum.
    TOPIC_ALIAS_INVALID = 0x94, "topic alias invalid";
    /// The packet is larger than the receiver accepts.
    PACKET_TOO_LARGE = 0x95, "packet too large";
    /// Too much data comes too fast.
    MESSAGE_RATE_TOO_HIGH = 0x96, "message rate too high";
    /// A limit of the implementation or of its administrator is reached.
    QUOTA_EXCEEDED = 0x97, "quota exceeded";
    /// The connection is closed by the administrator.
    ADMINISTRATIVE_ACTION = 0x98, "administrative action";
    /// The payload is not what its format indicator says.
    PAYLOAD_FORMAT_INVALID = 0x99, "payload format invalid";
    /// The server does not keep retained messages.
    RETAIN_NOT_SUPPORTED = 0x9a, "retain not supported";
    /// The QoS is above the maximum.
    QOS_NOT_SUPPORTED = 0x9b, "QoS not supported";
    /// Another server is to be used for now.
    USE_ANOTHER_SERVER = 0x9c, "use another server";
    /// Another server is to be used from now on.
    SERVER_MOVED = 0x9d, "server moved";
    /// The server has no shared subscriptions.
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9e, "shared subscriptions not supported";
    /// Too many connections are opened.
    CONNECTION_RATE_EXCEEDED = 0x9f, "connection rate exceeded";
    /// The connection has lasted as long as it may.
    MAXIMUM_CONNECT_TIME = 0xa0, "maximum connect time";
    /// The server has no subscription identifiers.
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED = 0xa1, "subscription identifiers not supported";
    /// The server has no wildcard subscriptions.
    WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED = 0xa2, "wildcard subscriptions not supported";
}

impl ReasonCode {
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

    /// The code that grants a subscription at this QoS.
    pub const fn granted(qos: QoS) -> Self {
        Self(qos.level())
    }
}

/// A set of reason codes.
#[derive(Clone, Copy)]
pub(crate) struct ReasonCodes {
    /// The codes below 0x20.
    low: u64,
    /// The codes from 0x80 to 0xbf.
    high: u64,
}

impl ReasonCodes {
    /// [MQTT-3.2.2-8]
    pub(crate) const CONNACK: Self = Self::of(&[
        0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95,
        0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f,
    ]);
    /// PUBACK and PUBREC [MQTT-3.4.2-1] [MQTT-3.5.2-1].
    const PUBACK_OF_CLIENT: Self = Self::of(&[0x00, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
    const PUBACK: Self = Self::PUBACK_OF_CLIENT.and(Self::of(&[0x10]));
    /// PUBREL and PUBCOMP [MQTT-3.6.2-1] [MQTT-3.7.2-1].
    pub(crate) const PUBREL: Self = Self::of(&[0x00, 0x92]);
    /// [MQTT-3.9.3-2]
    pub(crate) const SUBACK: Self =
        Self::of(&[0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2]);
    /// SUBACK of 3.1.1.
    pub(crate) const SUBACK_3_1_1: Self = Self::of(&[0x00, 0x01, 0x02, 0x80]);
    /// [MQTT-3.11.3-2]
    pub(crate) const UNSUBACK: Self = Self::of(&[0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]);
    /// What both sides may say in a DISCONNECT [MQTT-3.14.2-1]. Only servers may say 0x9B there, but
    /// section 3.3.4 wants it of clients too. 0x8C is in table 2-6 alone.
    const DISCONNECT: Self = Self::of(&[
        0x00, 0x80, 0x81, 0x82, 0x83, 0x8c, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9b,
    ]);
    const DISCONNECT_OF_CLIENT: Self = Self::DISCONNECT.and(Self::of(&[0x04]));
    const DISCONNECT_OF_SERVER: Self = Self::DISCONNECT.and(Self::of(&[
        0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x9a, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
    ]));
    /// [MQTT-3.15.2-1]
    const AUTH_OF_CLIENT: Self = Self::of(&[0x18, 0x19]);
    const AUTH_OF_SERVER: Self = Self::of(&[0x00, 0x18]);

    /// What this side may say in a PUBACK or PUBREC; `None` for either. Only servers know of subscribers.
    pub(crate) const fn puback(sender: Option<Role>) -> Self {
        match sender {
            Some(Role::Client) => Self::PUBACK_OF_CLIENT,
            Some(Role::Server) | None => Self::PUBACK,
        }
    }

    /// What this side may say in a DISCONNECT; `None` for either.
    pub(crate) const fn disconnect(sender: Option<Role>) -> Self {
        match sender {
            Some(Role::Client) => Self::DISCONNECT_OF_CLIENT,
            Some(Role::Server) => Self::DISCONNECT_OF_SERVER,
            None => Self::DISCONNECT_OF_CLIENT.and(Self::DISCONNECT_OF_SERVER),
        }
    }

    /// What this side may say in an AUTH; `None` for either.
    pub(crate) const fn auth(sender: Option<Role>) -> Self {
        match sender {
            Some(Role::Client) => Self::AUTH_OF_CLIENT,
            Some(Role::Server) => Self::AUTH_OF_SERVER,
            None => Self::AUTH_OF_CLIENT.and(Self::AUTH_OF_SERVER),
        }
    }

    const fn of(codes: &[u8]) -> Self {
        let mut set = Self { low: 0, high: 0 };
        let mut rest = codes;
        while let [code, after @ ..] = rest {
            set = set.and(Self::just(*code));
            rest = after;
        }
        set
    }

    #[inline]
    const fn just(code: u8) -> Self {
        #[allow(clippy::as_conversions, reason = "u8 to u32 loses nothing; `From` is not const")]
        let bit = 1_u64.wrapping_shl((code & 0x3f) as u32);
        match code {
            0..0x40 => Self { low: bit, high: 0 },
            0x80..0xc0 => Self { low: 0, high: bit },
            _ => Self { low: 0, high: 0 },
        }
    }

    const fn and(self, other: Self) -> Self {
        Self { low: self.low | other.low, high: self.high | other.high }
    }

    #[inline]
    pub(crate) const fn contains(self, code: ReasonCode) -> bool {
        let code = Self::just(code.0);
        self.low & code.low | self.high & code.high != 0
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec::Vec};

    /// The table of the standard, by packets: the codes of each.
    const TABLE: [(ReasonCodes, usize); 11] = [
        (ReasonCodes::CONNACK, 22),
        (ReasonCodes::puback(None), 9),
        (ReasonCodes::puback(Some(Role::Client)), 8),
        (ReasonCodes::PUBREL, 2),
        (ReasonCodes::SUBACK, 12),
        (ReasonCodes::SUBACK_3_1_1, 4),
        (ReasonCodes::UNSUBACK, 7),
        (ReasonCodes::disconnect(Some(Role::Client)), 16),
        (ReasonCodes::disconnect(Some(Role::Server)), 29),
        (ReasonCodes::disconnect(None), 30),
        (ReasonCodes::auth(None), 3),
    ];

    #[test]
    fn sets_have_codes_of_the_standard_alone() {
        for (set, count) in TABLE {
            let codes: Vec<_> =
                (0..=255).map(ReasonCode::new).filter(|code| set.contains(*code)).collect();
            assert_eq!(codes.len(), count);
            assert!(codes.iter().all(|code| ReasonCode::ALL.contains(code)));
        }
        let server = ReasonCodes::disconnect(Some(Role::Server));
        assert!(!server.contains(ReasonCode::DISCONNECT_WITH_WILL_MESSAGE));
        assert!(!ReasonCodes::auth(Some(Role::Server)).contains(ReasonCode::RE_AUTHENTICATE));
        assert!(!ReasonCodes::auth(Some(Role::Client)).contains(ReasonCode::SUCCESS));
    }

    #[test]
    fn codes_are_in_order_and_shown_by_name() {
        assert!(ReasonCode::ALL.is_sorted() && ReasonCode::ALL.len() == 43);
        assert_eq!(format!("{}", ReasonCode::QUOTA_EXCEEDED), "quota exceeded");
        assert_eq!(format!("{} {:?}", ReasonCode(3), ReasonCode(3)), "0x03 ReasonCode(0x03)");
        assert!(ReasonCode::UNSPECIFIED_ERROR.is_failure() && !ReasonCode(0x7f).is_failure());
    }
}
