//! What is taken off the front of what has come.

use super::{
    Answer, Awaited,
    action::{Common, Token},
    exchange::Exchange,
    fault::Fault,
    journal::Record,
};
use crate::{
    packet::{
        DecodeError, ErrorKind, Header, Judge, Judgement, Oversize, Packet, PacketType, Properties,
        Publish, Skipped, Split, StreamItem, What, check_incomplete, checkpoint, next_checkpoint,
        read_item, read_short, split,
    },
    time::Instant,
    types::{PacketId, ReasonCode, Version},
    wire::HAS_ROOM,
};

/// What is known of the packet at the front of what comes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Front(u32);

impl Front {
    pub(super) const UNKNOWN: Self = Self(0);

    /// Above every length of a packet.
    const NEEDED: u32 = 1 << 31;

    /// It is skipped, and so many bytes of it are still to come.
    fn skip(left: usize) -> Self {
        Self(u32::try_from(left).unwrap_or(u32::MAX) & !Self::NEEDED)
    }

    /// Nothing can be said of it before so many bytes of it are there.
    fn need(len: usize) -> Self {
        Self(u32::try_from(len).unwrap_or(u32::MAX) | Self::NEEDED)
    }

    fn needed(self) -> Option<usize> {
        let len = self.0 & !Self::NEEDED;
        (len != self.0).then(|| usize::try_from(len).unwrap_or(usize::MAX))
    }

    fn left(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// A part of a packet that is shorter is looked at each time.
const LONG: usize = 256;

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
        now: Instant,
        input: &mut &'b [u8],
    ) -> Result<Option<Item<'b>>, DecodeError> {
        if self.front != Front::UNKNOWN && !self.go_on(now, input) {
            return Ok(None);
        }
        if input.len() >= LONG
            && let Ok(Split::NeedMore(missing)) = split(input, self.decode)
        {
            return self.look_at_part(input, missing).map(|()| None);
        }
        match Packet::read(input, self.decode) {
            Ok(packet) => Ok(packet.map(Item::Packet)),
            Err(error)
                if error.kind() == ErrorKind::PacketTooLarge
                    && error.packet_type() == Some(PacketType::Publish)
                    && self.options.oversize == Oversize::Skip
                    && !self.is_limit_told =>
            {
                self.skip_large(now, input, error)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether there is something to be read, after what has been said of the packet at the front.
    #[cold]
    fn go_on(&mut self, now: Instant, input: &mut &[u8]) -> bool {
        if let Some(needed) = self.front.needed() {
            if input.len() < needed {
                return false;
            }
            self.front = Front::UNKNOWN;
        } else {
            self.pass(now, input);
        }
        true
    }

    /// Takes off what is still to come of a packet that is skipped.
    fn pass(&mut self, now: Instant, input: &mut &[u8]) {
        let left = self.front.left();
        let skip = left.min(input.len());
        *input = input.get(skip..).unwrap_or_default();
        self.front = Front::skip(left.saturating_sub(skip));
        if self.front == Front::UNKNOWN {
            self.last_received = now;
        }
    }

    /// Refuses the part of a long packet that is there if nothing can make it valid any more. It is looked
    /// at again when there is so much more that the work stays linear, however the packet is cut.
    #[cold]
    fn look_at_part(&mut self, input: &[u8], missing: usize) -> Result<(), DecodeError> {
        let due = checkpoint(input.len());
        check_incomplete(input.get(..due).unwrap_or_default(), &self.decode)?;
        let whole = input.len().saturating_add(missing);
        self.front = Front::need(next_checkpoint(due).min(whole));
        Ok(())
    }

    #[cold]
    fn skip_large<'b>(
        &mut self,
        now: Instant,
        input: &mut &'b [u8],
        too_large: DecodeError,
    ) -> Result<Option<Item<'b>>, DecodeError> {
        let judge = Judge { options: self.decode, stream_up_to: 0, oversize: Oversize::Skip };
        let (header, len) = match judge.judge(input)? {
            Judgement::Skip { header, len } => (header, len),
            Judgement::NeedMore(count) => {
                // Until then nothing more can be said of it.
                self.front = Front::need(input.len().saturating_add(count));
                return Ok(None);
            }
            // Its topic alone is too large, so that its identifier can't be learnt.
            _ => return Err(too_large),
        };
        let start = input.get(..len).unwrap_or_default();
        let options = self.decode.with_max_packet_size(u32::MAX);
        let StreamItem::Skipped(skipped) = read_item(What::Skipped(header), start, &options)?
        else {
            return Err(too_large);
        };
        if is_alias_unread(&header, &skipped, start.len()) && self.peer.has_reasons {
            self.forget_heard();
        }
        self.front = Front::skip(usize::try_from(skipped.packet_len).unwrap_or(usize::MAX));
        self.pass(now, input);
        Ok(Some(Item::Skipped(skipped)))
    }

    /// Takes an acknowledgement off the front that says success and is what is waited for, as most are.
    /// Like [`Self::plain_publish`] for connections that are accepted; what it leaves is for
    /// [`Self::next_item`].
    #[inline(always)]
    pub(super) fn plain_answer(&mut self, now: Instant, input: &mut &[u8]) -> Option<Plain> {
        if self.front != Front::UNKNOWN || self.decode.max_packet_size < 4 {
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
        Some(token.map_or(Plain::Taken, Plain::Done))
    }

    /// Takes a message off the front, if nothing about it is unusual.
    #[inline(always)]
    pub(super) fn plain_publish<'b, const IS_5_0: bool>(
        &mut self,
        now: Instant,
        input: &mut &'b [u8],
    ) -> Option<Publish<'b>> {
        if !HAS_ROOM || self.front != Front::UNKNOWN {
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

/// Whether a PUBLISH of 5.0 that is skipped, of which so many bytes are there, has a topic for which there
/// may be an alias among properties that are not.
fn is_alias_unread(header: &Header, skipped: &Skipped<'_>, len: usize) -> bool {
    let Some(topic) = skipped.topic else { return false };
    let id_len = if header.has_packet_id() { 2_usize } else { 0 };
    let address = topic.as_bytes().len().saturating_add(id_len).saturating_add(2);
    len <= header.header_len().saturating_add(address)
}
