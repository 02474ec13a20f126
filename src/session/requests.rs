//! The requests of a client that the application has not answered.

use super::fault::CommandError;
use crate::types::PacketId;
use alloc::{boxed::Box, vec::Vec};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Subscribe,
    Unsubscribe,
}

/// In the order in which they came; there are few, and mostly none.
#[derive(Default)]
pub(super) struct Requests(Option<Box<Pending>>);

type Pending = Vec<(Kind, PacketId, u32)>;

impl Requests {
    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |pending| pending.len())
    }

    pub(super) fn push(&mut self, kind: Kind, id: PacketId, filters: usize) {
        let filters = u32::try_from(filters).unwrap_or(u32::MAX);
        self.0.get_or_insert_default().push((kind, id, filters));
    }

    /// Where the request is that is answered by so many codes.
    pub(super) fn find(
        &self,
        kind: Kind,
        id: PacketId,
        codes: Option<usize>,
    ) -> Result<usize, CommandError> {
        let pending = self.0.as_ref().ok_or(CommandError::Unknown)?;
        let place = pending.iter().position(|&(k, i, _)| (k, i) == (kind, id));
        let at = place.ok_or(CommandError::Unknown)?;
        let asked = pending.get(at).map_or(0, |(.., filters)| *filters);
        match codes {
            // [MQTT-3.8.4-5]; 5.0: [MQTT-3.8.4-6] [MQTT-3.11.3-1]
            Some(given) if u32::try_from(given) != Ok(asked) => {
                Err(CommandError::CodeCount { asked, given })
            }
            _ => Ok(at),
        }
    }

    pub(super) fn remove(&mut self, at: usize) {
        let Some(pending) = &mut self.0 else { return };
        if at < pending.len() {
            pending.remove(at);
        }
        if pending.is_empty() {
            self.clear();
        }
    }

    pub(super) fn clear(&mut self) {
        self.0 = None;
    }
}
