//! The life of a message that we send.

mod slot;
mod told;

pub use told::{Answered, Request, Resend, Unsent, WhyUnsent, WrongAnswer};

use super::{
    Flow,
    transition::{Answer, Awaited, Step, answered},
};
use crate::types::PacketId;
use alloc::vec::Vec;
use slot::{List, NONE, Slot, Which};

/// The packet identifiers that one side has given out, and what belongs to them: messages of QoS 1
/// and 2 on their way, and requests, all from one pool.
///
/// It knows neither the role nor the version of a session and does no I/O: whoever uses it writes the
/// packets and tells the answers. `M` is what is kept of a message or request. To send and to answer
/// takes the same time however many messages are on their way; there is memory for as many as there
/// were at one time.
///
#[doc = include_str!("sender.svg")]
///
/// ```
/// use mqtt_pure::{Answer, Answered, Flow, Outbound, Resend};
///
/// let mut outbound = Outbound::new(100);
/// outbound.connected(20);
/// let id = outbound.publish(Flow::ExactlyOnce, "hello")?;
/// // The PUBLISH is written, the connection is lost, and there is a new one.
/// outbound.disconnected(|_, _| ());
/// outbound.connected(20);
/// assert_eq!(outbound.next_resend(), Some(Resend::Publish { id, message: &"hello" }));
/// assert_eq!(outbound.answer(Answer::Pubrec, id), Ok(Answered::Release));
/// assert_eq!(outbound.answer(Answer::Pubcomp, id), Ok(Answered::Done("hello")));
/// assert!(outbound.is_empty());
/// # Ok::<(), mqtt_pure::Unsent<&str>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Outbound<M> {
    /// By identifier, less one.
    slots: Vec<Slot<M>>,
    /// How many identifiers are given out at most.
    limit: u16,
    /// How many are given out.
    len: u16,
    /// How many messages the peer still accepts on this connection.
    quota: u16,
    /// Messages on their way, in the order in which they were first sent.
    sent: List,
    /// Requests that are not answered, in order.
    asked: List,
    /// Identifiers that were given back, the longest free one first.
    free: List,
    /// The next one to be sent again.
    resend: u16,
    is_connected: bool,
}

/// So many identifiers are free before one is used again, as long as there are more: an answer that
/// comes twice or late is not to be taken for that to another message.
const SPREAD: usize = 16;

impl<M> Outbound<M> {
    /// Gives out at most so many identifiers at one time, from 1 upwards.
    pub const fn new(limit: u16) -> Self {
        Self {
            slots: Vec::new(),
            limit,
            len: 0,
            quota: 0,
            sent: List::EMPTY,
            asked: List::EMPTY,
            free: List::EMPTY,
            resend: NONE,
            is_connected: false,
        }
    }

    /// How many identifiers are in use.
    #[inline]
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Whether no identifier is in use.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether no identifier is free.
    #[inline]
    pub(super) const fn is_full(&self) -> bool {
        self.len >= self.limit
    }

    /// How many messages may be sent now before one of them is answered.
    #[inline]
    pub const fn quota(&self) -> u16 {
        self.quota
    }

    /// Whether there is something that [`Self::next_resend`] has not given yet.
    #[inline]
    pub const fn is_resending(&self) -> bool {
        self.resend != NONE
    }

    /// Gives back memory that nothing is in.
    pub(super) fn shrink(&mut self) {
        if self.is_empty() {
            (self.slots, self.free) = (Vec::new(), List::EMPTY);
        }
    }

    /// What belongs to an identifier that is in use.
    #[inline]
    pub fn get(&self, id: PacketId) -> Option<(Awaited, &M)> {
        let slot = self.slots.get(usize::from(at(id)))?;
        Some((slot.awaited?, slot.message.as_ref()?))
    }

    /// What belongs to an identifier that is in use, to be changed: what is not needed after PUBREC
    /// may be dropped.
    #[inline]
    pub fn get_mut(&mut self, id: PacketId) -> Option<&mut M> {
        self.slots.get_mut(usize::from(at(id)))?.message.as_mut()
    }

    /// The messages that are on their way, in the order in which they were first sent.
    pub fn iter(&self) -> impl Iterator<Item = (PacketId, Awaited, &M)> {
        let mut next = self.sent.first;
        core::iter::from_fn(move || {
            let (here, slot) = (next, self.slots.get(usize::from(next))?);
            next = slot.next;
            Some((id(here)?, slot.awaited?, slot.message.as_ref()?))
        })
    }

    /// Messages and requests, by identifier.
    pub(super) fn iter_all(&self) -> impl Iterator<Item = (PacketId, &M)> {
        let slots = (0..NONE).zip(&self.slots);
        slots.filter_map(|(at, slot)| Some((id(at)?, slot.message.as_ref()?)))
    }

    #[cfg(mqtt_pure_bugs)]
    fn sort(&mut self) {
        let mut all: Vec<u16> = Vec::new();
        while self.sent.first != NONE {
            all.push(self.sent.first);
            self.unlink(self.sent.first, Which::Sent);
        }
        all.sort_unstable();
        all.into_iter().for_each(|here| self.link(here, Which::Sent));
    }

    /// There is a connection on which the session goes on, and the peer accepts at most so many
    /// messages at one time (the Receive Maximum of 5.0 [MQTT-4.9.0-1], or a limit of one's own).
    ///
    /// What is on its way is to be sent again [MQTT-4.4.0-1]: call [`Self::next_resend`] until it is
    /// `None`, and again whenever an answer has come while [`Self::is_resending`].
    pub fn connected(&mut self, quota: u16) {
        let is_old = planted!(QuotaNotSetOnConnect) && !self.slots.is_empty();
        let quota = if is_old { self.quota } else { quota };
        (self.quota, self.is_connected) = (quota, true);
        #[cfg(mqtt_pure_bugs)]
        if planted!(ResendByIdentifier) {
            self.sort();
        }
        self.resend = self.sent.first;
        self.slots.iter_mut().for_each(|slot| slot.is_charged = false);
    }

    /// The connection is gone. The function gets the requests, which are no part of a session; their
    /// identifiers are free.
    pub fn disconnected(&mut self, mut lost: impl FnMut(PacketId, M)) {
        let left = if planted!(QuotaNotSetOnConnect) { self.quota } else { 0 };
        (self.quota, self.resend, self.is_connected) = (left, NONE, false);
        if planted!(RequestsNotLost) {
            self.drain(Which::Asked, |_, _, _| ());
        }
        self.drain(Which::Asked, |id, _, message| lost(id, message));
    }

    /// The session is gone. The function gets all messages that were on their way, in the order in
    /// which they were first sent, and then the requests. A connection stays, with its quota.
    pub fn clear(&mut self, mut lost: impl FnMut(PacketId, Awaited, M)) {
        if planted!(IdentifiersKeptOnSessionEnd) {
            return;
        }
        self.drain(Which::Sent, &mut lost);
        self.drain(Which::Asked, &mut lost);
        (self.slots, self.free) = (Vec::new(), List::EMPTY);
    }

    fn drain(&mut self, which: Which, mut lost: impl FnMut(PacketId, Awaited, M)) {
        loop {
            let here = self.list(which).first;
            let Some(awaited) = self.slots.get(usize::from(here)).map(|slot| slot.awaited) else {
                return;
            };
            let message = self.release(here);
            if let Some(((id, awaited), message)) = id(here).zip(awaited).zip(message) {
                lost(id, awaited, message);
            }
        }
    }

    /// Gives a message an identifier; the PUBLISH is to be sent then, without DUP.
    #[inline]
    pub fn publish(&mut self, flow: Flow, message: M) -> Result<PacketId, Unsent<M>> {
        let why = match self {
            Self { is_connected: false, .. } => WhyUnsent::NotConnected,
            _ if self.is_resending() => WhyUnsent::Resending,
            Self { quota: 0, .. } => WhyUnsent::QuotaUsedUp,
            _ => match self.next_id() {
                Some(id) => {
                    self.add(flow, message);
                    return Ok(id);
                }
                None => WhyUnsent::NoIdentifier,
            },
        };
        Err(Unsent { message, why })
    }

    /// Adds a message that may be sent, with the identifier that [`Self::next_id`] has given.
    #[inline(always)]
    pub(super) fn add(&mut self, flow: Flow, message: M) {
        let awaited = match flow {
            Flow::AtLeastOnce => Awaited::Puback,
            Flow::ExactlyOnce => Awaited::Pubrec,
        };
        self.take(awaited, true, message);
        self.quota = self.quota.saturating_sub(1);
    }

    /// Gives a request an identifier.
    pub fn request(&mut self, request: Request, message: M) -> Result<PacketId, Unsent<M>> {
        let awaited = match request {
            Request::Subscribe => Awaited::Suback,
            Request::Unsubscribe => Awaited::Unsuback,
        };
        if !self.is_connected {
            return Err(Unsent { message, why: WhyUnsent::NotConnected });
        }
        if planted!(RequestsHaveOwnIdentifiers) {
            return Ok(PacketId::MIN);
        }
        let Some(id) = self.next_id() else {
            return Err(Unsent { message, why: WhyUnsent::NoIdentifier });
        };
        self.take(awaited, false, message);
        Ok(id)
    }

    /// The peer has answered.
    #[inline]
    pub fn answer(&mut self, answer: Answer, id: PacketId) -> Result<Answered<M>, WrongAnswer> {
        let mut here = at(id);
        if planted!(PubcompEndsOldest) && answer == Answer::Pubcomp {
            here = self.sent.first;
        }
        let slot = self.slots.get_mut(usize::from(here));
        let awaited = slot.as_ref().and_then(|slot| slot.awaited);
        let over = match answered(awaited, answer) {
            Step::Done => Answered::Done,
            Step::Failed => Answered::Refused,
            Step::Release => {
                if let Some(slot) = slot {
                    slot.awaited = Some(Awaited::Pubcomp);
                }
                return Ok(Answered::Release);
            }
            Step::ReleaseAgain => return Ok(Answered::ReleaseAgain),
            Step::ReleaseUnknown => return Ok(Answered::ReleaseUnknown),
            Step::Unknown => return Ok(Answered::Unknown),
            Step::Wrong if planted!(WrongAnswerTaken) => Answered::Done,
            Step::Wrong => {
                let Some(awaited) = awaited else { return Ok(Answered::Unknown) };
                return Err(WrongAnswer { id, answer, awaited });
            }
        };
        #[cfg(mqtt_pure_bugs)]
        self.forget_charge(answer, here);
        Ok(self.release(here).map_or(Answered::Unknown, over))
    }

    #[cfg(mqtt_pure_bugs)]
    fn forget_charge(&mut self, answer: Answer, here: u16) {
        let is_forgotten = match answer {
            Answer::Pubcomp => planted!(QuotaNotRestoredByPubcomp),
            Answer::PubackFailure | Answer::PubrecFailure => planted!(QuotaNotRestoredByRefusal),
            _ => false,
        };
        if let Some(slot) = self.slots.get_mut(usize::from(here)).filter(|_| is_forgotten) {
            slot.is_charged = false;
        }
    }

    /// Ends a message that waits for this and nothing else. What is to be known of it is taken by the
    /// function.
    #[inline(always)]
    pub(super) fn end<T>(
        &mut self,
        id: PacketId,
        awaited: Awaited,
        of: impl FnOnce(&M) -> T,
    ) -> Option<T> {
        let here = at(id);
        let slot = self.slots.get_mut(usize::from(here))?;
        if slot.awaited != Some(awaited) {
            return None;
        }
        let found = slot.message.as_ref().map(of);
        slot.message = None;
        self.free(here);
        found
    }

    /// The peer has taken a message that waits for PUBREC: PUBREL is to be sent.
    #[inline(always)]
    pub(super) fn hand_over(&mut self, id: PacketId) -> Option<&mut M> {
        let slot = self.slots.get_mut(usize::from(at(id)))?;
        if slot.awaited != Some(Awaited::Pubrec) {
            return None;
        }
        slot.awaited = Some(Awaited::Pubcomp);
        slot.message.as_mut()
    }

    /// The next one to be sent again, oldest first; `None` if there is none, or if the peer accepts no
    /// more messages now. PUBRELs count as messages, since the peer may have counted them.
    pub fn next_resend(&mut self) -> Option<Resend<'_, M>> {
        if self.quota == 0 {
            return None;
        }
        let here = self.resend;
        let slot = self.slots.get_mut(usize::from(here))?;
        self.quota = self.quota.saturating_sub(1);
        (self.resend, slot.is_charged) = (slot.next, true);
        let id = id(here)?;
        match slot.awaited {
            Some(Awaited::Pubcomp) if planted!(PubrelLostOnResume) => None,
            Some(Awaited::Pubcomp) if planted!(PublishAfterPubrec) => {
                slot.message.as_ref().map(|message| Resend::Publish { id, message })
            }
            Some(Awaited::Pubcomp) => Some(Resend::Pubrel { id }),
            _ => slot.message.as_ref().map(|message| Resend::Publish { id, message }),
        }
    }

    /// Takes in what was on its way when it was recorded, in the order in which it was first sent,
    /// before there is a connection. An identifier that is in use or above the limit, and a request,
    /// are refused.
    pub fn restore(&mut self, id: PacketId, awaited: Awaited, message: M) -> Result<(), M> {
        let here = at(id);
        let is_request = Which::of(awaited) == Which::Asked;
        if is_request || id.get() > self.limit || self.get(id).is_some() {
            return Err(message);
        }
        while self.slots.len() <= usize::from(here) {
            let Ok(new) = u16::try_from(self.slots.len()) else { return Err(message) };
            self.slots.push(Slot::EMPTY);
            self.link(new, Which::Free);
        }
        self.unlink(here, Which::Free);
        self.fill(here, awaited, false, message);
        Ok(())
    }

    /// The identifier that the next message or request gets. There is a new slot for it rather than one
    /// that has just become free.
    #[inline(always)]
    pub(super) fn next_id(&mut self) -> Option<PacketId> {
        let is_spread = self.slots.len().saturating_sub(self.len()) >= SPREAD;
        if !is_spread && self.slots.len() < usize::from(self.limit) {
            self.grow();
        }
        id(self.free.first)
    }

    /// Puts a message into the slot that is the next to be used.
    #[inline(always)]
    fn take(&mut self, awaited: Awaited, is_charged: bool, message: M) {
        let here = self.free.first;
        self.unlink(here, Which::Free);
        self.fill(here, awaited, is_charged, message);
    }

    /// Makes a slot, which is the next to be used.
    #[cold]
    fn grow(&mut self) {
        let len = self.slots.len();
        if len == self.slots.capacity() {
            // A larger part would be more memory than messages on their way may take.
            self.slots.reserve_exact(len.wrapping_shr(5).max(SPREAD));
        }
        self.slots.push(Slot { next: self.free.first, ..Slot::EMPTY });
        let Ok(here) = u16::try_from(len) else { return };
        if let Some(slot) = self.slots.get_mut(usize::from(self.free.first)) {
            slot.before = here;
        }
        if self.free.first == NONE {
            self.free.last = here;
        }
        self.free.first = here;
    }

    /// Puts a message into a slot that is in no list.
    #[inline(always)]
    fn fill(&mut self, here: u16, awaited: Awaited, is_charged: bool, message: M) {
        if let Some(slot) = self.slots.get_mut(usize::from(here)) {
            // There is none before, which need not be dropped.
            core::mem::forget(slot.message.replace(message));
            (slot.awaited, slot.is_charged) = (Some(awaited), is_charged);
        }
        self.link(here, Which::of(awaited));
        self.len = self.len.saturating_add(1);
    }

    /// Takes the message out of a slot and gives its identifier back.
    fn release(&mut self, here: u16) -> Option<M> {
        let message = self.slots.get_mut(usize::from(here))?.message.take();
        self.free(here);
        message
    }

    /// Gives an identifier back, and what it took of the quota.
    #[inline(always)]
    fn free(&mut self, here: u16) {
        let Some(slot) = self.slots.get_mut(usize::from(here)) else { return };
        let Some(awaited) = slot.awaited.take() else { return };
        if slot.is_charged && self.is_connected {
            self.quota = self.quota.saturating_add(1);
        }
        if self.resend == here {
            self.resend = slot.next;
        }
        self.unlink(here, Which::of(awaited));
        self.link(here, Which::Free);
        self.len = self.len.saturating_sub(1);
    }

    #[inline]
    const fn list(&mut self, which: Which) -> &mut List {
        match which {
            Which::Sent => &mut self.sent,
            Which::Asked => &mut self.asked,
            Which::Free => &mut self.free,
        }
    }

    /// Puts a slot at the end of a list.
    #[inline(always)]
    fn link(&mut self, here: u16, which: Which) {
        let list = self.list(which);
        let before = list.last;
        list.last = here;
        if before == NONE {
            list.first = here;
        }
        if let Some(slot) = self.slots.get_mut(usize::from(before)) {
            slot.next = here;
        }
        if let Some(slot) = self.slots.get_mut(usize::from(here)) {
            (slot.before, slot.next) = (before, NONE);
        }
    }

    #[inline(always)]
    fn unlink(&mut self, here: u16, which: Which) {
        let Some(slot) = self.slots.get(usize::from(here)) else { return };
        let (before, next) = (slot.before, slot.next);
        let list = self.list(which);
        if list.first != here {
            return self.unlink_within(before, next, which);
        }
        // Mostly it is the first, and what comes before that is not looked at.
        list.first = next;
        if next == NONE {
            list.last = NONE;
        }
    }

    #[inline(never)]
    fn unlink_within(&mut self, before: u16, next: u16, which: Which) {
        if let Some(slot) = self.slots.get_mut(usize::from(before)) {
            slot.next = next;
        }
        match self.slots.get_mut(usize::from(next)) {
            Some(slot) => slot.before = before,
            None => self.list(which).last = before,
        }
    }
}

/// The place of an identifier.
const fn at(id: PacketId) -> u16 {
    id.get().wrapping_sub(1)
}

/// The identifier of a place.
const fn id(at: u16) -> Option<PacketId> {
    PacketId::new(at.wrapping_add(1))
}
