//! How a decoder decodes.

use super::{Rule, Strictness};
use crate::types::{Role, Version, Versions};

/// How a decoder decodes: by which version, how strictly, and up to which size.
///
/// ```
/// use mqtt_pure::{DecodeOptions, Strictness, Version};
///
/// let options = DecodeOptions::new(Version::V3_1_1)
///     .with_strictness(Strictness::STRICT)
///     .with_max_packet_size(64 * 1024);
/// assert_eq!(options.max_packet_size, 65_536);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DecodeOptions {
    /// The version that the connection speaks. A CONNECT names its version itself; before it, a
    /// server uses the default, by which the fixed header of the CONNECT is judged: 5.0 wants its
    /// Remaining Length in the shortest form, whatever it names.
    pub version: Version,
    /// The versions that a CONNECT may name. By default all.
    pub versions: Versions,
    /// Which of the rules are applied that the standard leaves open.
    pub strictness: Strictness,
    /// The largest packet that is accepted, in bytes, fixed header included. A larger one is an
    /// error as soon as its Remaining Length has arrived. The default is 1 MiB, the largest useful
    /// value [`Self::MAX_PACKET_SIZE`].
    pub max_packet_size: u32,
    /// The largest number of user properties that a packet or a will may have. By default any: they
    /// take no memory of their own.
    pub max_user_properties: u32,
    /// The side that sends the packets, if only what this side may send is to be accepted: packet
    /// types, reason codes and properties that flow one way. By default either.
    pub sender: Option<Role>,
}

impl DecodeOptions {
    /// The size of the largest packet that MQTT can express: 268,435,460 bytes.
    pub const MAX_PACKET_SIZE: u32 = 268_435_460;

    /// The defaults for this version.
    pub const fn new(version: Version) -> Self {
        Self {
            version,
            versions: Versions::ALL,
            strictness: Strictness::DEFAULT,
            max_packet_size: 1_048_576,
            max_user_properties: u32::MAX,
            sender: None,
        }
    }

    /// The same with other versions that a CONNECT may name.
    #[must_use]
    pub const fn with_versions(mut self, versions: Versions) -> Self {
        self.versions = versions;
        self
    }

    /// The same with other rules.
    #[must_use]
    pub const fn with_strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }

    /// The same with another size limit in bytes, fixed header included.
    #[must_use]
    pub const fn with_max_packet_size(mut self, bytes: u32) -> Self {
        self.max_packet_size = bytes;
        self
    }

    /// The same with another limit for the number of user properties of a packet, or of a will.
    #[must_use]
    pub const fn with_max_user_properties(mut self, count: u32) -> Self {
        self.max_user_properties = count;
        self
    }

    /// The same for packets that this side sends.
    #[must_use]
    pub const fn with_sender(mut self, sender: Role) -> Self {
        self.sender = Some(sender);
        self
    }

    /// Whether packets may be read at a glance, to which control characters are plain.
    #[inline(always)]
    pub(crate) const fn allow_glance(&self) -> bool {
        !self.strictness.refuses(Rule::DiscouragedCharacters)
    }

    /// Whether the rule is applied, be it by choice or by the version.
    #[inline(always)]
    pub(crate) const fn refuses(&self, rule: Rule) -> bool {
        self.strictness.of_version(self.version).refuses(rule)
    }
}

/// The defaults for 3.1.1.
impl Default for DecodeOptions {
    fn default() -> Self {
        Self::new(Version::DEFAULT)
    }
}

impl From<Version> for DecodeOptions {
    fn from(version: Version) -> Self {
        Self::new(version)
    }
}
