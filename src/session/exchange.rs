//! What both roles do alike: send and receive messages on a connection that may come and go.

use super::{
    Answer, Answered, Arrival, Awaited, Flow, Inbound, InboundError, Outbound, Resend, WrongAnswer,
    action::{Common, Failure, Published, Received, Token},
    aliases::Aliases,
    fault::{CloseReason, CommandError, Dropped, Fault},
    form::{Form, delivery},
    journal::Record,
    message::{Content, Lens, Message},
    options::SessionOptions,
    outgoing::Outgoing,
    queue::{Queue, Waiting},
};
use crate::{
    packet::{
        DecodeOptions, PacketType, Properties, Puback, Pubcomp, Publish, Pubrec, Pubrel,
        check_sender,
    },
    time::Instant,
    types::{Delivery, PacketId, QoS, ReasonCode, Role, Version},
};
use alloc::{boxed::Box, collections::VecDeque, sync::Arc, vec::Vec};
use bytes::Buf;
use core::{
    fmt,
    num::{NonZeroU16, NonZeroU32},
};

/// The topic that an alias stands for.
type Aliased = Arc<[u8]>;

/// What belongs to an identifier that this side has given out.
#[derive(Clone)]
pub(super) struct Sent {
    /// Of a message until its PUBREC.
    pub(super) content: Option<Arc<Content>>,
    pub(super) token: Token,
    /// How many codes the answer to a request has to have.
    pub(super) codes: u16,
    pub(super) qos: QoS,
    pub(super) retain: bool,
}

/// What the peer of this connection takes.
#[derive(Clone, Copy)]
pub(super) struct Peer {
    pub(super) max_packet_size: u32,
    pub(super) receive_maximum: u16,
    pub(super) topic_alias_maximum: u16,
    pub(super) maximum_qos: QoS,
    pub(super) retain_available: bool,
    /// Whether reasons may be given in words everywhere.
    pub(super) wants_reasons: bool,
    pub(super) version: Version,
}

impl Peer {
    /// What a CONNECT or a CONNACK with these properties says.
    pub(super) fn of(version: Version, properties: Properties<'_>) -> Self {
        let size = properties.maximum_packet_size();
        let receive = properties.receive_maximum();
        Self {
            max_packet_size: size.map_or(u32::MAX, NonZeroU32::get),
            receive_maximum: receive.map_or(u16::MAX, NonZeroU16::get),
            topic_alias_maximum: properties.topic_alias_maximum().unwrap_or(0),
            maximum_qos: properties.maximum_qos().unwrap_or(QoS::ExactlyOnce),
            retain_available: properties.retain_available().unwrap_or(true),
            wants_reasons: properties.request_problem_information().unwrap_or(true),
            version,
        }
    }

    /// What there is to know of a peer that has said nothing.
    pub(super) const fn new(version: Version) -> Self {
        Self {
            max_packet_size: u32::MAX,
            receive_maximum: u16::MAX,
            topic_alias_maximum: 0,
            maximum_qos: QoS::ExactlyOnce,
            retain_available: true,
            wants_reasons: true,
            version,
        }
    }
}

/// What is to be told that borrows nothing.
pub(super) enum Pending {
    Done(Token),
    Dropped(Token, Dropped),
    Lost(Token),
    Close(CloseReason),
    SessionEnded,
    Will(Message),
}

// Mostly there is none of either, so that they take up no more than a pointer.
type Told = VecDeque<Pending>;
type Records = Vec<Record>;

pub(super) struct Exchange {
    pub(super) outbound: Outbound<Sent>,
    pub(super) inbound: Inbound,
    queue: Option<Box<Queue>>,
    pub(super) out: Outgoing,
    aliases: Option<Box<Aliases>>,
    pending: Option<Box<Told>>,
    journal: Option<Box<Records>>,
    pub(super) options: Arc<SessionOptions>,
    pub(super) peer: Peer,
    pub(super) decode: DecodeOptions,
    pub(super) last_sent: Instant,
    pub(super) last_received: Instant,
    /// How many bytes of a packet that is skipped are still to come.
    pub(super) skip: u32,
    pub(super) next_token: Token,
    /// How many topic aliases the peer may use.
    pub(super) own_aliases: u16,
    pub(super) is_online: bool,
    /// Which side this is.
    role: Role,
    /// Whether memory is to be given back when everything is written.
    is_quiet: bool,
}

impl Exchange {
    pub(super) fn new(options: Arc<SessionOptions>, decode: DecodeOptions, role: Role) -> Self {
        Self {
            outbound: Outbound::new(u16::MAX),
            inbound: Inbound::new(u16::MAX),
            queue: None,
            out: Outgoing::new(),
            aliases: None,
            pending: None,
            journal: None,
            peer: Peer::new(decode.version),
            decode,
            options,
            last_sent: Instant::default(),
            last_received: Instant::default(),
            skip: 0,
            next_token: Token::FIRST,
            own_aliases: 0,
            is_online: false,
            role,
            is_quiet: false,
        }
    }

    #[inline]
    pub(super) const fn version(&self) -> Version {
        self.peer.version
    }

    /// Adds how much there is to what is shown of a session.
    pub(super) fn show(&self, f: &mut fmt::DebugStruct<'_, '_>) -> fmt::Result {
        f.field("version", &self.version())
            .field("in_flight", &self.outbound.len())
            .field("queued", &self.queued().count())
            .field("outgoing", &self.out)
            .finish_non_exhaustive()
    }

    #[inline]
    pub(super) fn token(&mut self) -> Token {
        let token = self.next_token;
        self.next_token = token.next();
        token
    }

    /// The identifier of what is on its way by this name.
    pub(super) fn packet_id(&self, token: Token) -> Option<PacketId> {
        let mut all = self.outbound.iter_all();
        all.find(|(_, sent)| sent.token == token).map(|(id, _)| id)
    }

    // What is told.

    pub(super) fn tell(&mut self, pending: Pending) {
        self.pending.get_or_insert_default().push_back(pending);
    }

    #[inline]
    pub(super) fn has_pending(&self) -> bool {
        self.pending.is_some()
    }

    pub(super) fn next_pending(&mut self) -> Option<Common<'static>> {
        let pending = self.pending.as_mut()?;
        let next = pending.pop_front();
        if pending.is_empty() {
            self.pending = None;
        }
        Some(match next? {
            Pending::Done(token) => {
                Common::Done { token, reason: ReasonCode::SUCCESS, properties: Properties::EMPTY }
            }
            Pending::Dropped(token, why) => {
                Common::Failed { token, failure: Failure::Dropped(why) }
            }
            Pending::Lost(token) => Common::Lost { token },
            Pending::Close(reason) => Common::Close(reason),
            Pending::SessionEnded => Common::SessionEnded,
            Pending::Will(message) => Common::Will(message),
        })
    }

    // The journal.

    pub(super) fn keep_journal(&mut self) {
        self.journal.get_or_insert_default();
    }

    #[inline]
    pub(super) fn note(&mut self, record: impl FnOnce() -> Record) {
        if let Some(journal) = &mut self.journal {
            write_down(journal, record);
        }
    }

    pub(super) fn take_journal(&mut self, now: Instant) -> Vec<Record> {
        self.pump(now);
        self.journal.as_mut().map(|journal| core::mem::take(&mut **journal)).unwrap_or_default()
    }

    // Writing.

    /// Whether something more may be put among what is to be written, or recorded.
    #[inline(always)]
    pub(super) fn has_room(&self) -> bool {
        self.out.remaining() < self.options.max_outgoing
            && self.journal.as_ref().is_none_or(|journal| journal.len() < MAX_UNTAKEN)
    }

    /// Nothing but what keeps the connection is going on, so that memory may be given back.
    pub(super) const fn quiet(&mut self) {
        self.is_quiet = true;
    }

    #[inline]
    pub(super) fn transmit(&mut self, now: Instant) -> &mut Outgoing {
        // With a journal nothing is sent that is not persisted.
        if self.journal.is_none() {
            self.pump(now);
        }
        if self.is_quiet && !self.out.has_remaining() {
            self.shrink();
        }
        &mut self.out
    }

    /// Gives back memory that nothing is in.
    #[cold]
    fn shrink(&mut self) {
        self.is_quiet = false;
        self.out.shrink();
        self.inbound.shrink();
        self.outbound.shrink();
        if self.queue.as_ref().is_some_and(|queue| queue.is_empty()) {
            self.queue = None;
        }
    }

    /// Before 5.0 there is nothing to be said in an answer [MQTT-3.4.2-2].
    fn sayable<'p>(
        &self,
        reason: ReasonCode,
        properties: Properties<'p>,
    ) -> (ReasonCode, Properties<'p>) {
        if self.version().is_5_0() {
            (reason, properties)
        } else {
            (ReasonCode::SUCCESS, Properties::EMPTY)
        }
    }

    /// Writes one of the four answers.
    #[inline]
    pub(super) fn answer(
        &mut self,
        now: Instant,
        packet_type: PacketType,
        packet_id: PacketId,
        reason: ReasonCode,
        properties: Properties<'_>,
    ) -> Result<(), CommandError> {
        let is_short = reason == ReasonCode::SUCCESS && properties.is_empty();
        if !is_short || self.peer.max_packet_size < 4 {
            return self.answer_at_length(now, packet_type, packet_id, reason, properties);
        }
        let [high, low] = packet_id.get().to_be_bytes();
        self.out.bytes().extend_from_slice(&[packet_type.first_byte(), 2, high, low]);
        self.last_sent = now;
        Ok(())
    }

    /// Writes an answer that may say more than success. In 5.0 words are left out where the peer has no
    /// room for them or does not want them.
    #[inline(never)]
    fn answer_at_length(
        &mut self,
        now: Instant,
        packet_type: PacketType,
        packet_id: PacketId,
        reason: ReasonCode,
        properties: Properties<'_>,
    ) -> Result<(), CommandError> {
        let (reason, properties) = self.sayable(reason, properties);
        self.write(now, properties, false, |properties, version, out| match packet_type {
            PacketType::Puback => Puback { packet_id, reason, properties }.encode(version, out),
            PacketType::Pubrec => Pubrec { packet_id, reason, properties }.encode(version, out),
            PacketType::Pubrel => Pubrel { packet_id, reason, properties }.encode(version, out),
            _ => Pubcomp { packet_id, reason, properties }.encode(version, out),
        })
    }

    /// Writes a packet with these properties, without words where the peer has no room for them, or
    /// does not want them in this packet.
    pub(super) fn write(
        &mut self,
        now: Instant,
        properties: Properties<'_>,
        may_always_explain: bool,
        encode: impl Fn(Properties<'_>, Version, &mut Vec<u8>) -> Result<(), crate::packet::EncodeError>,
    ) -> Result<(), CommandError> {
        let Peer { version, max_packet_size: maximum, wants_reasons, .. } = self.peer;
        let start = self.out.bytes().len();
        let mut attempt = |properties: Properties<'_>| {
            let out = self.out.bytes();
            encode(properties, version, out)?;
            let len = out.len().saturating_sub(start);
            if u32::try_from(len).is_ok_and(|len| len <= maximum) {
                return Ok(());
            }
            out.truncate(start);
            Err(CommandError::TooLarge { len, maximum })
        };
        let is_plain = properties.is_empty();
        let result = if is_plain || wants_reasons || may_always_explain {
            attempt(properties)
        } else {
            Err(CommandError::TooLarge { len: 0, maximum })
        };
        match result {
            Err(CommandError::TooLarge { .. }) if !is_plain => {
                // [MQTT-3.1.2-29] [MQTT-3.4.2-2] and the like
                let kept: Vec<_> = properties.iter().filter(|p| !p.is_explanation()).collect();
                attempt(Properties::from(&kept[..]))?;
            }
            other => other?,
        }
        self.last_sent = now;
        Ok(())
    }

    // Messages that are sent.

    /// Why a message can't be sent to this peer whatever is on its way.
    #[inline(always)]
    fn refusal(&self, qos: QoS, retain: bool, lens: Lens) -> Option<Dropped> {
        if qos > self.peer.maximum_qos {
            return Some(Dropped::QosNotSupported);
        }
        if retain && !self.peer.retain_available {
            return Some(Dropped::RetainNotSupported);
        }
        (!lens.fit(self.peer.max_packet_size)).then_some(Dropped::TooLarge)
    }

    #[inline(always)]
    fn form(&self, qos: QoS, retain: bool, expiry: Option<u32>) -> Form {
        // An identifier counts, whichever it will be.
        let id = if qos == QoS::AtMostOnce { None } else { Some(PacketId::MIN) };
        Form {
            delivery: delivery(qos, id, false),
            retain,
            has_properties: self.version().is_5_0(),
            alias: 0,
            is_topic_known: false,
            expiry,
        }
    }

    /// Sends a message, or keeps it until it may be sent. `keep` tells whether there is a session that
    /// keeps it without a connection.
    #[inline]
    pub(super) fn publish(
        &mut self,
        now: Instant,
        message: Message,
        keep: bool,
    ) -> Result<Published, CommandError> {
        let (qos, retain) = (message.qos(), message.retain());
        let form = self.form(qos, retain, message.message_expiry_interval());
        let lens = message.content().lens(&form);
        if self.is_online
            && let Some(why) = self.refusal(qos, retain, lens)
        {
            return Err(self.refused(why, lens));
        }
        if qos == QoS::AtMostOnce {
            if !self.is_online {
                return Err(CommandError::NotConnected);
            }
            if !self.has_room() {
                return Err(CommandError::OutgoingFull);
            }
            self.write_message(now, message.content(), message.topic_alias(), form, lens);
            return Ok(Published::Written);
        }
        let is_first =
            self.queue.as_ref().is_none_or(|queue| queue.is_empty()) || planted!(QueueOvertaken);
        if is_first
            && self.may_send()
            && let Some(packet_id) = self.outbound.next_id()
        {
            let token = self.token();
            self.note_sent(packet_id, token, &message, false);
            self.send_new(now, message, packet_id, token, form, lens);
            return Ok(Published::Sent { token, packet_id });
        }
        self.wait(now, message, keep)
    }

    #[cold]
    fn refused(&self, why: Dropped, lens: Lens) -> CommandError {
        let maximum = self.peer.max_packet_size;
        match why {
            Dropped::QosNotSupported => CommandError::QosNotSupported,
            Dropped::RetainNotSupported => CommandError::RetainNotSupported,
            _ => CommandError::TooLarge { len: lens.packet_len(), maximum },
        }
    }

    /// Keeps a message until it may be sent.
    #[inline(never)]
    fn wait(
        &mut self,
        now: Instant,
        message: Message,
        keep: bool,
    ) -> Result<Published, CommandError> {
        if !self.is_online && !keep {
            return Err(CommandError::NoSession);
        }
        if self.pending.as_ref().is_some_and(|pending| pending.len() >= MAX_UNTAKEN) {
            return Err(CommandError::QueueFull);
        }
        let (count, bytes) = self.queue.as_ref().map_or((0, 0), |q| (q.len(), q.bytes()));
        if u32::try_from(count).is_ok_and(|count| {
            count >= self.options.max_queued.saturating_add(u32::from(planted!(QueueLimitOff)))
        }) || bytes.saturating_add(message.weight()) > self.options.max_queued_bytes
        {
            return Err(CommandError::QueueFull);
        }
        let token = self.token();
        self.enqueue(Waiting { message, token, since: now });
        Ok(Published::Queued { token })
    }

    pub(super) fn enqueue(&mut self, waiting: Waiting) {
        if !planted!(JournalWithoutQueued) {
            self.note(|| Record::Queued {
                token: waiting.token,
                message: waiting.message.clone(),
                since: waiting.since,
            });
        }
        self.queue.get_or_insert_default().push(waiting);
    }

    pub(super) fn queued(&self) -> impl Iterator<Item = &Waiting> {
        self.queue.iter().flat_map(|queue| queue.iter())
    }

    /// Whether a message of QoS 1 or 2 may be sent now that was not sent before.
    #[inline(always)]
    fn may_send(&self) -> bool {
        self.is_online
            && (!self.outbound.is_resending() || planted!(NewBeforeResend))
            && (self.outbound.quota() > 0 || planted!(QuotaIgnored))
            && self.outbound.len() < usize::from(u16::MAX)
            && self.has_room()
    }

    /// Sends a message of QoS 1 or 2 for the first time, which it has been made sure is possible, with
    /// the identifier that is next.
    #[inline(always)]
    fn send_new(
        &mut self,
        now: Instant,
        message: Message,
        packet_id: PacketId,
        token: Token,
        mut form: Form,
        lens: Lens,
    ) {
        let (alias, qos, retain) = (message.topic_alias(), message.qos(), message.retain());
        let flow = if qos == QoS::ExactlyOnce { Flow::ExactlyOnce } else { Flow::AtLeastOnce };
        form.delivery = delivery(qos, Some(packet_id), planted!(DupOnFirstSend));
        self.write_message(now, message.content(), alias, form, lens);
        let content = Some(message.into_content());
        self.outbound.add(flow, Sent { content, token, codes: 0, qos, retain });
    }

    /// A message is sent for the first time.
    #[inline]
    fn note_sent(
        &mut self,
        packet_id: PacketId,
        token: Token,
        message: &Message,
        was_queued: bool,
    ) {
        self.note(|| {
            let content = Arc::clone(message.content());
            let message = Message::from_parts(content, message.qos(), message.retain());
            Record::Sent { packet_id, token, message, was_queued }
        });
    }

    /// Writes a PUBLISH that is known to fit; with a topic alias if the peer takes it.
    #[inline(always)]
    fn write_message(
        &mut self,
        now: Instant,
        content: &Arc<Content>,
        alias: u16,
        mut form: Form,
        mut lens: Lens,
    ) {
        if alias != 0 && alias <= self.peer.topic_alias_maximum && form.has_properties {
            lens = self.shorten(content, alias, &mut form, lens);
        }
        content.write_header(&form, lens, self.out.bytes());
        self.out.payload(content.payload());
        self.last_sent = now;
    }

    /// Puts a topic alias into the PUBLISH, if that does not make it too long.
    #[cold]
    fn shorten(&mut self, content: &Arc<Content>, alias: u16, form: &mut Form, lens: Lens) -> Lens {
        let aliases = self.aliases.get_or_insert_default();
        form.alias = alias;
        form.is_topic_known = aliases.is_told(alias, content);
        let with_alias = content.lens(form);
        if !with_alias.fit(self.peer.max_packet_size) {
            (form.alias, form.is_topic_known) = (0, false);
            return lens;
        }
        if !form.is_topic_known {
            aliases.tell(alias, content);
        }
        with_alias
    }

    /// Sends what may be sent: first what is to be sent again, then what waits.
    #[inline]
    pub(super) fn pump(&mut self, now: Instant) {
        if self.outbound.is_resending() || self.queue.is_some() {
            self.pump_some(now);
        }
    }

    #[inline(never)]
    fn pump_some(&mut self, now: Instant) {
        while self.is_online && self.has_room() {
            let goes_on = if self.outbound.is_resending() {
                self.send_again(now)
            } else {
                self.queue.is_some() && self.send_waiting(now)
            };
            if !goes_on {
                return;
            }
        }
    }

    fn send_again(&mut self, now: Instant) -> bool {
        let (id, sent) = match self.outbound.next_resend() {
            None => return false,
            Some(Resend::Pubrel { id }) => {
                let (reason, none) = (ReasonCode::SUCCESS, Properties::EMPTY);
                return self.answer(now, PacketType::Pubrel, id, reason, none).is_ok();
            }
            Some(Resend::Publish { id, message }) => (id, message.clone()),
        };
        let Sent { content: Some(content), token, qos, retain, .. } = sent else { return true };
        let mut form = self.form(qos, retain, content.expiry());
        // [MQTT-3.3.1-1]
        form.delivery = delivery(qos, Some(id), !planted!(NoDupOnResend));
        let lens = content.lens(&form);
        if let Some(why) = self.refusal(qos, retain, lens) {
            // [MQTT-3.1.2-25]
            let over =
                if qos == QoS::AtLeastOnce { Answer::PubackFailure } else { Answer::PubrecFailure };
            if self.outbound.answer(over, id).is_ok() {
                self.note(|| Record::Done { packet_id: id });
                self.tell(Pending::Dropped(token, why));
            }
            return true;
        }
        // [MQTT-3.3.2-7]: the alias of an old connection is forgotten.
        self.write_message(now, &content, 0, form, lens);
        true
    }

    fn send_waiting(&mut self, now: Instant) -> bool {
        let Some(queue) = &mut self.queue else { return false };
        let Some(front) = queue.front() else { return false };
        let left = match front.left(now) {
            None if planted!(ExpiredSent) => Some(front.message.message_expiry_interval()),
            left => left,
        };
        if left.is_some() && !self.may_send() {
            return false;
        }
        let Some(queue) = &mut self.queue else { return false };
        let Some(Waiting { message, token, .. }) = queue.pop() else { return false };
        let Some(expiry) = left else {
            self.note(|| Record::Unqueued);
            self.tell(Pending::Dropped(token, Dropped::Expired));
            return true;
        };
        let (qos, retain) = (message.qos(), message.retain());
        let form = self.form(qos, retain, expiry);
        let lens = message.content().lens(&form);
        if let Some(why) = self.refusal(qos, retain, lens) {
            self.note(|| Record::Unqueued);
            self.tell(Pending::Dropped(token, why));
            return true;
        }
        if let Some(packet_id) = self.outbound.next_id() {
            self.note_sent(packet_id, token, &message, true);
            self.send_new(now, message, packet_id, token, form, lens);
        }
        true
    }

    /// An answer of the peer to a message of this side.
    pub(super) fn answered<'b>(
        &mut self,
        now: Instant,
        answer: Answer,
        packet_id: PacketId,
        reason: ReasonCode,
        properties: Properties<'b>,
    ) -> Result<Option<Common<'b>>, Fault> {
        let pubrel = |exchange: &mut Self, reason| {
            let none = Properties::EMPTY;
            // A peer that takes no packet of four bytes is told nothing.
            let _ = exchange.answer(now, PacketType::Pubrel, packet_id, reason, none);
            Ok(None)
        };
        match self.outbound.answer(answer, packet_id)? {
            Answered::Done(sent) => {
                if !planted!(JournalWithoutDone) {
                    self.note(|| Record::Done { packet_id });
                }
                if planted!(DoneTwice) && reason == ReasonCode::SUCCESS {
                    self.tell(Pending::Done(sent.token));
                }
                self.pump(now);
                Ok(Some(Common::Done { token: sent.token, reason, properties }))
            }
            Answered::Refused(sent) => {
                self.note(|| Record::Done { packet_id });
                self.pump(now);
                let failure = Failure::Refused { reason, properties };
                Ok(Some(Common::Failed { token: sent.token, failure }))
            }
            Answered::Release => {
                if let Some(sent) = self.outbound.get_mut(packet_id)
                    && !planted!(PublishAfterPubrec)
                {
                    sent.content = None;
                }
                if !planted!(JournalWithoutReleased) {
                    self.note(|| Record::Released { packet_id });
                }
                pubrel(self, ReasonCode::SUCCESS)
            }
            Answered::ReleaseAgain => pubrel(self, ReasonCode::SUCCESS),
            Answered::ReleaseUnknown => pubrel(self, ReasonCode::PACKET_IDENTIFIER_NOT_FOUND),
            Answered::Unknown => {
                let packet_type = match answer {
                    Answer::Puback | Answer::PubackFailure => PacketType::Puback,
                    Answer::Pubrec | Answer::PubrecFailure => PacketType::Pubrec,
                    Answer::Pubcomp => PacketType::Pubcomp,
                    Answer::Suback => PacketType::Suback,
                    Answer::Unsuback => PacketType::Unsuback,
                };
                Ok(Some(Common::Ignored { packet_type, packet_id }))
            }
        }
    }

    // Messages that are received.

    /// A message has come.
    pub(super) fn received<'b>(
        &mut self,
        now: Instant,
        publish: Publish<'b>,
    ) -> Result<Option<Common<'b>>, Fault> {
        let (arrival, topic) = self.admit(now, &publish)?;
        Ok(match arrival {
            Arrival::Deliver => Some(Common::Message(Received::new(publish, topic))),
            Arrival::Repeated => None,
        })
    }

    /// Whether a message is to be delivered, and its topic if an alias stands for it. It is acknowledged,
    /// if that is not left to the application.
    #[inline]
    pub(super) fn admit(
        &mut self,
        now: Instant,
        publish: &Publish<'_>,
    ) -> Result<(Arrival, Option<Aliased>), Fault> {
        let topic = if publish.properties.is_empty() { None } else { self.resolve(publish)? };
        let (packet_id, flow) = match publish.delivery {
            Delivery::AtMostOnce => return Ok((Arrival::Deliver, topic)),
            Delivery::AtLeastOnce { packet_id, .. } => (packet_id, Flow::AtLeastOnce),
            Delivery::ExactlyOnce { packet_id, .. } => (packet_id, Flow::ExactlyOnce),
        };
        if self.options.manual_acknowledgement {
            return Ok((self.admit_unacknowledged(now, packet_id, flow)?, topic));
        }
        let arrival = match self.inbound.take(packet_id, flow) {
            Ok(arrival) => arrival,
            Err(error) => {
                self.refuse(now, packet_id, flow, error)?;
                return Ok((Arrival::Repeated, topic));
            }
        };
        if flow == Flow::ExactlyOnce
            && arrival == Arrival::Deliver
            && !planted!(JournalWithoutReceived)
        {
            self.note(|| Record::Received { packet_id });
        }
        let _ =
            self.answer(now, answer_to(flow), packet_id, ReasonCode::SUCCESS, Properties::EMPTY);
        Ok((arrival, topic))
    }

    /// The same for a message that is left to the application.
    #[inline(never)]
    fn admit_unacknowledged(
        &mut self,
        now: Instant,
        packet_id: PacketId,
        flow: Flow,
    ) -> Result<Arrival, Fault> {
        match self.inbound.publish(packet_id, flow) {
            Ok(arrival) => {
                self.send_answers(now, None);
                Ok(arrival)
            }
            Err(error) => {
                self.refuse(now, packet_id, flow, error)?;
                Ok(Arrival::Repeated)
            }
        }
    }

    /// Refuses a message whose identifier is in use, where the version can say so.
    #[cold]
    fn refuse(
        &mut self,
        now: Instant,
        packet_id: PacketId,
        flow: Flow,
        error: InboundError,
    ) -> Result<(), Fault> {
        if !(self.version().is_5_0() && matches!(error, InboundError::InUse(_))) {
            return Err(error.into());
        }
        let (reason, none) = (ReasonCode::PACKET_IDENTIFIER_IN_USE, Properties::EMPTY);
        let _ = self.answer(now, answer_to(flow), packet_id, reason, none);
        Ok(())
    }

    /// The topic that an alias stands for, if there is one.
    #[inline(never)]
    fn resolve(&mut self, publish: &Publish<'_>) -> Result<Option<Aliased>, Fault> {
        let Some(alias) = publish.properties.topic_alias() else { return Ok(None) };
        // [MQTT-3.3.2-9] [MQTT-3.3.2-11]
        if alias.get() > self.own_aliases {
            return Err(Fault::TopicAlias(alias.get()));
        }
        let aliases = self.aliases.get_or_insert_default();
        aliases.resolve(alias, publish.topic, self.options.max_alias_bytes)
    }

    /// The application has taken a message, or refuses it.
    pub(super) fn acknowledge(
        &mut self,
        now: Instant,
        packet_id: PacketId,
        qos: QoS,
        reason: ReasonCode,
        properties: Properties<'_>,
    ) -> Result<(), CommandError> {
        let flow = match qos {
            QoS::AtMostOnce => return Err(CommandError::Unknown),
            QoS::AtLeastOnce => Flow::AtLeastOnce,
            QoS::ExactlyOnce => Flow::ExactlyOnce,
        };
        let (reason, properties) = self.sayable(reason, properties);
        let (version, role) = (self.version(), self.role);
        let packet_type = match flow {
            Flow::AtLeastOnce => {
                Puback { packet_id, reason, properties }.encoded_len(version)?;
                PacketType::Puback
            }
            Flow::ExactlyOnce => {
                Pubrec { packet_id, reason, properties }.encoded_len(version)?;
                PacketType::Pubrec
            }
        };
        check_sender(packet_type, version, role, reason, properties)?;
        if !self.inbound.acknowledge(packet_id, flow, reason) {
            return Err(CommandError::Unknown);
        }
        if flow == Flow::ExactlyOnce && !reason.is_failure() {
            self.note(|| Record::Received { packet_id });
        }
        self.send_answers(now, Some((packet_id, properties)));
        Ok(())
    }

    /// Sends the answers whose turn it is.
    fn send_answers(&mut self, now: Instant, words: Option<(PacketId, Properties<'_>)>) {
        while let Some(answer) = self.inbound.next_answer() {
            let packet_type = answer_to(answer.flow);
            let properties = match words {
                Some((id, properties)) if id == answer.id => properties,
                _ => Properties::EMPTY,
            };
            let _ = self.answer(now, packet_type, answer.id, answer.reason, properties);
        }
    }

    /// PUBREL has come.
    #[inline]
    pub(super) fn released(&mut self, now: Instant, packet_id: PacketId) -> Result<(), Fault> {
        let reason = if self.inbound.pubrel(packet_id)? {
            if !planted!(JournalWithoutCompleted) {
                self.note(|| Record::Completed { packet_id });
            }
            ReasonCode::SUCCESS
        } else {
            if planted!(NoPubcompForUnknown) {
                return Ok(());
            }
            ReasonCode::PACKET_IDENTIFIER_NOT_FOUND
        };
        let _ = self.answer(now, PacketType::Pubcomp, packet_id, reason, Properties::EMPTY);
        Ok(())
    }

    // Connections and sessions.

    /// There is a new transport.
    pub(super) fn opened(&mut self, now: Instant) {
        self.out.clear();
        // What was said of the old transport is not to be taken for the new one.
        if let Some(pending) = &mut self.pending {
            pending.retain(|pending| !matches!(pending, Pending::Close(_)));
        }
        (self.skip, self.is_online, self.is_quiet) = (0, false, false);
        (self.last_sent, self.last_received) = (now, now);
    }

    /// The connection is accepted.
    pub(super) fn connected(&mut self, now: Instant, peer: Peer) {
        self.peer = peer;
        self.is_online = true;
        self.outbound.connected(peer.receive_maximum.min(self.options.max_in_flight).max(1));
        self.quiet();
        self.pump(now);
    }

    /// The connection is at its end. What is to be written before it is closed stays.
    pub(super) fn disconnected(&mut self) {
        (self.is_online, self.skip) = (false, 0);
        if !planted!(AliasesKeptOnReconnect) {
            self.aliases = None;
        }
        let Self { outbound, pending, .. } = self;
        outbound.disconnected(|_, sent| {
            pending.get_or_insert_default().push_back(Pending::Lost(sent.token));
        });
        self.inbound.disconnected();
        if planted!(WritesAfterClose) {
            self.out.bytes().extend([0xc0, 0]);
        }
    }

    /// The session is at its end: what was on its way is told.
    pub(super) fn end_session(&mut self, drop_waiting: bool) {
        let Self { outbound, pending, .. } = self;
        outbound.clear(|_, awaited, sent| {
            // What was released is the peer's.
            let over = match awaited {
                Awaited::Pubcomp => Pending::Done(sent.token),
                _ => Pending::Lost(sent.token),
            };
            if planted!(LostNotTold) && awaited != Awaited::Pubcomp {
                return;
            }
            pending.get_or_insert_default().push_back(over);
        });
        self.inbound.clear();
        if drop_waiting && let Some(mut queue) = self.queue.take() {
            while let Some(waiting) = queue.pop() {
                self.tell(Pending::Lost(waiting.token));
            }
        }
        self.note(|| Record::Cleared { waiting: drop_waiting });
    }
}

/// So many records, or things to be told, wait to be taken before nothing more is done that adds some.
const MAX_UNTAKEN: usize = 65_536;

/// What a PUBLISH is answered by.
#[inline]
const fn answer_to(flow: Flow) -> PacketType {
    match flow {
        Flow::AtLeastOnce => PacketType::Puback,
        Flow::ExactlyOnce => PacketType::Pubrec,
    }
}

#[cold]
#[inline(never)]
fn write_down(journal: &mut Records, record: impl FnOnce() -> Record) {
    journal.push(record());
}

impl From<WrongAnswer> for CommandError {
    fn from(_: WrongAnswer) -> Self {
        Self::Unknown
    }
}
