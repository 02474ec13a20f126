//! The life of a message that we receive.

use super::{
    Flow,
    ids::{COUNTED, Ids},
    transition::{Arrived, Received, Taken, taken},
};
use crate::types::{PacketId, ReasonCode};
use alloc::{boxed::Box, collections::VecDeque};

/// The packet identifiers that the peer has given out: messages of QoS 1 and 2 that are not yet
/// answered, and those of QoS 2 that are not yet complete.
///
/// It knows neither the role nor the version of a session and does no I/O. Messages are delivered at
/// their first PUBLISH. The application may acknowledge them in any order; the answers come in the
/// order in which the messages came. Acknowledging takes time in proportion to the number of older
/// messages that are not answered.
///
#[doc = include_str!("receiver.svg")]
///
/// ```
/// use mqtt_pure::{Acknowledgement, Arrival, Flow, Inbound, PacketId, ReasonCode};
///
/// let mut inbound = Inbound::new(20);
/// let [one, two] = [1, 2].map(|id| PacketId::new(id).unwrap());
/// assert_eq!(inbound.publish(one, Flow::ExactlyOnce), Ok(Arrival::Deliver));
/// assert_eq!(inbound.publish(two, Flow::ExactlyOnce), Ok(Arrival::Deliver));
/// assert_eq!(inbound.publish(two, Flow::ExactlyOnce), Ok(Arrival::Repeated));
///
/// assert!(inbound.acknowledge(two, Flow::ExactlyOnce, ReasonCode::SUCCESS));
/// assert_eq!(inbound.next_answer(), None);
/// assert!(inbound.acknowledge(one, Flow::ExactlyOnce, ReasonCode::SUCCESS));
/// let answers: Vec<_> = std::iter::from_fn(|| inbound.next_answer()).map(|a| a.id).collect();
/// assert_eq!(answers, [one, two]);
/// ```
#[derive(Clone, Debug)]
pub struct Inbound {
    /// What is to be answered. Nobody who answers at once needs it.
    owed: Option<Box<Answers>>,
    /// What is known of identifiers of QoS 2.
    known: Ids,
}

/// Messages of QoS 1 that wait for PUBACK, and of QoS 2 that wait for PUBREC, in the order in which
/// they came [MQTT-4.6.0-2] [MQTT-4.6.0-3].
#[derive(Clone, Debug, Default)]
struct Answers {
    pubacks: VecDeque<Owed>,
    pubrecs: VecDeque<Owed>,
}

/// Not yet acknowledged by the application.
const UNACKNOWLEDGED: u8 = 1;
/// The identifier is known, whatever else holds. Beside these, [`COUNTED`]: the message came on this
/// connection, and counts against the maximum.
const KNOWN: u8 = 4;
/// It is among those that wait for PUBREC.
const OWED: u8 = 8;
/// By the application; forgotten when that is told, or can't be told any more.
const REFUSED: u8 = 16;
/// PUBREC was sent, so that PUBREL may come though another PUBREC is owed.
const ANSWERED: u8 = 32;

#[derive(Clone, Copy, Debug)]
struct Owed {
    id: PacketId,
    /// What the application has said.
    reason: Option<ReasonCode>,
}

/// What is to be done with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is new: to be given to the application, which acknowledges it.
    Deliver,
    /// It was given to the application before, and is not given again [MQTT-4.3.3-10]. If the first one
    /// is not answered yet, one answer is to both.
    Repeated,
}

/// Why a message, or a PUBREL, can't be taken; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InboundError {
    /// The identifier belongs to a message of QoS 2 that is not complete [MQTT-2.3.1-2]. 5.0 answers
    /// PUBACK with the reason code 0x91.
    #[error("packet identifier {0} is in use for a message of QoS 2")]
    InUse(PacketId),
    /// More messages came than may be on their way. 5.0 answers DISCONNECT with the reason code 0x93
    /// [MQTT-3.3.4-9].
    #[error("more than {0} messages are not answered")]
    TooMany(u16),
    /// PUBREL came for a message of this connection before PUBREC was sent.
    #[error("PUBREL for packet identifier {0} before its PUBREC")]
    Early(PacketId),
}

/// An answer that is to be sent: PUBACK for QoS 1, PUBREC for QoS 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Which of the two it is.
    pub flow: Flow,
    /// The identifier of the message.
    pub id: PacketId,
    /// What it says in 5.0.
    pub reason: ReasonCode,
}

impl Inbound {
    /// Takes at most so many messages of QoS 1 and 2 that are not yet answered; the Receive Maximum
    /// that one has told the peer in 5.0.
    pub const fn new(maximum: u16) -> Self {
        Self { owed: None, known: Ids::new(maximum) }
    }

    /// Takes so many messages on the connection that begins.
    pub(super) const fn set_maximum(&mut self, maximum: u16) {
        self.known.maximum = maximum;
    }

    /// Gives back memory that nothing is in.
    pub(super) fn shrink(&mut self) {
        if self.owed.as_ref().is_some_and(|a| a.pubacks.is_empty() && a.pubrecs.is_empty()) {
            self.owed = None;
        }
        self.known.shrink();
    }

    /// How many messages of this connection are not answered, and count against the maximum.
    #[inline]
    pub fn outstanding(&self) -> usize {
        let pubrecs = self.known.counted();
        match &self.owed {
            None => pubrecs,
            Some(owed) => owed.pubacks.len().saturating_add(pubrecs),
        }
    }

    /// The identifiers of QoS 2 that are known, in their order, and whether the application has taken
    /// the message. Those that it has are part of the session.
    pub fn iter(&self) -> impl Iterator<Item = (PacketId, bool)> {
        self.known.iter().map(|(id, flags)| (id, flags & (UNACKNOWLEDGED | REFUSED) == 0))
    }

    /// A PUBLISH of QoS 1 or 2 has come, whatever its DUP.
    pub fn publish(&mut self, id: PacketId, flow: Flow) -> Result<Arrival, InboundError> {
        let (flags, step) = self.arrived(id, flow)?;
        let owed = self.owed.get_or_insert_default();
        match (flow, step) {
            (Flow::AtLeastOnce, _) => owed.pubacks.push_back(Owed { id, reason: None }),
            (Flow::ExactlyOnce, Taken::Repeated) => {
                if flags & OWED == 0 {
                    let is_acknowledged = flags & UNACKNOWLEDGED == 0;
                    let reason = is_acknowledged.then_some(ReasonCode::SUCCESS);
                    owed.pubrecs.push_back(Owed { id, reason });
                }
                self.known.set(id, flags | COUNTED | OWED);
                return Ok(Arrival::Repeated);
            }
            (Flow::ExactlyOnce, _) => {
                owed.pubrecs.push_back(Owed { id, reason: None });
                self.known.set(id, KNOWN | COUNTED | UNACKNOWLEDGED | OWED);
            }
        }
        Ok(Arrival::Deliver)
    }

    /// A PUBLISH of QoS 1 or 2 has come, and is acknowledged at once: the answer is to be sent after
    /// the identifier of a message of QoS 2 was recorded. For whoever never leaves an acknowledgement
    /// for later.
    #[inline]
    pub fn take(&mut self, id: PacketId, flow: Flow) -> Result<Arrival, InboundError> {
        let (_, step) = self.arrived(id, flow)?;
        if flow == Flow::ExactlyOnce {
            self.known.set(id, KNOWN | COUNTED);
        }
        Ok(if step == Taken::Repeated && !planted!(NoDedup) {
            Arrival::Repeated
        } else {
            Arrival::Deliver
        })
    }

    /// What is known of the identifier of a PUBLISH, and what follows.
    #[inline(always)]
    fn arrived(&self, id: PacketId, flow: Flow) -> Result<(u8, Taken), InboundError> {
        let arrived = match flow {
            Flow::AtLeastOnce => Arrived::PublishQos1,
            Flow::ExactlyOnce => Arrived::PublishQos2,
        };
        let flags = self.known.get(id);
        let step = taken(state(flags), arrived);
        if step == Taken::InUse {
            return Err(InboundError::InUse(id));
        }
        let is_counted = flow == Flow::ExactlyOnce && flags & COUNTED != 0;
        if !is_counted && self.outstanding() >= usize::from(self.known.maximum) {
            return Err(InboundError::TooMany(self.known.maximum));
        }
        Ok((flags, step))
    }

    /// The application has taken a message, or refuses it by a reason code of 0x80 or above (5.0).
    /// Tells whether there is such a message that was not acknowledged; one of QoS 1 is forgotten with
    /// its connection.
    pub fn acknowledge(&mut self, id: PacketId, flow: Flow, reason: ReasonCode) -> bool {
        let Answers { pubacks, pubrecs } = match &mut self.owed {
            Some(owed) => &mut **owed,
            None => &mut Answers::default(),
        };
        match flow {
            Flow::AtLeastOnce => {
                let waiting = |owed: &&mut Owed| owed.id == id && owed.reason.is_none();
                let owed = pubacks.iter_mut().find(waiting);
                owed.map(|owed| owed.reason = Some(reason)).is_some()
            }
            Flow::ExactlyOnce => {
                let flags = self.known.get(id);
                if flags & UNACKNOWLEDGED == 0 {
                    return false;
                }
                let owed = pubrecs.iter_mut().find(|owed| owed.id == id);
                match owed.filter(|_| flags & OWED != 0) {
                    Some(owed) => {
                        owed.reason = Some(reason);
                        let refused = if reason.is_failure() { REFUSED } else { 0 };
                        self.known.set(id, flags & !UNACKNOWLEDGED | refused);
                    }
                    // Its connection is gone, so that the peer sends it again: as a new one.
                    None if reason.is_failure() => self.known.set(id, 0),
                    None => self.known.set(id, flags & !UNACKNOWLEDGED),
                }
                true
            }
        }
    }

    /// The next answer that may be sent; the identifier of a message of QoS 2 has to be recorded
    /// before.
    pub fn next_answer(&mut self) -> Option<Acknowledgement> {
        if planted!(AnswersOutOfOrder) {
            let owed = self.owed.as_mut()?;
            for queue in [&mut owed.pubacks, &mut owed.pubrecs] {
                queue.make_contiguous().sort_by_key(|owed| owed.reason.is_none());
            }
        }
        let first =
            |owed: &VecDeque<Owed>| owed.front().and_then(|owed| Some((owed.id, owed.reason?)));
        let Answers { pubacks, pubrecs } = &mut **self.owed.as_mut()?;
        if let Some((id, reason)) = first(pubacks) {
            pubacks.pop_front();
            return Some(Acknowledgement { flow: Flow::AtLeastOnce, id, reason });
        }
        let (id, reason) = first(pubrecs)?;
        pubrecs.pop_front();
        // [MQTT-4.3.3-9]
        let left = if reason.is_failure() { 0 } else { self.known.get(id) & !OWED | ANSWERED };
        self.known.set(id, left);
        Some(Acknowledgement { flow: Flow::ExactlyOnce, id, reason })
    }

    /// PUBREL has come: PUBCOMP is to be sent, after it is recorded that the identifier is free.
    /// Tells whether it was in use, other than for a message of an older connection that nobody has
    /// acknowledged; if not, 5.0 says so by the reason code 0x92.
    #[inline]
    pub fn pubrel(&mut self, id: PacketId) -> Result<bool, InboundError> {
        let flags = self.known.get(id);
        match taken(state(flags), Arrived::Pubrel) {
            Taken::Completed => {
                if flags & OWED != 0 {
                    self.forget_owed(id);
                }
                self.known.set(id, 0);
                Ok(true)
            }
            Taken::Early => Err(InboundError::Early(id)),
            _ => {
                self.known.set(id, 0);
                Ok(false)
            }
        }
    }

    /// Another PUBREC is not to be sent any more.
    #[cold]
    fn forget_owed(&mut self, id: PacketId) {
        if let Some(owed) = &mut self.owed {
            owed.pubrecs.retain(|owed| owed.id != id);
        }
    }

    /// The connection is gone, and with it what was to be answered. What is known of messages of QoS 2
    /// stays, unless they were refused: the peer sends these again, and they are new then.
    pub fn disconnected(&mut self) {
        let owed = self.owed.take().unwrap_or_default();
        for Owed { id, .. } in owed.pubrecs {
            let flags = self.known.get(id);
            self.known.set(id, if flags & REFUSED == 0 { flags & !OWED } else { 0 });
        }
        self.known.discount();
        if planted!(ReceivedForgottenOnReconnect) {
            self.clear();
        }
    }

    /// The session is gone: all identifiers are free.
    pub fn clear(&mut self) {
        if planted!(ReceivedKeptOnSessionEnd) {
            return;
        }
        *self = Self::new(self.known.maximum);
    }

    /// Takes in an identifier of QoS 2 that was recorded, before there is a connection.
    pub fn restore(&mut self, id: PacketId) {
        self.known.set(id, KNOWN);
    }
}

/// The state of an identifier: PUBREC may have to be sent though the message is acknowledged.
const fn state(flags: u8) -> Received {
    match flags {
        0 => Received::Nothing,
        flags if flags & ANSWERED != 0 => Received::Pubrec,
        flags if flags & OWED != 0 => Received::Publish,
        flags if flags & UNACKNOWLEDGED != 0 => Received::Carried,
        _ => Received::Pubrec,
    }
}
