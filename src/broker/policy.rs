//! What an application decides.

use super::client_id::ClientId;
use crate::{
    packet::{Properties, Subscription},
    session::Message,
    topic::TopicName,
    types::{QoS, ReasonCode},
};

/// Whom a question is about.
#[derive(Debug)]
pub struct Subject<'a, C> {
    /// The client identifier.
    pub client_id: &'a ClientId,
    /// What the application gave when it accepted the client; `None` if the session was restored and
    /// the client has not been back.
    pub client: Option<&'a C>,
}

/// A message that a client wants to publish, or the broker as its will.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Publication<'a> {
    /// The topic.
    pub topic: TopicName<'a>,
    /// The payload.
    pub payload: &'a [u8],
    /// The properties (5.0).
    pub properties: Properties<'a>,
    /// The QoS.
    pub qos: QoS,
    /// Whether it is to be retained.
    pub retain: bool,
    /// Whether it is the will of a client that has gone.
    pub is_will: bool,
}

/// A message that a client is to get.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Forwarding<'a> {
    /// The message as it was published.
    pub message: &'a Message,
    /// Who published it; `None` for the application.
    pub publisher: Option<&'a ClientId>,
    /// Whether it comes from the retained ones, so that the publisher may have lost the right to
    /// publish it since.
    pub is_retained: bool,
    /// Whether it waited for a client that is back, which may have come with other rights.
    pub has_waited: bool,
}

/// The decisions of an application about messages and subscriptions, made at once; who may connect is
/// asked by an action, see [`BrokerAction::Connect`](super::BrokerAction).
///
/// Rights are asked for when they are used, not only when they are given: for each message that goes
/// in or out, for a will when it is published, for retained messages when a subscription finds them,
/// for the subscriptions and the waiting messages of a session when its client is back.
pub trait Policy {
    /// What the application knows of a client that it has accepted.
    type Client;

    /// Whether a message may be published. A reason code is told to a client of 5.0, if its message has
    /// QoS 1 or 2; see [`RefusedPublish`](super::RefusedPublish) for others.
    fn publish(
        &mut self,
        by: Subject<'_, Self::Client>,
        publication: &Publication<'_>,
    ) -> Result<(), ReasonCode> {
        let _ = (by, publication);
        Ok(())
    }

    /// Whether a client may subscribe, and the highest QoS that it is granted; of a shared subscription
    /// the filter is whole, with `$share`.
    fn subscribe(
        &mut self,
        by: Subject<'_, Self::Client>,
        subscription: &Subscription<'_>,
    ) -> Result<QoS, ReasonCode> {
        let _ = by;
        Ok(subscription.options.qos)
    }

    /// Whether a message goes to a client that has subscribed to it.
    fn receive(&mut self, to: Subject<'_, Self::Client>, forwarding: &Forwarding<'_>) -> bool {
        let _ = (to, forwarding);
        true
    }
}

/// Everybody may do everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowAll;

impl Policy for AllowAll {
    type Client = ();
}
