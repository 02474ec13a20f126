//! What the application of a server decides about a connection.

use super::{Asked, Phase, Server};
use crate::{
    packet::{
        Connack, DecodeOptions, Disconnect, PacketType, Properties, Property, PropertyId,
        check_sender,
    },
    session::{
        exchange::{Peer, Pending},
        fault::{CloseReason, CommandError},
        journal::Record,
        method::Method,
        options::SessionOptions,
    },
    time::Instant,
    types::{QoS, ReasonCode, Role},
};
use alloc::{sync::Arc, vec::Vec};
use core::num::{NonZeroU16, NonZeroU32};

impl Server {
    /// Accepts the CONNECT. The CONNACK tells whether there was a session, what the options limit, and
    /// these properties: those of the options give way to them.
    pub fn accept(&mut self, now: Instant, properties: Properties<'_>) -> Result<(), CommandError> {
        if self.asked.is_none() {
            return Err(CommandError::NotConnected);
        }
        // The delay of a will may be over though nobody has called `timeout`.
        if planted!(WillCancelledLate) {
            self.forget_will();
        }
        self.end_what_is_over(now);
        let Some(asked) = &self.asked else { return Err(CommandError::NotConnected) };
        let session_present =
            self.has_session && (!asked.clean_session || planted!(SessionPresentAlways));
        let version = self.version();
        let (method, options) = (self.method.clone(), Arc::clone(&self.exchange.options));
        let all = connack_properties(
            asked,
            self.exchange.peer.has_reasons,
            &method,
            &options,
            properties,
        );
        let all = Properties::from(&all[..]);
        let present = session_present && version.session_present_bit() != 0;
        self.write_connack(now, Connack { properties: all, ..Connack::accepted(present) })?;
        let Some(asked) = self.asked.take() else { return Err(CommandError::NotConnected) };
        if !session_present {
            self.end_session();
        } else if planted!(WillNotCancelled) {
            self.publish_will();
        } else {
            self.forget_will();
        }
        self.wills.set(asked.will);
        self.has_session = true;
        self.keep_alive = all.server_keep_alive().unwrap_or(asked.keep_alive);
        self.has_no_expiry = asked.has_no_expiry;
        let granted = properties.session_expiry_interval();
        self.expiry = granted.unwrap_or(asked.expiry);
        self.max_expiry = granted.unwrap_or(options.session_expiry);
        (self.phase, self.session_end) = (Phase::Online, Instant::NEVER);
        // What came while the application thought about it was not taken.
        self.exchange.last_received = now;
        // What the server tells the client holds for the server, where it can.
        let told = Peer::of(version, all);
        let (receive_maximum, max_packet_size) = if told.has_reasons {
            (told.receive_maximum, told.max_packet_size)
        } else {
            (options.receive_maximum.max(1), options.max_packet_size)
        };
        self.exchange.inbound.set_maximum(receive_maximum);
        self.exchange.own_aliases = told.topic_alias_maximum;
        self.exchange.is_limit_told = all.maximum_packet_size().is_some();
        self.exchange.decode.max_packet_size = max_packet_size;
        (self.maximum_qos, self.retain_available) = (told.maximum_qos, told.retain_available);
        let (expiry, will) = (self.expiry, self.wills.waiting());
        self.exchange.note(|| Record::Connected { expiry, will });
        self.exchange.connected(now);
        Ok(())
    }

    pub(super) fn write_connack(
        &mut self,
        now: Instant,
        connack: Connack<'_>,
    ) -> Result<(), CommandError> {
        self.exchange.write(now, connack.properties, true, |properties, version, out| {
            Connack { properties, ..connack }.encode(version, out)
        })
    }

    /// Refuses the CONNECT, and says why in a CONNACK; without a reason the transport is just closed. A
    /// session that there is stays as it was.
    pub fn refuse(
        &mut self,
        now: Instant,
        reason: Option<ReasonCode>,
        properties: Properties<'_>,
    ) -> Result<(), CommandError> {
        if self.asked.is_none() {
            return Err(CommandError::NotConnected);
        }
        if let Some(reason) = reason {
            if !reason.is_failure() {
                return Err(CommandError::Reason(reason));
            }
            self.write_connack(now, Connack { session_present: false, reason, properties })?;
        }
        self.exchange.tell(Pending::Close(CloseReason::Refused));
        self.end(now, false);
        Ok(())
    }

    /// Goes on with the authentication, or ends it well with [`ReasonCode::SUCCESS`] where the client
    /// has authenticated again (5.0). The authentication method is added.
    pub fn authenticate(
        &mut self,
        now: Instant,
        reason: ReasonCode,
        properties: Properties<'_>,
    ) -> Result<(), CommandError> {
        let is_fine = match (self.phase, reason) {
            (Phase::Closed | Phase::Opened, _) => return Err(CommandError::NotConnected),
            (_, ReasonCode::CONTINUE_AUTHENTICATION) => true,
            (phase, ReasonCode::SUCCESS) => phase == Phase::Online,
            _ => false,
        };
        self.method.write(&mut self.exchange, now, reason, properties, is_fine)?;
        if let Some(asked) = &mut self.asked {
            asked.is_authenticating = true;
        }
        Ok(())
    }

    /// Another connection has been made by this client: this one is to be closed, after it was told so
    /// in 5.0. With a clean session the session ends too. The new connection is [`Self::opened`] next.
    pub fn take_over(&mut self, now: Instant, clean_session: bool) {
        if self.phase == Phase::Closed {
            return;
        }
        // [MQTT-3.1.4-2]; 5.0: [MQTT-3.1.4-3]
        self.tell_peer(now, ReasonCode::SESSION_TAKEN_OVER);
        self.exchange.tell(Pending::Close(CloseReason::TakenOver));
        if planted!(WillLostOnTakeOver) {
            self.forget_will();
        }
        self.end(now, false);
        if clean_session {
            self.end_session();
        }
    }

    /// Closes the connection, in 5.0 with a DISCONNECT. The will is published, as the client has not left
    /// by itself.
    pub fn disconnect(
        &mut self,
        now: Instant,
        disconnect: &Disconnect<'_>,
    ) -> Result<(), CommandError> {
        if self.phase == Phase::Closed {
            return Err(CommandError::NotConnected);
        }
        if self.phase == Phase::Online && self.exchange.peer.has_reasons {
            let Disconnect { reason, properties } = *disconnect;
            // [MQTT-3.14.2-2]
            if properties.session_expiry_interval().is_some() {
                return Err(CommandError::SessionExpiry);
            }
            let version = self.version();
            check_sender(PacketType::Disconnect, version, Role::Server, reason, properties)?;
            self.exchange.write_disconnect(now, disconnect)?;
        }
        self.exchange.tell(Pending::Close(CloseReason::Disconnected));
        self.end(now, false);
        Ok(())
    }

    /// Ends the session of a client that is away.
    pub fn expire_session(&mut self) -> Result<(), CommandError> {
        if self.phase == Phase::Online {
            return Err(CommandError::Connected);
        }
        self.end_session();
        Ok(())
    }
}

/// What the CONNACK says: what the application wants, and what the options limit.
fn connack_properties<'a>(
    asked: &Asked,
    has_properties: bool,
    method: &'a Method,
    options: &SessionOptions,
    properties: Properties<'a>,
) -> Vec<Property<'a>> {
    if !has_properties {
        return properties.iter().collect();
    }
    let mut given = method.add(properties);
    // [MQTT-3.1.2-28]
    given.retain(|property| {
        property.id() != PropertyId::ResponseInformation || asked.wants_response_information
    });
    let is_free = |id: PropertyId| given.iter().all(|property| property.id() != id);
    // Section 3.2.2.3.2 of 5.0.
    let expiry = asked.is_expiry_cut.then_some(Property::SessionExpiryInterval(asked.expiry));
    let limits = limits(options).into_iter().chain([expiry]).flatten();
    let mut all: Vec<_> = limits.filter(|property| is_free(property.id())).collect();
    all.extend(given);
    all
}

/// The properties that tell the limits of the options, where they are not what holds anyway.
fn limits(options: &SessionOptions) -> [Option<Property<'static>>; 5] {
    let receive = NonZeroU16::new(options.receive_maximum.max(1));
    let size = NonZeroU32::new(options.max_packet_size);
    let (qos, aliases) = (options.maximum_qos, options.topic_alias_maximum);
    [
        receive.filter(|max| max.get() < u16::MAX).map(Property::ReceiveMaximum),
        (qos < QoS::ExactlyOnce).then_some(Property::MaximumQos(qos)),
        (!options.retain_available).then_some(Property::RetainAvailable(false)),
        size.filter(|max| max.get() < DecodeOptions::MAX_PACKET_SIZE)
            .map(Property::MaximumPacketSize),
        (aliases > 0).then_some(Property::TopicAliasMaximum(aliases)),
    ]
}
