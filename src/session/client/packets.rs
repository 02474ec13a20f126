//! What follows from the packets of a server.

use super::{Client, Phase};
use crate::{
    packet::{Auth, Connack, Packet, PacketType},
    session::{
        Answer, Answered,
        action::{ClientAction, Common},
        exchange::{Peer, Pending, Sent},
        fault::{CloseReason, Fault},
        journal::Record,
    },
    time::Instant,
    types::{PacketId, ReasonCode},
};

impl Client {
    pub(super) fn on_packet<'b>(
        &mut self,
        now: Instant,
        packet: Packet<'b>,
    ) -> Result<Option<ClientAction<'b>>, Fault> {
        if self.phase == Phase::Connecting {
            return match packet {
                Packet::Connack(connack) => self.on_connack(now, connack).map(Some),
                Packet::Auth(auth) => self.on_auth(auth).map(Some),
                other => Err(Fault::Unexpected(other.packet_type())),
            };
        }
        let common = match packet {
            Packet::Suback(suback) => {
                let codes = suback.codes.len();
                let Some(sent) = self.on_answer(Answer::Suback, suback.packet_id, Some(codes))?
                else {
                    return Ok(Some(ignored(PacketType::Suback, suback.packet_id)));
                };
                return Ok(sent.token.map(|token| ClientAction::Subscribed(token, suback)));
            }
            Packet::Unsuback(unsuback) => {
                let codes = self.exchange.peer.has_reasons.then(|| unsuback.codes.len());
                let Some(sent) = self.on_answer(Answer::Unsuback, unsuback.packet_id, codes)?
                else {
                    return Ok(Some(ignored(PacketType::Unsuback, unsuback.packet_id)));
                };
                return Ok(sent.token.map(|token| ClientAction::Unsubscribed(token, unsuback)));
            }
            Packet::Pingresp(_) => {
                self.response_due = Instant::NEVER;
                return Ok(None);
            }
            Packet::Disconnect(disconnect) if self.exchange.peer.has_reasons => {
                self.exchange.tell(Pending::Close(CloseReason::PeerDisconnected));
                self.end();
                return Ok(Some(ClientAction::Disconnected(disconnect)));
            }
            Packet::Auth(auth) => return self.on_auth(auth).map(Some),
            packet => self.exchange.handle_flow(now, packet)?,
        };
        Ok(common.map(Into::into))
    }

    /// The request that is answered; `None` if there is none.
    fn on_answer(
        &mut self,
        answer: Answer,
        id: PacketId,
        codes: Option<usize>,
    ) -> Result<Option<Sent>, Fault> {
        if let Some((awaited, sent)) = self.exchange.outbound.get(id)
            && awaited.is_request()
            && codes.is_some_and(|codes| codes != usize::from(sent.codes))
        {
            let given = u32::try_from(codes.unwrap_or_default()).unwrap_or(u32::MAX);
            return Err(Fault::CodeCount { asked: sent.codes.into(), given });
        }
        match self.exchange.outbound.answer(answer, id)? {
            Answered::Done(sent) => Ok(Some(sent)),
            _ => Ok(None),
        }
    }

    fn on_connack<'b>(
        &mut self,
        now: Instant,
        connack: Connack<'b>,
    ) -> Result<ClientAction<'b>, Fault> {
        if connack.reason != ReasonCode::SUCCESS {
            self.exchange.tell(Pending::Close(CloseReason::Refused));
            self.close();
            return Ok(ClientAction::Refused(connack));
        }
        let (version, properties) = (self.exchange.version(), connack.properties);
        self.method.check(properties)?;
        let has_session = self.has_session && !self.clean_session;
        // [MQTT-3.2.2-4] of 5.0; 3.1.1 lets a client be that has lost its session.
        if connack.session_present
            && (self.clean_session || self.exchange.peer.has_reasons && !has_session)
        {
            return Err(Fault::SessionPresent);
        }
        // 3.1 does not tell; the client has to take it that there is one.
        let resumes = connack.session_present || version.session_present_bit() == 0 && has_session;
        if !resumes {
            // [MQTT-3.2.2-5] of 5.0
            self.end_session(false);
        }
        self.has_session = true;
        self.keep_alive = properties.server_keep_alive().unwrap_or(self.keep_alive);
        self.expiry = properties.session_expiry_interval().unwrap_or(self.asked_expiry);
        self.response_due = Instant::NEVER;
        self.phase = Phase::Online;
        let expiry = self.expiry;
        self.exchange.note(|| Record::Connected { expiry, will: None });
        self.exchange.peer = Peer::of(version, properties);
        self.exchange.connected(now);
        Ok(ClientAction::Connected(connack))
    }

    fn on_auth<'b>(&mut self, auth: Auth<'b>) -> Result<ClientAction<'b>, Fault> {
        self.method.expect(auth.properties)?;
        let is_fine = match auth.reason {
            ReasonCode::CONTINUE_AUTHENTICATION => true,
            ReasonCode::SUCCESS => self.phase == Phase::Online,
            _ => false,
        };
        if is_fine {
            Ok(ClientAction::Auth(auth))
        } else {
            Err(Fault::Unexpected(PacketType::Auth))
        }
    }
}

fn ignored<'b>(packet_type: PacketType, packet_id: PacketId) -> ClientAction<'b> {
    Common::Ignored { packet_type, packet_id }.into()
}
