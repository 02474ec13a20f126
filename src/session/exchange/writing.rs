//! What is written, and what it may say.

use super::{Exchange, MAX_UNTAKEN, Peer};
use crate::{
    packet::{
        Disconnect, EncodeError, PacketType, Properties, Puback, Pubcomp, Pubrec, Pubrel, short_ack,
    },
    session::{fault::CommandError, outgoing::Outgoing},
    time::Instant,
    types::{PacketId, ReasonCode, Version},
};
use alloc::vec::Vec;
use bytes::Buf;

impl Exchange {
    /// Whether something more may be put among what is to be written, or recorded.
    #[inline(always)]
    pub(in crate::session) fn has_room(&self) -> bool {
        self.out.remaining() < self.options.max_outgoing
            && self.journal.as_ref().is_none_or(|journal| journal.len() < MAX_UNTAKEN)
    }

    /// How many bytes are to be written.
    pub(in crate::session) fn unwritten(&self) -> u32 {
        u32::try_from(self.out.remaining()).unwrap_or(u32::MAX)
    }

    /// Nothing but what keeps the connection is going on, so that memory may be given back.
    pub(in crate::session) const fn quiet(&mut self) {
        self.is_quiet = true;
    }

    #[inline]
    pub(in crate::session) fn transmit(&mut self, now: Instant) -> &mut Outgoing {
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
    pub(super) fn sayable<'p>(
        &self,
        reason: ReasonCode,
        properties: Properties<'p>,
    ) -> (ReasonCode, Properties<'p>) {
        if self.peer.has_reasons {
            (reason, properties)
        } else {
            (ReasonCode::SUCCESS, Properties::EMPTY)
        }
    }

    /// Writes one of the four answers.
    #[inline]
    pub(in crate::session) fn answer(
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
        self.out.bytes().extend_from_slice(&short_ack(packet_type, packet_id));
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

    /// Writes a DISCONNECT.
    pub(in crate::session) fn write_disconnect(
        &mut self,
        now: Instant,
        disconnect: &Disconnect<'_>,
    ) -> Result<(), CommandError> {
        let Disconnect { reason, properties } = *disconnect;
        self.write(now, properties, true, |properties, version, out| {
            Disconnect { reason, properties }.encode(version, out)
        })
    }

    /// Tells the peer why the connection is closed, where the version can say so.
    pub(in crate::session) fn tell_peer(&mut self, now: Instant, reason: ReasonCode) {
        if self.peer.has_reasons {
            // A peer that takes no packet of this size is told nothing.
            let _ = self.write_disconnect(now, &Disconnect { reason, ..Disconnect::new() });
        }
    }

    /// Writes a packet with these properties, without words where the peer has no room for them, or
    /// does not want them in this packet.
    pub(in crate::session) fn write(
        &mut self,
        now: Instant,
        properties: Properties<'_>,
        may_always_explain: bool,
        encode: impl Fn(Properties<'_>, Version, &mut Vec<u8>) -> Result<(), EncodeError>,
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
}
