//! The authentication method of a connection of 5.0.

use super::{
    exchange::Exchange,
    fault::{CommandError, Fault},
};
use crate::{
    packet::{Auth, Properties, Property, PropertyId},
    time::Instant,
    types::ReasonCode,
    wire::Text,
};
use alloc::{boxed::Box, vec::Vec};

/// What the CONNECT named; mostly nothing.
#[derive(Clone, Default)]
pub(super) struct Method(Option<Box<Name>>);

/// Apart, as there mostly is none.
#[derive(Clone)]
struct Name(Box<[u8]>);

impl Method {
    pub(super) fn of(properties: Properties<'_>) -> Self {
        let name = |method: Text<'_>| Box::new(Name(Box::from(method.as_bytes())));
        Self(properties.authentication_method().map(name))
    }

    fn name(&self) -> Option<&[u8]> {
        self.0.as_ref().map(|name| &*name.0)
    }

    pub(super) const fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// A packet has to name the method, or none if there is none [MQTT-4.12.0-5].
    pub(super) fn check(&self, properties: Properties<'_>) -> Result<(), Fault> {
        let named = properties.authentication_method();
        if named.map(Text::as_bytes) == self.name() {
            return Ok(());
        }
        Err(Fault::AuthenticationMethod)
    }

    /// A packet has to name the method, and there has to be one [MQTT-4.12.0-6].
    pub(super) fn expect(&self, properties: Properties<'_>) -> Result<(), Fault> {
        if self.is_some() { self.check(properties) } else { Err(Fault::AuthenticationMethod) }
    }

    /// The properties, and in front of them the method.
    pub(super) fn add<'a>(&'a self, properties: Properties<'a>) -> Vec<Property<'a>> {
        let method =
            self.name().map(|method| Property::AuthenticationMethod(Text::from_checked(method)));
        let others = properties.iter().filter(|p| p.id() != PropertyId::AuthenticationMethod);
        method.into_iter().chain(others).collect()
    }

    /// Writes an AUTH.
    pub(super) fn write(
        &self,
        exchange: &mut Exchange,
        now: Instant,
        reason: ReasonCode,
        properties: Properties<'_>,
        is_fine: bool,
    ) -> Result<(), CommandError> {
        if !self.is_some() {
            return Err(CommandError::NoAuthenticationMethod);
        }
        if !is_fine {
            return Err(CommandError::Reason(reason));
        }
        let properties = self.add(properties);
        exchange.write(now, Properties::from(&properties[..]), false, |properties, version, out| {
            Auth { reason, properties }.encode(version, out)
        })
    }
}
