//! What the application of a client asks for.

use super::{Client, Phase};
use crate::{
    packet::{
        Disconnect, EncodeError, Field, List, PacketType, Properties, Subscribe, Subscription,
        Unsubscribe, check_sender,
    },
    session::{
        Request,
        action::{Published, Requested},
        exchange::{Pending, Sent},
        fault::{CloseReason, CommandError},
        message::Message,
    },
    time::{Instant, Seconds},
    topic::TopicFilter,
    types::{PacketId, QoS, ReasonCode, Role},
};
use alloc::vec::Vec;

impl Client {
    /// Sends a message, or keeps it until it may be sent: behind others, or until there is a
    /// connection. One of QoS 0 is not kept.
    ///
    /// Properties are refused on a connection before 5.0. One that is kept for want of a connection goes
    /// without them if the next is of such a version.
    pub fn publish(&mut self, now: Instant, message: Message) -> Result<Published, CommandError> {
        if message.is_of_5_0() {
            self.check(&message)?;
        }
        self.exchange.publish(now, message, true)
    }

    /// Whether a client may send these properties, on a connection that there is.
    fn check(&self, message: &Message) -> Result<(), CommandError> {
        let (version, packet_type) = (self.exchange.version(), PacketType::Publish);
        if self.phase != Phase::Closed && !self.exchange.peer.has_reasons {
            let field = Field::Properties;
            return Err(EncodeError::NotInVersion { packet_type, field, version }.into());
        }
        let (none, properties) = (ReasonCode::SUCCESS, message.properties());
        Ok(check_sender(packet_type, version, Role::Client, none, properties)?)
    }

    /// Asks for messages.
    pub fn subscribe<'a>(
        &mut self,
        now: Instant,
        subscriptions: impl Into<List<'a, Subscription<'a>>>,
        properties: Properties<'a>,
    ) -> Result<Requested, CommandError> {
        let subscriptions = subscriptions.into();
        let packet = Subscribe { packet_id: PacketId::MIN, subscriptions, properties };
        let (version, count) = (self.exchange.version(), subscriptions.len());
        let len = packet.encoded_len(version)?;
        self.request(now, Request::Subscribe, count, len, |packet_id, out| {
            Subscribe { packet_id, ..packet }.encode(version, out)
        })
    }

    /// Asks for no more messages.
    pub fn unsubscribe<'a>(
        &mut self,
        now: Instant,
        filters: impl Into<List<'a, TopicFilter<'a>>>,
        properties: Properties<'a>,
    ) -> Result<Requested, CommandError> {
        let filters = filters.into();
        let packet = Unsubscribe { packet_id: PacketId::MIN, filters, properties };
        let (version, count) = (self.exchange.version(), filters.len());
        let len = packet.encoded_len(version)?;
        self.request(now, Request::Unsubscribe, count, len, |packet_id, out| {
            Unsubscribe { packet_id, ..packet }.encode(version, out)
        })
    }

    pub(super) fn request(
        &mut self,
        now: Instant,
        request: Request,
        count: usize,
        len: usize,
        encode: impl Fn(PacketId, &mut Vec<u8>) -> Result<(), EncodeError>,
    ) -> Result<Requested, CommandError> {
        let exchange = &mut self.exchange;
        if self.phase != Phase::Online {
            return Err(CommandError::NotConnected);
        }
        let codes = u16::try_from(count).map_err(|_| CommandError::TooManyFilters)?;
        let maximum = exchange.peer.max_packet_size;
        if u32::try_from(len).is_ok_and(|len| len > maximum) {
            return Err(CommandError::TooLarge { len, maximum });
        }
        if !exchange.has_room() {
            return Err(CommandError::OutgoingFull);
        }
        if exchange.outbound.is_full() {
            return Err(CommandError::NoIdentifier);
        }
        let token = exchange.token();
        let sent = Sent {
            content: None,
            token: Some(token),
            codes,
            since: Seconds::default(),
            qos: QoS::AtMostOnce,
            retain: false,
        };
        let packet_id =
            exchange.outbound.request(request, sent).map_err(|_| CommandError::NoIdentifier)?;
        encode(packet_id, exchange.out.bytes())?;
        exchange.last_sent = now;
        Ok(Requested { token, packet_id })
    }

    /// Acknowledges a message, or refuses it by a reason code of 0x80 or above (5.0), where that is left
    /// to the application. The answers go out in the order that the standard wants, whatever the order
    /// of the calls; words in the properties go with an answer that may go out at once.
    pub fn acknowledge(
        &mut self,
        now: Instant,
        packet_id: PacketId,
        qos: QoS,
        reason: ReasonCode,
        properties: Properties<'_>,
    ) -> Result<(), CommandError> {
        self.exchange.acknowledge(now, packet_id, qos, reason, properties)
    }

    /// Goes on with the authentication, or begins it again with
    /// [`ReasonCode::RE_AUTHENTICATE`] (5.0). The authentication method is added.
    pub fn authenticate(
        &mut self,
        now: Instant,
        reason: ReasonCode,
        properties: Properties<'_>,
    ) -> Result<(), CommandError> {
        let is_fine = match (self.phase, reason) {
            (Phase::Closed, _) => return Err(CommandError::NotConnected),
            (_, ReasonCode::CONTINUE_AUTHENTICATION) => true,
            (phase, ReasonCode::RE_AUTHENTICATE) => phase == Phase::Online,
            _ => false,
        };
        self.method.write(&mut self.exchange, now, reason, properties, is_fine)
    }

    /// Leaves: DISCONNECT is to be written, then the transport to be closed.
    ///
    /// Whoever does so before the CONNACK does not learn whether the server has begun a new session, and
    /// may be presented it later as the one that it remembers. To close the transport alone is safer
    /// there, if the session is to be kept; a will is published then.
    pub fn disconnect(
        &mut self,
        now: Instant,
        disconnect: &Disconnect<'_>,
    ) -> Result<(), CommandError> {
        if self.phase == Phase::Closed {
            return Err(CommandError::NotConnected);
        }
        let expiry = disconnect.properties.session_expiry_interval();
        let is_online = self.phase == Phase::Online;
        let agreed = if is_online { self.expiry } else { self.asked_expiry };
        // Section 3.14.2.2.2 of 5.0: after a CONNECT with 0 it can't be set any more.
        if (agreed == 0 || self.asked_expiry == 0) && expiry.is_some_and(|expiry| expiry > 0) {
            return Err(CommandError::SessionExpiry);
        }
        let (reason, properties) = (disconnect.reason, disconnect.properties);
        let version = self.exchange.version();
        check_sender(PacketType::Disconnect, version, Role::Client, reason, properties)?;
        self.exchange.write_disconnect(now, disconnect)?;
        if is_online {
            self.expiry = expiry.unwrap_or(agreed);
        }
        self.exchange.tell(Pending::Close(CloseReason::Disconnected));
        self.end();
        Ok(())
    }
}
