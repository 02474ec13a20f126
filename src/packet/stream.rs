//! The decoder for a byte stream: whole packets, streamed payloads, skipped giants.

use super::{
    DecodeError, DecodeOptions, Packet, PacketType, Publish, StreamItem,
    carry::{keep, take_off},
    check_partial,
    frame::{self, Header, Start},
    judge::{Checked, Judge, Judgement, checkpoint},
    stream_item::{What, read_item},
};
use crate::wire::HAS_ROOM;
use bytes::BytesMut;
use core::{fmt, ops::ControlFlow};

/// What happens to a packet that is over the size limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oversize {
    /// It is an error, after which the connection is to be closed.
    #[default]
    Fail,
    /// It is reported as [`StreamItem::Skipped`] and its bytes are dropped as they arrive.
    Skip,
}

/// Takes packets out of the bytes of a connection, however they are cut.
///
/// Packets that lie whole in what is fed are decoded in place; only one that is cut is copied, and
/// for it no more is allocated than an eighth above what has arrived, nor more than it needs.
///
/// ```
/// use mqtt_pure::{DecodeOptions, Packet, StreamDecoder, StreamItem};
///
/// let mut decoder = StreamDecoder::new(DecodeOptions::default());
/// for chunk in [&b"\x30\x07\x00\x03a/"[..], b"bhi\xc0\x00"] {
///     let mut feed = decoder.feed(chunk);
///     while let Some(item) = feed.next()? {
///         match item {
///             StreamItem::Packet(Packet::Publish(publish)) => assert_eq!(publish.payload, b"hi"),
///             StreamItem::Packet(packet) => assert!(matches!(packet, Packet::Pingreq(_))),
///             _ => {} // only with streaming or skipping
///         }
///     }
/// }
/// # Ok::<(), mqtt_pure::DecodeError>(())
/// ```
///
/// After the first error every call gives the same error. A part of a packet is refused as soon as
/// no continuation can make it valid: for the first 256 bytes with the byte that settles it, later
/// after an eighth more at most, so that the work stays linear in the bytes however they are cut.
pub struct StreamDecoder {
    judge: Judge,
    state: State,
    /// Received and not yet used, apart from the first `taken` bytes, which the last item borrowed.
    carry: BytesMut,
    taken: usize,
    /// How much of the packet at the front has been checked.
    checked: Checked,
    /// Whether there was more in `carry` than is kept room for. Its capacity does not tell, which is what
    /// is left behind the bytes that have been taken off.
    was_large: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// A packet begins.
    Packet,
    /// The packet of which the first bytes are carried has so many in all.
    Gather(usize),
    /// What becomes of the packet of which the first bytes are carried can be told when there are so
    /// many of them. It is not judged again before, so that the work stays linear.
    Begun(usize),
    /// A PUBLISH has been announced; this many bytes of its payload are to come.
    Payload(usize),
    /// This many bytes of a packet are of no interest.
    Skip(usize),
    /// A PUBLISH is skipped of which the topic is too long to be held: `topic` bytes more, then
    /// at offset `at` the packet identifier.
    SkipTopic { header: Header, topic: usize, at: usize },
    /// The stream is broken.
    Failed(DecodeError),
}

impl StreamDecoder {
    /// A decoder at the start of a connection.
    ///
    /// [`DecodeOptions::max_packet_size`] bounds what it holds in memory. When a CONNECT arrives,
    /// the decoder goes on with the version that this names.
    pub fn new(options: DecodeOptions) -> Self {
        Self {
            judge: Judge { options, stream_up_to: 0, oversize: Oversize::Fail },
            state: State::Packet,
            carry: BytesMut::new(),
            taken: 0,
            checked: Checked::NONE,
            was_large: false,
        }
    }

    /// Delivers a PUBLISH that is over the size limit, but has no more than `up_to` bytes, as its
    /// header and pieces of its payload. Its header is still held whole, so it has to fit the limit.
    #[must_use]
    pub fn with_streaming(mut self, up_to: u32) -> Self {
        self.judge.stream_up_to = up_to;
        self
    }

    /// Decides what happens to packets that are over the limit.
    #[must_use]
    pub fn with_oversize(mut self, oversize: Oversize) -> Self {
        self.judge.oversize = oversize;
        self
    }

    /// The options, with the version that a CONNECT named.
    pub const fn options(&self) -> DecodeOptions {
        self.judge.options
    }

    /// How many received bytes wait for the rest of their packet.
    pub fn buffered(&self) -> usize {
        self.carry.len().saturating_sub(self.taken)
    }

    /// Takes in what the transport gave. What the returned [`Feed`] has not handed out when it is
    /// dropped stays in the decoder and comes first the next time; whoever never takes anything out
    /// makes it hold all that was fed.
    #[must_use = "packets are taken out of what this returns"]
    pub const fn feed<'d, 'i>(&'d mut self, input: &'i [u8]) -> Feed<'d, 'i> {
        Feed { decoder: self, input }
    }

    /// Lets go of what the last item borrowed.
    #[inline]
    fn drop_taken(&mut self) {
        if self.taken > 0 {
            self.drop_from_carry();
        }
    }

    #[inline(never)]
    fn drop_from_carry(&mut self) {
        take_off(&mut self.carry, core::mem::take(&mut self.taken), &mut self.was_large);
    }

    /// Keeps bytes that have come.
    #[inline]
    fn carry_more(&mut self, bytes: &[u8]) {
        let state = self.state;
        let whole = || if let State::Gather(len) = state { len } else { usize::MAX };
        keep(&mut self.carry, bytes, whole);
    }

    /// Refuses the part of a packet that is carried if nothing can make it valid any more.
    fn check_partial(&mut self) -> Result<(), DecodeError> {
        let Some(due) = self.checked.due(self.carry.len()) else { return Ok(()) };
        let part = self.carry.get(..due).unwrap_or_default();
        self.judge.check_partial(part).map_err(|error| self.fail(error))
    }

    /// After this nothing more is taken in or given out.
    fn fail(&mut self, error: DecodeError) -> DecodeError {
        self.state = State::Failed(error);
        self.carry = BytesMut::new();
        self.taken = 0;
        error
    }
}

/// The items in what was fed to a [`StreamDecoder`], and in what it held.
pub struct Feed<'d, 'i> {
    decoder: &'d mut StreamDecoder,
    input: &'i [u8],
}

/// Shows how much is held, not what.
impl fmt::Debug for StreamDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamDecoder")
            .field("options", &self.judge.options)
            .field("state", &self.state)
            .field("buffered", &self.buffered())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Feed<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("decoder", &self.decoder)
            .field("input", &self.input.len())
            .finish()
    }
}

impl Drop for Feed<'_, '_> {
    fn drop(&mut self) {
        self.decoder.drop_taken();
        if matches!(self.decoder.state, State::Failed(_)) {
            self.decoder.carry = BytesMut::new();
        } else if !self.input.is_empty() {
            self.decoder.carry_more(self.input);
        }
    }
}

/// An item that has been found but not read yet, and where its bytes are.
struct Found<'i> {
    what: What,
    place: Place<'i>,
}

enum Place<'i> {
    /// So many bytes at the front of what is carried.
    Carry(usize),
    Input(&'i [u8]),
}

impl<'i> Feed<'_, 'i> {
    /// The next item; `None` when more bytes are needed.
    ///
    /// It is no `Iterator`, because an item borrows from the decoder until the next call.
    #[allow(clippy::should_implement_trait, reason = "the items borrow from `self`")]
    #[inline]
    pub fn next(&mut self) -> Result<Option<StreamItem<'_>>, DecodeError> {
        self.decoder.drop_taken();
        let is_plain = matches!(self.decoder.state, State::Packet) && self.decoder.carry.is_empty();
        if !is_plain {
            return self.next_any();
        }
        let options = self.decoder.judge.options;
        Packet::read_plain(
            self.input,
            &options,
            self,
            |feed, packet, after| {
                feed.input = after;
                Ok(Some(StreamItem::Packet(packet)))
            },
            Self::next_any,
        )
    }

    /// [`Self::next`] without the short cut.
    #[inline(never)]
    fn next_any(&mut self) -> Result<Option<StreamItem<'_>>, DecodeError> {
        match self.decoder.state {
            State::Packet if self.decoder.carry.is_empty() => self.next_packet(),
            State::Gather(len) => self.next_gathered(len),
            _ => self.next_slow(),
        }
    }

    /// The packet at the front of the input, whole or not.
    #[inline(never)]
    fn next_packet(&mut self) -> Result<Option<StreamItem<'_>>, DecodeError> {
        let options = self.decoder.judge.options;
        if HAS_ROOM && let Some(len) = Publish::plain_start(self.input, &options) {
            self.decoder.state = State::Gather(len);
            self.decoder.checked = Checked::all(len);
            self.hold();
            return Ok(None);
        }
        let header = match frame::header(self.input, &options, &mut ()) {
            Ok(Start::Header(header)) => header,
            Ok(Start::Partial) => {
                self.hold();
                return Ok(None);
            }
            // Skipping or streaming may take what is too large.
            Err(_) => return self.next_slow(),
        };
        let (body, missing) = header.body(self.input);
        if missing > 0 {
            return self.gather(&header).map(|()| None);
        }
        let frame = header.frame(body);
        self.input = self.input.get(frame.packet_len()..).unwrap_or_default();
        let StreamDecoder { judge: Judge { options, .. }, state, .. } = &mut *self.decoder;
        note(Packet::decode(frame, *options), options, state).map(Some)
    }

    /// Carries the input, which is the beginning of a packet, and returns it.
    fn hold(&mut self) -> &'i [u8] {
        let input = core::mem::take(&mut self.input);
        self.decoder.carry_more(input);
        input
    }

    /// Carries the input, which is the beginning of the packet with this header.
    fn gather(&mut self, header: &Header) -> Result<(), DecodeError> {
        let len = usize::try_from(header.packet_len()).unwrap_or(usize::MAX);
        self.decoder.state = State::Gather(len);
        let input = self.hold();
        if checkpoint(input.len()) < input.len() {
            return self.decoder.check_partial();
        }
        self.decoder.checked = Checked::all(input.len());
        let options = self.decoder.judge.options;
        check_partial(header, input, &options).map_err(|error| self.decoder.fail(error))
    }

    /// Completes the packet that is carried.
    #[inline(never)]
    fn next_gathered(&mut self, len: usize) -> Result<Option<StreamItem<'_>>, DecodeError> {
        let missing = len.saturating_sub(self.decoder.carry.len());
        if !self.carry_over(missing) {
            return self.decoder.check_partial().map(|()| None);
        }
        let StreamDecoder { judge: Judge { options, .. }, carry, state, taken, checked, .. } =
            &mut *self.decoder;
        *state = State::Packet;
        *checked = Checked::NONE;
        *taken = len;
        let bytes = carry.get(..len).unwrap_or_default();
        let now = *options;
        Packet::read_plain(
            bytes,
            &now,
            (options, state),
            |_, packet, _| Ok(Some(StreamItem::Packet(packet))),
            |(options, state)| {
                let packet = Packet::read_any(&mut &*bytes, &now).transpose();
                packet.map(|packet| note(packet, options, state)).transpose()
            },
        )
    }

    #[cold]
    #[inline(never)]
    fn next_slow(&mut self) -> Result<Option<StreamItem<'_>>, DecodeError> {
        if let State::Failed(error) = self.decoder.state {
            return Err(error);
        }
        match self.find() {
            Ok(Some(found)) => self.read(found).map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(self.decoder.fail(error)),
        }
    }

    /// Finds the next item and moves past it.
    fn find(&mut self) -> Result<Option<Found<'i>>, DecodeError> {
        loop {
            self.decoder.drop_taken();
            let is_carried = !self.decoder.carry.is_empty();
            let bytes = if is_carried { &self.decoder.carry[..] } else { self.input };
            let available = bytes.len();
            if available == 0 {
                return Ok(None);
            }
            match self.decoder.state {
                State::Begun(needed) => {
                    if !self.carry_over(needed.saturating_sub(available)) {
                        return self.decoder.check_partial().map(|()| None);
                    }
                    self.decoder.state = State::Packet;
                }
                State::Packet | State::Gather(_) => match self.find_packet(is_carried)? {
                    ControlFlow::Continue(()) => {}
                    ControlFlow::Break(found) => return Ok(found),
                },
                State::Payload(left) => {
                    let len = left.min(available);
                    let left = left.saturating_sub(len);
                    self.decoder.state = then(State::Payload, left);
                    let place = self.pass(len, is_carried);
                    return Ok(Some(Found { what: What::Payload { left }, place }));
                }
                State::Skip(left) => {
                    let len = left.min(available);
                    self.decoder.state = then(State::Skip, left.saturating_sub(len));
                    self.pass(len, is_carried);
                }
                State::SkipTopic { header, topic: topic @ 1.., at } => {
                    let len = topic.min(available);
                    let topic = topic.saturating_sub(len);
                    self.decoder.state = State::SkipTopic { header, topic, at };
                    self.pass(len, is_carried);
                }
                State::SkipTopic { header, at, .. } if available >= 2 => {
                    let learnt = at.saturating_add(2);
                    self.decoder.state = then(State::Skip, header.len_after(learnt));
                    let place = self.pass(2, is_carried);
                    return Ok(Some(Found { what: What::SkippedId(header, at), place }));
                }
                State::SkipTopic { .. } => {
                    if !self.carry_over(if is_carried { 1 } else { 2 }) {
                        return Ok(None);
                    }
                }
                State::Failed(error) => return Err(error),
            }
        }
    }

    /// Looks at the beginning of a packet; goes on if that yields nothing yet.
    fn find_packet(
        &mut self,
        is_carried: bool,
    ) -> Result<ControlFlow<Option<Found<'i>>>, DecodeError> {
        let bytes = if is_carried { &self.decoder.carry[..] } else { self.input };
        let held = bytes.len();
        let needed = match self.decoder.judge.judge(bytes)? {
            Judgement::Gather { len } => {
                self.decoder.state = State::Gather(len);
                len
            }
            Judgement::NeedMore(count) => {
                let needed = held.saturating_add(count);
                self.decoder.state = State::Begun(needed);
                needed
            }
            judgement => {
                return Ok(match self.begin(judgement, is_carried) {
                    Some(found) => ControlFlow::Break(Some(found)),
                    None => ControlFlow::Continue(()),
                });
            }
        };
        let is_there =
            self.carry_over(if is_carried { needed.saturating_sub(held) } else { needed });
        if is_there {
            self.decoder.state = State::Packet;
            return Ok(ControlFlow::Continue(()));
        }
        self.decoder.check_partial().map(|()| ControlFlow::Break(None))
    }

    /// Begins with a packet of which enough is there.
    fn begin(&mut self, judgement: Judgement, is_carried: bool) -> Option<Found<'i>> {
        self.decoder.checked = Checked::NONE;
        let (what, len) = match judgement {
            Judgement::Packet { header, len } => (What::Packet(header), len),
            Judgement::Stream { header, len } => {
                self.decoder.state = then(State::Payload, header.len_after(len));
                (What::Publish(header), len)
            }
            Judgement::Skip { header, len } => {
                self.decoder.state = then(State::Skip, header.len_after(len));
                (What::Skipped(header), len)
            }
            Judgement::SkipTopic { header, topic } => {
                let is_publish = header.packet_type == PacketType::Publish;
                let topic_len = if is_publish { 2 } else { 0 };
                let len = header.header_len().saturating_add(topic_len);
                let at = len.saturating_add(topic);
                if header.has_packet_id() {
                    self.decoder.state = State::SkipTopic { header, topic, at };
                    self.pass(len, is_carried);
                    return None;
                }
                self.decoder.state = then(State::Skip, header.len_after(len));
                (What::SkippedId(header, at), len)
            }
            Judgement::NeedMore(_) | Judgement::Gather { .. } => return None,
        };
        Some(Found { what, place: self.pass(len, is_carried) })
    }

    /// Takes bytes off the front. Carried ones stay where they are until the next item is wanted.
    fn pass(&mut self, len: usize, is_carried: bool) -> Place<'i> {
        if is_carried {
            self.decoder.taken = len;
            return Place::Carry(len);
        }
        let (bytes, rest) = self.input.split_at_checked(len).unwrap_or((self.input, &[]));
        self.input = rest;
        Place::Input(bytes)
    }

    /// Moves `count` bytes of the input to what is carried; false if there are fewer, which are
    /// moved then.
    fn carry_over(&mut self, count: usize) -> bool {
        let (moved, rest) = self.input.split_at_checked(count).unwrap_or((self.input, &[]));
        self.input = rest;
        self.decoder.carry_more(moved);
        moved.len() == count
    }

    /// Reads an item from its bytes.
    fn read(&mut self, found: Found<'i>) -> Result<StreamItem<'_>, DecodeError> {
        let StreamDecoder { judge: Judge { options, .. }, carry, state, .. } = &mut *self.decoder;
        let bytes = match found.place {
            Place::Carry(len) => carry.get(..len).unwrap_or_default(),
            Place::Input(bytes) => bytes,
        };
        let item = read_item(found.what, bytes, options);
        match &item {
            Ok(StreamItem::Packet(Packet::Connect(connect))) => options.version = connect.version,
            Ok(_) => {}
            Err(error) => *state = State::Failed(*error),
        }
        item
    }
}

/// Keeps in mind what a packet means for the rest of the stream.
fn note<'b>(
    packet: Result<Packet<'b>, DecodeError>,
    options: &mut DecodeOptions,
    state: &mut State,
) -> Result<StreamItem<'b>, DecodeError> {
    match &packet {
        Ok(Packet::Connect(connect)) => options.version = connect.version,
        Ok(_) => {}
        Err(error) => *state = State::Failed(*error),
    }
    packet.map(StreamItem::Packet)
}

/// The state in which `left` bytes are to come; none end the packet.
fn then(state: impl FnOnce(usize) -> State, left: usize) -> State {
    if left == 0 { State::Packet } else { state(left) }
}
