//! What is on its way between two sides that know neither of each other's connections: the flows of
//! QoS 1 and 2.

mod ids;
mod inbound;
mod outbound;
mod transition;

pub use inbound::{Acknowledgement, Arrival, Inbound, InboundError};
pub use outbound::{Answered, Outbound, Request, Resend, Unsent, WhyUnsent, WrongAnswer};
pub use transition::{Answer, Awaited};

/// How a message is delivered that has an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flow {
    /// QoS 1.
    AtLeastOnce,
    /// QoS 2.
    ExactlyOnce,
}
