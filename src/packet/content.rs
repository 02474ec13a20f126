//! What length-prefixed fields hold, and what can be wrong with it.

use super::ErrorKind;
use crate::{
    topic,
    wire::{HAS_ROOM, plain, text},
};

/// What a length-prefixed field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Binary,
    Text,
    TopicName,
    TopicFilter,
    /// A topic filter of 5.0, which may be a shared subscription.
    TopicFilterOrShare,
}

/// The first fault of a string of which `missing` bytes have not arrived: what, where in the
/// string, and the offending byte.
#[cold]
#[inline(never)]
pub(crate) fn first_fault(
    bytes: &[u8],
    missing: usize,
    content: Content,
    discouraged: bool,
) -> Option<(ErrorKind, usize, u32)> {
    // Most of what is looked at here ends early, and nothing else is wrong with it.
    if HAS_ROOM
        && !discouraged
        && content != Content::TopicFilterOrShare
        && plain::is_plain_name(bytes)
    {
        return None;
    }
    let is_topic = !matches!(content, Content::Text | Content::Binary);
    if is_topic && bytes.is_empty() && missing == 0 {
        return Some((ErrorKind::EmptyTopic, 0, 0));
    }
    if content == Content::Binary {
        return None;
    }
    let fault = text::first_fault(bytes, missing, discouraged);
    let wildcard = match content {
        Content::TopicName => {
            topic::first_name_fault(bytes).map(|at| (ErrorKind::WildcardInTopicName, at))
        }
        Content::TopicFilter => topic::first_filter_fault(bytes, missing > 0)
            .map(|at| (ErrorKind::MisplacedWildcard, at)),
        Content::TopicFilterOrShare => {
            let wildcard = topic::first_filter_fault(bytes, missing > 0);
            let share = topic::first_share_fault(bytes, missing);
            match (wildcard, share) {
                (Some(at), share) if share.is_none_or(|share| at < share) => {
                    Some((ErrorKind::MisplacedWildcard, at))
                }
                (_, share) => share.map(|at| (ErrorKind::SharedSubscription, at)),
            }
        }
        Content::Text | Content::Binary => None,
    };
    let is_first = |at: usize| fault.is_none_or(|fault| at < fault.at);
    let wildcard = wildcard.filter(|(_, at)| is_first(*at));
    let kind = |kind| match kind {
        text::FaultKind::IllFormed => ErrorKind::IllFormedUtf8,
        text::FaultKind::Nul => ErrorKind::HasNul,
        text::FaultKind::Discouraged => ErrorKind::DiscouragedCharacter,
    };
    let (kind, at) = wildcard.or_else(|| fault.map(|fault| (kind(fault.kind), fault.at)))?;
    Some((kind, at, bytes.get(at).copied().map_or(0, u32::from)))
}
