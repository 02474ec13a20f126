//! The tables of QoS 1 and 2: what follows from a packet, given what has happened to its identifier.
//!
//! They know neither the role nor the version: what a version does not have, such as a refusal in
//! 3.1.1, its callers do not report.

/// The answer that a packet identifier of ours waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Awaited {
    /// PUBLISH of QoS 1 was sent.
    Puback,
    /// PUBLISH of QoS 2 was sent.
    Pubrec,
    /// PUBREL was sent.
    Pubcomp,
    /// SUBSCRIBE was sent.
    Suback,
    /// UNSUBSCRIBE was sent.
    Unsuback,
}

impl Awaited {
    /// Whether it is the answer to a request, not to a message.
    pub(super) const fn is_request(self) -> bool {
        matches!(self, Self::Suback | Self::Unsuback)
    }
}

/// An answer of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// PUBACK; in 5.0 with a reason code below 0x80.
    Puback,
    /// PUBACK with a reason code of 0x80 or above.
    PubackFailure,
    /// PUBREC; in 5.0 with a reason code below 0x80.
    Pubrec,
    /// PUBREC with a reason code of 0x80 or above.
    PubrecFailure,
    /// PUBCOMP, whatever its reason code: the message is the peer's since its PUBREC.
    Pubcomp,
    /// SUBACK.
    Suback,
    /// UNSUBACK.
    Unsuback,
}

/// What follows from an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is over.
    Done,
    /// It is over, and the peer did not take the message.
    Failed,
    /// PUBREL is to be sent, and never again the PUBLISH.
    Release,
    /// PUBREL is to be sent once more.
    ReleaseAgain,
    /// PUBREL is to be sent for an identifier that is not in use.
    ReleaseUnknown,
    /// The identifier is not in use.
    Unknown,
    /// The peer gave the answer to something else.
    Wrong,
}

/// The sender's table; without a state, the identifier is not in use.
pub(super) const fn answered(state: Option<Awaited>, answer: Answer) -> Step {
    match (state, answer) {
        // [MQTT-4.3.2-1]
        (Some(Awaited::Puback), Answer::Puback) => Step::Done,
        (Some(Awaited::Puback), Answer::PubackFailure) => Step::Failed,
        // [MQTT-4.3.3-1]
        (Some(Awaited::Pubrec), Answer::Pubrec) => Step::Release,
        (Some(Awaited::Pubrec), Answer::PubrecFailure) => Step::Failed,
        (Some(Awaited::Pubcomp), Answer::Pubrec) => Step::ReleaseAgain,
        (Some(Awaited::Pubcomp), Answer::Pubcomp) => Step::Done,
        // [MQTT-3.8.4-2]
        (Some(Awaited::Suback), Answer::Suback) => Step::Done,
        // [MQTT-3.10.4-4]
        (Some(Awaited::Unsuback), Answer::Unsuback) => Step::Done,
        (None, Answer::Pubrec) => Step::ReleaseUnknown,
        (None, _) => Step::Unknown,
        (Some(_), _) => Step::Wrong,
    }
}

/// What has happened to an identifier of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// It is not in use, or for QoS 1, which leaves nothing to be remembered.
    Nothing,
    /// PUBLISH of QoS 2 was delivered, and is not yet answered.
    Publish,
    /// It was delivered on an older connection, and neither acknowledged nor sent again.
    Carried,
    /// It was answered by PUBREC.
    Pubrec,
}

/// A packet of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    PublishQos1,
    PublishQos2,
    Pubrel,
}

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The message is to be delivered, and answered by PUBACK or PUBREC.
    Deliver,
    /// The message was delivered before. PUBREC is to be sent, now or when the first one may be.
    Repeated,
    /// The identifier is free again. PUBCOMP is to be sent.
    Completed,
    /// PUBCOMP is to be sent for an identifier that is not in use.
    CompletedUnknown,
    /// The identifier is in use for another message.
    InUse,
    /// PUBREL came before PUBREC was sent.
    Early,
}

/// The receiver's table.
pub(super) const fn taken(state: Received, arrived: Arrived) -> Taken {
    match (state, arrived) {
        // [MQTT-4.3.2-2]
        (Received::Nothing, Arrived::PublishQos1 | Arrived::PublishQos2) => Taken::Deliver,
        // [MQTT-4.3.3-2]
        (Received::Publish | Received::Pubrec, Arrived::PublishQos2) => Taken::Repeated,
        (Received::Carried, Arrived::PublishQos2) => Taken::Repeated,
        (Received::Pubrec, Arrived::Pubrel) => Taken::Completed,
        // A sender may have given up the message that it sent on the older connection.
        (Received::Nothing | Received::Carried, Arrived::Pubrel) => Taken::CompletedUnknown,
        // [MQTT-2.3.1-2]
        (Received::Publish | Received::Pubrec, Arrived::PublishQos1) => Taken::InUse,
        (Received::Carried, Arrived::PublishQos1) => Taken::InUse,
        (Received::Publish, Arrived::Pubrel) => Taken::Early,
    }
}
