//! Topic names, topic filters, which matches which, and indexes of many of them.

mod filter;
mod filter_tree;
mod matches;
mod members;
mod name;
mod targets;
mod topic_tree;
mod tree;
mod tree_limits;

pub use filter::{Share, TopicFilter};
pub(crate) use filter::{
    first_fault as first_filter_fault, first_share_fault, is_plain_and_well_formed,
};
pub use filter_tree::{FilterTree, SubscribedTo};
pub use matches::{Match, Matches, RoundRobin, ShareGroup};
pub use name::TopicName;
pub(crate) use name::first_fault as first_name_fault;
pub use topic_tree::{TopicCursor, TopicEntry, TopicMatches, TopicTree};
pub use tree::{OutOfSteps, Within};
pub use tree_limits::{TreeError, TreeLimits};

use crate::wire::TextError;

/// Why a string is no topic name or no topic filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopicError {
    /// It has no character [MQTT-4.7.3-1].
    #[error("a topic needs at least one character [MQTT-4.7.3-1]")]
    Empty,
    /// A topic name contains `+` or `#` [MQTT-4.7.1-1].
    #[error("wildcard at byte {at} of a topic name [MQTT-4.7.1-1]")]
    WildcardInName {
        /// The byte at which the wildcard stands.
        at: usize,
    },
    /// A wildcard of a filter does not fill its level, or a `#` is not at the end
    /// [MQTT-4.7.1-2] [MQTT-4.7.1-3].
    #[error("misplaced wildcard at byte {at} of a topic filter [MQTT-4.7.1-2] [MQTT-4.7.1-3]")]
    MisplacedWildcard {
        /// The byte at which the wildcard stands.
        at: usize,
    },
    /// It is no string of MQTT.
    #[error(transparent)]
    Text(#[from] TextError),
}
