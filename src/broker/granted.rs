//! What a subscription was granted, in four bytes: there are many subscriptions.

use crate::{
    packet::SubscriptionOptions,
    types::{QoS, SubscriptionId},
};

/// What a subscription was granted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Granted(u32);

/// An identifier has 28 bits, and stands above these.
const BITS: u32 = 4;
const QOS: u32 = 0x03;
const NO_LOCAL: u32 = 0x04;
const RETAIN_AS_PUBLISHED: u32 = 0x08;

impl Granted {
    /// The QoS that was granted, and what else was asked for.
    pub fn new(qos: QoS, options: SubscriptionOptions, identifier: Option<SubscriptionId>) -> Self {
        let no_local = if options.no_local { NO_LOCAL } else { 0 };
        let as_published = if options.retain_as_published { RETAIN_AS_PUBLISHED } else { 0 };
        let identifier = identifier.filter(|_| !planted!(IdentifiersForgotten));
        let identifier = identifier.map_or(0, SubscriptionId::get).wrapping_shl(BITS);
        Self(u32::from(qos.level()) | no_local | as_published | identifier)
    }

    /// The highest QoS with which messages are sent.
    pub fn qos(self) -> QoS {
        let level = u8::try_from(self.0 & QOS).unwrap_or_default();
        QoS::new(level).unwrap_or_default()
    }

    /// Whether messages of the client itself do not come back.
    pub const fn no_local(self) -> bool {
        self.0 & NO_LOCAL != 0
    }

    /// Whether messages keep the RETAIN flag with which they were published.
    pub const fn retain_as_published(self) -> bool {
        self.0 & RETAIN_AS_PUBLISHED != 0
    }

    /// What messages of the subscription carry.
    pub const fn identifier(self) -> Option<SubscriptionId> {
        SubscriptionId::new(self.0.wrapping_shr(BITS))
    }

    /// The same as options of a SUBSCRIBE.
    pub(super) fn options(self) -> SubscriptionOptions {
        let mut options = SubscriptionOptions::new(self.qos());
        options.no_local = self.no_local();
        options.retain_as_published = self.retain_as_published();
        options
    }

    /// With this QoS.
    pub(super) fn with_qos(self, qos: QoS) -> Self {
        Self(self.0 & !QOS | u32::from(qos.level()))
    }
}

impl core::fmt::Debug for Granted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Granted")
            .field("qos", &self.qos())
            .field("no_local", &self.no_local())
            .field("retain_as_published", &self.retain_as_published())
            .field("identifier", &self.identifier())
            .finish()
    }
}
