//! Messages that are sent, and their answers.

use super::{Exchange, MAX_UNTAKEN, Pending, Sent};
use crate::{
    packet::{PacketType, Properties},
    session::{
        Answer, Answered, Flow, Resend,
        action::{Common, Failure, Published, Token},
        fault::{CommandError, Dropped, Fault},
        form::Form,
        journal::Record,
        message::{Content, Lens, Message},
        queue::Waiting,
    },
    time::{Instant, Seconds},
    types::{PacketId, QoS, ReasonCode},
};
use alloc::sync::Arc;
#[cfg(feature = "broker")]
use alloc::vec::Vec;

/// A message that is sent for the first time, beside its content.
#[derive(Clone, Copy)]
struct New {
    packet_id: PacketId,
    token: Token,
    /// Since when the Message Expiry Interval runs, if there is one.
    since: Seconds,
    qos: QoS,
    retain: bool,
}

/// Nothing of interest without a Message Expiry Interval.
#[inline(always)]
fn runs_since(content: &Content, since: Instant) -> Seconds {
    if content.expiry().is_some() { Seconds::of(since) } else { Seconds::default() }
}

impl Exchange {
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
        Form::new(qos, retain, self.peer.has_reasons, expiry)
    }

    /// Sends a message, or keeps it until it may be sent. `keep` tells whether there is a session that
    /// keeps it without a connection.
    #[inline]
    pub(in crate::session) fn publish(
        &mut self,
        now: Instant,
        message: Message,
        keep: bool,
    ) -> Result<Published, CommandError> {
        // Apart, since a message that is handed on in one piece is laid into memory for it.
        let (content, alias, qos, retain) = message.into_parts();
        let form = self.form(qos, retain, content.expiry());
        let lens = content.lens(form);
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
            self.write_message(now, &content, alias, form, lens);
            return Ok(Published::Written);
        }
        let is_first =
            self.queue.as_ref().is_none_or(|queue| queue.is_empty()) || planted!(QueueOvertaken);
        if is_first
            && self.may_send()
            && let Some(packet_id) = self.outbound.next_id()
        {
            let token = self.token();
            let new = New { packet_id, token, since: runs_since(&content, now), qos, retain };
            self.note_sent(new, &content, false);
            self.send_new(now, new, content, alias, form, lens);
            return Ok(Published::Sent { token, packet_id });
        }
        self.wait(now, Message::from_parts(content, alias, qos, retain), keep)
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

    pub(in crate::session) fn enqueue(&mut self, waiting: Waiting) {
        if !planted!(JournalWithoutQueued) {
            self.note(|| Record::Queued {
                token: waiting.token,
                message: waiting.message.clone(),
                since: waiting.since,
            });
        }
        self.queue.get_or_insert_default().push(waiting);
    }

    /// How many messages wait.
    pub(in crate::session) fn waiting(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.len())
    }

    pub(in crate::session) fn queued(&self) -> impl Iterator<Item = &Waiting> {
        self.queue.iter().flat_map(|queue| queue.iter())
    }

    /// Takes out those that wait and are not to be sent any more.
    #[cfg(feature = "broker")]
    pub(in crate::session) fn keep_queued(&mut self, mut keep: impl FnMut(&Message) -> bool) {
        let is_kept: Vec<_> = self.queued().map(|waiting| keep(&waiting.message)).collect();
        if is_kept.iter().all(|is_kept| *is_kept) {
            return;
        }
        let mut queue = self.queue.take();
        // In the journal, who waits is taken out at the front alone.
        for is_kept in &is_kept {
            let waiting = queue.as_mut().and_then(|queue| queue.pop());
            self.note(|| Record::Unqueued);
            if let Some(waiting) = waiting.filter(|_| *is_kept) {
                self.enqueue(waiting);
            }
        }
    }

    /// Whether a message of QoS 1 or 2 may be sent now that was not sent before.
    #[inline(always)]
    fn may_send(&self) -> bool {
        self.is_online
            && (!self.outbound.is_resending() || planted!(NewBeforeResend))
            && (self.outbound.quota() > 0 || planted!(QuotaIgnored))
            && !self.outbound.is_full()
            && self.has_room()
    }

    /// Sends a message of QoS 1 or 2 for the first time, which it has been made sure is possible, with
    /// the identifier that is next.
    #[inline(always)]
    fn send_new(
        &mut self,
        now: Instant,
        new: New,
        content: Arc<Content>,
        alias: u16,
        form: Form,
        lens: Lens,
    ) {
        let New { packet_id, token, since, qos, retain } = new;
        let flow = Flow::of(qos).unwrap_or(Flow::AtLeastOnce);
        let form = form.sent_as(packet_id, planted!(DupOnFirstSend));
        self.write_message(now, &content, alias, form, lens);
        self.outbound.add(
            flow,
            Sent { content: Some(content), token: Some(token), codes: 0, since, qos, retain },
        );
    }

    /// A message is sent for the first time.
    #[inline(always)]
    fn note_sent(&mut self, new: New, content: &Arc<Content>, was_queued: bool) {
        let New { packet_id, token, since, qos, retain } = new;
        self.note(|| {
            let message = Message::from_parts(Arc::clone(content), 0, qos, retain);
            let since = content.expiry().map(|_| since.begin());
            Record::Sent { packet_id, token, message, since, was_queued }
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
            (form.is_topic_known, form.alias, lens) =
                self.shorten(Arc::clone(content), alias, form.packet_id, form.expiry, lens);
        }
        content.write_header(form, lens, self.out.bytes());
        self.out.payload(content.payload());
        self.last_sent = now;
    }

    /// Puts a topic alias into the PUBLISH, if that does not make it too long.
    // Given what it needs one by one, which then never has to be in memory.
    #[cold]
    fn shorten(
        &mut self,
        content: Arc<Content>,
        alias: u16,
        packet_id: Option<PacketId>,
        expiry: Option<u32>,
        lens: Lens,
    ) -> (bool, u16, Lens) {
        let aliases = self.aliases.get_or_insert_default();
        let is_topic_known = aliases.is_told(alias, &content);
        let with_alias = content.lens(Form {
            alias,
            is_topic_known,
            packet_id,
            expiry,
            first_byte: 0,
            has_properties: true,
        });
        if !with_alias.fit(self.peer.max_packet_size) {
            return (false, 0, lens);
        }
        if !is_topic_known {
            aliases.tell(alias, &content);
        }
        (is_topic_known, alias, with_alias)
    }

    /// Sends what may be sent: first what is to be sent again, then what waits.
    #[inline]
    pub(in crate::session) fn pump(&mut self, now: Instant) {
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
        let Sent { content: Some(content), token, since, qos, retain, .. } = sent else {
            return true;
        };
        // [MQTT-3.3.2-6]; as its sending has begun, there is always something left.
        let left = |interval: u32| match since.passed(now) {
            _ if planted!(ExpiryWholeAgain) => interval,
            waited => interval.saturating_sub(waited).max(interval.min(1)),
        };
        let form = self.form(qos, retain, content.expiry().map(left));
        // [MQTT-3.3.1-1]
        let form = form.sent_as(id, !planted!(NoDupOnResend));
        let lens = content.lens(form);
        if let Some(why) = self.refusal(qos, retain, lens) {
            return self.drop_sent(now, id, qos, token, why);
        }
        // [MQTT-3.3.2-7]: the alias of an old connection is forgotten.
        self.write_message(now, &content, 0, form, lens);
        true
    }

    /// Gives up a message that was sent on an older connection, and is not to be sent on this one
    /// [MQTT-3.1.2-25]. As a peer may have one of QoS 2 that it has not acknowledged, and would take another
    /// with its identifier for a repetition, it goes on as if PUBREC had come.
    #[cold]
    fn drop_sent(
        &mut self,
        now: Instant,
        id: PacketId,
        qos: QoS,
        token: Option<Token>,
        why: Dropped,
    ) -> bool {
        if let Some(token) = token {
            self.tell(Pending::Dropped(token, why));
        }
        if qos == QoS::AtLeastOnce || planted!(DroppedIdentifierFree) {
            let over =
                if qos == QoS::AtLeastOnce { Answer::PubackFailure } else { Answer::PubrecFailure };
            if self.outbound.answer(over, id).is_ok() {
                self.note(|| Record::Done { packet_id: id });
            }
            return true;
        }
        if let Some(sent) = self.outbound.hand_over(id) {
            (sent.content, sent.token) = (None, None);
            self.note(|| Record::Dropped { packet_id: id });
        }
        let (reason, none) = (ReasonCode::SUCCESS, Properties::EMPTY);
        self.answer(now, PacketType::Pubrel, id, reason, none).is_ok()
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
        let Some(Waiting { message, token, since }) = queue.pop() else { return false };
        let Some(expiry) = left else {
            self.note(|| Record::Unqueued);
            self.tell(Pending::Dropped(token, Dropped::Expired));
            return true;
        };
        let (content, alias, qos, retain) = message.into_parts();
        let form = self.form(qos, retain, expiry);
        let lens = content.lens(form);
        if let Some(why) = self.refusal(qos, retain, lens) {
            self.note(|| Record::Unqueued);
            self.tell(Pending::Dropped(token, why));
            return true;
        }
        if let Some(packet_id) = self.outbound.next_id() {
            let since = runs_since(&content, since);
            let new = New { packet_id, token, since, qos, retain };
            self.note_sent(new, &content, true);
            self.send_new(now, new, content, alias, form, lens);
        }
        true
    }

    /// An answer of the peer to a message of this side.
    pub(in crate::session) fn answered<'b>(
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
                    sent.token.into_iter().for_each(|token| self.tell(Pending::Done(token)));
                }
                self.pump(now);
                Ok(sent.token.map(|token| Common::Done { token, reason, properties }))
            }
            Answered::Refused(sent) => {
                self.note(|| Record::Done { packet_id });
                self.pump(now);
                let failure = Failure::Refused { reason, properties };
                Ok(sent.token.map(|token| Common::Failed { token, failure }))
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
}
