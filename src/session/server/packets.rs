//! What follows from the packets of a client.

use super::{Asked, Phase, Server};
use crate::{
    packet::{Auth, Connect, Disconnect, Packet, PacketType, Pingresp, Properties, Publish},
    session::{
        action::ServerAction,
        exchange::{Peer, Pending},
        fault::{CloseReason, Fault},
        message::Message,
        method::Method,
        requests::Kind,
    },
    time::Instant,
    types::ReasonCode,
};
use alloc::boxed::Box;

impl Server {
    pub(super) fn on_packet<'b>(
        &mut self,
        now: Instant,
        packet: Packet<'b>,
    ) -> Result<Option<ServerAction<'b>>, Fault> {
        if self.phase != Phase::Online {
            return match (self.phase, packet) {
                (Phase::Opened, Packet::Connect(connect)) => self.on_connect(connect).map(Some),
                (Phase::Asked, Packet::Auth(auth)) => self.on_auth(auth).map(Some),
                // [MQTT-3.1.2-30]
                (Phase::Asked, Packet::Disconnect(disconnect)) if !self.waits_for_answer() => {
                    self.exchange.tell(Pending::Close(CloseReason::PeerDisconnected));
                    self.end(now, false);
                    Ok(Some(ServerAction::Disconnected(disconnect)))
                }
                (_, other) => Err(Fault::Unexpected(other.packet_type())),
            };
        }
        match packet {
            Packet::Pingreq(_) => {
                // [MQTT-3.12.4-1]
                let _ = self.exchange.write(now, Properties::EMPTY, true, |_, version, out| {
                    Pingresp.encode(version, out)
                });
                self.exchange.quiet();
                Ok(None)
            }
            Packet::Subscribe(subscribe) => {
                let (id, count) = (subscribe.packet_id, subscribe.subscriptions.len());
                self.requests.push(Kind::Subscribe, id, count);
                Ok(Some(ServerAction::Subscribe(subscribe)))
            }
            Packet::Unsubscribe(unsubscribe) => {
                let (id, count) = (unsubscribe.packet_id, unsubscribe.filters.len());
                self.requests.push(Kind::Unsubscribe, id, count);
                Ok(Some(ServerAction::Unsubscribe(unsubscribe)))
            }
            Packet::Disconnect(disconnect) => self.on_disconnect(now, disconnect).map(Some),
            Packet::Auth(auth) => self.on_auth(auth).map(Some),
            Packet::Publish(publish) => {
                self.check_limits(&publish)?;
                Ok(self.exchange.received(now, publish)?.map(ServerAction::Message))
            }
            packet => Ok(self.exchange.handle_flow(now, packet)?.map(Into::into)),
        }
    }

    /// A server that has told a limit does not take what is beyond it.
    #[inline]
    pub(super) fn check_limits(&self, publish: &Publish<'_>) -> Result<(), Fault> {
        if !self.exchange.peer.has_reasons {
            return Ok(());
        }
        if publish.qos() > self.maximum_qos {
            return Err(Fault::QosNotSupported);
        }
        if publish.retain && !self.retain_available {
            return Err(Fault::RetainNotSupported);
        }
        Ok(())
    }

    fn on_connect<'b>(&mut self, connect: Connect<'b>) -> Result<ServerAction<'b>, Fault> {
        let Connect { version, properties, clean_session, .. } = connect;
        let peer = Peer::of(version, properties);
        self.exchange.decode.version = version;
        self.exchange.peer = peer;
        let options = &self.exchange.options;
        if let Some(will) = &connect.will
            && peer.has_reasons
        {
            // [MQTT-3.2.2-12] [MQTT-3.2.2-13]
            if will.qos > options.maximum_qos {
                return Err(Fault::QosNotSupported);
            }
            if will.retain && !options.retain_available {
                return Err(Fault::RetainNotSupported);
            }
        }
        let before_5_0 = if clean_session { 0 } else { options.session_expiry };
        let wanted = peer.kept(properties, before_5_0);
        let expiry = wanted.min(options.session_expiry);
        self.method = Method::of(properties);
        self.asked = Some(Box::new(Asked {
            will: connect.will.as_ref().map(|will| {
                (Message::of_will(will), will.properties.will_delay_interval().unwrap_or(0))
            }),
            expiry,
            is_expiry_cut: expiry < wanted,
            has_no_expiry: wanted == 0,
            keep_alive: connect.keep_alive,
            clean_session,
            wants_response_information: properties.request_response_information().unwrap_or(false),
            is_authenticating: false,
        }));
        self.phase = Phase::Asked;
        Ok(ServerAction::Connect(connect))
    }

    fn on_auth<'b>(&mut self, auth: Auth<'b>) -> Result<ServerAction<'b>, Fault> {
        self.method.expect(auth.properties)?;
        let is_fine = match auth.reason {
            ReasonCode::CONTINUE_AUTHENTICATION => true,
            ReasonCode::RE_AUTHENTICATE => self.phase == Phase::Online,
            _ => false,
        };
        if !is_fine {
            return Err(Fault::Unexpected(PacketType::Auth));
        }
        if let Some(asked) = &mut self.asked {
            // The next one comes when the server has answered this one.
            asked.is_authenticating = false;
        }
        Ok(ServerAction::Auth(auth))
    }

    fn on_disconnect<'b>(
        &mut self,
        now: Instant,
        disconnect: Disconnect<'b>,
    ) -> Result<ServerAction<'b>, Fault> {
        let expiry = disconnect.properties.session_expiry_interval();
        if self.has_no_expiry && expiry.is_some_and(|expiry| expiry > 0) {
            return Err(Fault::SessionExpiry);
        }
        self.expiry = expiry.map_or(self.expiry, |expiry| expiry.min(self.max_expiry));
        self.exchange.tell(Pending::Close(CloseReason::PeerDisconnected));
        // [MQTT-3.14.4-3]; with another reason code the client wants its will published.
        self.end(now, disconnect.reason == ReasonCode::SUCCESS);
        Ok(ServerAction::Disconnected(disconnect))
    }
}
