//! The topics that topic aliases stand for, on one connection.

use super::{fault::Fault, message::Content};
use crate::topic::TopicName;
use alloc::{sync::Arc, vec::Vec};
use core::num::NonZeroU16;

/// Those of both sides.
#[derive(Default)]
pub(super) struct Aliases {
    /// What this side has told the peer. Without the messages, which may be large.
    told: Vec<Option<Arc<[u8]>>>,
    /// What the peer has told.
    heard: Vec<Option<Arc<[u8]>>>,
    heard_bytes: usize,
}

/// The place of an alias.
fn place(alias: u16) -> usize {
    usize::from(alias).saturating_sub(1)
}

impl Aliases {
    /// Whether the peer knows that the alias stands for this topic.
    pub(super) fn is_told(&self, alias: u16, content: &Content) -> bool {
        let told = self.told.get(place(alias)).and_then(Option::as_ref);
        told.is_some_and(|told| **told == *content.topic().as_bytes())
    }

    /// The peer is told what the alias stands for.
    pub(super) fn tell(&mut self, alias: u16, content: &Content) {
        let at = place(alias);
        if self.told.len() <= at {
            self.told.resize(at.saturating_add(1), None);
        }
        if let Some(told) = self.told.get_mut(at) {
            *told = Some(Arc::from(content.topic().as_bytes()));
        }
    }

    /// What the peer has told does not hold any more.
    pub(super) fn forget_heard(&mut self) {
        (self.heard, self.heard_bytes) = (Vec::new(), 0);
    }

    /// The topic of a PUBLISH that has an alias, which is learnt or looked up. There are at most so many
    /// bytes of topics.
    pub(super) fn resolve(
        &mut self,
        alias: NonZeroU16,
        topic: Option<TopicName<'_>>,
        max_bytes: usize,
    ) -> Result<Option<Arc<[u8]>>, Fault> {
        let at = place(alias.get());
        let Some(topic) = topic else {
            let heard = self.heard.get(at).and_then(Option::as_ref);
            return heard.cloned().map(Some).ok_or(Fault::TopicAlias(alias.get()));
        };
        let old = self.heard.get(at).and_then(Option::as_ref).map_or(0, |topic| topic.len());
        let len = topic.as_bytes().len();
        let bytes = self.heard_bytes.saturating_sub(old).saturating_add(len);
        if bytes > max_bytes {
            return Err(Fault::AliasBytes(max_bytes));
        }
        if self.heard.len() <= at {
            self.heard.resize(at.saturating_add(1), None);
        }
        if let Some(heard) = self.heard.get_mut(at) {
            *heard = Some(Arc::from(topic.as_bytes()));
            self.heard_bytes = bytes;
        }
        Ok(None)
    }
}
