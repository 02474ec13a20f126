//! What is taken off the front of what has come.

use super::{
    Answer, Awaited, Flow,
    action::{Common, Token},
    exchange::Exchange,
    fault::Fault,
    journal::Record,
};
use crate::{
    packet::{
        DecodeError, ErrorKind, Judge, Judgement, Oversize, Packet, PacketType, Properties,
        Publish, Skipped, StreamItem, What, read_item, read_short,
    },
    time::Instant,
    types::{PacketId, ReasonCode, Version},
    wire::HAS_ROOM,
};

/// A packet, or what is known of one that is too large.
pub(super) enum Item<'b> {
    Packet(Packet<'b>),
    Skipped(Skipped<'b>),
}

/// What follows from an acknowledgement that is as it should be.
pub(super) enum Plain {
    /// Nothing to be told.
    Taken,
    /// The message has arrived.
    Done(Token),
}

impl Exchange {
    /// The next one; `None` if more bytes are needed.
    #[inline]
    pub(super) fn next_item<'b>(
        &mut self,
        input: &mut &'b [u8],
    ) -> Result<Option<Item<'b>>, DecodeError> {
        if self.skip > 0 {
            self.pass(input);
        }
        match Packet::read(input, self.decode) {
            Ok(packet) => Ok(packet.map(Item::Packet)),
            Err(error)
                if error.kind() == ErrorKind::PacketTooLarge
                    && error.packet_type() == Some(PacketType::Publish)
                    && self.options.oversize == Oversize::Skip
                    && !self.is_limit_told =>
            {
                self.skip_large(input, error)
            }
            Err(error) => Err(error),
        }
    }

    /// Takes off what is still to come of a packet that is skipped.
    fn pass(&mut self, input: &mut &[u8]) {
        let skip = usize::try_from(self.skip).unwrap_or(usize::MAX).min(input.len());
        *input = input.get(skip..).unwrap_or_default();
        self.skip = self.skip.saturating_sub(u32::try_from(skip).unwrap_or(u32::MAX));
    }

    #[cold]
    fn skip_large<'b>(
        &mut self,
        input: &mut &'b [u8],
        too_large: DecodeError,
    ) -> Result<Option<Item<'b>>, DecodeError> {
        let judge = Judge { options: self.decode, stream_up_to: 0, oversize: Oversize::Skip };
        let (header, len) = match judge.judge(input)? {
            Judgement::Skip { header, len } => (header, len),
            Judgement::NeedMore(_) => return Ok(None),
            // Its topic alone is too large, so that its identifier can't be learnt.
            _ => return Err(too_large),
        };
        let start = input.get(..len).unwrap_or_default();
        let options = self.decode.with_max_packet_size(u32::MAX);
        let StreamItem::Skipped(skipped) = read_item(What::Skipped(header), start, &options)?
        else {
            return Err(too_large);
        };
        self.skip = skipped.packet_len;
        self.pass(input);
        Ok(Some(Item::Skipped(skipped)))
    }

    /// Acknowledges a message that is skipped, so that it does not come again.
    pub(super) fn skipped(&mut self, now: Instant, skipped: &Skipped<'_>) -> Result<(), Fault> {
        let Some(packet_id) = skipped.packet_id else { return Ok(()) };
        let Some(flow) = skipped.qos.and_then(Flow::of) else { return Ok(()) };
        let is_told = self.peer.has_reasons;
        // A refusal leaves nothing to be remembered.
        if flow == Flow::ExactlyOnce && !is_told {
            self.inbound.take(packet_id, flow)?;
            self.note(|| Record::Received { packet_id });
        }
        let (reason, none) = (ReasonCode::QUOTA_EXCEEDED, Properties::EMPTY);
        let _ = self.answer(now, flow.answer(), packet_id, reason, none);
        Ok(())
    }

    /// Takes an acknowledgement off the front that says success and is what is waited for, as most are.
    /// Like [`Self::plain_publish`] for connections that are accepted; what it leaves is for
    /// [`Self::next_item`].
    #[inline(always)]
    pub(super) fn plain_answer(&mut self, now: Instant, input: &mut &[u8]) -> Option<Plain> {
        if self.skip > 0 || self.decode.max_packet_size < 4 {
            return None;
        }
        let (packet_type, packet_id, after) = read_short(input)?;
        let plain = match packet_type {
            PacketType::Puback => self.ended(now, packet_id, Awaited::Puback)?,
            PacketType::Pubcomp => self.ended(now, packet_id, Awaited::Pubcomp)?,
            PacketType::Pubrec => {
                self.outbound.hand_over(packet_id)?.content = None;
                self.note(|| Record::Released { packet_id });
                let (reason, none) = (ReasonCode::SUCCESS, Properties::EMPTY);
                // A peer that takes no packet of four bytes is told nothing.
                let _ = self.answer(now, PacketType::Pubrel, packet_id, reason, none);
                Plain::Taken
            }
            _ => {
                self.released(now, packet_id).ok()?;
                Plain::Taken
            }
        };
        (*input, self.last_received) = (after, now);
        Some(plain)
    }

    /// The message has arrived, if it waited for this.
    #[inline(always)]
    fn ended(&mut self, now: Instant, packet_id: PacketId, awaited: Awaited) -> Option<Plain> {
        let token = self.outbound.end(packet_id, awaited, |sent| sent.token)?;
        self.note(|| Record::Done { packet_id });
        self.pump(now);
        Some(Plain::Done(token))
    }

    /// Takes a message off the front, if nothing about it is unusual.
    #[inline(always)]
    pub(super) fn plain_publish<'b, const IS_5_0: bool>(
        &mut self,
        now: Instant,
        input: &mut &'b [u8],
    ) -> Option<Publish<'b>> {
        if !HAS_ROOM || self.skip > 0 {
            return None;
        }
        let version = if IS_5_0 { Version::NEWEST } else { Version::DEFAULT };
        let (publish, after) = Publish::read_front(input, version, &self.decode)?;
        (*input, self.last_received) = (after, now);
        Some(publish)
    }

    /// What both roles do with messages and their answers; anything else may not come.
    pub(super) fn handle_flow<'b>(
        &mut self,
        now: Instant,
        packet: Packet<'b>,
    ) -> Result<Option<Common<'b>>, Fault> {
        let mut answered = |answer: [Answer; 2], id: PacketId, reason: ReasonCode, properties| {
            let [taken, refused] = answer;
            let answer = if reason.is_failure() { refused } else { taken };
            self.answered(now, answer, id, reason, properties)
        };
        match packet {
            Packet::Publish(publish) => Ok(self.received(now, publish)?.map(Common::Message)),
            Packet::Puback(p) => answered(
                [Answer::Puback, Answer::PubackFailure],
                p.packet_id,
                p.reason,
                p.properties,
            ),
            Packet::Pubrec(p) => answered(
                [Answer::Pubrec, Answer::PubrecFailure],
                p.packet_id,
                p.reason,
                p.properties,
            ),
            Packet::Pubcomp(p) => {
                answered([Answer::Pubcomp; 2], p.packet_id, p.reason, p.properties)
            }
            Packet::Pubrel(pubrel) => {
                self.released(now, pubrel.packet_id)?;
                Ok(None)
            }
            other => Err(Fault::Unexpected(other.packet_type())),
        }
    }
}
