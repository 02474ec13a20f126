//! The rules that the standards leave open, as run-time values.

use crate::types::Version;
use core::fmt;

/// A rule that a receiver may apply or not: the text leaves it open, or implementations disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// A Remaining Length of 3.1 and 3.1.1 has to be in its shortest form. Only 5.0 says so, where it
    /// always has to; encoders in the field pad it. Default: accept.
    NonMinimalLength = 0,
    /// Control characters and non-characters are not allowed in strings. A sender should avoid
    /// them, a receiver may close the connection (section 1.5.3). Default: accept.
    DiscouragedCharacters = 1,
    /// DUP has to be 0 at QoS 0 [MQTT-3.3.1-2]. When accepted, the bit is ignored. Default: refuse.
    DupAtQos0 = 2,
    /// The reserved flags in the first byte of CONNACK, PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK
    /// and PINGRESP have to be 0 [MQTT-2.2.2-2]; some brokers set them. Default: refuse.
    AckFlags = 3,
    /// The bits that 3.1 leaves unused have to be as the reserved ones of 3.1.1: the flags in the first
    /// byte, bit 0 of the connect flags, all of the first byte of CONNACK and the upper bits of a
    /// requested QoS.
    /// Default: accept.
    UnusedBitsIn3_1 = 4,
    /// A client identifier of 3.1 has at most 23 characters. Default: accept longer ones.
    ClientIdLengthIn3_1 = 5,
    /// The return code 0x80 of SUBACK, which 3.1 does not have, is not allowed there. Default:
    /// accept.
    SubackFailureIn3_1 = 6,
    /// Bit 7 of the protocol level, by which some bridges tell what they are, is not allowed. When
    /// accepted, the bit is ignored. Default: refuse.
    BridgeBit = 7,
    /// An AUTH has to have a content. Section 3.15.2.1 of 5.0 lets it be empty, 3.15.2.2.2 demands
    /// an authentication method. Default: accept.
    EmptyAuth = 8,
    /// The reason 0x8C, bad authentication method, is not allowed in a DISCONNECT. Table 2-6 of 5.0
    /// lists it there, table 3-10 does not. Default: accept.
    BadAuthenticationMethodInDisconnect = 9,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 10] = [
        Self::NonMinimalLength,
        Self::DiscouragedCharacters,
        Self::DupAtQos0,
        Self::AckFlags,
        Self::UnusedBitsIn3_1,
        Self::ClientIdLengthIn3_1,
        Self::SubackFailureIn3_1,
        Self::BridgeBit,
        Self::EmptyAuth,
        Self::BadAuthenticationMethodInDisconnect,
    ];

    /// The name under which options of tests and tools know the rule.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NonMinimalLength => "non_minimal_length",
            Self::DiscouragedCharacters => "discouraged_characters",
            Self::DupAtQos0 => "dup_at_qos0",
            Self::AckFlags => "ack_flags",
            Self::UnusedBitsIn3_1 => "unused_bits_in_3_1",
            Self::ClientIdLengthIn3_1 => "client_id_length_in_3_1",
            Self::SubackFailureIn3_1 => "suback_failure_in_3_1",
            Self::BridgeBit => "bridge_bit",
            Self::EmptyAuth => "empty_auth",
            Self::BadAuthenticationMethodInDisconnect => "bad_authentication_method_in_disconnect",
        }
    }

    const fn bit(self) -> u16 {
        match self {
            Self::NonMinimalLength => 0x01,
            Self::DiscouragedCharacters => 0x02,
            Self::DupAtQos0 => 0x04,
            Self::AckFlags => 0x08,
            Self::UnusedBitsIn3_1 => 0x10,
            Self::ClientIdLengthIn3_1 => 0x20,
            Self::SubackFailureIn3_1 => 0x40,
            Self::BridgeBit => 0x80,
            Self::EmptyAuth => 0x100,
            Self::BadAuthenticationMethodInDisconnect => 0x200,
        }
    }
}

/// Which of the open rules a decoder applies.
///
/// What the standard settles is always applied; this is about the rest.
///
/// ```
/// use mqtt_pure::{Rule, Strictness};
///
/// let strictness = Strictness::DEFAULT.accept(Rule::DupAtQos0);
/// assert!(!strictness.refuses(Rule::DupAtQos0));
/// assert!(Strictness::STRICT.refuses(Rule::NonMinimalLength));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Strictness(u16);

impl Strictness {
    /// The recommended choice: refuses what the standard calls an error, accepts what it leaves
    /// open.
    pub const DEFAULT: Self =
        Self(Rule::DupAtQos0.bit() | Rule::AckFlags.bit() | Rule::BridgeBit.bit());
    /// Refuses whatever may be refused.
    pub const STRICT: Self = Self(0x3ff);
    /// Accepts whatever may be accepted.
    pub const TOLERANT: Self = Self(0);

    /// The same but for this rule, which is applied.
    #[must_use]
    pub const fn refuse(self, rule: Rule) -> Self {
        Self(self.0 | rule.bit())
    }

    /// The same but for this rule, which is not applied.
    #[must_use]
    pub const fn accept(self, rule: Rule) -> Self {
        Self(self.0 & !rule.bit())
    }

    /// Where the version has settled a rule, it is not open any more.
    pub(crate) const fn of_version(self, version: Version) -> Self {
        const OF_3_1: u16 = Rule::UnusedBitsIn3_1.bit()
            | Rule::ClientIdLengthIn3_1.bit()
            | Rule::SubackFailureIn3_1.bit();
        const SETTLED: u16 = Rule::UnusedBitsIn3_1.bit();
        const SETTLED_IN_5_0: u16 = SETTLED | Rule::NonMinimalLength.bit();
        let open = self.0 & !OF_3_1;
        Self(version.pick(self.0, open | SETTLED, open | SETTLED_IN_5_0))
    }

    /// Whether the rule is applied.
    #[inline(always)]
    pub const fn refuses(self, rule: Rule) -> bool {
        self.0 & rule.bit() != 0
    }
}

impl Default for Strictness {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Debug for Strictness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Strictness refusing ")?;
        f.debug_list().entries(Rule::ALL.into_iter().filter(|rule| self.refuses(*rule))).finish()
    }
}
