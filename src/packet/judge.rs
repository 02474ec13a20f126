//! What to do with a packet of which only the first bytes may have arrived: take it, stream it, skip
//! it, or wait.

use super::{
    DecodeError, DecodeOptions, ErrorKind, Oversize, PacketType, Publish,
    frame::{self, Header, Start},
    watch::Partial,
};
use crate::wire::varint::{self, Varint};

/// The verdict on the packet at the front.
pub(crate) enum Judgement {
    /// It is whole.
    Packet { header: Header, len: usize },
    /// It is to be streamed; its header, `len` bytes, is there.
    Stream { header: Header, len: usize },
    /// It is to be skipped; what is to be learnt of it, `len` bytes, is there.
    Skip { header: Header, len: usize },
    /// It is to be skipped, and its topic is too long to be held.
    SkipTopic { header: Header, topic: usize },
    /// It has so many bytes, of which the last have not arrived.
    Gather { len: usize },
    /// At least so many more bytes are needed to tell.
    NeedMore(usize),
}

/// By which rules packets are judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge {
    pub(crate) options: DecodeOptions,
    pub(crate) stream_up_to: u32,
    pub(crate) oversize: Oversize,
}

impl Judge {
    /// The options by which a packet is looked at whose size has been judged already.
    const fn unlimited(&self) -> DecodeOptions {
        self.options.with_max_packet_size(u32::MAX)
    }

    /// What to do with a packet that begins with these bytes.
    pub(crate) fn judge(&self, bytes: &[u8]) -> Result<Judgement, DecodeError> {
        let error = match frame::header(bytes, &self.options, &mut ()) {
            Ok(Start::Partial) => return Ok(Judgement::NeedMore(1)),
            Ok(Start::Header(header)) => {
                return Ok(match header.body(bytes) {
                    (body, 0) => {
                        let len = header.header_len().saturating_add(body.len());
                        Judgement::Packet { header, len }
                    }
                    (body, missing) => {
                        let held = header.header_len().saturating_add(body.len());
                        Judgement::Gather { len: held.saturating_add(missing) }
                    }
                });
            }
            Err(error) => error,
        };
        let may_stream = error.packet_type == Some(PacketType::Publish)
            && self.stream_up_to > self.options.max_packet_size;
        let is_fatal = self.oversize == Oversize::Fail && !may_stream;
        if error.kind != ErrorKind::PacketTooLarge || is_fatal {
            return Err(error);
        }
        let up_to = if self.oversize == Oversize::Fail { self.stream_up_to } else { u32::MAX };
        match frame::header(bytes, &self.options.with_max_packet_size(up_to), &mut ()) {
            Ok(Start::Header(header)) => self.judge_large(&header, bytes, error),
            Ok(Start::Partial) => Ok(Judgement::NeedMore(1)),
            Err(other) if other.kind == ErrorKind::PacketTooLarge => Err(error),
            Err(other) => Err(other),
        }
    }

    /// What to do with a packet that is over the limit.
    fn judge_large(
        &self,
        header: &Header,
        bytes: &[u8],
        too_large: DecodeError,
    ) -> Result<Judgement, DecodeError> {
        let is_publish = header.packet_type == PacketType::Publish;
        let is_streamed = is_publish && header.packet_len() <= self.stream_up_to;
        if !is_streamed && self.oversize == Oversize::Fail {
            return Err(too_large);
        }
        let (body, _) = header.body(bytes);
        let id_len = if header.has_packet_id() { 2_usize } else { 0 };
        let topic_len = match *body {
            _ if !is_publish => 0,
            [high, low, ..] => usize::from(u16::from_be_bytes([high, low])).saturating_add(2),
            [] => return Ok(Judgement::NeedMore(2)),
            [_] => return Ok(Judgement::NeedMore(1)),
        };
        let len = header.header_len().saturating_add(topic_len).saturating_add(id_len);
        if is_publish && u32::try_from(len).is_ok_and(|len| len > header.packet_len()) {
            // The topic runs out of the packet, which reading it says.
            read_publish_start(header, bytes, &self.options)?;
        }
        if !self.holds(len) {
            if self.oversize == Oversize::Fail {
                return Err(too_large);
            }
            return Ok(Judgement::SkipTopic {
                header: *header,
                topic: topic_len.saturating_sub(2),
            });
        }
        match (bytes.len().checked_sub(len), is_publish) {
            (Some(_), false) => Ok(Judgement::Skip { header: *header, len }),
            (Some(_), true) => self.judge_properties(header, bytes, len, too_large),
            (None, _) => Ok(Judgement::NeedMore(len.saturating_sub(bytes.len()))),
        }
    }

    /// What to do with a PUBLISH that is over the limit and of which `len` bytes before the
    /// properties are there.
    fn judge_properties(
        &self,
        header: &Header,
        bytes: &[u8],
        len: usize,
        too_large: DecodeError,
    ) -> Result<Judgement, DecodeError> {
        let is_streamed = header.packet_len() <= self.stream_up_to;
        // What is wrong with topic and packet identifier comes before what is too large.
        let Some(properties) = read_address(header, bytes, &self.options)? else {
            if header.body(bytes).1 == 0 {
                // The packet ends within the length, which reading it says.
                read_publish_start(header, bytes, &self.options)?;
            }
            return Ok(Judgement::NeedMore(1));
        };
        let whole = len.saturating_add(properties);
        if u32::try_from(whole).map_or(true, |whole| whole > header.packet_len()) {
            // The properties run out of the packet, which reading them says.
            read_publish_start(header, bytes, &self.options)?;
        }
        if !self.holds(whole) {
            return match self.oversize {
                Oversize::Fail => Err(too_large),
                Oversize::Skip => Ok(Judgement::Skip { header: *header, len }),
            };
        }
        Ok(match whole.saturating_sub(bytes.len()) {
            0 if is_streamed => Judgement::Stream { header: *header, len: whole },
            0 => Judgement::Skip { header: *header, len: whole },
            missing => Judgement::NeedMore(missing),
        })
    }

    /// Whether so many bytes may be held.
    fn holds(&self, len: usize) -> bool {
        u32::try_from(len).is_ok_and(|len| len <= self.options.max_packet_size)
    }

    /// Refuses the first bytes of a packet if nothing can make them valid any more.
    pub(crate) fn check_partial(&self, bytes: &[u8]) -> Result<(), DecodeError> {
        super::check_incomplete(bytes, &self.unlimited())
    }
}

/// Reads topic and packet identifier of a PUBLISH of which the rest has not arrived. The number of
/// bytes of the properties that follow, with their length; `None` before that is there. A length of
/// more than four bytes leads out of every packet.
fn read_address(
    header: &Header,
    bytes: &[u8],
    options: &DecodeOptions,
) -> Result<Option<usize>, DecodeError> {
    let (body, missing) = header.body(bytes);
    let mut watch = Partial::new(missing);
    let mut fields = header.frame(body).fields(options, &mut watch);
    Publish::decode_address(header.first, &mut fields, true)?;
    if !fields.has_properties() {
        return Ok(Some(0));
    }
    Ok(match varint::decode(fields.rest()) {
        Varint::Whole { value, len, .. } => {
            Some(usize::try_from(value).unwrap_or(usize::MAX).saturating_add(usize::from(len)))
        }
        Varint::Partial { .. } => None,
        Varint::TooLong { .. } => Some(usize::MAX),
    })
}

/// A PUBLISH of which the payload has not arrived, and how long that is.
pub(crate) fn read_publish_start<'a>(
    header: &Header,
    bytes: &'a [u8],
    options: &DecodeOptions,
) -> Result<(Publish<'a>, usize), DecodeError> {
    let (body, missing) = header.body(bytes);
    let mut watch = Partial::new(missing);
    let mut fields = header.frame(body).fields(options, &mut watch);
    let publish = Publish::decode_start(header.first, &mut fields)?;
    Ok((publish, fields.left()))
}

/// How much of so many held bytes is looked at before the packet is whole: all of the first 256,
/// later an eighth of the size at a time. The same for all ways of cutting the stream, and few enough
/// for the work to stay linear.
pub(crate) const fn checkpoint(len: usize) -> usize {
    match len.checked_ilog2() {
        Some(log @ 8..) => {
            let step = 1_usize.wrapping_shl(log.saturating_sub(3));
            len & !step.wrapping_sub(1)
        }
        _ => len,
    }
}

/// The next number of held bytes of which more is looked at than of `due`, which is such a number.
pub(crate) const fn next_checkpoint(due: usize) -> usize {
    match due.checked_ilog2() {
        Some(log @ 8..) => due.saturating_add(1_usize.wrapping_shl(log.saturating_sub(3))),
        _ => due.saturating_add(1),
    }
}

/// How many bytes of a packet that has not arrived whole have been looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Checked(u32);

impl Checked {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn all(len: usize) -> Self {
        // No packet has more.
        Self(u32::try_from(len).unwrap_or(u32::MAX))
    }

    /// How many are to be looked at now that so many are held, if that is not done.
    pub(crate) fn due(&mut self, held: usize) -> Option<usize> {
        let due = checkpoint(held);
        let before = core::mem::replace(self, Self::all(due).max(*self));
        (before.0 < self.0).then_some(due)
    }
}
